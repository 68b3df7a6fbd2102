"""A request of a merchant: who of it speaks, what that one may, and refusals in HTTP's words.

Knows HTTP and callers; decides nothing about a payment. Other rooms make their rows with
`MerchantDoor.endpoint`, and get a Caller that is known and has the right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

import asyncpg

from authhost import limits
from authhost.admin.refusal_log import NOBODY, Refusal, RefusalLog
from authhost.doors.call import Call, Endpoint, Handler
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.doors.streams import events
from authhost.merchants.callers import RIGHTS, Callers, Shown
from authhost.merchants.listening import Leave, Listening
from authhost.payments.model import Caller, Refused
from authhost.payments.ports import Busy, Silence
from authhost.payments.topics import Subscription
from authhost.state.client import StateUnavailable, StateUnknown

Work = Callable[[Call, Caller], Awaitable[Response]]
PAGE: Final = 100
MOST: Final = 1_000
_MOST_DIGITS: Final = 18
_LONGEST: Final = 512


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
                return not_identified()
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


def not_identified() -> Response:
    """Nobody whom we know; it does not say what was wrong (RFC 6750, 3)."""
    response = ProblemError(401, "Not identified",
                            "a bearer token or a certificate is needed that is known and in force",
                            "Authorization").response()
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def query_of(call: Call, *names: str) -> Mapping[str, str]:
    """The query, which must have no other names: a filter misspelt is no filter. ProblemError."""
    for name, value in call.query.items():
        if name not in names:
            raise ProblemError(422, "Invalid", f"no such parameter; there are {', '.join(names)}",
                               name[:64])
        if "\0" in value or len(value) > _LONGEST:
            raise ProblemError(422, "Invalid", "not a text that could be meant", name)
    return call.query


def number_of(call: Call, name: str, least: int = 1, most: int = 2**62) -> int | None:
    """A whole number of the query; None where it is not given. ProblemError."""
    text = call.query.get(name, "")
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not is_number or not least <= int(text) <= most:
        raise ProblemError(422, "Invalid", f"a whole number from {least} to {most}", name)
    return int(text)


def limit_of(call: Call) -> int:
    """How many rows a page has. ProblemError."""
    return number_of(call, "limit", most=MOST) or PAGE


def instant_of(call: Call, name: str) -> datetime | None:
    """An instant of the query, with its offset; None where it is not given. ProblemError."""
    text = call.query.get(name, "")
    if not text:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise ProblemError(422, "Invalid", "an instant like 2026-07-23T10:00:00Z", name)
    return value
