"""Units that a price is per, and how much of one is in another.

PURE. Volume, mass, energy, time and pieces are never turned into each other: that would take a
density, and a price is not guessed.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import msgspec


class Unit(msgspec.Struct, frozen=True):
    """A unit of measure: of which kind it is, and its size in that kind's smallest one."""

    kind: str
    size: Fraction


def _of(kind: str, size: str) -> Unit:
    return Unit(kind, Fraction(size))


_LITRE: Final = _of("volume", "1")
_US_GALLON: Final = _of("volume", "3.785411784")
_IMPERIAL_GALLON: Final = _of("volume", "4.54609")
_KILOGRAM: Final = _of("mass", "1")
_POUND: Final = _of("mass", "0.45359237")
_KILOWATT_HOUR: Final = _of("energy", "1")
_MINUTE: Final = _of("time", "1")
_PIECE: Final = _of("piece", "1")

# In litres, kilograms, kilowatt-hours, minutes, pieces. The one-letter codes, and 6, 7, 8 of
# charging, are those of field 63 as authhost.translate hands them on; the words are for people.
UNITS: Final[dict[str, Unit]] = {
    "L": _LITRE, "m3": _of("volume", "1000"), "hl": _of("volume", "100"),
    "G": _US_GALLON, "gal_us": _US_GALLON, "I": _IMPERIAL_GALLON, "gal_uk": _IMPERIAL_GALLON,
    "Q": _of("volume", "0.946352946"), "Z": _of("volume", "0.0295735295625"),
    "K": _KILOGRAM, "kg": _KILOGRAM, "t": _of("mass", "1000"), "P": _POUND, "lb": _POUND,
    "6": _KILOWATT_HOUR, "W": _KILOWATT_HOUR, "kWh": _KILOWATT_HOUR,
    "MWh": _of("energy", "1000"),
    "7": _MINUTE, "min": _MINUTE, "8": _of("time", "60"), "h": _of("time", "60"),
    "U": _PIECE, "unit": _PIECE, "C": _of("case", "1"), "case": _of("case", "1"),
    "O": _of("other", "1"),
}


def units_in(target: str, unit: str) -> Fraction | None:
    """How many of `unit` are in one `target`: 1/1000 m3 in a litre. None: not comparable."""
    into, of = UNITS.get(target), UNITS.get(unit)
    if into is None or of is None or into.kind != of.kind:
        return None
    return into.size / of.size
