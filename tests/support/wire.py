"""An ISO 8583 client of bytes: it sends what it is told, also what no terminal would."""

from __future__ import annotations

import asyncio
import itertools
import ssl

import iso
from iso import FRAMINGS, Framer, Message
from tests.support.portfolio import ACQUIRER, Card

Fields = dict[int, str | bytes]
LOCAL_TIME = "260723101112"
TIMEOUT_S = 10
_stans = itertools.count(100_001)


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, profile: str,
                 framing: str) -> None:
        self.reader, self.writer = reader, writer
        self.codec = iso.get(profile).codec
        self.framing = FRAMINGS[framing]
        self._framer = Framer(self.framing)
        self._frames: list[bytes] = []

    @staticmethod
    async def connect(port: int, profile: str = "ifsf", framing: str = "binary2",
                      tls: ssl.SSLContext | None = None) -> Wire:
        """Connect to a door of this machine."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        return Wire(reader, writer, profile, framing)

    def frame(self, mti: str, fields: Fields) -> bytes:
        """The bytes of a message on the wire."""
        body = self.codec.encode(Message(mti, dict(sorted(fields.items()))))
        return self.framing.wrap(body, bytes(self.framing.header_bytes))

    async def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def body(self) -> bytes | None:
        """The next answer's body; None when the door has closed."""
        while not self._frames:
            async with asyncio.timeout(TIMEOUT_S):
                try:
                    data = await self.reader.read(65_536)
                except ConnectionError:
                    return None
            if not data:
                return None
            self._frames += [frame.body for frame in self._framer.feed(data)]
        return self._frames.pop(0)

    async def ask(self, mti: str, fields: Fields) -> Message:
        """Send and read the next answer."""
        await self.send(self.frame(mti, fields))
        body = await self.body()
        assert body is not None, "the door closed instead of answering"
        return self.codec.decode(body)

    async def close(self) -> None:
        """Close and wait."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (ConnectionError, ssl.SSLError):
            return


def stan() -> str:
    """A sequence number that no other test has."""
    return str(next(_stans))


def fields_of(card: Card, amount: int, *, stan: str = "", terminal: str = "POS00001",
              function: str = "200") -> Fields:
    """The fields of a sale, 1993."""
    return {
        2: card.pan, 3: "000000", 4: f"{amount:012d}", 7: "0723081112",
        11: stan or str(next(_stans)), 12: LOCAL_TIME, 14: card.expiry, 24: function,
        32: ACQUIRER, 41: terminal.ljust(8), 42: "STATION".ljust(15), 49: "978"}
