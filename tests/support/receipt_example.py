"""A receipt with everything on it, and its parts, for tests of what is printed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from authhost.operator import Address, Operator
from authhost.receipts.document import (
    Client,
    Denomination,
    Parties,
    Receipt,
    Rejected,
    SafeParty,
    Suspect,
    Told,
)

OPERATOR = Operator("Gotovina d.o.o.", Address("Slovenska cesta", "1", "1000", "Ljubljana", "SI"),
                    "1234567000", "SI12345678", "info@gotovina.example")
CLIENT = Client(900_002, "Pekarna Đurđević & Šušteršič, d. o. o. <b>x</b>",
                Address("Žužemberška ulica", "12a", "8360", "Žužemberk", "SI"),
                "SI56191000000123438", "Banka Češka")
SAFE = SafeParty("SAFE0001", "CashGuard X2", "Pekarna", "North",
                 ("back office, 0", "Ulica čarovnic 4", "8360 Žužemberk, SI"))
TOLD = Told(
    denominations=(Denomination(200, 50, "coin"), Denomination(5_000, 12, "note", "4a"),
                   Denomination(1_000, 7, "note", "3")),
    suspects=(Suspect(5_000, "EUR", "2", "Z12345678901"),), rejected=Rejected(2), depositor="007",
    cassette="340123450000000017", reference_model="SI00", reference="2026-1122-77",
    receipt="1234", shift="20261122-1", sequence=1234, local_time="2026-11-22T10:15:02")


def example(**more: Any) -> Receipt:
    """A receipt; what is named is otherwise."""
    known: dict[str, Any] = {
        "number": "20261122-SAFE0001-1A2F0", "code": "A4MFV-BNM0A-GQ116-EVP5H-792MX",
        "digest": "ab" * 32, "key": "k", "kind": "cash", "amount_minor": 77_000,
        "currency": "EUR", "account_id": 900_002, "business_date": date(2026, 11, 22),
        "recorded_at": datetime(2026, 11, 22, 10, 15, 4, tzinfo=ZoneInfo("Europe/Ljubljana")),
        "told": TOLD, "parties": Parties(OPERATOR, CLIENT, SAFE, "Ana Čučković-Größl"),
        "end_to_end_id": "D2611221A2F0", "state": "provisional", "credit": "accepted",
        "issued_at": datetime(2026, 11, 22, 9, 15, 5, tzinfo=UTC)}
    return Receipt(**{**known, **more})
