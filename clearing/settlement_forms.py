"""A settlement as machines read it: a table (CSV, RFC 4180) and camt.053.001.08.

PURE: values in, bytes into the sink. Both lead from the opening balance over every payment, refund,
fee, holdback, release and the payout to the closing one. A night writes thousands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from clearing.booking_file import Booking, BookingHead, reference_of, write_bookings
from clearing.charset import clean
from clearing.iso20022 import Sink
from clearing.settlement import Payment, Settlement, movements
from clearing.tables import BARE, cells, disarmed

COLUMNS: Final = ("kind", "date", "time", "reference", "refund_of", "approval_code", "purpose",
                  "merchant_reference", "amount_minor", "fee_minor", "balance_minor", "currency")
_ACCOUNT: Final = 34  # GenericAccountIdentification1/Id
_are_bare: Final = re.compile(",".join([BARE] * 5)).fullmatch


def write_csv(sink: Sink, settlement: Settlement) -> None:
    """Opening, payments and refunds, what is taken off and added, payout, closing.

    amount_minor moves the balance; fee_minor is what a row was charged, netted or invoiced.
    """
    number, day, currency = settlement.number, settlement.date, settlement.currency
    balance = settlement.opening_minor
    lines = [",".join(COLUMNS), f"opening,{day},,{number},,,,,{balance},0,{balance},{currency}"]
    for row in settlement.payments:
        balance += row.amount_minor
        lines.append(f"{row.kind},{row.date},{row.time},{_told(row)},{row.amount_minor},"
                     f"{row.fee_minor},{balance},{currency}")
    for moved in movements(settlement):
        balance += moved.amount_minor
        paid = settlement.payout.end_to_end_id if moved.kind == "payout" else number
        lines.append(f"{moved.kind},{day},,{paid},,,,,{moved.amount_minor},{moved.charged_minor},"
                     f"{balance},{currency}")
    assert balance == settlement.closing_minor, number
    lines.append(f"closing,{day},,{number},,,,,0,0,{balance},{currency}\r\n")
    sink.write("\r\n".join(lines).encode())


def _told(row: Payment) -> str:
    """The columns from reference to merchant_reference."""
    told = (f"{row.reference},{row.refund_of},{row.approval_code},{row.purpose},"
            f"{row.merchant_reference}")
    if _are_bare(told):
        return told
    return cells(disarmed(row.reference), disarmed(row.refund_of), row.approval_code,
                 disarmed(row.purpose), disarmed(row.merchant_reference))


def write_xml(sink: Sink, settlement: Settlement, operator: str) -> None:
    """The statement of the merchant's account with the operator. Fees that are invoiced apart move
    no balance, and are in none of its lines."""
    day, merchant = date.fromisoformat(settlement.date), settlement.merchant
    account = merchant.merchant_id if merchant.account_id is None else str(merchant.account_id)
    write_bookings(sink, BookingHead(
        number=settlement.number, created=settlement.created,
        account=clean(account, _ACCOUNT) or "UNKNOWN", client=merchant.name, operator=operator,
        currency=settlement.currency, from_day=day, to_day=day,
        opening_minor=settlement.opening_minor, closing_minor=settlement.closing_minor),
        _bookings(settlement))


def _bookings(settlement: Settlement) -> Iterator[Booking]:
    day = settlement.date
    for row in settlement.payments:
        yield Booking(row.kind.upper(), day, row.amount_minor, reference_of(row.reference), "",
                      row.merchant_reference, row.purpose)
    for moved in movements(settlement):
        if moved.amount_minor:
            payout = moved.kind == "payout"
            yield Booking(
                moved.kind.upper(), day, moved.amount_minor, settlement.number,
                settlement.payout.end_to_end_id if payout else "",
                text=f"SETTLEMENT {settlement.number}" if payout else "")
