"""How views, questions and counters are packed for the functions: the twin of functions.lua.

PURE. Order matters: the Lua side reads these arrays by number.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

SCOPES: Final = {"account": "a", "card": "c", "vehicle": "v", "driver": "d"}
MEASURES: Final = {"money": 1, "volume": 2, "count": 3}
_WINDOW_SLOT: Final = {"transaction": 0, "day": 1, "week": 5, "month": 9, "total": 12}

PIN_FIELD: Final = "p"  # with the card's id
_COUNTERS: Final = struct.Struct("<15d")
_PIN: Final = struct.Struct("<2d")

encode = msgspec.msgpack.Encoder().encode


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `maximum` of a measure in a window: minor units, millilitres or a number."""

    window: str
    measure: str
    maximum: int

    def packed(self) -> tuple[int, int, int]:
        """(slot, measure, maximum); slot 0 is the transaction itself.

        ValueError names a window or measure that nobody knows.
        """
        if self.window not in _WINDOW_SLOT or self.measure not in MEASURES:
            raise ValueError(f"no such limit: {self.window} {self.measure}")
        base = _WINDOW_SLOT[self.window]
        measure = MEASURES[self.measure]
        return base + measure if base else 0, measure, self.maximum

    def name(self, scope: str) -> str:
        """What an answer calls it."""
        return f"limit:{scope}:{self.window}:{self.measure}"


def decode_limits(text: str) -> tuple[Limit, ...]:
    """A JSON list of limits. msgspec.ValidationError says where it is wrong."""
    return msgspec.json.decode(text, type=tuple[Limit, ...])


def pack_view(*, fence: int, account_status: str, card_status: str, expiry_month: int,
              products: list[str] | None, sites: list[str] | None, hours: list[int] | None,
              scopes: dict[str, tuple[Limit, ...]], fields: dict[str, str],
              offsets: list[int], pin_field: str = "", pin_tries: int = 0) -> bytes:
    """The rules of one card (or of an account alone) under one fence.

    scopes: scope name -> its limits; fields: scope name -> its field in the account's hash.
    pin_field, pin_tries: where a card's wrong PINs are counted, and how many lock it.
    Scopes that count in a window come first: only those have counters in the hash.
    """
    counted = [scope for scope, limits in scopes.items()
               if any(limit.packed()[0] for limit in limits)]
    order = counted + [scope for scope in scopes if scope not in counted]
    flat: list[int] = []
    names: list[str] = []
    for number, scope in enumerate(order, 1):
        for limit in scopes[scope]:
            flat += (number, *limit.packed())
            names.append(limit.name(scope))
    return encode([fence, account_status, card_status, expiry_month, products, sites, hours,
                   [fields[scope] for scope in counted], flat, offsets, names, pin_field,
                   pin_tries])


def pack_counters(counters: tuple[int, ...]) -> bytes:
    """Fifteen counters as the hash holds them: doubles, exact up to 2**53."""
    return _COUNTERS.pack(*counters)


def pack_pin(tries: int) -> bytes:
    """A card's wrong PINs as the hash holds them; none of them is about to be set back."""
    return _PIN.pack(tries, 0)


def expiry_month(yymm: str) -> int:
    """The number of the month to whose end a card is good: year * 12 + month - 1."""
    return (2000 + int(yymm[:2])) * 12 + int(yymm[2:]) - 1


def zone_offsets(name: str, around: datetime) -> list[int]:
    """[from_s, offset_s, from_s, offset_s, ...] of a time zone, from a year ago to two years on.

    The function has no time zone database; these are all the changes it can meet meanwhile.
    ZoneInfoNotFoundError where there is no such zone.
    """
    zone = ZoneInfo(name)
    start = datetime(around.year - 1, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=number) for number in range(4 * 366)]
    changes = [0, _offset(start, zone)]
    for earlier, later in pairwise(days):
        if _offset(earlier, zone) == _offset(later, zone):
            continue
        low, high = earlier, later
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            if _offset(middle, zone) == _offset(earlier, zone):
                low = middle
            else:
                high = middle
        changes += [int(high.timestamp()), _offset(later, zone)]
    return changes


def _offset(instant: datetime, zone: ZoneInfo) -> int:
    delta = instant.astimezone(zone).utcoffset()
    assert delta is not None
    return int(delta.total_seconds())
