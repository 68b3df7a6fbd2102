"""The command lines: what is printed has every field and no card number."""

from __future__ import annotations

import asyncio
import io

import pytest
from known_keys import TMK, answer, proved, ready
from scripted_host import SALE, ScriptedHost, answer_to

from iso import Message
from terminals.by_hand import pos_main


def _run(host: ScriptedHost, *arguments: str) -> int:
    async def run() -> int:
        server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            code = await asyncio.to_thread(
                pos_main, ["--port", str(port), "--terminal", "T0001", *arguments])
            await asyncio.gather(*host.connections)
        return code

    return asyncio.run(run())


@pytest.mark.invariant(15)
def test_a_sale_prints_the_answer_field_by_field_and_masked(
        capsys: pytest.CaptureFixture[str]) -> None:
    def echoing(message: Message) -> list[Message]:
        return [answer_to(message, field2=SALE.card.pan)]

    host = ScriptedHost(echoing)
    assert _run(host, "--pan", SALE.card.pan, "sale", "41.35") == 0
    printed = capsys.readouterr().out
    assert " 39 Action code: 000" in printed
    assert "780131*********0005" in printed
    assert SALE.card.pan not in printed
    assert host.seen[0].text(4) == "000000004135"


def test_a_decline_is_another_exit_code() -> None:
    host = ScriptedHost(lambda message: [answer_to(message, "116")])
    assert _run(host, "--pan", SALE.card.pan, "sale", "41.35") == 1


def test_an_echo_needs_no_card() -> None:
    host = ScriptedHost(lambda message: [answer_to(message, "800")])
    assert _run(host, "echo") == 0
    assert host.seen[0].text(24) == "831"


def test_the_card_number_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SALE.card.pan}\n"))
    host = ScriptedHost(lambda message: [answer_to(message)])
    assert _run(host, "--pan", "-", "sale", "41.35") == 0
    assert host.seen[0].text(2) == SALE.card.pan


@pytest.mark.parametrize("arguments", [
    ["--pin", "1234", "sale", "1"], ["change-keys"], ["--tmk", "xyz", "echo"],
    ["--tmk", "00" * 8, "echo"], ["--tmk", "00" * 32, "echo"],
    ["--pin", "1", "--ask-pin", "sale", "1"]])
def test_keys_and_pins_that_cannot_be(arguments: list[str],
                                      capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        pos_main(["--terminal", "T0001", *arguments])
    assert error.value.code == 2
    assert "--tmk" in capsys.readouterr().err or "--ask-pin" in arguments


def test_a_track_an_asked_pin_and_new_keys(monkeypatch: pytest.MonkeyPatch,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "4711")
    host_keys = ready()

    def answering(message: Message) -> list[Message]:
        if message.text(24) == "811":
            plain = answer_to(message, "800")
            return [Message(plain.mti, plain.fields | {96: answer().encode()})]
        return [proved(answer_to(message), host_keys)]

    host = ScriptedHost(answering)
    track = f"{SALE.card.pan}=291220110000678"
    assert _run(host, "--tmk", TMK.hex(), "--ask-pin", "--track", track, "sale", "41.35") == 0
    assert (host.seen[1].text(35), len(host.seen[1].binary(52) or b"")) == (track, 8)
    assert "4711" not in capsys.readouterr().out


def test_a_host_that_brings_no_keys(capsys: pytest.CaptureFixture[str]) -> None:
    host = ScriptedHost(lambda message: [answer_to(message, "800")])
    assert _run(host, "--tmk", TMK.hex(), "change-keys") == 1
    assert "no new keys" in capsys.readouterr().err
