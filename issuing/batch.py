"""A batch as it is handed in, CSV or JSON: read whole, every fault found before any card.

PURE: bytes in, lines out, or a list of faults, each with its line and its column. CSV is UTF-8
with a first line of names; its lists are separated by blanks (limits, products) or `|` (address).
JSON is a list of objects under the same names, lists as lists, limits as in the table `card`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from datetime import date
from typing import Any, Final

import msgspec

from authhost.counters import Limit

MOST_LINES: Final = 10_000
MOST_BYTES: Final = 16 * 1024 * 1024
REQUIRED: Final = ("account", "expiry", "holder", "address")
COLUMNS: Final = (*REQUIRED, "vehicle", "driver", "limits", "products", "prompts", "sites",
                  "offline_limit", "offline_count", "pin_required")
ADDRESS_LINES: Final = 6
_LISTS: Final = {"address": "|", "limits": None, "products": None, "sites": None}
_TEXT_LENGTH: Final = 64  # as the HSM's form has it
_HOLDER_BYTES: Final = 40  # as the chip's record has it
_PROMPTS: Final = re.compile(r"[0-9A-Za-z]{0,16}")
_PRODUCT: Final = re.compile(r"[0-9]{3}")
_MOST_PRODUCTS: Final = 30
_EXPIRY: Final = re.compile(r"[0-9]{2}(0[1-9]|1[0-2])")
_LARGEST_ID: Final = 2 ** 63 - 1
_LARGEST_LIMIT: Final = 10 ** 12 - 1
_TRUTHS: Final = {"yes": True, "no": False, "": True, True: True, False: False}


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong. line: as an editor counts, or the object's number in JSON."""

    line: int
    column: str
    what: str

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.what}"


class BatchError(Exception):
    """The batch is refused whole."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One card to be. limits: as the table holds them; offline_limit_minor: for the chip."""

    line: int
    account: int
    expiry: str  # YYMM
    holder: str
    address: tuple[str, ...]
    vehicle: int | None = None
    driver: int | None = None
    limits: tuple[Limit, ...] = ()
    products: tuple[str, ...] | None = None
    sites: tuple[str, ...] | None = None
    prompts: str = ""
    offline_limit_minor: int = 0
    offline_in_a_row: int = 0
    pin_required: bool = True

    def __repr__(self) -> str:
        return f"Line({self.line})"


class Batch(msgspec.Struct, frozen=True):
    """All lines, and the SHA-256 of the file, which names the content."""

    lines: tuple[Line, ...]
    digest: bytes


