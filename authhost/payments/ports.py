"""What the story of a payment tells others, and what it needs of the payers' banks.

Shapes and the words of a failure; whoever follows payments knows these and not the story.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from authhost.payments.life import State
from authhost.payments.model import Asked
from authhost.payments.parties import Payer


class Busy(Exception):
    """Nothing was reserved and nothing is remembered: it may be tried again at once."""


class Silence(Exception):
    """The outcome is not known: a repeat finds it out."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """What has just become of a payment: whoever follows it hears it."""

    asked: Asked
    state: State
    reason: str
    changed_ms: int
    phone: str | None


class Debit(msgspec.Struct, frozen=True, gc=False):
    """A payer's bank is to be asked. due_us: until then whoever sends it waits for the answer."""

    asked: Asked
    payer: Payer
    order: str  # 'sent': this process sends it now; 'queued': whoever comes first
    due_us: int


class Banks(Protocol):
    """The payers' banks."""

    def place(self, payer: Payer, asked: Asked) -> tuple[str, str, int]:
        """(order, objection, due_us): how a debit goes, or why none can."""

    def debit(self, debit: Debit) -> None:
        """Its row stands."""
