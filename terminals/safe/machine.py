"""The machine that counts: an escrow, a cassette, and a flap for what it does not count.

Knows pieces and where they lie; knows no host, no message and no number. What it does is done for
good, whatever happens to the program that told it to. `MachineInSoftware` keeps its drawers in a
file, changed at once and whole: what is in it is what a person would find in the safe.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec

from terminals.safe.counted import Count, Line, Piece


class Machine(Protocol):
    """What a safe's program asks of it."""

    def held(self) -> bool:
        """Whether anything lies in the escrow."""

    def counted(self) -> Count | None:
        """What lies in the escrow, as it was counted; None: nothing."""

    def stack(self) -> None:
        """Let it into the cassette. Suspects go there too."""

    def give_back(self) -> None:
        """Hand it back. Suspects stay: they are kept, whoever brought them."""

    def empty(self) -> None:
        """The cassette has been taken out, and another put in."""


class Drawers(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is. stacked: how often the escrow was let into a cassette, ever."""

    escrow: Count | None = None
    cassette: tuple[Count, ...] = ()
    stacked: int = 0
    taken_out: tuple[tuple[Count, ...], ...] = ()


class MachineInSoftware:
    """A machine whose drawers are in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def drawers(self) -> Drawers:
        """As they are now."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Drawers)
        except FileNotFoundError:
            return Drawers()

    def insert(self, count: Count) -> None:
        """A person puts notes in. AssertionError where some lie in the escrow already."""
        drawers = self.drawers
        assert drawers.escrow is None, "one depositor at a time"
        self._write(msgspec.structs.replace(drawers, escrow=count))

    def held(self) -> bool:
        return self.drawers.escrow is not None

    def counted(self) -> Count | None:
        return self.drawers.escrow

    def stack(self) -> None:
        drawers = self.drawers
        assert drawers.escrow is not None, "there is something to stack"
        self._write(msgspec.structs.replace(
            drawers, escrow=None, cassette=(*drawers.cassette, drawers.escrow),
            stacked=drawers.stacked + 1))

    def give_back(self) -> None:
        drawers = self.drawers
        escrow = drawers.escrow
        assert escrow is not None, "there is something to hand back"
        kept = (Count(currency=escrow.currency, suspects=escrow.suspects),) \
            if escrow.suspects else ()
        self._write(msgspec.structs.replace(
            drawers, escrow=None, cassette=(*drawers.cassette, *kept)))

    def empty(self) -> None:
        drawers = self.drawers
        self._write(msgspec.structs.replace(
            drawers, cassette=(), taken_out=(*drawers.taken_out, drawers.cassette)))

    def _write(self, drawers: Drawers) -> None:
        """Whole or not at all, and on the disk."""
        beside = self._path.with_name(f"{self._path.name}.new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(drawers))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


def lines(counts: tuple[Count, ...]) -> list[Line]:
    """What a cassette really holds, by currency and value, suspects too."""
    found: dict[tuple[str, int, str], int] = {}
    for count in counts:
        pieces = [*count.pieces,
                  *(Piece(suspect.value_minor, 1) for suspect in count.suspects)]
        for piece in pieces:
            key = (count.currency, piece.value_minor, piece.kind)
            found[key] = found.get(key, 0) + piece.count
    return [Line(currency=currency, value_minor=value, kind=kind, count=number)
            for (currency, value, kind), number in sorted(
                found.items(), key=lambda entry: (entry[0][0], -entry[0][1], entry[0][2]))]
