"""Routes of webhooks for merchants: dead letters, keys, an event to try a server with.

Knows paths, queries and bodies; what they mean is webhooks'.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final, TypeVar

import msgspec

from authhost.doors.call import Call, Endpoint, encoded
from authhost.doors.described import Described
from authhost.doors.merchant_call import MerchantDoor
from authhost.doors.problems import ProblemError
from authhost.doors.queries import limit_of, query_of
from authhost.doors.response import Response
from authhost.payments.model import Caller
from authhost.webhooks.desk import Desk, Key, Letter, NotPossible, Tested, number_of
from authhost.webhooks.telling import Telling

T = TypeVar("T")
_RIGHT: Final = "webhook"
_BYTES: Final = 8 * 1024
_TITLES: Final = {404: "Not found", 409: "Conflict", 422: "Invalid", 503: "Busy"}


class Url(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to."""

    url: str


class Letters(msgspec.Struct, frozen=True):
    """A page. next: ?after= of the next one, null at the end."""

    data: list[Letter]
    next: str | None


class Keys(msgspec.Struct, frozen=True):
    """Keys in force; never more than a few."""

    data: list[Key]


class WebhookRoutes:
    """Over one host's desk of webhooks. telling: woken where something is due."""

    def __init__(self, desk: Desk, telling: Telling) -> None:
        self._desk = desk
        self._telling = telling

    def endpoints(self, door: MerchantDoor) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        return [
            door.endpoint("GET", "/v1/webhooks/dead", self._dead, right=_RIGHT),
            door.endpoint("POST", "/v1/webhooks/{id}/retry", self._retry, right=_RIGHT,
                          most_bytes=_BYTES),
            door.endpoint("GET", "/v1/webhooks/keys", self._keys, right=_RIGHT),
            door.endpoint("POST", "/v1/webhooks/keys", self._new_key, right=_RIGHT,
                          most_bytes=_BYTES),
            # Nothing is written: a test that is sent again is another test.
            door.endpoint("POST", "/v1/webhooks/test", self._test, right=_RIGHT,
                          most_bytes=_BYTES, keyed=False)]

    async def _dead(self, call: Call, caller: Caller) -> Response:
        query, most = query_of(call, "after", "limit"), limit_of(call)
        after = query.get("after", "")
        if after and not number_of(after):
            raise ProblemError(422, "Invalid", "no cursor of ours: begin without one", "after")
        letters = await self._desk.dead(caller.merchant_id, number_of(after), most)
        following = letters[-1].id if len(letters) == most else None
        return encoded(Letters(letters, following))

    async def _retry(self, call: Call, caller: Caller) -> Response:
        letter = await _possible(self._desk.retry(caller.merchant_id, call.path["id"]))
        self._telling.wake()
        return encoded(letter)

    async def _keys(self, call: Call, caller: Caller) -> Response:
        query_of(call)
        return encoded(Keys(await self._desk.keys(caller.merchant_id)))

    async def _new_key(self, call: Call, caller: Caller) -> Response:
        key = await _possible(self._desk.new_key(caller.merchant_id, call.idempotency_key))
        self._telling.wake()
        return encoded(key, 201).uncached()

    async def _test(self, call: Call, caller: Caller) -> Response:
        url = call.decode(Url).url
        return encoded(await _possible(self._desk.test(caller.merchant_id, url)))


DESCRIBED: Final = (
    Described("GET", "/v1/webhooks/dead", "Webhooks that could not be told, the oldest first",
              answer=Letters, query=("after", "limit")),
    Described("POST", "/v1/webhooks/{id}/retry", "Tell a dead one again, from now on",
              answer=Letter),
    Described("GET", "/v1/webhooks/keys", "Keys in force, without their secrets", answer=Keys),
    Described("POST", "/v1/webhooks/keys", "A new key; its secret is told in this answer alone",
              answer=Key, status="201"),
    Described("POST", "/v1/webhooks/test", "Tell a URL a test event, now and once", body=Url,
              answer=Tested))


async def _possible(work: Awaitable[T]) -> T:
    """The desk's refusals in HTTP's words."""
    try:
        return await work
    except NotPossible as refused:
        raise ProblemError(refused.status, _TITLES[refused.status], str(refused), refused.where,
                           retry_after_s=1 if refused.status == 503 else None) from None
