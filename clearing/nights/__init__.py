"""What the night of each stream decides, and which files it writes.

Knows the order of both; every rule is in the module that is called. Decisions are made in the
transaction that posts the day; files are written from what is stored, so that a repeat writes the
same bytes.
"""

from __future__ import annotations

from typing import Final

from authhost.streams import Stream
from clearing.nights import cash, fuel, payments
from clearing.nights.work import Work

WORK: Final[dict[Stream, Work]] = {
    "fuel": fuel.WORK, "cash": cash.WORK, "payments": payments.WORK}