def read_batch(content: bytes, today: date) -> Batch:
    """CSV, or JSON where the first character is a bracket. BatchError names every fault."""
    if len(content) > MOST_BYTES:
        raise BatchError([Fault(1, "", f"a batch has at most {MOST_BYTES} bytes")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BatchError([Fault(line, "", f"byte {error.start} is not UTF-8")]) from None
    rows = _json_rows(text) if text.lstrip()[:1] == "[" else _csv_rows(text)
    if not rows:
        raise BatchError([Fault(1, "", "no card is in it")])
    if len(rows) > MOST_LINES:
        first = rows[MOST_LINES][0]
        raise BatchError([Fault(first, "", f"a batch has at most {MOST_LINES} cards")])
    faults: list[Fault] = []
    lines = [_line(number, row, today, faults) for number, row in rows]
    if faults:
        raise BatchError(faults)
    return Batch(tuple(line for line in lines if line is not None),
                 hashlib.sha256(content).digest())


def _csv_rows(text: str) -> list[tuple[int, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, dict[str, Any]]] = []
    faults: list[Fault] = []
    names: list[str] | None = None
    before = 0
    try:
        for values in reader:
            number, before = before + 1, reader.line_num
            if not any(value.strip() for value in values):
                continue
            if names is None:
                names = [value.strip() for value in values]
                faults += _names(number, names)
            elif len(values) != len(names):
                faults.append(Fault(number, "", f"{len(values)} values, {len(names)} columns"))
            else:
                rows.append((number, _split(dict(zip(names, values, strict=True)))))
    except csv.Error as error:
        faults.append(Fault(reader.line_num, "", str(error)))
    if faults:
        raise BatchError(faults)
    return rows


def _split(row: dict[str, str]) -> dict[str, Any]:
    """What is a list in JSON becomes one; an empty value is a missing one."""
    result: dict[str, Any] = {}
    for name, value in row.items():
        text = value.strip()
        if not text:
            continue
        if name not in _LISTS:
            result[name] = text
        else:
            parts = [part.strip() for part in text.split(_LISTS[name])]
            result[name] = [_limit_text(part) for part in parts] if name == "limits" else parts
    return result


def _limit_text(text: str) -> object:
    """`day:money:50000`; what is not of this form is left for the check to name."""
    window, _, rest = text.partition(":")
    measure, _, maximum = rest.partition(":")
    if not (maximum.isascii() and maximum.isdecimal()):
        return text
    return {"window": window, "measure": measure, "maximum": int(maximum)}


def _json_rows(text: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        objects = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise BatchError([Fault(line, "", getattr(error, "msg", "no JSON"))]) from None
    faults = [Fault(number, "", "not an object") for number, one in enumerate(objects, 1)
              if not isinstance(one, dict)]
    if faults:
        raise BatchError(faults)
    for number, one in enumerate(objects, 1):
        faults += [Fault(number, name, "no such column") for name in one if name not in COLUMNS]
    if faults:
        raise BatchError(faults)
    return list(enumerate(objects, 1))


def _names(number: int, names: list[str]) -> list[Fault]:
    faults = [Fault(number, name, "no such column") for name in names if name not in COLUMNS]
    faults += [Fault(number, name, "twice") for name in dict.fromkeys(names)
               if names.count(name) > 1]
    return faults + [Fault(number, name, "the column is missing")
                     for name in REQUIRED if name not in names]


class _Row:
    """The values of one row, checked one by one; what is wrong is noted, not raised."""

    def __init__(self, number: int, values: dict[str, Any], faults: list[Fault]) -> None:
        self._number = number
        self._values = values
        self._faults = faults

    def fault(self, column: str, what: str) -> None:
        """Note it."""
        self._faults.append(Fault(self._number, column, what))

    def text(self, column: str, longest: int = _TEXT_LENGTH) -> str:
        """A printable text without `;`; '' where there is none."""
        value = self._values.get(column, "")
        if not isinstance(value, str) or not value.isprintable() or ";" in value:
            self.fault(column, "not a printable text without ;")
            return ""
        if len(value) > longest:
            self.fault(column, f"{len(value)} characters, {longest} fit")
        return value

    def number(self, column: str, largest: int) -> int | None:
        """A whole number from 0; None where there is none."""
        value = self._values.get(column)
        if value is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
            self.fault(column, f"not a whole number up to {largest}")
            return None
        return value

    def texts(self, column: str, pattern: re.Pattern[str] | None = None) -> tuple[str, ...] | None:
        """A list of texts; None where there is none."""
        value = self._values.get(column)
        if value is None:
            return None
        if not isinstance(value, list) or not all(
                isinstance(one, str) and one.isprintable() and one and ";" not in one
                and len(one) <= _TEXT_LENGTH and (pattern is None or pattern.fullmatch(one))
                for one in value):
            self.fault(column, "not a list of such values")
            return None
        return tuple(value)

    def limits(self) -> tuple[Limit, ...]:
        """Windows and measures that the state knows."""
        try:
            limits = msgspec.convert(self._values.get("limits", []), tuple[Limit, ...])
            for limit in limits:
                if limit.fault():
                    raise ValueError(limit.fault())
        except (msgspec.ValidationError, ValueError) as error:
            self.fault("limits", str(error))
            return ()
        if any(not 0 < limit.maximum <= _LARGEST_LIMIT for limit in limits):
            self.fault("limits", f"a maximum is from 1 to {_LARGEST_LIMIT}")
        return limits

    def truth(self, column: str) -> bool:
        """yes or no; yes where there is none."""
        value = self._values.get(column, "")
        if not isinstance(value, str | bool) or value not in _TRUTHS:
            self.fault(column, "yes or no")
            return True
        return _TRUTHS[value]


def _line(number: int, values: dict[str, Any], today: date, faults: list[Fault]) -> Line | None:
    row = _Row(number, values, faults)
    before = len(faults)
    for name in REQUIRED:
        if not values.get(name):
            row.fault(name, "is missing")
    expiry = row.text("expiry")
    if expiry and not _EXPIRY.fullmatch(expiry):
        row.fault("expiry", "not YYMM")
    elif expiry and expiry < f"{today:%y%m}":
        row.fault("expiry", "is over")
    holder = row.text("holder")
    if len(holder.encode()) > _HOLDER_BYTES:
        row.fault("holder", f"{len(holder.encode())} bytes, {_HOLDER_BYTES} fit on the card")
    address = row.texts("address") or ()
    if len(address) > ADDRESS_LINES:
        row.fault("address", f"{len(address)} lines, {ADDRESS_LINES} fit")
    prompts = row.text("prompts")
    if not _PROMPTS.fullmatch(prompts):
        row.fault("prompts", "up to 16 letters and digits")
    products = row.texts("products", _PRODUCT)
    if products is not None and len(products) > _MOST_PRODUCTS:
        row.fault("products", f"{len(products)} products, {_MOST_PRODUCTS} fit")
    account = row.number("account", _LARGEST_ID)
    line = Line(
        line=number, account=account or 0, expiry=expiry, holder=holder, address=address,
        prompts=prompts, products=products, sites=row.texts("sites"), limits=row.limits(),
        vehicle=row.number("vehicle", _LARGEST_ID), driver=row.number("driver", _LARGEST_ID),
        pin_required=row.truth("pin_required"),
        offline_limit_minor=row.number("offline_limit", _LARGEST_LIMIT) or 0,
        offline_in_a_row=row.number("offline_count", 255) or 0)
    return line if len(faults) == before else None
