"""Where blank chips come from: an operator's hands before a reader, or a folder of virtual cards.

Knows readers; knows no key of a card and nothing of what is written. A feeder is told what became
of each card, for a person has to sort the good from the spoiled.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from chip.memory import CardFile
from chip.reader import InProcessReader, Reader
from chip.virtual import Card
from issuing.personalize import BEGINS

CARD_SUFFIX: Final = ".card"
KEY_FILE: Final = "key"


class NoMoreCards(Exception):
    """The feeder is empty; the batch can be gone on with when it is filled."""


class Feeder(Protocol):
    """Gives one chip after the other."""

    async def next(self) -> Reader:
        """A reader with the next chip in it. NoMoreCards."""
        ...

    async def tell(self, message: str) -> None:
        """What became of the chip that is in the reader."""
        ...


class OperatorFeeder:
    """A person puts cards into one reader. ask: shows a line and returns when it was answered."""

    def __init__(self, reader: Reader, ask: Callable[[str], str] = input) -> None:
        self._reader = reader
        self._ask = ask

    async def next(self) -> Reader:
        """`q` ends it."""
        await asyncio.to_thread(self._reader.disconnect)
        answer = await asyncio.to_thread(
            self._ask, "Put a blank card into the reader, then Enter (q to stop): ")
        if answer.strip().lower() == "q":
            raise NoMoreCards("stopped by the operator")
        return self._reader

    async def tell(self, message: str) -> None:
        """On the operator's screen."""
        print(message, file=sys.stderr, flush=True)


def virtual_reader(path: Path) -> InProcessReader:
    """A reader with the virtual card of this file in it; `key` beside it opens it."""
    return InProcessReader(Card(CardFile(path, (path.parent / KEY_FILE).read_bytes())))


class FolderFeeder:
    """Virtual cards, a file each, in the order of their names; `key` beside them opens them."""

    def __init__(self, folder: Path) -> None:
        self._key = (folder / KEY_FILE).read_bytes()
        self._files = iter(sorted(folder.glob(f"*{CARD_SUFFIX}")))

    async def next(self) -> Reader:
        """The next one that is not locked: those are no longer in the box."""
        for path in self._files:
            memory = CardFile(path, self._key)
            if memory.load().life_cycle in BEGINS:
                return InProcessReader(Card(memory))
        raise NoMoreCards("no more blank cards in the folder")

    async def tell(self, message: str) -> None:
        """As an operator would read it."""
        print(message, file=sys.stderr, flush=True)
