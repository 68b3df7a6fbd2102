"""The files that can be taken in: their columns, and a line's values made into a row's.

PURE. People write money in major units and fuel in litres, with point or comma; rows have minor
units and millilitres. What must be looked up is references of import_rows.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from authhost.admin.checks import has_check_digit
from authhost.admin.csv_lines import Line, decimal, scaled
from authhost.counters import Limit

_LITRE: Final = 3
_LONGEST: Final = 70
_WINDOW: Final = re.compile(r"(?P<window>[a-z]+?)(?P<size>[0-9]+)?(?P<unit>[hm])?")
_PATTERNS: Final = {
    "pan": re.compile(r"[0-9]{12,19}"), "expiry": re.compile(r"[0-9]{2}(0[1-9]|1[0-2])"),
    "number": re.compile(r"[0-9A-Za-z-]{1,16}"), "status": re.compile(r"[a-z_]+"),
    "scope": re.compile(r"account|subaccount|card|vehicle|driver"),
    "window": re.compile(r"[a-z]+"), "measure": re.compile(r"money|volume|count"),
    "group": re.compile(r"[a-z][a-z0-9_]{0,31}"), "watch": re.compile(r"yes|no"),
    "program_id": re.compile(r"[!-~]{1,32}")}
_STATUSES: Final = {"cards": ("active", "not_effective"),
                    "vehicles": ("active", "blocked", "closed"),
                    "drivers": ("active", "blocked", "closed")}
Say = Callable[[str, str], None]  # column, what is wrong


class Kind(msgspec.Struct, frozen=True):
    """A file: the columns that it needs, and those that it may have."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return self.required + self.optional


KINDS: Final = {kind.name: kind for kind in (
    Kind("cards", ("account_id", "pan", "expiry"),
         ("program_id", "subaccount_id", "vehicle_id", "driver_id", "products", "sites", "limits",
          "offline_max", "status")),
    Kind("limits", ("scope", "window", "measure", "maximum"),
         ("id", "pan", "hours", "minutes", "group", "watch")),
    Kind("vehicles", ("account_id", "plate"), ("number", "tank", "status")),
    Kind("drivers", ("account_id", "name"), ("number", "status")))}


def row_of(kind: Kind, line: Line, say: Say) -> dict[str, Any]:
    """A line's values as the table has them; money stays a Decimal until its currency is known."""
    values = {name: text for name, text in line.values.items() if text}
    row: dict[str, Any] = {}
    for name in kind.required:
        if name not in values:
            say(name, "is missing")
    for name, text in values.items():
        made = _value(name, text)
        if made is None:
            say(name, _SHAPES.get(name, "not a value of this column"))
        else:
            row[name] = made
    if "pan" in row and not has_check_digit(row["pan"]):
        say("pan", "the check digit of the number is wrong")
    if "status" in row and row["status"] not in _STATUSES.get(kind.name, ()):
        say("status", f"one of {', '.join(_STATUSES.get(kind.name, ()))}")
    return row


_SHAPES: Final = {
    "pan": "12 to 19 digits", "expiry": "YYMM", "tank": "litres, like 80 or 80,5",
    "maximum": "a number, like 500 or 500,00", "offline_max": "money, like 50 or 50,00",
    "limits": "window:measure:maximum[:group], with blanks between",
    "watch": "yes or no", "measure": "money, volume or count"}


def _value(name: str, text: str) -> Any:
    if len(text) > _LONGEST and name not in {"products", "sites", "limits"}:
        return None
    if (name.endswith("_id") and name != "program_id") or name in {"id", "hours", "minutes"}:
        is_number = text.isascii() and text.isdecimal() and len(text) <= 18
        return int(text) if is_number else None
    if name in {"tank", "maximum", "offline_max"}:
        value = decimal(text)
        return None if value is None or value < 0 else value
    if name in {"products", "sites"}:
        return text.split()
    if name == "limits":
        found = [_limit(one) for one in text.split()]
        return None if None in found else found
    pattern = _PATTERNS.get(name)
    if pattern is not None:
        return text if pattern.fullmatch(text) else None
    return text if text.isprintable() else None


def _limit(text: str) -> dict[str, Any] | None:
    """`day:money:500,00`, `rolling24h:volume:300:motor_fuel`, `gap120m:count:1`."""
    parts = text.split(":")
    shape = _WINDOW.fullmatch(parts[0])
    if shape is None or len(parts) not in {3, 4}:
        return None
    maximum = decimal(parts[2])
    if maximum is None or maximum < 0:
        return None
    limit: dict[str, Any] = {"window": shape["window"], "measure": parts[1], "maximum": maximum}
    if shape["size"]:
        limit["hours" if shape["unit"] != "m" else "minutes"] = int(shape["size"])
    if len(parts) == 4:
        limit["group"] = parts[3]
    return limit


def limit_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The limit that a line of the file of limits stands for."""
    limit = {name: row[name] for name in ("window", "measure", "maximum", "hours", "minutes",
                                          "group") if name in row}
    return limit | ({"watch": True} if row.get("watch") == "yes" else {})


def in_units(limit: Mapping[str, Any], exponent: int) -> tuple[dict[str, Any], str]:
    """(the limit in minor units and millilitres, what is wrong with it)."""
    maximum: Decimal = limit["maximum"]
    digits = {"money": exponent, "volume": _LITRE}.get(limit["measure"], 0)
    whole = scaled(maximum, digits)
    if whole is None:
        return {}, f"{maximum} has more than {digits} decimals"
    try:
        fault = msgspec.convert({**limit, "maximum": whole}, Limit).fault()
    except msgspec.ValidationError as error:
        fault = str(error)
    return {**limit, "maximum": whole}, fault


def millilitres(litres: Decimal) -> int | None:
    """Litres as the column has them."""
    return scaled(litres, _LITRE) or None
