"""The audit log: JSON lines, each sealed together with the seal of the one before it.

A seal is HMAC-SHA-256 under a key of the store, over the previous seal and the line's own content:
a line changed, taken out, put in or moved breaks the chain there. Lines taken off the end are
missed by comparing with what a running HSM says its last one is (`hsm-sim audit --verify` does).
Facts are names, codes and check values, never a key, a PIN or an account.

Ordinary transaction commands write nothing. Refusals are written at most twenty a second; how many
were left out stands in the next line.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from hsm_sim.private_files import StoreError

FILE: Final = "audit.jsonl"
REFUSALS_PER_S: Final = 20
_FIRST: Final = "0" * 64


class Record(msgspec.Struct, frozen=True):
    """One line."""

    number: int
    at: str
    event: str
    facts: dict[str, object]
    seal: str


class Broken(Exception):
    """The chain does not hold: from which line on, and why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"broken at line {line}: {why}")
        self.line = line


class AuditLog:
    """Appends. One process at a time: the lock of the data folder."""

    def __init__(self, folder: Path, key: bytes, now: Callable[[], datetime],
                 monotonic_s: Callable[[], float]) -> None:
        self._key = key
        self._now = now
        self._monotonic_s = monotonic_s
        self._path = folder / FILE
        self._second = 0
        self._refusals = 0
        self._left_out = 0
        self._dirty = False
        torn = _cut_torn_line(self._path)
        self.number, self.seal, broken = 0, _FIRST, ""
        try:
            for record in verified(self._path, key):
                self.number, self.seal = record.number, record.seal
        except Broken as error:
            broken = str(error)
            self.number, self.seal = _last(self._path)
        self._handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if torn:
            self("torn line dropped", bytes=torn)
        if broken:
            self("chain found broken", why=broken)

    def __call__(self, event: str, /, **facts: object) -> None:
        """Append one record. It is on the disk after the next `sync`. OSError: it is not there."""
        if event == "refused" and not self._room():
            self._left_out += 1
            return
        if self._left_out:
            facts["refusals_left_out"], self._left_out = self._left_out, 0
        number, at = self.number + 1, self._now().isoformat(timespec="milliseconds")
        seal = _seal(self._key, self.seal, number, at, event, facts)
        line = msgspec.json.encode(Record(number, at, event, facts, seal)) + b"\n"
        written = os.write(self._handle, line)
        if written != len(line):  # a part of a line would break the chain: it goes again
            os.ftruncate(self._handle, os.fstat(self._handle).st_size - written)
            raise OSError(errno.ENOSPC, "the audit log takes no whole line")
        self.number, self.seal, self._dirty = number, seal, True

    def sync(self) -> None:
        """What was appended survives a power cut from here on."""
        if self._dirty:
            os.fdatasync(self._handle)
            self._dirty = False

    def close(self) -> None:
        """Sync, and let go of the file."""
        self.sync()
        os.close(self._handle)

    def _room(self) -> bool:
        second = int(self._monotonic_s())
        if second != self._second:
            self._second, self._refusals = second, 0
        self._refusals += 1
        return self._refusals <= REFUSALS_PER_S


def verified(path: Path, key: bytes) -> Iterator[Record]:
    """The records of a log, each after its seal was found good. Broken at the first that is not."""
    seal, number = _FIRST, 0
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for line_number, line in enumerate(file, 1):
            try:
                record = msgspec.json.decode(line, type=Record)
            except msgspec.MsgspecError:
                raise Broken(line_number, "this is no record") from None
            expected = _seal(key, seal, record.number, record.at, record.event, record.facts)
            if record.number != number + 1:
                raise Broken(line_number, f"record {record.number} follows record {number}")
            if not hmac.compare_digest(expected, record.seal):
                raise Broken(line_number, "its seal does not fit: changed, or not in its place")
            seal, number = record.seal, record.number
            yield record


def _seal(key: bytes, previous: str, number: int, at: str, event: str,
          facts: dict[str, object]) -> str:
    content = msgspec.json.encode([previous, number, at, event, facts], order="sorted")
    return hmac.digest(key, content, hashlib.sha256).hex()


def _cut_torn_line(path: Path) -> int:
    """A line that a power cut left half is taken off; its length."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return 0
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    return len(content) - whole


def _last(path: Path) -> tuple[int, str]:
    """Number and seal of the last line that can be read: a broken chain goes on from there."""
    for line in reversed(path.read_bytes().splitlines()):
        try:
            record = msgspec.json.decode(line, type=Record)
        except msgspec.MsgspecError:
            continue
        return record.number, record.seal
    raise StoreError(f"{path} is no audit log")
