"""Routes of a merchant's blocklist: phones that it takes nothing from.

Knows paths, queries and bodies; what a block does is merchants'.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from authhost.doors.call import Call, Endpoint, encoded
from authhost.doors.described import Described
from authhost.doors.merchant_call import MerchantDoor
from authhost.doors.queries import limit_of, phone_of, query_of
from authhost.doors.response import Response
from authhost.merchants.blocking import Blocked, Blocking
from authhost.payments.model import Caller
from authhost.payments.requests import line, phone

_ROOT: Final = "/v1/blocked-phones"
_ONE: Final = f"{_ROOT}/{{phone}}"
_RIGHT: Final = "payment"
_LONGEST: Final = 140


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a phone is blocked: for the merchant's own people."""

    reason: Annotated[str, msgspec.Meta(max_length=_LONGEST)] = ""


class BlockedPage(msgspec.Struct, frozen=True):
    """By number. next: ?after= of the next page, null at the end."""

    data: list[Blocked]
    next: str | None


class BlockedPhoneRoutes:
    """Over one host's blocklists. region: of numbers without a country code, '' for none."""

    def __init__(self, blocking: Blocking, door: MerchantDoor, region: str) -> None:
        self._blocking = blocking
        self._door = door
        self._region = region

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table. A block that is said again is the same block."""
        row = self._door.endpoint
        return [row("GET", _ROOT, self._list, right=_RIGHT),
                row("PUT", _ONE, self._block, right=_RIGHT),
                row("DELETE", _ONE, self._unblock, right=_RIGHT)]

    async def _list(self, call: Call, caller: Caller) -> Response:
        query_of(call, "after", "limit")
        most = limit_of(call)
        found = await self._blocking.listed(caller, phone_of(call, "after"), most)
        return encoded(BlockedPage(found, found[-1].phone if len(found) == most else None))

    async def _block(self, call: Call, caller: Caller) -> Response:
        reason = line(call.decode(Block).reason if call.body else "", _LONGEST, "reason")
        return encoded(await self._blocking.block(
            caller, phone(call.path["phone"], self._region, "phone"), reason))

    async def _unblock(self, call: Call, caller: Caller) -> Response:
        await self._blocking.unblock(caller, phone(call.path["phone"], self._region, "phone"))
        return Response(status_code=204)


DESCRIBED: Final = (
    Described("GET", _ROOT, "Phones that the merchant takes nothing from", answer=BlockedPage,
              query=("after", "limit")),
    Described("PUT", _ONE, "Block a phone: its yes is declined", Block, Blocked),
    Described("DELETE", _ONE, "Take payments from it again", status="204"))
