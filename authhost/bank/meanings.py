"""What a bank's status and reason mean for a credit: two tables of data, and how they are read.

PURE but for reading the tables once. Source of codes and names: the ISO 20022 external code sets
ExternalPaymentTransactionStatus1Code and ExternalStatusReason1Code, and of NOOR
ExternalPaymentCancellationRejection1Code; what each means here is ours.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from authhost.bank.pain002 import Report


class Meaning(StrEnum):
    """What follows from an answer."""

    ACCEPT = "accept"  # the client has the money, or will have it by this rail
    WAIT = "wait"  # not decided yet: ask again
    ASK = "ask"  # refused as a duplicate: the first one's status decides
    UNHEARD = "unheard"  # the bank has never heard of it
    NEVER = "never"  # refused for good: a person's case
    NIGHT = "night"  # refused by this rail: the night's file may take it
    LATER = "later"  # refused for a passing cause: again under the same id, then the night


# Of several reasons the first of these decides: a duplicate may be paid already.
_ORDER: Final = (Meaning.ASK, Meaning.NEVER, Meaning.NIGHT, Meaning.LATER)


def meaning(report: Report, rail: str) -> Meaning:
    """What a report means on a rail, 'instant' or 'transfer'.

    A status that is in no table is waited for; a reason that is in none is a person's case.
    """
    row = statuses().get(report.status)
    if row is None:
        return Meaning.WAIT
    said = row[rail]
    if said != "refused":
        return Meaning(said)
    found = {reasons().get(reason, Meaning.NEVER) for reason in report.reasons}
    if found == {Meaning.UNHEARD}:
        return Meaning.UNHEARD
    return next((one for one in _ORDER if one in found), Meaning.NEVER)


def told_payer(reason: str) -> str:
    """Why a bank did not debit a payer, in the words of payments: 'no_funds', 'account_closed', ...
    A reason that is in no table is the bank's own."""
    return payer_reasons().get(reason, "refused_by_bank")


def passing(reason: str) -> bool:
    """True where a refusal for this reason is tried again."""
    return reasons().get(reason) is Meaning.LATER


@cache
def statuses() -> Mapping[str, Mapping[str, str]]:
    """The rows of statuses.csv by their code."""
    return {row["status"]: row for row in _rows("statuses.csv")}


@cache
def reasons() -> Mapping[str, Meaning]:
    """reasons.csv."""
    return {row["reason"]: Meaning(row["meaning"]) for row in _rows("reasons.csv")}


@cache
def payer_reasons() -> Mapping[str, str]:
    """reasons.csv: what a payment is declined with."""
    return {row["reason"]: row["payer"] for row in _rows("reasons.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
