"""A conversation with one chip in a reader, its keys in the HSM: select, authenticate, command.

Knows APDUs and the HSM's verbs; knows no key. The reader blocks, so it is asked in a thread.
Problems with the card are `chip.errors`; their words hold no value.
"""

from __future__ import annotations

import asyncio

from chip import keys
from chip.apdu import Command, Response, Status
from chip.dialogue import Dialogue, Public
from chip.errors import CardFault, CopiedCard
from chip.issuer import GET_CHALLENGE, authenticate
from chip.reader import Reader
from chip.secure import Channel, SecureError
from issuing.chip_hsm import CardNotGenuine, ChipHsm, SessionBlocks


class ChipSession:
    """One chip."""

    def __init__(self, reader: Reader, hsm: ChipHsm) -> None:
        self._reader = reader
        self._hsm = hsm
        self._dialogue = Dialogue(reader)
        self._channel: Channel | None = None
        self._blocks: SessionBlocks | None = None

    async def start(self) -> Public:
        """Power, SELECT: who it is. Ends a session that there was. CardProblem."""
        self._channel = None
        await asyncio.to_thread(self._reader.connect)
        return await asyncio.to_thread(self._dialogue.select)

    async def authenticate(self, ref: int, serial: bytes, master: str) -> None:
        """A factory (10) or issuer (20) session. CopiedCard when the chip cannot prove its key."""
        challenge = await self._plain(GET_CHALLENGE, "GET CHALLENGE")
        if len(challenge) != keys.SIZE:
            raise CardFault("GET CHALLENGE")
        own, proof = await self._hsm.proof(ref, serial, master, challenge)
        answer = await self._plain(authenticate(ref, own, proof), "EXTERNAL AUTHENTICATE")
        if len(answer) != keys.SIZE:
            raise CardFault("EXTERNAL AUTHENTICATE")
        try:
            self._blocks = await self._hsm.session(ref, serial, master, challenge, own, answer)
        except CardNotGenuine:
            raise CopiedCard from None
        self._channel = Channel()

    async def send(self, command: Command, what: str) -> bytes:
        """One command under the session's keys; its data. CardFault for any status but 9000."""
        assert self._channel is not None, "authenticated"
        assert self._blocks is not None, "authenticated"
        outer = await self._hsm.drive(self._channel.protect(command), self._blocks)
        answer = await self._transmit(outer)
        try:
            response = await self._hsm.drive(self._channel.reveal(answer), self._blocks)
        except (SecureError, ValueError):
            raise CardFault(what, answer.sw) from None
        return _data(response, what)

    async def public(self, tag: int) -> bytes:
        """The value of a public object; the certificate whole."""
        return await asyncio.to_thread(self._dialogue.public, tag)

    async def _plain(self, command: Command, what: str) -> bytes:
        return _data(await self._transmit(command), what)

    async def _transmit(self, command: Command) -> Response:
        return Response(*await asyncio.to_thread(self._reader.transmit, command.encode()))


def _data(response: Response, what: str) -> bytes:
    if response.sw == Status.NOT_PROVED:
        raise CopiedCard
    if response.sw != Status.DONE:
        raise CardFault(what, response.sw)
    return response.data
