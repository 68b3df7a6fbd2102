"""What a client reads on the bank's statement: the text of a credit.

PURE. At most 140 characters of the SEPA set (RmtInf/Ustrd). A client may have a text of its own,
with places for what changes from night to night.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from clearing.charset import clean

LONGEST: Final = 140
_PLACE: Final = re.compile(r"\{([a-z]+)\}")


def deposit_remittance(safe: str, day: date, count: int, receipts: Sequence[str]) -> str:
    """Safe, day, how many deposits, the first receipts. `receipts` are at most three."""
    named = ", ".join(clean(receipt, 20) for receipt in receipts if receipt)
    more = f" AND {count - len(receipts)} MORE" if count > len(receipts) else ""
    tail = f", RECEIPT {named}{more}" if named else ""
    plural = "DEPOSIT" if count == 1 else "DEPOSITS"
    where = f"SAFE {clean(safe, 30)} " if safe else "SAFES "
    return clean(f"{where}{day.isoformat()}, {count} {plural}{tail}", LONGEST)


def own_remittance(template: str, values: Mapping[str, str]) -> str:
    """The client's own text; {date}, {safe}, {count}, {receipt}, {reference} and what else
    `values` has stand for what they say, and a place that nobody knows stays as it was typed."""
    filled = _PLACE.sub(lambda found: values.get(found[1], found[0]), template)
    return clean(filled, LONGEST)


def with_net(text: str, others: Mapping[str, int]) -> str:
    """The text with how many of what else are in the credit: adjustments, reversals, fees."""
    tail = "".join(f", {count} {name.upper()}{'S' if count > 1 else ''}"
                   for name, count in others.items() if count)
    return clean(f"{clean(text, LONGEST - len(tail))}{tail}", LONGEST)
