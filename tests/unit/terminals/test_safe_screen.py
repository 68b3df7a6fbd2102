"""The safe's command line: its screen over a pipe, one deposit by hand, and what it refuses."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

from terminals.by_hand import safe_main
from terminals.safe.compared import compared
from tests.support.safe_host import CASSETTE, CODE, NEXT_CASSETTE, SAFE, SafeHost


def _run(monkeypatch: pytest.MonkeyPatch, folder: Path, host: SafeHost, *typed: str,
         **more: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join((*typed, "quit", ""))))
    return safe_main(["--url", f"http://127.0.0.1:{host.port}", "--terminal", SAFE,
                      "--data-dir", str(folder / "safe"), *more, "screen"])


def _screen(monkeypatch: pytest.MonkeyPatch, folder: Path, *typed: str) -> SafeHost:
    """What a person types before a safe; the host that it spoke to."""
    async def run() -> SafeHost:
        async with SafeHost() as host:
            assert await asyncio.to_thread(_run, monkeypatch, folder, host, *typed) == 0
            return host

    return asyncio.run(run())


def test_a_persons_day(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                       capsys: pytest.CaptureFixture[str]) -> None:
    host = _screen(
        monkeypatch, tmp_path, "deposit", "5000x1", "", "ana", "", "",  # nothing is inside yet
        "swap", CASSETTE, "CIT1", "Huber", "77", "shift", "ana",
        "deposit", "5000x4 200x3c", "20.00/X77", "ana", "", "RF1", "yes",
        "deposit", "5000x2", "", "ana", "", "", "no",
        "deposit", "lots", "envelope", "E1", "12,50", "ana", "", "",
        "cheque", "C9", "80", "Musterbank", "ana", "", "",
        "inside", "receipt", "", "status", "queue", "alarm", "door", "warning", "it is open",
        "day", "shift", "ana", "swap", NEXT_CASSETTE, "", "", "", "state", "again", "99", "dance",
        "help")
    printed = capsys.readouterr().out
    assert "APPROVED: approved" not in printed
    for text in ("no shift is open", "shift 2", "is open", "APPROVED", "206.00", "ENVELOPE",
                 "Kept as suspect, not credited:\n", "20.00 EUR X77\n", f"Code {CODE}",
                 "CHEQUE", "the notes are handed back", "5000x4 is four notes", "COPY",
                 "0 messages", "told", "is closed", "there is no such message",
                 "there is no dance", f"inside now: {NEXT_CASSETTE}", "on line"):
        assert text in printed, text
    assert [host.books[number][1].get("kind") for number in host.booked("/deposits")] \
        == ["cash", "envelope", "cheque"]
    assert host.missing == []


def test_a_screen_without_a_host_keeps_what_it_takes(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    typed = f"swap\n{CASSETTE}\n\n\n\ndeposit\n1000x1\n\nana\n\n\n\nqueue\nquit\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    monkeypatch.setattr("terminals.safe.screen._WAIT_S", 0.1)
    assert safe_main(["--url", "http://127.0.0.1:9", "--terminal", SAFE, "--no-shift",
                      "--one-step", "--data-dir", str(tmp_path), "screen"]) == 0
    printed = capsys.readouterr().out
    assert "TOLD LATER" in printed
    assert "3 messages" in printed


def test_what_differs_is_said_line_by_line() -> None:
    said = json.dumps({"state": "differs", "warnings": ["shift_not_closed"], "time": "", "host": [],
                       "differences": [{"currency": "EUR", "kind": "cash", "told_count": 2}],
                       "piece_differences": [{"currency": "EUR", "value_minor": 5_000}]}).encode()
    assert compared(said) == [
        "the host: differs", "  currency EUR kind cash told_count 2",
        "  currency EUR value_minor 5000", "  warning: shift_not_closed"]
    assert compared(b"{") == ["the host: {"]


@pytest.mark.parametrize("arguments", [
    ["5000x4"], ["--terminal", "S1", "5000"], ["--terminal", "S1", "run"], ["--terminal", "S1"]])
def test_command_lines_that_cannot_be(arguments: list[str],
                                      capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        safe_main(arguments)
    assert error.value.code == 2
    assert capsys.readouterr().err


def test_settings_that_are_no_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "safe.toml").write_text("[terminal]\nid = 7\n")
    assert safe_main(["--config", str(tmp_path / "safe.toml"), "run"]) == 2
    assert "safe.toml" in capsys.readouterr().err
