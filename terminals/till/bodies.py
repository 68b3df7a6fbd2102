"""What the host says of payments, as a till reads it. PURE; money in minor units."""

from __future__ import annotations

from typing import Final

import msgspec

from terminals.money import amount

WAITING: Final = frozenset({"CREATED", "SENT", "OPENED", "SIGNED", "UNKNOWN"})
PAID: Final = frozenset({"PAID", "CAPTURED", "PARTLY_REFUNDED", "REFUNDED"})


class Payment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A payment. version: grows with each change."""

    id: str
    state: str
    version: int
    amount_minor: int
    currency: str
    reason: str = ""
    kind: str = "phone"
    captured_minor: int = 0
    refunded_minor: int = 0
    purpose: str = ""
    reference: str = ""
    payer_phone: str | None = None
    created_at: str = ""
    expires_at: str = ""
    payout_date: str | None = None

    @property
    def waits(self) -> bool:
        """Whether payer or bank may still answer."""
        return self.state in WAITING

    @property
    def paid(self) -> bool:
        """Whether the payer's money has come."""
        return self.state in PAID

    @property
    def line(self) -> str:
        """One line for a screen."""
        parts = [self.id, f"{amount(self.amount_minor, self.currency):>14}", self.state,
                 self.reason, self.payer_phone or self.kind, self.reference]
        if self.refunded_minor:
            parts.append(f"given back {amount(self.refunded_minor, self.currency)}")
        return "  ".join(part for part in parts if part)


class Page(msgspec.Struct, frozen=True):
    """Payments, newest first. next: where the next page begins, None at the end."""

    data: tuple[Payment, ...]
    next: str | None = None


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """A capture, and what the payment is with it."""

    amount_minor: int
    currency: str
    captured_minor: int
    state: str


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back. state: CREATED, UNKNOWN, PAID, DECLINED."""

    id: str
    state: str
    amount_minor: int
    currency: str
    why: str = ""


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What a night pays to the merchant, and why."""

    number: str
    date: str
    currency: str
    gross_minor: int = 0
    refunds_minor: int = 0
    fees_minor: int = 0
    vat_minor: int = 0
    held_back_minor: int = 0
    released_minor: int = 0
    payout_minor: int = 0
    payout_date: str = ""
    not_paid_because: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """For a screen."""
        parts = (("gross", self.gross_minor), ("refunds", self.refunds_minor),
                 ("fees", self.fees_minor), ("VAT", self.vat_minor),
                 ("held back", self.held_back_minor), ("released", self.released_minor),
                 ("payout", self.payout_minor))
        head = f"{self.number} of {self.date}, paid out {self.payout_date or 'not yet'}"
        return (f"{head} {self.not_paid_because}".rstrip(),
                *(f"  {name:<10}{amount(minor, self.currency):>18}" for name, minor in parts
                  if minor or name in {"gross", "payout"}))


class Settlements(msgspec.Struct, frozen=True):
    """Settlements. next: where the next page begins, None at the end."""

    data: tuple[Settlement, ...]
    next: str | None = None


class Settled(msgspec.Struct, frozen=True):
    """One of them."""

    settlement: Settlement


class Token(msgspec.Struct, frozen=True):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    expires_in: int = 3600
