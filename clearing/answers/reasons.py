"""Why a bank refuses or gives back, and what follows from it: a table of data, and how it is read.

PURE but for reading the table once. Source of codes and names: the ISO 20022 external code sets
ExternalStatusReason1Code and ExternalReturnReason1Code; what each means here is ours. `refused` and
`refunded` are what the debtor of a direct debit himself, or for him his bank, does before and after
settlement (EPC016-06, 4.4). `ends` says what of a direct debit is over for good: the mandate, or
the account that it was for.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Meaning = Literal["duplicate", "passing", "refused", "refunded", "final"]


class Reason(msgspec.Struct, frozen=True):
    """One code. meaning: duplicate (the first one's answer counts), passing (the next night may
    do), else a person decides. ends: '' where the same mandate may be used again."""

    reason: str
    meaning: Meaning
    name: str
    ends: Literal["", "mandate", "account"] = ""


def reason_of(code: str) -> Reason:
    """A reason by its code; one that is in no table is a person's."""
    return _reasons().get(code) or Reason(code, "final", "")


@cache
def _reasons() -> Mapping[str, Reason]:
    text = files(__package__).joinpath("reasons.csv").read_text(encoding="utf-8")
    return {row["reason"]: msgspec.convert(row, Reason)
            for row in csv.DictReader(text.splitlines())}
