"""What is asked of whom, and what speaks against it besides limits and the bank.

Asks nobody, and chance for the nonce alone: views in, a request, an objection or a Refused out.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from authhost.clock import as_datetime
from authhost.payments.model import Asked, Caller, NewPayment, Refused
from authhost.payments.parties import Merchant, Payer


def request(caller: Caller, merchant: Merchant, new: NewPayment, payment_id: str,
            now_us: int) -> Asked:
    """The request as it stands for good."""
    created_at = as_datetime(now_us)
    assert merchant.account_id is not None, "asked before"
    assert merchant.payee is not None, "with its name"
    return Asked(
        payment_id=payment_id, merchant_id=caller.merchant_id, account_id=merchant.account_id,
        user_id=caller.user_id, kind=new.kind, payer_phone=new.payer_phone,
        amount_minor=new.amount_minor, currency=new.currency, purpose=new.purpose,
        reference=new.reference, capture=new.capture or merchant.capture or "automatic",
        nonce=secrets.token_urlsafe(16), callback_url=new.callback_url,
        sandbox=bool(merchant.sandbox), payee=merchant.payee, created_at=created_at,
        expires_at=created_at + timedelta(seconds=new.expires_in_s))


def detail_of(asked: Asked) -> dict[str, Any]:
    """What append_payments.sql makes the payment of."""
    detail = {"event": "create", "account": asked.account_id, "by": asked.user_id,
              "as": asked.kind, "payee": asked.payee, "purpose": asked.purpose,
              "reference": asked.reference, "capture": asked.capture, "nonce": asked.nonce,
              "callback": asked.callback_url, "sandbox": asked.sandbox,
              "expires_us": round(asked.expires_at.timestamp() * 1_000_000)}
    return detail if asked.payer_phone is None else detail | {"phone": asked.payer_phone}


def may_ask(merchant: Merchant, new: NewPayment) -> None:
    """Refused where the merchant may not ask for this."""
    if merchant.status != "active" or merchant.account_id is None:
        raise Refused(403, "Merchant", "the merchant is not active, or has no account",
                      "merchant_id")
    if new.currency != merchant.currency:
        raise Refused(422, "Invalid body", f"the merchant's account is in {merchant.currency}",
                      "currency")


def objection(merchant: Merchant, payer: Payer, asked: Asked) -> str:
    """What speaks against a payer's yes besides limits and the bank."""
    if merchant.status != "active":
        return "merchant_blocked"
    if payer.status != "active":
        return f"payer_{payer.status}"
    if asked.merchant_id in payer.refused_by:
        return "payer_refused_by_merchant"
    return "merchant_refused_by_payer" if asked.merchant_id in payer.refuses else ""
