"""What a client of safes is told for his period: his bookings, his credits, his safes, his fees.

PURE. Money in minor units of one currency, the client's positive. opening + lines = closing, and
every line is a line of the ledger's account 2200; the rest explains them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from clearing.booking_file import Booking, BookingHead
from clearing.party import Party


class Line(msgspec.Struct, frozen=True, gc=False):
    """A booking, and the safe and cassette that its cash was put into; '' where there is none."""

    booking: Booking
    safe: str = ""
    cassette: str = ""
    receipt: str = ""


class Credited(msgspec.Struct, frozen=True):
    """What was sent to the client's bank. booked_on, bank_reference, statement: where his bank, or
    the one that it was paid from, has booked it; '' while it is on no statement."""

    end_to_end_id: str
    sent_on: str
    amount_minor: int
    booked_on: str = ""
    bank_reference: str = ""
    statement: str = ""


class Waiting(msgspec.Struct, frozen=True):
    """A deposit, or its reversal, that is credited later: withheld, or after its count."""

    day: str
    safe: str
    cassette: str
    withheld: bool  # else it waits for its count
    amount_minor: int
    is_deposit: bool


class SafeDay(msgspec.Struct, frozen=True):
    """A cassette's day in a safe. provisional: credited before the count."""

    day: str
    safe: str
    cassette: str
    deposits: int
    provisional_minor: int
    withheld_minor: int
    uncounted_minor: int

    @property
    def deposited_minor(self) -> int:
        """All that was put in, less what was given back."""
        return self.provisional_minor + self.withheld_minor + self.uncounted_minor


class Fee(msgspec.Struct, frozen=True):
    """A line of a fee statement, or its VAT (kind 'vat')."""

    statement: str
    kind: str
    amount_minor: int


class ClientStatement(msgspec.Struct, frozen=True):
    """number, balances and period are the head's."""

    run_id: str
    account_id: int
    party: Party | None
    head: BookingHead
    lines: tuple[Line, ...]
    credited: tuple[Credited, ...]
    waiting: tuple[Waiting, ...]
    fees: tuple[Fee, ...]

    def by_kind(self) -> dict[str, tuple[int, int]]:
        """Count and sum of the lines of each kind, in the order in which they first come."""
        counts: Counter[str] = Counter()
        sums: Counter[str] = Counter()
        for line in self.lines:
            counts[line.booking.kind] += 1
            sums[line.booking.kind] += line.booking.amount_minor
        return {kind: (count, sums[kind]) for kind, count in counts.items()}


def safe_days(statement: ClientStatement) -> tuple[SafeDay, ...]:
    """Totals of each safe and cassette, day by day."""
    found: dict[tuple[str, str, str], list[int]] = {}

    def add(place: tuple[str, str, str], column: int, minor: int, deposits: int) -> None:
        row = found.setdefault(place, [0, 0, 0, 0])
        row[0] += deposits
        row[column] += minor

    for line in statement.lines:
        booking = line.booking
        if line.safe and booking.kind in {"DEPOSIT", "REVERSAL"}:
            add((booking.booked_on, line.safe, line.cassette), 1, booking.amount_minor,
                booking.kind == "DEPOSIT")
    for one in statement.waiting:
        add((one.day, one.safe, one.cassette), 2 if one.withheld else 3, one.amount_minor,
            one.is_deposit)
    return tuple(SafeDay(*place, *row) for place, row in sorted(found.items()))


def adds_up(head: BookingHead, lines: Iterable[Line]) -> bool:
    """Whether the lines lead from the opening balance to the closing one."""
    return head.opening_minor + sum(line.booking.amount_minor for line in lines) \
        == head.closing_minor
