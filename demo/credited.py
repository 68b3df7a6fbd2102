"""Is each deposit credited once, and where the host says so? The banks' own books decide.

Knows deposits, what was in which credit of a night, and payments; knows no database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import asyncpg
import msgspec

from authhost.safes.life import end_to_end_id
from terminals.bank.books import Payment

PAID: Final = frozenset({"accepted", "booked", "file"})
_AT_ONCE: Final = frozenset({"accepted", "booked"})
_NOTHING_DUE: Final = "nothing_due"  # netted with what the client owed


class Faults(msgspec.Struct, frozen=True):
    """lost: a credit that no bank has; doubled: one that a bank has twice, or should not have."""

    lost: list[str]
    doubled: list[str]


def faults(deposits: Iterable[asyncpg.Record], items: Iterable[asyncpg.Record],
           payments: Mapping[str, Payment]) -> Faults:
    """Compare. deposits: rows with business_date, journal_id, key, amount_minor, state, credit,
    terminal_id, sequence; items: rows with key, end_to_end_id, amount_minor, held of the credits of
    the nights' files; payments: of all banks, by EndToEndId."""
    lost, doubled = [], []
    filed: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
    for item in items:
        filed[item["key"]].append(item)
    known = {item["end_to_end_id"] for found in filed.values() for item in found}
    for row in deposits:
        name = end_to_end_id(row["business_date"], row["journal_id"])
        known.add(name)
        label = f"{row['terminal_id']} {row['sequence']} ({row['state']}, {row['credit']})"
        at_once = payments.get(name)
        paid_at_once = at_once is not None and at_once.paid and at_once.source == "online"
        in_files = filed[row["key"]]
        if row["credit"] in _AT_ONCE and not paid_at_once:
            lost.append(f"{label}: the bank has no {name}")
        if row["credit"] not in _AT_ONCE and paid_at_once:
            doubled.append(f"{label}: the bank has paid {name} at once")
        if paid_at_once and at_once is not None and at_once.amount_minor != row["amount_minor"]:
            doubled.append(f"{label}: the bank has paid {at_once.amount_minor} at once")
        if len(in_files) != (row["credit"] == "file"):
            (doubled if in_files else lost).append(f"{label}: in {len(in_files)} credits of files")
        for item in in_files:
            payment = payments.get(item["end_to_end_id"])
            if item["held"] != _NOTHING_DUE and (
                    payment is None or not payment.paid
                    or payment.amount_minor != item["amount_minor"]):
                lost.append(f"{label}: the bank has not taken {item['end_to_end_id']} of a file")
    doubled += [f"{name}: the bank has paid what nobody put in" for name, payment in
                payments.items() if payment.paid and payment.source == "online"
                and name not in known]
    return Faults(lost, doubled)
