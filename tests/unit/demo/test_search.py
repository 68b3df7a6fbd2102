"""What is secret is found wherever it lies, and in whatever form; what is not is left alone."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from demo.search import Spoken, found_in

PAN = "7801310000000000005"
TRACK = f"{PAN}=301212000000847"
BLOCK, BLOCK_16 = bytes.fromhex("9A7C55D01E3BF284"), bytes.fromhex("C3" * 8 + "5E" * 8)


@pytest.fixture
def spoken() -> Spoken:
    made = Spoken()
    made.hold("4711", TRACK)
    made.hold("820465", "")
    made.blocks |= {BLOCK, BLOCK_16}
    made.numbers.add(PAN)
    return made


@pytest.mark.invariant(15)
@pytest.mark.parametrize(("content", "what"), [
    (b"\x00\x13" + PAN.encode() + b"\xff", "a card number"),
    (b"\x01" + bytes.fromhex(PAN + "F") + b"\x02", "a card number"),
    (b"pan" + bytes(1_000) + PAN.encode(), "a card number"),
    (TRACK[20:].encode(), "a track with its verification value"),
    (b"D" + TRACK[20:].encode() + b"F", "a track with its verification value"),
    (b"Ana\n\nPIN   4 7 1 1\n", "a PIN"),
    (b'{"pin": "4711"}', "a PIN"),
    (b"pin=820465 ", "a PIN"),
    (b"x" + BLOCK + b"y", "a PIN block"),
    (b'"52":"' + BLOCK.hex().encode() + b'"', "a PIN block"),
    (b"ab" + BLOCK_16.hex().upper().encode() + b"0", "a PIN block")])
def test_found(tmp_path: Path, spoken: Spoken, content: bytes, what: str) -> None:
    place = tmp_path / "deep" / "down"
    place.parent.mkdir()
    place.write_bytes(content)
    assert found_in((tmp_path,), spoken) == ((what, str(place)),)


@pytest.mark.parametrize("content", [
    b"780131*********0005", bytes.fromhex(PAN[:-1] + "4F"),
    b"pin=9999", b'"pin_value": "4711"', b"pin_tries = 3", b"PIN   wrong",
    b"47114711", b"pin=47110", BLOCK[:7], BLOCK.hex()[:15].encode(), b"",
    base64.b64encode(bytes(200))])
def test_not_found(tmp_path: Path, spoken: Spoken, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert found_in((tmp_path,), spoken) == ()


def test_the_secrets_hide_themselves(spoken: Spoken) -> None:
    assert "4711" not in repr(spoken)
