"""What the parts of the edge share: settings, clock, store, terminal, and if the host is there.

Knows who is who; decides nothing.
"""

from __future__ import annotations

import logging
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
from terminals.premises import Clock, Contact, Pause

LOG: Final = logging.getLogger("terminals.edge")


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
