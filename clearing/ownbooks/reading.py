"""Read booking records back: counted and added up again from what is on the disk.

Must not know the writers, nor a customer's terms: a file is read as his importer would. ValueError
says what is wrong with it.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Final

import msgspec

from clearing.money import exponent

Totals = tuple[int, int, str]  # count, sum in minor units, currency

_EXTF: Final = re.compile(r'"EXTF";700;21;"Buchungsstapel";13;[0-9]{17};')
_FIELDS, _HEAD_FIELDS, _MOST = 125, 31, 99_999
_AMOUNT: Final = re.compile(r"([0-9]{1,10}),([0-9]{2})")


def read_datev(path: Path) -> Totals:
    """EXTF 700, Buchungsstapel 13: 31 fields of head, 125 a booking."""
    with path.open(encoding="cp1252", newline="") as source:
        if _EXTF.match(source.readline()) is None:
            raise ValueError("not EXTF 700, Buchungsstapel 13")
        source.seek(0)
        rows = csv.reader(source, delimiter=";")
        head, names = next(rows), next(rows, [])
        if len(head) != _HEAD_FIELDS or len(names) != _FIELDS:
            raise ValueError(f"{len(head)} fields of head, {len(names)} columns")
        currency, first, last = head[21], head[14], head[15]
        total = count = 0
        for count, row in enumerate(rows, 1):
            if len(row) != _FIELDS or row[2] != currency:
                raise ValueError(f"line {count}: {len(row)} fields, in {row[2:3]}")
            _check_date(row[9], first, last, count)
            total += _datev_amount(row[0], currency) * {"S": 1, "H": -1}[row[1]]
    if count > _MOST:
        raise ValueError(f"{count} bookings; a batch has {_MOST} at most")
    return count, total, currency


def _check_date(text: str, first: str, last: str, number: int) -> None:
    """DDMM, within the head's days once it has the year that fits."""
    day = text[2:] + text[:2]
    if not any(first <= year + day <= last for year in {first[:4], last[:4]}):
        raise ValueError(f"line {number}: {text} is outside of {first} to {last}")


def _datev_amount(text: str, currency: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"no amount: {text}")
    hundredths = int(found[1]) * 100 + int(found[2])
    minor, rest = divmod(hundredths, int(10 ** (2 - exponent(currency))))
    if rest or not minor:
        raise ValueError(f"no amount in {currency}: {text}")
    return minor


def read_table_records(path: Path) -> Totals:
    """A CSV in any of the dialects: by its head, its amounts and its one currency."""
    content = path.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    delimiter = next(sign for sign in ";,\t|" if sign in text.partition("\r\n")[0])
    total = count = 0
    currencies = set()
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
        count += 1
        currency = row["currency"]
        currencies.add(currency)
        if "side" in row and "amount" in row:
            amount = _minor(row["amount"], currency) * {"S": 1, "H": -1}[row["side"]]
            if "debit" in row and "credit" in row and amount != _two_sided(row, currency):
                raise ValueError(f"line {count}: amount is not debit or credit")
        else:
            amount = _two_sided(row, currency)
        total += amount
    if len(currencies) != 1:
        raise ValueError(f"{count} lines in {sorted(currencies)}")
    return count, total, currencies.pop()


def _two_sided(row: dict[str, str], currency: str) -> int:
    if bool(row["debit"]) == bool(row["credit"]):
        raise ValueError("neither debit nor credit, or both")
    return _minor(row["debit"], currency) if row["debit"] else -_minor(row["credit"], currency)


def _minor(text: str, currency: str) -> int:
    whole, sign, decimals = text.replace(",", ".").partition(".")
    digits = exponent(currency)
    if not whole.isdecimal() or len(decimals) != digits or (sign and not decimals.isdecimal()):
        raise ValueError(f"no amount in {currency}: {text}")
    return int(whole + decimals)


class _Record(msgspec.Struct):
    amount_minor: int
    side: str


class _Records(msgspec.Struct):
    currency: str
    entries: int
    sum_minor: int
    records: list[_Record]


def read_json_records(path: Path) -> Totals:
    """JSON by the published schema: what it says of itself is what its records come to."""
    file = msgspec.json.decode(path.read_bytes(), type=_Records)
    count, total = len(file.records), sum(one.amount_minor for one in file.records)
    if (count, total) != (file.entries, file.sum_minor):
        raise ValueError(f"{count} records of {total}, it says {file.entries} of {file.sum_minor}")
    if any((one.side == "S") != (one.amount_minor > 0) for one in file.records):
        raise ValueError("a side is not its amount's")
    return count, total, file.currency
