"""What can be decided from the request and the views alone, and how a reason is answered.

PURE. The state decides the rest; a reason found here is handed to it, so that one place decides.
"""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

from authhost.model import Action, Answer, Kind, Outcome, Request

_ACTIONS: Final[dict[str, str]] = {
    "approved": Action.APPROVED,
    "card_unknown": Action.INVALID_CARD,
    "card_expired": Action.EXPIRED_CARD,
    "card_blocked": Action.RESTRICTED_CARD,
    "card_closed": Action.RESTRICTED_CARD,
    "card_lost": Action.LOST_CARD,
    "card_stolen": Action.STOLEN_CARD,
    "card_not_effective": Action.CARD_NOT_EFFECTIVE,
    "expiry_differs": Action.EXPIRED_CARD,
    "account_blocked": Action.RESTRICTED_CARD,
    "account_closed": Action.NO_ACCOUNT,
    "account_unknown": Action.NO_ACCOUNT,
    "terminal_unknown": Action.NOT_PERMITTED_TERMINAL,
    "terminal_blocked": Action.NOT_PERMITTED_TERMINAL,
    "terminal_kind": Action.NOT_PERMITTED_TERMINAL,
    "merchant_blocked": Action.INVALID_MERCHANT,
    "acquirer_differs": Action.NOT_PERMITTED_TERMINAL,
    "merchant_differs": Action.INVALID_MERCHANT,
    "currency": Action.INVALID_AMOUNT,
    "site": Action.NOT_PERMITTED_TERMINAL,
    "hours": Action.NOT_PERMITTED_CARDHOLDER,
    "product": Action.NOT_PERMITTED_CARDHOLDER,
    "late": Action.TIMED_OUT,
    "duplicate_with_other_content": Action.DUPLICATE,
    "items_sum": Action.INVALID_AMOUNT,
    "denominations_sum": Action.INVALID_AMOUNT,
    "signature": Action.SECURITY_VIOLATION,
    "mac": Action.WRONG_MAC,
    "pin_wrong": Action.WRONG_PIN,
    "pin_missing": Action.WRONG_PIN,
    "pin_tries": Action.PIN_TRIES,
    "pin_block": Action.PIN_BLOCK,
    "key_out_of_step": Action.KEY_OUT_OF_STEP,
    "cvv": Action.COUNTERFEIT,
    "cryptogram": Action.COUNTERFEIT,
    "cryptogram_replayed": Action.COUNTERFEIT,
    "chip_data": Action.FORMAT_ERROR,
    "chip_missing": Action.SECURITY_VIOLATION,
}


class Terminal(Protocol):
    """What is asked of a terminal here."""

    @property
    def known(self) -> bool: ...
    @property
    def kind(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def merchant_status(self) -> str: ...
    @property
    def merchant_id(self) -> str: ...
    @property
    def acquirer_id(self) -> str: ...
    @property
    def mac_required(self) -> bool: ...


class Account(Protocol):
    """What is asked of an account here."""

    @property
    def currency(self) -> str: ...
    @property
    def expiry(self) -> str: ...


_TERMINAL_KINDS: Final[dict[Kind, str]] = {
    Kind.DEPOSIT: "safe",
    Kind.PAYMENT_REQUEST: "till",
    Kind.PAYMENT: "till",
}


def refused(request: Request, terminal: Terminal, account: Account | None) -> str:
    """The gravest reason against it that needs no state; '' where there is none."""
    if not terminal.known:
        return "terminal_unknown"
    if terminal.status != "active":
        return "terminal_blocked"
    if terminal.merchant_status != "active":
        return "merchant_blocked"
    if not request.key.startswith(f"{terminal.acquirer_id}/"):
        return "acquirer_differs"  # the key would be another one at another door
    if terminal.mac_required and not request.sealed:
        return "mac"
    if request.merchant_id and request.merchant_id != terminal.merchant_id:
        return "merchant_differs"
    if terminal.kind != _TERMINAL_KINDS.get(request.kind, "pos"):
        return "terminal_kind"
    if request.wrong:
        return request.wrong
    if account is not None:
        if request.currency != account.currency:
            return "currency"
        card = request.card
        if card is not None and card.expiry and account.expiry != card.expiry:
            return "expiry_differs"
    return ""


def action(reason: str) -> str:
    """The action code (ISO 8583:1993, field 39) that a reason is answered with."""
    if reason.startswith("limit:"):
        return Action.EXCEEDS_FREQUENCY if reason.endswith(":count") else Action.EXCEEDS_AMOUNT
    return _ACTIONS.get(reason.partition(":")[0], Action.DO_NOT_HONOUR)


def answer(request: Request, outcome: Outcome, approval_code: str, chip: bytes = b"") -> Answer:
    """The answer to a request that the state has decided. chip: what an approval tells the card."""
    broken = outcome.broken
    if request.kind is Kind.DEPOSIT:
        # The cash is in the safe and stays counted; what it broke withholds the credit.
        broken = tuple(f"withheld:{reason}" for reason in broken)
    flags = request.flags + broken
    if outcome.status == "declined":
        return declined(request, outcome.reason, outcome.decided_at_ms, flags)
    code = Action.PARTIAL if outcome.status == "partial" else Action.APPROVED
    return Answer(action=code, reason=outcome.reason, amount_minor=outcome.amount_minor,
                  approval_code=approval_code, decided_at_ms=outcome.decided_at_ms, flags=flags,
                  reference=reference(request.key), chip=chip)


def declined(request: Request, reason: str, decided_at_ms: int,
             flags: tuple[str, ...] = ()) -> Answer:
    """A decline with its reason; an advice that has happened is accepted all the same."""
    code = Action.APPROVED if request.advice else action(reason)
    return Answer(action=code, reason=reason, decided_at_ms=decided_at_ms, flags=flags,
                  reference=reference(request.key))


def reference(key: str) -> str:
    """Retrieval reference number (field 37, an12): twelve digits that follow from the key."""
    digest = hashlib.blake2b(key.encode(), digest_size=6).digest()
    return f"{int.from_bytes(digest) % 10**12:012d}"
