"""Which debtors are told of which collections, as a table: for whoever tells them by letter.

Knows the columns; must not know how a day was found. The invoice says the same to its debtor:
amount, day, mandate and creditor (EPC016-06, 4.1: a pre-notification may be a part of an invoice).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import IO

import msgspec

from clearing.money import plain
from clearing.tables import read_table, write_table

COLUMNS = ("invoice", "account_id", "debtor", "mandate_id", "scheme", "creditor_id", "due_on",
           "collect_on", "amount", "amount_minor", "currency")


class Notice(msgspec.Struct, frozen=True):
    """What one debtor is told: this much, on this day."""

    invoice: str
    account_id: int
    debtor: str
    mandate_id: str
    scheme: str
    creditor_id: str
    due_on: date
    collect_on: date
    amount_minor: int
    currency: str


def write_notices(sink: IO[bytes], notices: Iterable[Notice]) -> None:
    """A table of them."""
    write_table(sink, COLUMNS, (
        (one.invoice, one.account_id, one.debtor, one.mandate_id, one.scheme, one.creditor_id,
         one.due_on.isoformat(), one.collect_on.isoformat(),
         plain(one.amount_minor, one.currency), one.amount_minor, one.currency)
        for one in notices))


def read_notices(path: Path) -> tuple[int, int, str]:
    """How many; each invoice is told once. Money is none: nothing is booked for a notice."""
    rows = read_table(path.read_bytes())
    if len({row["invoice"] for row in rows}) != len(rows):
        raise ValueError("an invoice is told twice")
    for row in rows:
        if plain(int(row["amount_minor"]), row["currency"]) != row["amount"]:
            raise ValueError(f"invoice {row['invoice']}: {row['amount']} is not "
                             f"{row['amount_minor']}")
    return len(rows), 0, ""
