"""Fuel consumption of a vehicle from the odometers of its fills, one after the other.

PURE. What was filled now was burnt since the fill before it (tank full to tank full). A fill whose
odometer was not told, or cannot be, is added to the next one that has it, for the way covers both.
A reading that goes back, and a figure far from the vehicle's usual one, are marked and are in no
mean: the first is a typing error or another meter, the second a fill that we have not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

_LEAST_FOR_USUAL: Final = 3  # figures, before one can be unusual
_USUAL: Final = (Decimal("0.4"), Decimal("2.5"))  # times the middle one
_CENT: Final = Decimal("0.01")
# Nothing on wheels that fills at a pump burns more or less than this, litres/100 km.
_POSSIBLE: Final = (Decimal(1), Decimal(250))


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase of fuel, less what was given back of it. volume_ml: millilitres."""

    key: str
    decided_at: datetime
    site_id: str
    amount_minor: int
    currency: str
    volume_ml: int
    odometer: int | None
    reset: bool = False  # read before the meter was reset


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A fill and what follows from it. litres_per_100km: two decimals, None where it has none."""

    key: str
    decided_at: datetime
    site_id: str
    volume_ml: int
    odometer: int | None
    distance_km: int | None
    litres_per_100km: Decimal | None
    mark: str  # '', 'first', 'no_odometer', 'odometer_back', 'implausible', 'unusual'


class Consumption(msgspec.Struct, frozen=True, kw_only=True):
    """Figures in time, and the mean over the ways and litres of those that are not marked."""

    figures: tuple[Figure, ...]
    distance_km: int
    volume_ml: int
    litres_per_100km: Decimal | None


def consumption(fills: Sequence[Fill]) -> Consumption:
    """Figures of fills that are in the order of time; those given back whole are left out."""
    raw: list[Figure] = []
    burnt: list[int] = []  # what each figure's way has burnt
    last: Fill | None = None
    waiting = 0  # millilitres of fills without a reading
    for fill in fills:
        if fill.volume_ml <= 0:
            continue
        waiting += fill.volume_ml
        distance, mark = _way(last, fill)
        figure = None
        if distance is not None:
            figure = _per_100km(waiting, distance)
            mark = "" if _POSSIBLE[0] <= figure <= _POSSIBLE[1] else "implausible"
        raw.append(Figure(key=fill.key, decided_at=fill.decided_at, site_id=fill.site_id,
                          volume_ml=fill.volume_ml, odometer=fill.odometer, distance_km=distance,
                          litres_per_100km=figure, mark=mark))
        burnt.append(waiting)
        if mark in {"first", "", "implausible"}:
            last, waiting = fill, 0
    figures = _unusual_marked(raw)
    good = [number for number, figure in enumerate(figures)
            if figure.litres_per_100km is not None and not figure.mark]
    way = sum(figures[number].distance_km or 0 for number in good)
    volume = sum(burnt[number] for number in good)
    return Consumption(figures=tuple(figures), distance_km=way, volume_ml=volume,
                       litres_per_100km=_per_100km(volume, way) if way else None)


def _way(last: Fill | None, fill: Fill) -> tuple[int | None, str]:
    """(kilometres since the reading before, None where there are none; why)."""
    if fill.odometer is None:
        return None, "no_odometer"
    if last is None or last.odometer is None or last.reset != fill.reset:
        return None, "first"
    distance = fill.odometer - last.odometer
    return (distance, "") if distance > 0 else (None, "odometer_back")


def _per_100km(volume_ml: int, distance_km: int) -> Decimal:
    litres = Decimal(volume_ml) / 1000
    return (litres * 100 / distance_km).quantize(_CENT, ROUND_HALF_UP)


def _unusual_marked(figures: list[Figure]) -> list[Figure]:
    """Those far from the middle one."""
    known = sorted(figure.litres_per_100km for figure in figures
                   if figure.litres_per_100km is not None and not figure.mark)
    if len(known) < _LEAST_FOR_USUAL:
        return figures
    middle = known[len(known) // 2]
    low, high = (middle * times for times in _USUAL)
    return [msgspec.structs.replace(figure, mark="unusual")
            if figure.litres_per_100km is not None and not figure.mark
            and not low <= figure.litres_per_100km <= high else figure for figure in figures]
