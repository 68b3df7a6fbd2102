"""How views, questions and counters are packed for the functions: the twin of functions.lua.

PURE. Order matters: the Lua side reads these arrays by number.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from authhost.counters import (
    BALANCE,
    MEASURES,
    SHARED_SCOPES,
    Groups,
    Limit,
    counter_of,
)

PIN_FIELD: Final = "p"  # with the card's id
SITE_FIELD: Final = "s"  # the function adds the site
_ANY_HOUR: Final = (1 << 24) - 1
_NO_STEPS: Final = (-1, -1, -1, -1)
_PIN: Final = struct.Struct("<2d")

encode = msgspec.msgpack.Encoder().encode


class Holder(msgspec.Struct, frozen=True):
    """Who has limits, and the field of the account's hash that they are counted in."""

    scope: str  # 'account', 'subaccount', 'card', 'vehicle', 'driver', 'site'
    field: str
    limits: tuple[Limit, ...]


class Tank(msgspec.Struct, frozen=True):
    """What fits into a vehicle, and of which products. members None: of all."""

    maximum_ml: int
    members: frozenset[str] | None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one card (or of an account alone) under one fence, before they are packed.

    products, sites: None is any; hours: seven masks of 24 bits from Monday, None is any. refused:
    what speaks against every purchase, found when the rules were read. second: status and month of
    expiry of a card shown beside. steps: smallest and largest step of odometer and engine hours.
    """

    fence: int
    account_status: str
    card_status: str = "active"
    expiry_month: int = 0
    products: frozenset[str] | None = None
    sites: frozenset[str] | None = None
    hours: tuple[int, ...] | None = None
    holders: tuple[Holder, ...] = ()
    groups: Groups = {}
    offsets: Sequence[int] = ()
    pin_field: str = ""
    pin_tries: int = 0
    credit_line: int | None = None
    tank: Tank | None = None
    refused: tuple[str, ...] = ()
    second: tuple[str, int] | None = None
    meter_field: str = ""
    steps: tuple[int, int, int, int] = _NO_STEPS
    watch_hours: tuple[int, ...] | None = None


class Packed(msgspec.Struct, frozen=True):
    """A view as the function reads it, and how an ask and its answer lie beside it.

    groups: the products of each group that some limit names, in the order that the function wants
    their amounts in. limits: what `left` of an outcome is about, one for one.
    """

    view: bytes
    groups: tuple[frozenset[str], ...]
    limits: tuple[PackedLimit, ...]


class PackedLimit(msgspec.Struct, frozen=True):
    """One limit of a packed view; members: the products that it is about, None for all."""

    name: str
    measure: str
    members: frozenset[str] | None
    watch: bool


class _Limits:
    """Lays limits, counters and groups out flat, each once."""

    def __init__(self) -> None:
        self.flat: list[int] = []
        self.counters: list[int] = []
        self.described: list[PackedLimit] = []
        self.groups: list[frozenset[str]] = []
        self._known: dict[tuple[int, int], int] = {}

    def add(self, field: int, limit: Limit, name: str, *, shared: bool, groups: Groups) -> None:
        """One limit; field: the number of its holder's field, from 1."""
        counter = counter_of(limit, shared, groups)
        at = 0
        group = self._group(counter.members)
        if counter.kind:
            place = (field, counter.code)
            at = self._known.get(place, 0)
            if not at:
                at = self._known[place] = len(self._known) + 1
                self.counters += (field, counter.code, counter.kind, counter.span, counter.before,
                                  counter.measure, group)
        self._limit(at, counter.measure, group, limit.maximum, limit.watch)
        self.described.append(PackedLimit(name, limit.measure, counter.members, limit.watch))

    def add_balance(self, field: int, credit_line: int) -> None:
        """Used less paid in."""
        code = BALANCE * 4 + MEASURES["money"]
        self._known[field, code] = at = len(self._known) + 1
        self.counters += (field, code, BALANCE, 0, 0, MEASURES["money"], 0)
        self._limit(at, MEASURES["money"], 0, credit_line, False)
        self.described.append(PackedLimit("limit:account:balance:money", "money", None, False))

    def add_tank(self, tank: Tank) -> None:
        """What fits in: a limit of one purchase."""
        self._limit(0, MEASURES["volume"], self._group(tank.members), tank.maximum_ml, False)
        self.described.append(PackedLimit("tank", "volume", tank.members, False))

    def _limit(self, at: int, measure: int, group: int, maximum: int, watch: bool) -> None:
        self.flat += (at, measure, group, maximum, int(watch))

    def _group(self, members: frozenset[str] | None) -> int:
        if members is None:
            return 0
        if members not in self.groups:
            self.groups.append(members)
        return self.groups.index(members) + 1


def pack_view(view: View) -> Packed:
    """The rules as the function reads them: the array that functions.lua numbers.

    Holders that count in a window come first: only those have a field. A limit of a group that
    nobody knows refuses everything, by name.
    """
    counted = [holder for holder in view.holders
               if any(limit.kind for limit in holder.limits)
               or (holder.scope == "account" and view.credit_line is not None)]
    order = counted + [holder for holder in view.holders if holder not in counted]
    limits = _Limits()
    refused = list(view.refused)
    for number, holder in enumerate(order, 1):
        shared = holder.scope in SHARED_SCOPES
        for limit in holder.limits:
            if limit.group and limit.group not in view.groups:
                refused.append(f"group_unknown:{limit.group}")
                continue
            limits.add(number, limit, limit.name(holder.scope), shared=shared, groups=view.groups)
        if holder.scope == "account" and view.credit_line is not None:
            limits.add_balance(number, view.credit_line)
    if view.tank is not None:
        limits.add_tank(view.tank)
    packed = encode([
        view.fence, view.account_status, view.card_status, view.expiry_month,
        sorted(view.products) if view.products is not None else None,
        sorted(view.sites) if view.sites is not None else None, view.hours,
        [holder.field for holder in counted], limits.flat, view.offsets,
        [limit.name for limit in limits.described], view.pin_field, view.pin_tries,
        limits.counters, refused, view.second, view.meter_field, view.steps, view.watch_hours])
    return Packed(packed, tuple(limits.groups), tuple(limits.described))


def hours_of(*masks: Sequence[int] | None) -> tuple[int, ...] | None:
    """The hours that all of them allow; None where none of them says."""
    given = [mask for mask in masks if mask is not None]
    if not given:
        return None
    allowed = [_ANY_HOUR] * 7
    for mask in given:
        allowed = [one & other for one, other in zip(allowed, mask, strict=True)]
    return tuple(allowed)


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
