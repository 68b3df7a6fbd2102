"""A terminal's own record: each transmission and each answer, in order, kept whatever happens.

Knows what was sent and what came back; judges nothing. A test compares it with the host's journal
after a crash. It holds no PAN: of what was sent only the identifying fields, of answers all bytes
(the host echoes no card number).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

Direction = Literal["sent", "answered", "unexpected", "kept"]


class Entry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One thing that happened at the wire.

    direction: sent; answered, to one that waited; unexpected, an answer nobody waited for (it
    came after the time-out); kept, put into the off-line store. kind: the method that sent it.
    stan: field 11, or the JSON sequence. mti: with its repeat digit; '' over HTTP.
    amount_minor: asked for when sent, approved when answered.
    """

    at_us: int  # of the machine's clock since 1970
    direction: Direction
    terminal_id: str
    kind: str
    mti: str
    stan: str
    local_time: str
    amount_minor: int = 0
    action: str = ""
    reason: str = ""
    approval_code: str = ""
    raw: bytes = b""


class Record:
    """Append-only. With `path` each entry is also a JSON line there, flushed at once."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._file = path.open("ab", buffering=0) if path is not None else None

    def add(self, direction: Direction, terminal_id: str, kind: str, *, mti: str = "",
            stan: str, local_time: str, amount_minor: int = 0, action: str = "",
            reason: str = "", approval_code: str = "", raw: bytes = b"") -> None:
        """Write down what just happened."""
        entry = Entry(
            at_us=time.time_ns() // 1000, direction=direction, terminal_id=terminal_id, kind=kind,
            mti=mti, stan=stan, local_time=local_time, amount_minor=amount_minor, action=action,
            reason=reason, approval_code=approval_code, raw=raw)
        self.entries.append(entry)
        if self._file is not None:
            self._file.write(msgspec.json.encode(entry) + b"\n")

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @staticmethod
    def read(path: Path) -> list[Entry]:
        """The entries of a record's file; a torn last line, of a killed terminal, is left out."""
        lines = path.read_bytes().split(b"\n")
        return [msgspec.json.decode(line, type=Entry) for line in lines[:-1]]


def unanswered(entries: list[Entry]) -> Iterator[Entry]:
    """What was sent and has no answer at all, each message once, in the order first sent."""
    answered = {_identity(entry) for entry in entries
                if entry.direction in ("answered", "unexpected")}
    seen = set(answered)
    for entry in entries:
        if entry.direction == "sent" and _identity(entry) not in seen:
            seen.add(_identity(entry))
            yield entry


def _identity(entry: Entry) -> tuple[str, str, str]:
    """The message class and sequence number of a terminal: request and answer share them."""
    return (entry.terminal_id, entry.mti[:2] + _class(entry.mti), entry.stan)


def _class(mti: str) -> str:
    """Third digit of the request that an MTI belongs to: 1210 answers 1200, 1230 answers 1220."""
    return str(int(mti[2]) // 2 * 2) if mti else ""
