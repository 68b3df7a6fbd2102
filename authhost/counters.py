"""Limits, the counters that they need, and how the journal's rows are summed into them.

PURE. A counter is a code, the window that it stands for and a value; an account's field in Redis is
a list of them (`functions.lua` reads the same code). Windows of the calendar are counted from the
day, week and month that the function chose; a rolling one is counted in buckets of UTC minutes:
never shorter than it says, at most one bucket longer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

MEASURES: Final = {"money": 1, "volume": 2, "count": 3}
_KINDS: Final = {"transaction": 0, "day": 1, "week": 2, "month": 3, "quarter": 4, "year": 5,
                 "total": 6, "balance": 7, "rolling": 8, "gap": 8}
BALANCE: Final = 7
ROLLING: Final = 8
# Of a calendar window: the column of a row, and how many of its numbers are one.
_PARTS: Final = {1: (1, 1), 2: (2, 1), 3: (3, 1), 4: (3, 3), 5: (3, 12)}
# Codes of their own: a reading is no measure.
ODOMETER: Final = 9 * 4
ENGINE_HOURS: Final = 10 * 4
METERS_KEPT: Final = 4  # readings a field, so that a reversed one leaves the one before it
ROLLING_HOURS: Final = 744
GAP_MINUTES: Final = 1_440
GROUPS: Final = 1_023  # the highest group number: a code has 32 bits
_REACHES: Final = ROLLING_HOURS * 60 + 1
_HOUR: Final = 60
_BUCKETS: Final = 24
SHARED_SCOPES: Final = frozenset({"account", "subaccount", "site"})
SHARED_FIELDS: Final = frozenset("abs")
_SLOT: Final = "IId"

Groups = dict[str, tuple[int, frozenset[str]]]  # name -> (number, products)
Slot = tuple[int, int, int]  # code, window, value


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """At most `maximum` of a measure in a window: minor units, millilitres or a number.

    hours: of window 'rolling'; minutes: of window 'gap', the smallest time between two purchases.
    group: a product group's name, '' for everything. watch: flags, and does not refuse.
    """

    window: str
    measure: str
    maximum: int
    hours: int = 0
    minutes: int = 0
    group: str = ""
    watch: bool = False

    @property
    def kind(self) -> int:
        """Which kind of window it is, as functions.lua numbers them."""
        return _KINDS[self.window]

    @property
    def reach(self) -> int:
        """Minutes that a rolling window looks back; 0 for all others."""
        return self.hours * _HOUR or self.minutes

    def name(self, scope: str) -> str:
        """What an answer calls it."""
        window = f"rolling{self.hours}h" if self.hours else self.window
        name = f"limit:{scope}:{window}:{self.measure}"
        return f"{name}:{self.group}" if self.group else name

    def fault(self) -> str:
        """What is wrong with it; '' where nothing is."""
        if self.window not in _KINDS or self.window == "balance":
            return f"no such window: {self.window}"
        if self.measure not in MEASURES:
            return f"no such measure: {self.measure}"
        if not 0 <= self.maximum <= 10**15:
            return "maximum is not between 0 and 10**15"
        if (self.window == "rolling") != bool(self.hours) or not 0 <= self.hours <= ROLLING_HOURS:
            return f"hours belong to window 'rolling' alone, 1 to {ROLLING_HOURS}"
        if (self.window == "gap") != bool(self.minutes) or not 0 <= self.minutes <= GAP_MINUTES:
            return f"minutes belong to window 'gap' alone, 1 to {GAP_MINUTES}"
        if self.window == "gap" and self.measure != "count":
            return "a gap counts purchases"
        return ""


@lru_cache(maxsize=10_000)
def decode_limits(text: str) -> tuple[Limit, ...]:
    """A JSON list of limits. msgspec.ValidationError says where it is wrong."""
    found = msgspec.json.decode(text, type=tuple[Limit, ...])
    for at, limit in enumerate(found):
        fault = limit.fault()
        if fault:
            raise msgspec.ValidationError(f"{fault} - at `$[{at}]`")
    return found


class Counter(NamedTuple):
    """What a limit is counted in. members: the group's products, None for everything."""

    code: int
    kind: int
    span: int  # minutes of a rolling window's bucket
    before: int  # buckets in force before the present one
    measure: int
    group: int  # 0: everything
    members: frozenset[str] | None


