"""Breaks invariant 1: limits are read in one Redis call, the amount is counted in a second one."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from authhost.asks import Ask, arguments
from authhost.model import Outcome
from authhost.packing import Packed, encode
from authhost.state.accounts import Accounts
from tests.planted import Patch, serve

_decode = msgspec.msgpack.Decoder(Outcome).decode
_WRITE = "redis.call('HSET', keys[1], unpack(writes))"


def plant(patch: Patch) -> None:
    """The function decides and writes nothing when it is told to look only; then it is forced."""
    init, reserve = Accounts.__init__, Accounts.reserve

    def with_look(self: Accounts, *args: Any, **more: Any) -> None:
        init(self, *args, **more)
        self._library = _library(self._library)

    async def look_then_count(self: Accounts, account_id: int, fence: int, packed: Packed,
                              ask: Ask, **how: Any) -> Outcome:
        look = arguments(ask, packed.groups, skew_ms=0, site=how["site"],
                         refused=how.get("refused", ""), force=how.get("force", False), settled=[],
                         pin=how.get("pin", 0))
        seen = _decode(await self._function("authhost_reserve", account_id, packed.view,
                                            encode([*look, True])))
        if seen.status not in {"approved", "partial"}:
            return await reserve(self, account_id, fence, packed, ask, **how)
        taken = msgspec.structs.replace(ask, money=seen.amount_minor, volume=seen.volume_ml)
        counted = await reserve(self, account_id, fence, packed, taken, **{**how, "force": True})
        return msgspec.structs.replace(counted, status=seen.status, reason=seen.reason, broken=())

    patch(Accounts, "__init__", with_look)
    patch(Accounts, "reserve", look_then_count)


def _library(text: str) -> str:
    begin, end = text.index("local function reserve(keys, args)"), text.index("-- install {")
    # The last write is that of an approval; the one before it belongs to a wrong PIN.
    at = text.rindex(_WRITE, begin, end)
    return f"{text[:at]}if not ask[18] then {_WRITE} end{text[at + len(_WRITE):]}"


if __name__ == "__main__":
    sys.exit(serve(plant))
