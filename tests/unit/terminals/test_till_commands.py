"""`python -m terminals.till` by hand: arguments, what is printed, exit codes, the screen."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from terminals.money import amount, minor_of
from terminals.till.commands import till_main
from terminals.till.shown import Unreadable, in_picture, on_screen, symbol
from tests.support.till_host import CLIENT, CODE, SECRET, TillHost, till_host


@pytest.fixture
def host() -> Iterator[TillHost]:
    with till_host() as made:
        yield made


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    return path


def by_hand(host: TillHost, secret: Path, *arguments: str) -> int:
    """The exit code."""
    return till_main(["--url", host.url, "--client", CLIENT, "--secret-file", str(secret),
                      *arguments])


def soon(host: TillHost, state: str) -> threading.Thread:
    """Something becomes of the first payment, once it is there and watched."""
    def work() -> None:
        if host.listened():
            host.move("p1", state, reason="no_funds" if state == "DECLINED" else "")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize(("state", "code"), [("CAPTURED", 0), ("PAID", 0), ("DECLINED", 1)])
def test_a_request_by_phone(host: TillHost, secret: Path, capsys: pytest.CaptureFixture[str],
                            state: str, code: int) -> None:
    thread = soon(host, state)
    assert by_hand(host, secret, "request", "12,50", "--phone", "+38640123456") == code
    thread.join()
    said = capsys.readouterr().out
    assert "p1       12.50 EUR  CREATED  +38640123456" in said
    assert f"p1       12.50 EUR  {state}" in said


def test_a_request_by_code_shows_and_saves_it(
        host: TillHost, secret: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "code.png"
    assert by_hand(host, secret, "request", "12.50", "--qr", "epc", "--no-wait", "--save",
                   str(path)) == 0
    said = capsys.readouterr().out
    assert on_screen(CODE.encode()) in said
    assert host.done[0][1]["kind"] == "qr"
    assert in_picture(path) == CODE.encode()
    assert till_main(["read", str(path)]) == 0
    assert capsys.readouterr().out == f"{CODE}\n"


def test_the_form_says_the_currency(host: TillHost, secret: Path,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    assert by_hand(host, secret, "request", "100", "--qr", "nbs", "--no-wait") == 0
    assert host.done[0][1]["currency"] == "RSD"
    assert by_hand(host, secret, "--currency", "EUR", "request", "100", "--qr", "nbs") == 1
    assert "is in RSD" in capsys.readouterr().err


def test_what_comes_after_it(host: TillHost, secret: Path,
                             capsys: pytest.CaptureFixture[str]) -> None:
    by_hand(host, secret, "request", "12.50", "--phone", "+38640123456", "--no-wait")
    by_hand(host, secret, "request", "3", "--phone", "+38640123456", "--no-wait")
    capsys.readouterr()
    assert by_hand(host, secret, "capture", "p1", "10", "--final") == 0
    assert by_hand(host, secret, "refund", "p1", "2.50", "--reason", "wilted") == 0
    assert by_hand(host, secret, "cancel", "p2") == 0
    assert by_hand(host, secret, "cancel", "p1") == 1
    assert by_hand(host, secret, "show", "p2") == 0
    assert by_hand(host, secret, "list", "--amount", "3", "--limit", "1") == 0
    assert by_hand(host, secret, "settlement") == by_hand(host, secret, "settlement", "S-1") == 0
    said = capsys.readouterr().out
    assert "captured 10.00 EUR, in all 10.00 EUR: CAPTURED\nr1 2.50 EUR CREATED\n" in said
    assert said.count("S-1 of 2026-07-23") == 2
    assert "more: --after c2" in said
    assert ("GET", "/v1/payments?limit=1&amount_minor=300") in host.asked


def test_what_cannot_be_done_says_why(host: TillHost, secret: Path,
                                      capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert by_hand(host, secret, "show", "nothing") == 1
    assert "Not found: there is no such payment (id)" in capsys.readouterr().err
    for text in ("12.505", "-1", "0", "x", "1e30", "NaN"):
        assert by_hand(host, secret, "request", text, "--phone", "+38640123456") == 1
        assert "is no amount" in capsys.readouterr().err
    assert host.done == []
    with pytest.raises(SystemExit, match="2"):
        till_main(["--client", CLIENT, "screen"])
    assert "come together" in capsys.readouterr().err
    assert by_hand(host, tmp_path / "none", "show", "p1") == 1
    assert "No such file" in capsys.readouterr().err


def test_an_unanswered_write_names_its_key(host: TillHost, secret: Path,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    host.fails = [0] * 4
    words = ("request", "12.50", "--phone", "+38640123456", "--no-wait")
    assert by_hand(host, secret, *words) == 1
    key = capsys.readouterr().err.rpartition("--key ")[2].split()[0]
    assert by_hand(host, secret, "--key", key, *words) == 0
    assert len(host.done) == 1


def test_the_screen(host: TillHost, secret: Path, capsys: pytest.CaptureFixture[str],
                    monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("request", "+38640123456", "12.50", "", "", "show", "", "capture", "", "10", "yes",
             "refund", "p1", "2,50", "", "list", "pay", "cancel", "", "again", "what", "refund",
             "p1", "", "show", "none", "quit")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(words) + "\n"))
    thread = soon(host, "PAID")
    assert by_hand(host, secret, "screen") == 0
    thread.join()
    said = capsys.readouterr().out
    for line in ("p1       12.50 EUR  PAID", "captured 10.00 EUR: CAPTURED", "r1 2.50 EUR CREATED",
                 "S-1 of 2026-07-23", "there is nothing", "there is no what; help", "left",
                 "Not found: there is no such payment (id)"):
        assert line in said, line


def test_the_screen_shows_codes(host: TillHost, secret: Path, capsys: pytest.CaptureFixture[str],
                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("code\n12.50\n\n\nquit\n"))
    thread = soon(host, "CAPTURED")
    assert by_hand(host, secret, "screen") == 0
    thread.join()
    assert on_screen(CODE.encode()) in capsys.readouterr().out


def test_a_code_on_the_screen_can_be_read_by_a_phone() -> None:
    """Each character is two modules, one above the other; here it is made a picture again."""
    lines = on_screen(CODE.encode()).split("\n")
    upper, lower = {"█", "▀"}, {"█", "▄"}
    rows = [[255 if one in half else 0 for one in line.replace("\x1b[0m", "") for _ in range(4)]
            for line in lines if line for half in (upper, lower) for _ in range(4)]
    width = max(map(len, rows))
    picture = Image.new("L", (width, len(rows)))
    picture.putdata([value for row in rows for value in row + [0] * (width - len(row))])
    found = zxingcpp.read_barcode(picture)
    assert found is not None
    assert found.bytes == CODE.encode()


def test_pictures_without_a_code(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    Image.new("L", (90, 90), 255).save(path)
    with pytest.raises(Unreadable, match="shows no code"):
        in_picture(path)
    path.write_bytes(b"no picture")
    with pytest.raises(Unreadable, match="cannot identify"):
        in_picture(path)
    symbol(b"x" * 100).save(str(path), scale=3)
    assert in_picture(path) == b"x" * 100


@pytest.mark.parametrize(("text", "currency", "minor", "back"), [
    ("12.50", "EUR", 1_250, "12.50 EUR"), ("1200", "JPY", 1_200, "1200 JPY"),
    ("0,001", "KWD", 1, "0.001 KWD")])
def test_amounts(text: str, currency: str, minor: int, back: str) -> None:
    assert minor_of(text, currency) == minor
    assert amount(minor, currency) == back
