"""What the parts of the edge share: settings, clock, store, terminal, and if the host is there.

Knows who is who; decides nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from iso import Message, Profile, get
from terminals import layout
from terminals.database import Worker
from terminals.edge.config import Config
from terminals.edge.shelf import Shelf
from terminals.edge.store import Store
from terminals.exchange import Exchange
from terminals.layout import Stamp
from terminals.pos import Pos

LOG: Final = logging.getLogger("terminals.edge")
Clock = Callable[[], datetime]  # aware, in the terminal's own zone
Pause = Callable[[float], Awaitable[None]]  # for so many seconds of the clock's own time


class Contact:
    """Whether the host answers. up: None until it was tried. log: of the program that asks."""

    def __init__(self, log: logging.Logger = LOG) -> None:
        self._log = log
        self.up: bool | None = None
        self.work = asyncio.Event()  # set: something waits, or the host has come back

    def answered(self) -> None:
        """It did."""
        if self.up is not True:
            self._log.info("the host answers")
            self.work.set()
        self.up = True

    def silent(self) -> None:
        """It did not."""
        if self.up is not False:
            self._log.warning("the host does not answer")
        self.up = False


class Premises(msgspec.Struct, kw_only=True):
    """One terminal at its station."""

    config: Config
    clock: Clock
    pause: Pause
    worker: Worker
    store: Store
    shelf: Shelf
    pos: Pos
    contact: Contact

    @property
    def profile(self) -> Profile:
        """How this terminal speaks."""
        return get(self.config.host.profile)

    async def send(self, kind: str, message: Message, repeats: int) -> Exchange:
        """To the host and back; whether it answered is noted."""
        exchange = await self.pos.send(kind, message, repeats)
        if exchange.reply is None:
            self.contact.silent()
        else:
            self.contact.answered()
            await self.worker.do(self.store.seen, self.clock(), contact=True)
        return exchange

    async def stamp(self) -> Stamp:
        """A number for a message that nothing is kept of."""
        return await self.worker.do(self.store.stamp, self.clock())

    async def echo(self) -> bool:
        """Is the host there?"""
        message = layout.network(self.pos.terminal, await self.stamp(), layout.FUNCTION_ECHO)
        return (await self.send("echo", message, 0)).reply is not None

    async def change_keys(self) -> bool:
        """New session keys; True where the terminal has keys, or needs none. BadKeys."""
        if self.pos.keys is None:
            return True
        exchange = await self.pos.change_keys(await self.stamp())
        if exchange.reply is None:
            self.contact.silent()
        return self.pos.keys.ready
