"""A settlement as machines read it: a table (CSV, RFC 4180) and camt.053.001.08.

PURE: values in, bytes into the sink. Both lead from the opening balance over every payment, refund,
fee, holdback, release and the payout to the closing one. A night writes thousands.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Final

from clearing.booking_file import Booking, BookingFile, BookingHead, reference_of
from clearing.charset import clean
from clearing.iso20022 import Sink
from clearing.settlement import Settlement, movements
from clearing.tables import disarmed

COLUMNS: Final = ("kind", "date", "time", "reference", "refund_of", "approval_code", "purpose",
                  "merchant_reference", "amount_minor", "fee_minor", "balance_minor", "currency")
_ACCOUNT: Final = 34  # GenericAccountIdentification1/Id


def write_csv(sink: Sink, settlement: Settlement) -> None:
    """Opening, payments and refunds, what is taken off and added, payout, closing.

    amount_minor moves the balance; fee_minor is what a row was charged, netted or invoiced.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    number, day, currency = settlement.number, settlement.date, settlement.currency
    balance = settlement.opening_minor

    def mark(kind: str, reference: str, amount: int, fee: int = 0) -> None:
        writer.writerow((kind, day, "", reference, "", "", "", "", amount, fee, balance, currency))

    mark("opening", number, balance)
    for row in settlement.payments:
        balance += row.amount_minor
        writer.writerow((row.kind, row.date, row.time, disarmed(row.reference),
                         disarmed(row.refund_of), row.approval_code, disarmed(row.purpose),
                         disarmed(row.merchant_reference), row.amount_minor, row.fee_minor, balance,
                         currency))
    for moved in movements(settlement):
        balance += moved.amount_minor
        paid = settlement.payout.end_to_end_id if moved.kind == "payout" else number
        mark(moved.kind, paid, moved.amount_minor, moved.charged_minor)
    assert balance == settlement.closing_minor, number
    mark("closing", number, 0)
    sink.write(text.getvalue().encode())


def write_xml(sink: Sink, settlement: Settlement, operator: str) -> None:
    """The statement of the merchant's account with the operator. Fees that are invoiced apart move
    no balance, and are in none of its lines."""
    day, merchant = date.fromisoformat(settlement.date), settlement.merchant
    account = merchant.merchant_id if merchant.account_id is None else str(merchant.account_id)
    document = BookingFile(sink, BookingHead(
        number=settlement.number, created=settlement.created,
        account=clean(account, _ACCOUNT) or "UNKNOWN", client=merchant.name, operator=operator,
        currency=settlement.currency, from_day=day, to_day=day,
        opening_minor=settlement.opening_minor, closing_minor=settlement.closing_minor))
    document.begin()
    for row in settlement.payments:
        document.add(Booking(row.kind.upper(), day, row.amount_minor, reference_of(row.reference),
                             remittance=row.merchant_reference, text=row.purpose))
    for moved in movements(settlement):
        if moved.amount_minor:
            payout = moved.kind == "payout"
            document.add(Booking(
                moved.kind.upper(), day, moved.amount_minor, settlement.number,
                settlement.payout.end_to_end_id if payout else "",
                text=f"SETTLEMENT {settlement.number}" if payout else ""))
    document.end()
