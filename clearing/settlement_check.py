"""Read a statement's table back: its lines counted again, and its balance row by row.

Must not know the writers: what is read is a table with named columns.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_TURNOVER: Final = frozenset({"payment", "refund", "refund_returned"})
_ENDS: Final = ("opening", "closing")
_VAT: Final = "vat"


def read_settlement_table(path: Path) -> tuple[int, int, str]:
    """Count and sum in minor units of a merchant's payments and refunds, and the currency.

    ValueError: two currencies, a row that does not lead to its balance, fees that are not those of
    the rows, or another amount taken off than charged. KeyError: a column is missing.
    """
    count = turnover = fees = stated_fees = 0
    currencies: set[str] = set()
    for (kind, fee), minor, currency in _rows(path, ("kind", "fee_minor")):
        currencies.add(currency)
        if kind in _TURNOVER:
            count, turnover, fees = count + 1, turnover + minor, fees + int(fee)
        elif kind == _VAT or kind.startswith("fee_"):
            if minor not in {0, -int(fee)}:  # invoiced apart, or taken off
                raise ValueError(f"{kind} charges {fee}, and takes {-minor}")
            stated_fees += int(fee) if kind != _VAT else 0
        elif int(fee):
            raise ValueError(f"{kind} charges {fee}")
    if fees != stated_fees:
        raise ValueError(f"the rows are charged {fees}, the fees are {stated_fees}")
    return count, turnover, _one(currencies)


def read_booking_table(path: Path) -> tuple[int, int, str]:
    """Count and sum of a client's bookings, between opening and closing, and the currency."""
    count = total = 0
    currencies: set[str] = set()
    for (kind,), minor, currency in _rows(path, ("kind",)):
        currencies.add(currency)
        if kind not in _ENDS:
            count, total = count + 1, total + minor
    return count, total, _one(currencies)


def _rows(path: Path, names: Sequence[str]) -> Iterator[tuple[list[str], int, str]]:
    """These columns of every row, its amount and its currency; each leads to its balance."""
    balance, first, last = 0, "", ""
    with path.open(encoding="utf-8", newline="") as source:
        rows = csv.reader(source)
        head = {name: at for at, name in enumerate(next(rows, []))}
        wanted = [head[name] for name in names]
        kind, amount, stated, money = (head[name] for name in (
            "kind", "amount_minor", "balance_minor", "currency"))
        for row in rows:
            minor = int(row[amount])
            balance += minor
            if balance != int(row[stated]):
                raise ValueError(f"{row[kind]} leads to {balance}, the row says {row[stated]}")
            first, last = first or row[kind], row[kind]
            yield [row[place] for place in wanted], minor, row[money]
    if (first, last) != _ENDS:
        raise ValueError(f"it goes from {first!r} to {last!r}, not from opening to closing")


def _one(currencies: set[str]) -> str:
    if len(currencies) != 1:
        raise ValueError(f"one currency a table, not {sorted(currencies)}")
    return currencies.pop()
