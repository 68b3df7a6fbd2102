"""A payer's own bank application: reads a shop's code, pays, and the bank tells the operator.

Knows EPC codes (EPC069-12), the bank's books and its desk at the operator; must not know payments.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec

from demo.office import Office
from demo.parties import Account
from terminals.bank.conduct import Rule
from terminals.bank.orders import Order
from terminals.bank.server import BankServer, real_now_us

_NAME, _IBAN, _AMOUNT, _REFERENCE = 5, 6, 7, 9  # lines of a code, from 0 on
_HEAD: Final = "BCD"


class Code(msgspec.Struct, frozen=True):
    """What a code asks for."""

    name: str
    iban: str
    amount_minor: int
    reference: str


class BankApp:
    """desk: the bank at the operator's, where it tells of credits."""

    def __init__(self, bank_id: str, bank: BankServer, desk: Office, day: date) -> None:
        self._bank_id = bank_id
        self._bank = bank
        self._desk = desk
        self._day = day.isoformat()
        self._number = 0

    def pay(self, payer: Account, code: Code) -> dict[str, Any]:
        """Book it; the credit as the operator is told of it."""
        self._number += 1
        name = f"APP{self._number:06d}"
        assert payer.iban is not None, "a payer has an account at a bank"
        self._bank.books.order(
            Order(end_to_end_id=name, message_id=name, payment_id=name, service="INST",
                  debtor=payer.iban, creditor=code.iban, name=code.name, currency="EUR",
                  amount_minor=code.amount_minor, remittance=code.reference, day=self._day,
                  debtor_name=payer.name),
            "online", Rule(), "same", real_now_us())
        self._bank.books.commit()
        return {"entry_reference": name, "iban": code.iban, "amount_minor": code.amount_minor,
                "currency": "EUR", "references": [code.reference], "booked_on": self._day,
                "sender_iban": payer.iban, "sender_name": payer.name}

    async def tell(self, credit: dict[str, Any]) -> dict[str, Any]:
        """What the operator says of a credit."""
        told = await self._desk.post(f"/banks/{self._bank_id}/credits", {"credits": [credit]})
        found: dict[str, Any] = told["credits"][0]
        return found


def read(code: bytes) -> Code:
    """A code in euros. ValueError."""
    lines = code.decode().splitlines()
    if lines[0] != _HEAD or not lines[_AMOUNT].startswith("EUR"):
        raise ValueError(f"no code that this application knows: {lines}")
    whole, _, part = lines[_AMOUNT][3:].partition(".")
    return Code(lines[_NAME], lines[_IBAN], int(whole) * 100 + int(part.ljust(2, "0") or "0"),
                lines[_REFERENCE])
