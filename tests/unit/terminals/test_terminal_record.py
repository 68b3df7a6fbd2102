"""The terminal's own record."""

from __future__ import annotations

from pathlib import Path

from terminals.record import Entry, Record, unanswered


def _entry(direction: str, mti: str, stan: str) -> Entry:
    return Entry(at_us=0, direction=direction,  # type: ignore[arg-type]
                 terminal_id="T0101", kind="", mti=mti, stan=stan, local_time="")


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    record = Record(path)
    record.add("sent", "T0101", "sale", mti="1200", stan="000001", local_time="261120120000")
    record.add("answered", "T0101", "sale", mti="1210", stan="000001", local_time="261120120000",
               raw=b"\x00\xff")
    record.close()
    path.write_bytes(path.read_bytes() + b'{"at_us": 1, "dir')
    assert Record.read(path) == record.entries


def test_unanswered_names_each_message_once_and_keeps_classes_apart() -> None:
    entries = [
        _entry("sent", "1200", "000001"), _entry("answered", "1210", "000001"),
        _entry("sent", "1220", "000001"), _entry("sent", "1221", "000001"),
        _entry("sent", "1420", "000002"), _entry("unexpected", "1430", "000002"),
        _entry("sent", "1804", "000003"), _entry("answered", "1814", "000003"),
    ]
    assert [(entry.mti, entry.stan) for entry in unanswered(entries)] == [("1220", "000001")]
