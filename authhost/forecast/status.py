"""How full a safe is, when it will be, and whether somebody has to come: one safe, one moment.

Knows no clock and no database. A safe has room for notes and room for coins; the one that
is full first counts. What is inside is our own count of the deposits since the cassette came, or
what the safe says itself, whichever is more: a device knows of pieces that it never reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

import msgspec

from authhost.forecast.average import WEEK, Pattern, coming, pattern
from authhost.forecast.courier_time import arrival, last_chance
from authhost.forecast.filling import HIGH, HORIZON, LOW, Full, when_full

Kind = Literal["notes", "coins"]
KINDS: Final[tuple[Kind, ...]] = ("notes", "coins")
Reason = Literal["threshold", "forecast"]


class Filling(msgspec.Struct, frozen=True):
    """A safe as the database has it. told: its own last word since the cassette came, in pieces."""

    terminal_id: str
    cassette_id: str
    capacity: Mapping[Kind, int]  # 0: nobody has said
    counted: Mapping[Kind, int]
    told: Mapping[Kind, int]
    fill_percent: int
    lead_h: int
    asked: bool  # a pick-up request is open
    quiet: bool  # one was cancelled by somebody a while ago


class Compartment(msgspec.Struct, frozen=True):
    """Room for one kind of pieces. percent: None where no capacity is known.

    week: pieces of the next seven days, 80 of 100 times between the two. weekdays: what a day
    brings on average, Monday first. basis: weekday_average; little_history, which is a plain mean
    with a wide range; no_history, which forecasts nothing.
    """

    kind: Kind
    capacity: int
    inside: int
    counted: int
    told: int
    percent: int | None
    full: Full | None
    week: tuple[int, int] | None
    weekdays: tuple[int, ...]
    basis: str
    history_days: int


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """One safe. full: of the compartment that is full first; courier_by: if he is asked now."""

    terminal_id: str
    cassette_id: str
    at: datetime
    percent: int | None
    fill_percent: int
    full: Full | None
    compartments: tuple[Compartment, ...]
    courier_by: datetime
    pickup_open: bool
    wanted: Reason | None = None  # why a pick-up is wanted
    needed_by: datetime | None = None


def patterns(days: Mapping[date, Mapping[Kind, int]], last: date) -> dict[Kind, Pattern]:
    """The pattern of each kind from pieces by day, up to the day `last`."""
    known = [day for day in days if day <= last]
    if not known:
        return {kind: pattern((), last) for kind in KINDS}
    first = min(known)
    calendar = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    return {kind: pattern([days[day][kind] if day in days else 0 for day in calendar], last)
            for kind in KINDS}


def forecast(safe: Filling, found: Mapping[Kind, Pattern], today: Mapping[Kind, int],
             now: datetime) -> Forecast:
    """now: in the safe's time zone. today: what came on this day already."""
    parts = tuple(_compartment(safe, kind, found[kind], today.get(kind, 0), now.date())
                  for kind in KINDS if safe.capacity[kind] or safe.counted[kind]
                  or safe.told[kind] or kind == "notes")
    percents = [part.percent for part in parts if part.percent is not None]
    percent = max(percents, default=None)
    first = _first(parts)
    courier_by = arrival(now, safe.lead_h)
    until = last_chance(now, safe.lead_h)
    wanted: Reason | None = None
    if percent is not None and percent >= safe.fill_percent:
        wanted = "threshold"
    elif any(_urgent(part, until) for part in parts):
        wanted = "forecast"
    needed_by = None
    if wanted:
        needed_by = courier_by
        if first is not None and first.earliest is not None:
            begin = datetime.combine(first.earliest, time(), now.tzinfo)
            needed_by = max(now, min(begin, courier_by) if wanted == "threshold" else begin)
    return Forecast(
        terminal_id=safe.terminal_id, cassette_id=safe.cassette_id, at=now, percent=percent,
        fill_percent=safe.fill_percent, full=first, compartments=parts, courier_by=courier_by,
        pickup_open=safe.asked, wanted=wanted, needed_by=needed_by)


def _compartment(safe: Filling, kind: Kind, found: Pattern, already: int,
                 today: date) -> Compartment:
    capacity = safe.capacity[kind]
    inside = max(safe.counted[kind], safe.told[kind])
    basis = "weekday_average" if found.measured else "little_history" if found.days \
        else "no_history"
    sums = coming(found, today, HORIZON, already)
    full = None
    if capacity and (found.days or inside >= capacity):
        full = when_full(sums, today, capacity - inside)
    return Compartment(
        kind, capacity, inside, safe.counted[kind], safe.told[kind],
        inside * 100 // capacity if capacity else None, full,
        sums.between(WEEK, LOW, HIGH) if found.days else None,
        tuple(map(round, found.means)) if found.measured else (), basis, found.days)


def _urgent(part: Compartment, until: date) -> bool:
    """Whether it may be full before somebody comes who is not asked now.

    May be is one in ten; where little is known one in two, or a courier would go for nothing.
    """
    if part.full is None:
        return False
    day = part.full.earliest if part.basis == "weekday_average" else part.full.expected
    return day is not None and day <= until


def _first(parts: Sequence[Compartment]) -> Full | None:
    """The earliest of all, edge by edge."""
    found = [part.full for part in parts if part.full is not None]
    if not found:
        return None
    return Full(*(min((day for day in edge if day is not None), default=None) for edge in zip(
        *((full.earliest, full.expected, full.latest) for full in found), strict=True)))
