"""Read a statement's table back: its lines counted again, and its balance row by row.

Must not know the writers: what is read is a table with named columns. A night has a million rows,
so one pattern reads a whole table; what it leaves over is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

_TURNOVER: Final = frozenset({"payment", "refund", "refund_returned"})
_ENDS: Final = ("opening", "closing")
_VAT: Final = "vat"
_MINOR: Final = "-?[0-9]+"
# What is read, by column; of every other column any cell (RFC 4180).
_READ: Final = {"kind": "[a-z_]+", "amount_minor": _MINOR, "fee_minor": _MINOR,
                "balance_minor": _MINOR, "currency": "[A-Z]{3}"}
_CELL: Final = r'(?:[^",\r\n]*+|"[^"]*+(?:""[^"]*+)*+")'

Columns = dict[str, list[Any]]  # texts, of *_minor numbers


def read_settlement_table(path: Path) -> tuple[int, int, str]:
    """Count and sum in minor units of a merchant's payments and refunds, and the currency.

    ValueError: two currencies, a row that does not lead to its balance, fees that are not those of
    the rows, or another amount taken off than charged. KeyError: a column is missing.
    """
    count = turnover = fees = stated_fees = 0
    table = _table(path)
    for kind, minor, fee in zip(table["kind"], table["amount_minor"], table["fee_minor"],
                                strict=True):
        if kind in _TURNOVER:
            count, turnover, fees = count + 1, turnover + minor, fees + fee
        elif kind == _VAT or kind.startswith("fee_"):
            if minor not in {0, -fee}:  # invoiced apart, or taken off
                raise ValueError(f"{kind} charges {fee}, and takes {-minor}")
            stated_fees += fee if kind != _VAT else 0
        elif fee:
            raise ValueError(f"{kind} charges {fee}")
    if fees != stated_fees:
        raise ValueError(f"the rows are charged {fees}, the fees are {stated_fees}")
    return count, turnover, table["currency"][0]


def read_booking_table(path: Path) -> tuple[int, int, str]:
    """Count and sum of a client's bookings, between opening and closing, and the currency."""
    table = _table(path)
    moved = [minor for kind, minor in zip(table["kind"], table["amount_minor"], strict=True)
             if kind not in _ENDS]
    return len(moved), sum(moved), table["currency"][0]


def _table(path: Path) -> Columns:
    """The columns of a table in one currency, from opening to closing; each row leads to its
    balance."""
    head, _, rows = path.read_bytes().decode().partition("\r\n")
    row = _row(head)
    parts = row.split(rows)  # its groups; before, between and after the rows nothing
    step = row.groups + 1
    table: Columns = {name: parts[at::step] for name, at in row.groupindex.items()}
    kinds = table["kind"]
    if (first_last := (*kinds[:1], *kinds[-1:])) != _ENDS:
        raise ValueError(f"it goes by {first_last}, not from opening to closing")
    if rest := "".join(parts[::step]):
        raise ValueError(f"{rest[:200]!r} is no row of the table")
    if len(currencies := set(table["currency"])) != 1:
        raise ValueError(f"one currency a table, not {sorted(currencies)}")
    table |= {name: [*map(int, table[name])] for name in table if name.endswith("_minor")}
    for kind, balance, stated in zip(kinds, accumulate(table["amount_minor"]),
                                     table["balance_minor"], strict=True):
        if balance != stated:
            raise ValueError(f"{kind} leads to {balance}, the row says {stated}")
    return table


@lru_cache(maxsize=16)  # the tables that there are
def _row(head: str) -> re.Pattern[str]:
    """A row of a table with this head; what is read of it are its groups, by name."""
    names = head.split(",")
    if len(set(names)) != len(names):
        raise ValueError(f"a column twice: {head}")
    return re.compile(",".join(
        f"(?P<{name}>{_READ[name]})" if name in _READ else _CELL for name in names) + "\r\n")
