"""The two people of the demo who hold the HSM's keys in parts, at its console.

Knows the console of `hsm_sim` and key components; in earnest these are two persons, who never see
each other's part. What they form or open is the HSM's to judge.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import msgspec

from hsm_sim import console
from hsm_sim.ceremony import Part

_MINUTES: Final = 60


class CeremonyError(Exception):
    """The HSM refused what the custodians asked for; in its words."""


class Formed(msgspec.Struct, frozen=True):
    """A key under the HSM's local master key, and its check value."""

    block: str
    check_value: str


class Custodians:
    """Two names with their passphrases. hsm_folder: the HSM's data, where its console is."""

    def __init__(self, hsm_folder: Path, passphrases: dict[str, str]) -> None:
        self._console = hsm_folder / console.SOCKET
        self._passphrases = passphrases

    async def appoint(self) -> None:
        """Tell a new HSM who they are; those it knows already stay as they are."""
        known = (await self._ask(console.Status()))["custodians"]
        assert isinstance(known, list)
        for name, passphrase in self._passphrases.items():
            if name not in known:
                await self._ask(console.AddCustodian(name, passphrase))

    async def form(self, usage: str, algorithm: str, mode: str, value: bytes) -> Formed:
        """A key that is the exclusive or of a component of each. usage, mode: ANSI X9.143."""
        first = os.urandom(len(value))
        second = bytes(one ^ other for one, other in zip(first, value, strict=True))
        parts = tuple(
            Part(name, passphrase, component.hex(), component.hex())
            for (name, passphrase), component in zip(self._passphrases.items(), (first, second),
                                                     strict=True))
        reply = await self._ask(console.FormKey(usage, algorithm, mode, "N", parts))
        return Formed(str(reply["key"]), str(reply["check_value"]))

    async def open(self, activity: str) -> None:
        """Both give their word for an activity: 'export', 'mailer' or 'clear_pin'."""
        for name, passphrase in self._passphrases.items():
            await self._ask(console.Authorise(activity, _MINUTES, name, passphrase))

    async def close(self, activity: str) -> None:
        """It needs two people again."""
        await self._ask(console.Close(activity))

    async def _ask(self, request: console.Request) -> console.Reply:
        reply = await asyncio.to_thread(console.ask, self._console, request)
        if reply is None:
            raise CeremonyError(f"no HSM answers at {self._console}")
        if not reply["ok"]:
            raise CeremonyError(str(reply["message"]))
        return reply

    def __repr__(self) -> str:
        return f"Custodians({', '.join(self._passphrases)})"
