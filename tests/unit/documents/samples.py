"""A settlement, a client's statement and an invoice as a night has them, for pages and forms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from clearing.booking_file import Booking, BookingHead
from clearing.client_statement import ClientStatement, Credited, Fee, Line, Waiting
from clearing.invoices import document as en16931
from clearing.invoices.totals import make_document
from clearing.party import Address, Party
from clearing.payout import FeeLine
from clearing.settlement import Kept, Merchant, Payment, Payout, Settlement

DAY = date(2026, 7, 23)


def payment(number: int, amount: int, fee: int = 0, kind: str = "payment",
            purpose: str = "Roses") -> Payment:
    """One row of a merchant's day."""
    return Payment("2026-07-23", "14:05", kind, f"pay/{number}", f"pay/{number - 1}" if
                   kind == "refund" else "", "A00001", purpose, f"ORDER {number}", amount, fee)


def settlement(payments: tuple[Payment, ...], *, country: str = "GB", fees_by: str = "net",
               vat: int = 0, held_back: int = 0, released: int = 0, opening: int = 0,
               payout: int | None = None, name: str = "Flower shop") -> Settlement:
    """A settlement that adds up; payout None: all that there is."""
    gross = sum(one.amount_minor for one in payments if one.kind == "payment")
    refunds = -sum(one.amount_minor for one in payments if one.kind != "payment")
    fees: list[FeeLine] = []
    for kind, charged in (("phone", [one for one in payments if one.kind == "payment"]),
                          ("refund", [one for one in payments if one.kind != "payment"])):
        if charged:
            fees.append(FeeLine(kind, len(charged), abs(sum(one.amount_minor for one in charged)),
                                sum(one.fee_minor for one in charged)))
    charged_minor = sum(line.amount_minor for line in fees)
    net = gross - refunds - held_back + released - (charged_minor + vat if fees_by == "net" else 0)
    paid = max(opening + net, 0) if payout is None else payout
    return Settlement(
        number="S20260723-PAYMENTS-1-000001", run_id="2026-07-23/payments/1", date="2026-07-23",
        created="2026-07-23T23:59:59Z", currency="EUR", plan="standard", payments=payments,
        merchant=Merchant("SHOP", 30, name, "DE89370400440532013000",
                          Address("Road", "5", "1000", "Town", country)),
        gross_minor=gross, refunds_minor=refunds, fees=tuple(fees), fees_by=fees_by,
        fees_minor=charged_minor, vat_minor=vat, held_back_minor=held_back,
        held_back_until="2026-08-22" if held_back else "", released_minor=released, net_minor=net,
        opening_minor=opening, closing_minor=opening + net - paid,
        payout=Payout("sent" if paid else "carried", "" if paid else "not_positive",
                      "20260723-PAYMENTS-1-M0000001", paid, "2026-07-24"),
        kept=(Kept("2026-07-23", "2026-08-22", held_back),) if held_back else ())


def client(country: str = "GB", name: str = "Café Żółw & Co") -> ClientStatement:
    """A client's day: deposits into two safes, one kept, one credit that the bank has booked."""
    day = DAY.isoformat()
    bookings = (
        Booking("DEPOSIT", day, 120_000, "deposit-1", remittance="SI0012-7"),
        Booking("DEPOSIT", day, 30_050, "deposit-2"), Booking("ADJUSTMENT", day, -500, "short"),
        Booking("FEE", day, -335, "K1"), Booking("VAT", day, -67, "K1"),
        Booking("CREDIT", day, -148_848, "D1", "D1", text="DEPOSITS"),
        Booking("RELEASE", day, 3_000, "deposit-3"),
        Booking("WITHDRAWAL", day, -3_000, "deposit-3"),
        Booking("RETURN", day, 700, "D0"), Booking("WRITE_OFF", day, -700, "D0"))
    places = (("SAFE1", "C1", "R-1"), ("SAFE2", "C2", "R-2"), *[("", "", "")] * 8)
    closing = 1_000 + sum(booking.amount_minor for booking in bookings)
    return ClientStatement(
        "2026-07-23/cash/1", 10, Party(name, "UTC", "", "", Address("", "", "", "Town", country)),
        BookingHead("B1", "2026-07-23T23:59:59Z", "10", name, "Operator", "EUR", DAY, DAY, 1_000,
                    closing),
        tuple(Line(booking, *place) for booking, place in zip(bookings, places, strict=True)),
        (Credited("D1", "2026-07-23", 148_848, "2026-07-24", "BANK-77", "STMT-1"),
         Credited("D2", "2026-07-23", 500)),
        (Waiting("2026-07-23", "SAFE1", "C1", True, 77_700, True),
         Waiting("2026-07-23", "SAFE1", "C1", False, 5_000, True)),
        (Fee("K1", "deposit", 335), Fee("K1", "vat", 67)))


def invoice(lines: int = 7, *, country: str = "DE", type_code: str = en16931.INVOICE,
            rounding: int = 0, name: str = "Transports Müller & Søn") -> en16931.Document:
    """A fleet's invoice of so many lines, five a vehicle."""
    made = [en16931.Line(
        number=at, name="Diesel B7", quantity=Decimal(20_000 + at * 37).scaleb(-3), unit="LTR",
        price=en16931.Price(Decimal("1.271"), Decimal("1.312"), Decimal("0.041")),
        net_minor=2_542 + at, rate_basis_points=1_900, group=f"KR {1_000 + at // 5} A",
        start=date(2026, 7, 1 + at % 23), end=date(2026, 7, 1 + at % 23),
        attributes=("", "Jeanne", "700123******4567", "", "", "", "", ""))
        for at in range(1, lines + 1)]
    gross = None
    if rounding:
        whole = make_document(number="F", type_code=type_code, issued_on=DAY, currency="EUR",
                              seller=_party("Operator", "DE"), buyer=_party(name, country),
                              lines=made)
        gross = whole.gross_minor + rounding
    return make_document(
        number="F2026-000001", type_code=type_code, issued_on=DAY, currency="EUR",
        seller=_party("Operator", "DE", "DE123456788"), buyer=_party(name, country), lines=made,
        gross_minor=gross, due_on=date(2026, 8, 6), period=(date(2026, 7, 1), DAY),
        means=en16931.PaymentMeans("58", "F2026-000001", "DE89370400440532013000", "Operator"))


def _party(name: str, country: str, vat_id: str = "") -> en16931.Party:
    return en16931.Party(name, Address("Road", "5", "1000", "Town", country), vat_id=vat_id,
                         party_id="1")
