"""What a merchant asks for, from the body as it came to what the story takes. PURE.

What msgspec checks is checked before; here is what needs more than a pattern: characters that a
payer must not be shown, telephone numbers in every form, addresses that are called back.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec

from authhost.payments.model import NewPayment, Refused
from authhost.phone_numbers import e164
from authhost.visible import unseen

MOST_PURPOSE: Final = 140
MOST_REFERENCE: Final = 35  # as much as a bank's end-to-end reference has (ISO 20022, Max35Text)
LEAST_S, MOST_S, DEFAULT_S = 30, 86_400, 180
NUMBERS: Final = 50_000  # as they were written, remembered by a process
_END: Final = r"$(?!\n)"


class PaymentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A merchant asks for money. payer_phone: absent where whoever opens the link may pay, and
    always for 'qr', which is paid in the payer's own bank application."""

    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=10**12, description="Minor units.")]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}" + _END, description="ISO 4217.")]
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_PURPOSE, description=(
        "What the payer reads: printable, of one line."))]
    payer_phone: Annotated[str, msgspec.Meta(max_length=64, description=(
        "In any form; with a country code, or of the host's region."))] | None = None
    kind: Literal["phone", "qr"] = "phone"
    reference: Annotated[str, msgspec.Meta(max_length=MOST_REFERENCE)] = ""
    expires_in_s: Annotated[int, msgspec.Meta(ge=LEAST_S, le=MOST_S)] = DEFAULT_S
    callback_url: Annotated[str, msgspec.Meta(max_length=2_048)] = ""
    capture: Annotated[Literal["", "automatic", "manual"], msgspec.Meta(
        description="'': as the merchant does it.")] = ""


def new_payment(body: PaymentBody, region: str, objection: Callable[[str], str]) -> NewPayment:
    """What is asked for, in the one form that everything has here. Refused says what is wrong.

    region: of numbers without a country code, '' for none; objection: why an address may not be
    called, or ''.
    """
    if body.kind == "qr" and body.payer_phone is not None:
        raise _wrong("a QR is paid by whoever reads it: it names no phone", "payer_phone")
    if body.callback_url:
        why = objection(body.callback_url)
        if why:
            raise _wrong(why, "callback_url")
    return NewPayment(
        kind=body.kind, amount_minor=body.amount_minor, currency=body.currency,
        payer_phone=None if body.payer_phone is None else phone(body.payer_phone, region,
                                                                 "payer_phone"),
        purpose=line(body.purpose, MOST_PURPOSE, "purpose", least=1),
        reference=line(body.reference, MOST_REFERENCE, "reference"),
        expires_in_s=body.expires_in_s, callback_url=body.callback_url, capture=body.capture)


def line(text: str, most: int, where: str, *, least: int = 0) -> str:
    """A text that is shown and signed, in Unicode's form NFC (UAX 15). Refused.

    Nothing that is invisible or turns the direction of writing (visible.py): what is signed is what
    is seen.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not least <= len(text) <= most:
        raise _wrong(f"of {least} to {most} characters", where)
    if why := unseen(text):
        raise _wrong(why, where)
    if least and not text.strip():
        raise _wrong("there is nothing to be read in it", where)
    return text


def phone(text: str, region: str, where: str) -> str:
    """A number as E.164. Refused."""
    try:
        return _e164(text, region)
    except ValueError as error:
        raise _wrong(str(error), where) from None


# The plans of the world's numbers take 90 microseconds; a payer comes again.
_e164 = lru_cache(NUMBERS)(e164)


def _wrong(why: str, where: str) -> Refused:
    return Refused(422, "Invalid body", why, where)
