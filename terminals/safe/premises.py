"""What the parts of a safe share: settings, clock, store, machine, door, and if the host is there.

Knows who is who; decides nothing.
"""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from terminals.database import Worker
from terminals.premises import Clock, Contact, Pause
from terminals.safe.config import Config
from terminals.safe.door import SafeDoor
from terminals.safe.machine import Machine
from terminals.safe.rows import New, Row
from terminals.safe.store import Store

LOG: Final = logging.getLogger("terminals.safe")


class Premises(msgspec.Struct, kw_only=True):
    """One safe in its back office."""

    config: Config
    clock: Clock
    pause: Pause
    worker: Worker
    store: Store
    machine: Machine
    door: SafeDoor
    contact: Contact

    async def put(self, new: New) -> Row:
        """A message gets its number and waits; the forwarder is told."""
        row = await self.worker.do(self.store.put, new, self.clock())
        self.contact.work.set()
        return row