def span_of(reach: int, shared: bool) -> int:
    """Minutes of a bucket: a 24th of the window, whole hours where a whole fleet counts."""
    if shared:
        return _HOUR * -(-reach // (_BUCKETS * _HOUR))
    return -(-reach // _BUCKETS)


def counter_of(limit: Limit, shared: bool, groups: Groups) -> Counter:
    """The counter of a limit in a window. KeyError where nobody knows its group."""
    group, members = groups[limit.group] if limit.group else (0, None)
    span = span_of(limit.reach, shared) if limit.reach else 0
    measure = MEASURES[limit.measure]
    code = ((group * _REACHES + limit.reach) * 16 + limit.kind) * 4 + measure
    return Counter(code, limit.kind, span, -(-limit.reach // span) if span else 0, measure, group,
                   members)


class Row(NamedTuple):
    """An effect, of one product or set of products; '' is the whole. minute 0: long ago."""

    minute: int
    day: int
    week: int
    month: int
    funding: bool
    product: str
    money: int
    volume: int
    number: int  # of messages


class Reading(NamedTuple):
    """What a meter showed: code ODOMETER or ENGINE_HOURS."""

    code: int
    minute: int
    value: int


def fold(counters: Iterable[Counter], rows: Sequence[Row],
         readings: Sequence[Reading] = ()) -> list[Slot]:
    """The slots of a field: what the rows sum to, in each counter's newest windows."""
    wholes = [row for row in rows if not row.product and not row.funding]
    pieces = [row for row in rows if row.product and not row.funding]
    slots: list[Slot] = []
    for counter in counters:
        concerned = wholes
        if counter.kind == BALANCE:
            concerned = [row for row in rows if not row.product]
        elif counter.members is not None:
            members = counter.members
            concerned = [row for row in pieces if is_in(row.product, members)]
        slots += [(counter.code, window, value)
                  for window, value in _windows(counter, concerned).items() if value]
    return slots + [(one.code, one.minute, one.value) for one in readings]


def _windows(counter: Counter, rows: list[Row]) -> dict[int, int]:
    """What stands in the newest window, or in the buckets that the newest one looks back to.

    Time goes on only: what lies before counts no more.
    """
    if not rows:
        return {}
    kind, measure = counter.kind, counter.measure + 5
    if kind in _PARTS:
        at, size = _PARTS[kind]
        newest = max([row[at] for row in rows]) // size  # type: ignore[operator]
        return {newest: sum([row[measure] for row in rows  # type: ignore[misc]
                             if row[at] // size == newest])}  # type: ignore[operator]
    if kind != ROLLING:
        return {0: sum([row[measure] for row in rows])}  # type: ignore[misc]
    span = counter.span
    first = max([row.minute for row in rows]) // span - counter.before
    sums: dict[int, int] = {}
    for row in rows:
        bucket = row.minute // span
        if bucket >= first and row.minute:
            sums[bucket] = sums.get(bucket, 0) + row[measure]  # type: ignore[operator]
    return sums


def is_in(product: str, members: frozenset[str]) -> bool:
    """Whether a product is of a group: 'a,b' are two of a purchase, 'a|b' is either, '*' any."""
    if product in members or product == "*":
        return True
    return not product.isalnum() and any(
        one == "*" or one in members for one in product.replace("|", ",").split(","))


def pack_slots(slots: Sequence[Slot]) -> bytes:
    """A field as the hash holds it: code and window in four bytes each, the value a double."""
    flat = [number for slot in slots for number in slot]
    return struct.pack("<" + _SLOT * len(slots), *flat)


def unpack_slots(packed: bytes) -> list[Slot]:
    """The slots of a field, as pack_slots or the function has written them."""
    return [(code, window, int(value)) for code, window, value in struct.iter_unpack(
        "<" + _SLOT, packed)]
