"""A line of the operator's ledger as a customer books it: his accounts, his words.

PURE. The amount is the customer's: positive where the operator owes him, so that his account of the
operator is debited (S, Soll), negative where he owes (H, Haben).
"""

from __future__ import annotations

from datetime import date

import msgspec

from clearing.ownbooks.terms import Booking


class Line(msgspec.Struct, frozen=True, gc=False):
    """A row of booking_line. kind: booking_kind.kind; place: terminal or site, '' for none."""

    kind: str
    code: str
    amount_minor: int
    booked_on: date
    place: str
    reference: str
    note: str


class Record(msgspec.Struct, frozen=True, gc=False):
    """What a customer's books take for it."""

    booked_on: date
    kind: str
    ledger_code: str
    account: str
    contra: str
    amount_minor: int
    tax_key: str
    cost_centre: str
    text: str
    reference: str
    place: str

    @property
    def side(self) -> str:
        """S where his account is debited, H where it is credited."""
        return "S" if self.amount_minor > 0 else "H"


class Batch(msgspec.Struct, frozen=True):
    """What a file says of itself. number: ours; sum_minor: of its lines, signed."""

    number: str
    created: str  # ISO 8601 date and time, UTC
    account_id: int
    currency: str
    period_from: date
    period_to: date
    entries: int
    sum_minor: int


def record_of(line: Line, logic: Booking, number: str) -> Record:
    """By his logic. A place's cost centre goes before a kind's: it says more."""
    posting = logic.posting_of(line.kind)
    text = posting.text.format(kind=line.kind, reference=line.reference, place=line.place,
                               note=line.note, date=line.booked_on.isoformat(), number=number)
    return Record(
        booked_on=line.booked_on, kind=line.kind, ledger_code=line.code,
        account=logic.account_of(line.code), contra=posting.contra,
        amount_minor=line.amount_minor, tax_key=posting.tax_key,
        cost_centre=logic.cost_centres.get(line.place) or posting.cost_centre,
        text=" ".join(text.split()), reference=line.reference, place=line.place)
