"""The station's line to the host: a connection when it is there, and nothing when it is out.

Knows how to open a connection and how to lose them all; knows no message. A demo and tests pull it
out with `cut`; a station never does.
"""

from __future__ import annotations

from collections.abc import Callable

from terminals.link import Address, Link, Received


class Line:
    """One line, which the terminals of a station may share."""

    def __init__(self) -> None:
        self.up = True
        self._links: set[Link] = set()

    async def connect(self, address: Address, on_unexpected: Callable[[Received], None]) -> Link:
        """A connection; OSError while the line is out, or where nobody listens."""
        if not self.up:
            raise ConnectionRefusedError("the line is out")
        link = await Link.connect(address, on_unexpected)
        if not self.up:  # it was pulled out meanwhile
            await link.close()
            raise ConnectionRefusedError("the line is out")
        self._links = {one for one in self._links if not one.lost} | {link}
        return link

    async def cut(self) -> None:
        """Pull it out: what waits for an answer waits in vain."""
        self.up = False
        for link in self._links:
            await link.close()
        self._links.clear()

    def mend(self) -> None:
        """Put it in again."""
        self.up = True
