"""What was set aside is posted after all, when a person says so.

Knows the one story of every message. What stands under a key with other content can never be posted
there, and what was kept in another shape than a request can not be posted at all.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost.authorize import Authorizer, Busy, Silence
from authhost.clock import Clock
from authhost.limits import DEADLINE_MS
from authhost.model import Answer
from authhost.set_aside import request_of
from authhost.station.parked import Parked, Posted

_DOOR: Final = "parked"  # so that a repeat's answer is made in the terminal's own dialect
_NOTHING: Final = "what was kept is not enough to post it: settle it by hand"


class ParkedPosting:
    """Posts what was set aside, through the one story of every message."""

    def __init__(self, authorizer: Authorizer, clock: Clock) -> None:
        self._authorizer = authorizer
        self._clock = clock

    async def post(self, parked: Parked) -> Posted:
        """Post it; never raises for what the outcome is. A person has said that it is to be."""
        request = request_of(parked.content)
        if request is None or not request.advice:
            return Posted(False, _NOTHING)
        request = msgspec.structs.replace(
            request, door=_DOOR, repeat=True, sealed=True,
            deadline_us=self._clock.real_now_us() + DEADLINE_MS * 1000)
        said: list[Answer] = []

        def render(answer: Answer) -> bytes:
            said.append(answer)
            return b""

        try:
            reply = await self._authorizer.authorize(request, render)
        except (Busy, Silence) as error:
            return Posted(False, f"not now: {error}")
        answer = said[-1] if said else None
        if answer is not None and answer.reason == "parked":
            return Posted(False, "another content stands under its key: settle it by hand")
        flags = ", ".join(answer.flags) if answer is not None else ""
        return Posted(True, f"{reply.action} {flags}".strip())
