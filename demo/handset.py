"""A payer with a phone in the hand: enrolled with a code, hears what comes, says yes or no.

Knows the phone's program and a PIN; must not know how payments are kept. What the phone has heard
of each payment stays in its memory: that is the payer's side of the day.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import quote

from demo.office import Office
from demo.parties import Payer
from demo.tally import Tally
from terminals import pki
from terminals.phone import papers
from terminals.phone.door import Door
from terminals.phone.faults import Fault
from terminals.phone.keystore import Keystore
from terminals.phone.program import Phone, Said
from terminals.phone.shown import Answer, Login, Waiting

PATIENCE_S: Final = 15.0  # real: a bank that is late has answered by then
_COST: Final = 2**4  # of scrypt: sixty phones share this machine
_OPEN: Final = ("CREATED", "SENT", "OPENED")


class Astray(Exception):  # what it says is a surprise of the day
    """Something did not come to what it had to come to."""


class Handset:
    """payer: whose it is. url: the host's public door; authority: whom it trusts; now: its clock,
    the day's. To enrol it comes as anybody, and then with its certificate."""

    def __init__(self, payer: Payer, url: str, authority: Path, home: Path, random: Random,
                 now: Callable[[], datetime], tally: Tally) -> None:
        self.payer = payer
        self.number = payer.phone
        self.pin = f"{random.randrange(10**6):06d}"
        self.serial = ""
        self._url = url
        self._authority = authority
        self._home = home
        self._random = random
        self._now = now
        self._tally = tally
        self._phones = 0  # of this payer, one after the other
        self._newest: dict[str, Waiting] = {}
        self._moved = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None
        self.door, self.phone = self._made(None)

    async def enrol(self, office: Office) -> None:
        """The bank opens a code, and a new phone has its key certified by it."""
        opened = await office.post(f"/payers/{quote(self.number)}/codes", {})
        await self.door.close()
        self._phones += 1
        self.door, self.phone = self._made(None)
        began = time.perf_counter()
        identity = await self.phone.enrol(opened["code"], self.pin)
        self._tally.told("phone_enrolment", time.perf_counter() - began)
        await self.door.close()
        self.serial = identity.serial
        self.door, self.phone = self._made(
            papers.context(self._authority, identity, self._keystore.open(self.pin)))

    @property
    def _keystore(self) -> Keystore:
        return Keystore(self._home / f"{self._phones}", cost=_COST)

    def _made(self, tls: ssl.SSLContext | None) -> tuple[Door, Phone]:
        door = Door(self._url, tls=tls or pki.client_context(self._authority, None))
        return door, Phone(self.number, self._keystore, door, now=self._now,
                           chance=self._random.random)

    def listen(self) -> None:
        """Be told from now on."""
        self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Switched off."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.door.close()

    async def heard(self, payment_id: str, *states: str) -> Waiting:
        """A payment, once the phone was told that it is one of these. Astray."""
        def is_so() -> bool:
            found = self._newest.get(payment_id)
            return found is not None and found.state in states

        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self._moved:
                await self._moved.wait_for(is_so)
        if not is_so():
            found = self._newest.get(payment_id)
            raise Astray(f"{self.number} was not told that {payment_id} is {' or '.join(states)}, "
                         f"but {found.state if found else 'nothing'}")
        return self._newest[payment_id]

    async def asked(self, payment_id: str) -> Waiting:
        """A payment that waits for the payer. Astray."""
        return await self.heard(payment_id, *_OPEN)

    async def fetched(self) -> dict[str, Waiting]:
        """What the host has for this phone, by id: asked for, not told."""
        for one in await self.door.get(f"/v1/phones/{quote(self.number)}/payments", list[Waiting]):
            self._keep(one)
        return dict(self._newest)

    async def say(self, asked: Waiting | Login, decision: Answer,
                  fault: Fault = Fault.NONE) -> Said:
        """The payer reads it and types the PIN. Problem, NoAnswer."""
        if isinstance(asked, Waiting):
            await self.phone.opened(asked)
        began = time.perf_counter()
        said, = await self.phone.answer(asked, decision, self.pin, fault)
        kind = "payment_word" if isinstance(asked, Waiting) else "login"
        self._tally.told(kind, time.perf_counter() - began, said.reason)
        return said

    def memory(self) -> dict[str, Waiting]:
        """Every payment that this phone has heard of, as it was told last."""
        return dict(self._newest)

    async def _listen(self) -> None:
        async for one in self.phone.news():
            async with self._moved:
                self._keep(one)
                self._moved.notify_all()

    def _keep(self, one: Waiting) -> None:
        known = self._newest.get(one.id)
        if known is None or known.version <= one.version:
            self._newest[one.id] = one
