"""What a message hears that has been heard before: the first answer, or that it is another.

Knows claims; reserves and counts nothing. Only what a row holds is said again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from authhost import keys, rules
from authhost.clock import Clock
from authhost.journal.entry import Claim
from authhost.journal.reads import Reads
from authhost.model import Action, Answer, Request
from authhost.set_aside import content_of
from authhost.states import State

Render = Callable[[Answer], bytes]
_DUPLICATE: Final = "duplicate_with_other_content"
REPLAYED: Final = "cryptogram_replayed"


class Reply(msgspec.Struct, frozen=True):
    """The bytes that the row holds, and the action code in them."""

    body: bytes
    action: str


class Repeats:
    """Answers from what stands in the journal."""

    def __init__(self, reads: Reads, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock

    async def known(self, request: Request, claim: Claim, render: Render) -> Reply:
        """The first answer again, byte for byte; other content under the same key is refused."""
        if claim.refers_to is not None:
            if claim.refers_to != request.key:  # another message's Idempotency-Key or cryptogram
                spent = keys.is_cryptogram(request.alias)
                return await self._conflict(request, render, REPLAYED if spent else _DUPLICATE)
            other = await self._reads.claim(claim.refers_to)
            assert other is not None, "an alias is written with what it stands for"
            claim = other
        tombstone = claim.state == State.TOMBSTONE
        if claim.fingerprint != request.fingerprint and not tombstone:
            return await self._conflict(request, render, _DUPLICATE)
        if claim.answer is not None and claim.door == request.door:
            return Reply(claim.answer, claim.action or Action.DO_NOT_HONOUR)
        if claim.answer is None:
            reason = "reversed_before_it_came" if tombstone else "late"
            answer = rules.declined(request, reason, self._clock.now_us() // 1000)
            body = await self._reads.fill_answer(claim.key, render(answer), request.door)
            return Reply(body, answer.action)
        if tombstone:  # it has no row to read a decision from, and needs none
            answer = rules.declined(request, "reversed_before_it_came", 0)
            return Reply(render(answer), answer.action)
        return self._through_another_door(request, claim, render)

    @staticmethod
    def _through_another_door(request: Request, claim: Claim, render: Render) -> Reply:
        """The same decision in another dialect: made from the row, so always the same bytes."""
        decided_at = claim.decided_at
        answer = Answer(
            action=claim.action or Action.DO_NOT_HONOUR, reason=claim.reason or "",
            amount_minor=claim.amount_minor or 0, approval_code=claim.approval_code or "",
            decided_at_ms=int(decided_at.timestamp() * 1000) if decided_at else 0,
            flags=tuple(filter(None, (claim.flags or "").split(","))),
            reference=rules.reference(request.key), state=State(claim.state).name)
        return Reply(render(answer), answer.action)

    async def _conflict(self, request: Request, render: Render, reason: str) -> Reply:
        if request.advice:
            await self._reads.park(request.key, request.fingerprint, reason,
                                   content_of(request, reason))
            return parked(request, render)
        answer = rules.declined(request, reason, self._clock.now_us() // 1000)
        return Reply(render(answer), answer.action)


def parked(request: Request, render: Render) -> Reply:
    """An advice that could not be posted is kept apart and accepted: it has happened."""
    answer = Answer(action=Action.APPROVED, reason="parked", reference=rules.reference(request.key))
    return Reply(render(answer), answer.action)
