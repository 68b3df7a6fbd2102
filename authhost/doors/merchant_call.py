"""A request of a merchant: who of it speaks, what that one may, and refusals in HTTP's words.

Knows HTTP and callers; decides nothing about a payment. Other rooms make their rows with
`MerchantDoor.endpoint`, and get a Caller that is known and has the right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from authhost import limits
from authhost.admin.refusal_log import NOBODY, Refusal, RefusalLog
from authhost.doors.call import Call, Endpoint, Handler
from authhost.doors.problems import ProblemError, not_identified
from authhost.doors.response import Response
from authhost.doors.streams import events
from authhost.merchants.callers import RIGHTS, Callers, Shown
from authhost.merchants.listening import Leave, Listening
from authhost.payments.model import Caller, Refused
from authhost.payments.ports import Busy, Silence
from authhost.payments.topics import Subscription
from authhost.state.client import StateUnavailable, StateUnknown

Work = Callable[[Call, Caller], Awaitable[Response]]


class MerchantDoor:
    """Lets callers in. refusals: who is refused is written down."""

    def __init__(self, callers: Callers, refusals: RefusalLog | None = None) -> None:
        self._callers = callers
        self._refusals = refusals
        self.listening = Listening(callers)

    def endpoint(self, method: str, path: str, work: Work, *, right: str = "",
                 most_bytes: int = limits.HTTP_BODY_BYTES, keyed: bool = True) -> Endpoint:
        """A row of the route table. right: 'payment', 'refund', 'report' or 'webhook'; '' where
        any of the merchant's people may. work: a Refused of it becomes a problem."""
        assert right in {"", *RIGHTS}, right
        return Endpoint(method, path, self._admitted(work, right, f"{method} {path}"), most_bytes,
                        keyed)

    def _admitted(self, work: Work, right: str, route: str) -> Handler:
        async def handler(call: Call) -> Response:
            caller = await self._callers.caller(call.headers.get("authorization", ""),
                                                call.certificate)
            if caller is None:
                await self._note(call.certificate or NOBODY, NOBODY, "", "401 Authorization")
                return not_identified(
                    "a bearer token or a certificate is needed that is known and in force")
            if right:
                await self.need(caller, right, route)
            return await in_words(work(call, caller))

        return handler

    def events(self, call: Call, caller: Caller, right: str, told: Subscription) -> Response:
        """The answer that does not end until its caller may hear it no more. right: that of its
        row."""
        shown = Shown(call.headers.get("authorization", ""), call.certificate or "")
        return events(self.listening.source(caller, Leave(shown, right), told))

    async def need(self, caller: Caller, right: str, route: str) -> None:
        """ProblemError where the caller has not this right; it is written down."""
        if right not in caller.rights:
            await self._note(caller.user_id, "merchant", route, f"403 {right}")
            raise ProblemError(403, "Not permitted", f"this needs the right {right}", right)

    async def _note(self, who: str, role: str, route: str, why: str) -> None:
        if self._refusals is not None:
            await self._refusals.note(Refusal(who, role, route, why))


async def in_words(work: Awaitable[Response]) -> Response:
    """What a room answers; its refusals as problems (RFC 9457)."""
    try:
        return await work
    except Refused as refused:
        raise ProblemError(refused.status, refused.title, refused.why, refused.where) from None
    except asyncpg.DataError:
        # A value of the query or the path that no column holds.
        raise ProblemError(422, "Invalid", "a value that cannot be") from None
    except (Busy, StateUnavailable):
        raise ProblemError(503, "Busy", "nothing was reserved: try again",
                           retry_after_s=1) from None
    except (Silence, StateUnknown):
        raise ProblemError(504, "Outcome unknown", "repeat with the same Idempotency-Key",
                           retry_after_s=1) from None


def worded(work: Handler) -> Handler:
    """A route of those who are no callers, phones and strangers: refusals of the room become
    problems."""
    async def handler(call: Call) -> Response:
        return await in_words(work(call))

    return handler
