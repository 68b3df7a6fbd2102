"""What can be decided from the request and the views alone, and how a reason is answered.

PURE. The state decides the rest; a reason found here is handed to it, so that one place decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Protocol

from authhost import prompts
from authhost.model import Action, Answer, ContractPrice, Kind, Outcome, Proof, Request
from authhost.packing import View
from authhost.prompts import Prompt

WITHHELD: Final = "withheld:"  # begins a flag: the credit of a deposit waits
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
    "key_entry": Action.SECURITY_VIOLATION,
    "tank": Action.EXCEEDS_AMOUNT,
    "increments": Action.EXCEEDS_FREQUENCY,
    "original_not_found": Action.ORIGINAL_NOT_FOUND,
    "return_exceeds": Action.INVALID_AMOUNT,
    "subaccount_blocked": Action.RESTRICTED_CARD,
    "subaccount_closed": Action.RESTRICTED_CARD,
    "vehicle_blocked": Action.RESTRICTED_CARD,
    "vehicle_closed": Action.RESTRICTED_CARD,
    "driver_blocked": Action.RESTRICTED_CARD,
    "driver_closed": Action.RESTRICTED_CARD,
    "second_card_unknown": Action.INVALID_CARD,
    "second_card_account": Action.INVALID_CARD,
    "second_card_expired": Action.EXPIRED_CARD,
    "second_card_expiry_differs": Action.EXPIRED_CARD,
    "second_card_lost": Action.LOST_CARD,
    "second_card_stolen": Action.STOLEN_CARD,
    "second_card_not_effective": Action.CARD_NOT_EFFECTIVE,
    "second_card_blocked": Action.RESTRICTED_CARD,
    "second_card_closed": Action.RESTRICTED_CARD,
    "certificate": Action.SECURITY_VIOLATION,
    "order_signature": Action.SECURITY_VIOLATION,
    "client_unknown": Action.NO_ACCOUNT,
    "account": Action.NO_ACCOUNT,
    "depositor": Action.NOT_PERMITTED_CARDHOLDER,
    "depositor_blocked": Action.NOT_PERMITTED_CARDHOLDER,
    "shift_closed": Action.NOT_PERMITTED_TERMINAL,
    "cassette": Action.NOT_PERMITTED_TERMINAL,
    "cassette_unknown": Action.NOT_PERMITTED_TERMINAL,
    "capacity": Action.INVALID_AMOUNT,
    "category": Action.COUNTERFEIT,
    "suspects": Action.COUNTERFEIT,
    "standing": Action.DO_NOT_HONOUR,
    "master_data": Action.DO_NOT_HONOUR,
    "date": Action.INVALID_TRANSACTION,
}
# What a completion may have been asked before, at its hold.
_PROMPTED_KINDS: Final = frozenset({Kind.SALE, Kind.PREAUTHORIZATION, Kind.OFFLINE_SALE})
_RIGHT_PIN: Final = 1
_DRIVER: Final = "driver_number"


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
    @property
    def region(self) -> str: ...


class Account(Protocol):
    """What is asked of an account here."""

    @property
    def currency(self) -> str: ...
    @property
    def expiry(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def rules(self) -> View: ...
    @property
    def purchasing(self) -> Purchasing: ...


class Purchasing(Protocol):
    """What a fleet wants asked at a purchase."""

    @property
    def prompts(self) -> tuple[Prompt, ...]: ...
    @property
    def key_entry(self) -> str: ...
    @property
    def regions(self) -> tuple[str, ...] | None: ...


_TERMINAL_KINDS: Final[dict[Kind, str]] = {
    Kind.DEPOSIT: "safe",
    Kind.DEPOSIT_AUTHORIZATION: "safe",
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
        if request.kind in _PROMPTED_KINDS:
            return prompts.wrong(account.purchasing.prompts, request.prompted)
    return ""


def unproved_entry(request: Request, account: Account, proof: Proof) -> str:
    """A number that was typed in needs the second factor that its fleet wants."""
    if not request.key_entered or request.kind not in _PROMPTED_KINDS:
        return ""
    wanted = account.purchasing.key_entry
    if wanted == "open":
        return ""
    if wanted == "pin":
        return "" if proof.pin == _RIGHT_PIN else "key_entry"
    if wanted == "none" or not getattr(request.prompted, wanted):
        return "key_entry"
    return ""  # whether it is the right one, the view has looked up


def watched(request: Request, terminal: Terminal, account: Account | None) -> tuple[str, ...]:
    """What a fleet wants to hear of, and what refuses nothing."""
    regions = account.purchasing.regions if account is not None else None
    if regions is not None and request.kind in _PROMPTED_KINDS and terminal.region not in regions:
        return ("watch:region",)
    return ()


def objections(request: Request, account: Account, names: Mapping[str, str]) -> list[str]:
    """What a completion is flagged for, though it is within its hold."""
    found = []
    if account.status not in {"", "active"}:
        found.append(f"card_{account.status}")
    allowed = account.rules.products
    for code in request.products:
        product = names.get(code, code)
        if allowed is not None and product not in allowed:
            found.append(f"product:{product}")
            break
    tank = account.rules.tank
    if tank is not None:
        fuel = sum(part.volume for part in request.parts
                   if tank.members is None or names.get(part.product, part.product) in tank.members)
        if fuel > tank.maximum_ml:
            found.append("tank")
    return found


def prompts_of(reason: str) -> tuple[str, ...]:
    """The prompts that a terminal has to ask again."""
    kind, _, name = reason.partition(":")
    return (name,) if kind in {"prompt_missing", "prompt_wrong"} else ()


def action(reason: str) -> str:
    """The action code (ISO 8583:1993, field 39) that a reason is answered with."""
    if reason.startswith("limit:"):
        return Action.EXCEEDS_FREQUENCY if ":count" in reason else Action.EXCEEDS_AMOUNT
    kind, _, name = reason.partition(":")
    if kind in {"prompt_missing", "prompt_wrong"}:
        return Action.WRONG_DRIVER if name == _DRIVER else Action.WRONG_PROMPT
    return _ACTIONS.get(kind, Action.DO_NOT_HONOUR)


def answer(request: Request, outcome: Outcome, approval_code: str, chip: bytes = b"",
           prices: tuple[ContractPrice, ...] = ()) -> Answer:
    """The answer to a request that the state has decided. chip: what an approval tells the card."""
    broken = outcome.broken
    if request.kind is Kind.DEPOSIT:
        # The cash is in the safe and stays counted; what it broke withholds the credit.
        broken = tuple(flag for flag in withheld(broken) if flag not in request.flags)
    if not request.advice:
        # What cut an approval down was not broken; what refused it is the reason.
        broken = tuple(reason for reason in broken if reason.startswith("watch:"))
    flags = request.flags + broken
    if outcome.status == "declined":
        return declined(request, outcome.reason, outcome.decided_at_ms, flags)
    # Who asked for as much as there is has got that.
    partial = outcome.status == "partial" and not request.amount_open
    code = Action.PARTIAL if partial else Action.APPROVED
    return Answer(action=code, reason=outcome.reason,
                  amount_minor=outcome.amount_minor + request.declared_minor,
                  approval_code=approval_code, decided_at_ms=outcome.decided_at_ms, flags=flags,
                  reference=reference(request.key), chip=chip, prices=prices)


def withheld(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Reasons that keep a deposit's credit back, as flags."""
    return tuple(f"{WITHHELD}{reason}" for reason in reasons)


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
