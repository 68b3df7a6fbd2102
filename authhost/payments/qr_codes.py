"""The code of a payment: what it is called in one, and what it says.

PURE. A name in a code is the beginning of the payment's id, so that it needs no store of its own:
ids are keyed hashes, 18 characters of one are 90 bits, 20 digits are 65. Two payments that share a
beginning are told apart by nobody, and their credit waits for a person (matching.py).
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost.payments.model import Asked, Refused
from authhost.qr import epc, nbs
from authhost.qr.digits import creditor_reference, is_creditor_reference
from authhost.qr.errors import QrError

FORMS: Final = {"EUR": "epc", "RSD": "nbs"}  # a currency's only one
_EPC_NAME: Final = 18
_NBS_NAME: Final = 13  # characters of an id: 65 bits
_NBS_DIGITS: Final = 20
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_MODEL: Final = "97"
_PAYMENT_CODE: Final = "221"  # goods and services, paid without cash
_SERBIAN: Final = "RS"


class Collecting(msgspec.Struct, frozen=True):
    """An account of the operator that codes are paid to. name: its holder's."""

    iban: str
    bank_id: str
    currency: str
    name: str
    bic: str = ""


def epc_reference(payment_id: str) -> str:
    """A creditor reference (ISO 11649) of 22 characters."""
    return creditor_reference(payment_id[:_EPC_NAME].upper())


def nbs_reference(payment_id: str) -> str:
    """A reference under model 97 of 22 digits, its control number included."""
    number = 0
    for letter in payment_id[:_NBS_NAME]:
        number = number * 32 + _LETTERS.index(letter)
    return nbs.modelled(f"{number:0{_NBS_DIGITS}d}")


def beginning(reference: str) -> str:
    """The beginning of the id that a reference names; '' for one that is not ours.

    reference: as a bank wrote it; blanks, hyphens, case and the model before it do not matter.
    """
    plain = "".join(reference.split()).replace("-", "").upper()
    if len(plain) == _EPC_NAME + 4 and is_creditor_reference(plain):
        return plain[4:].lower()
    if len(plain) == _NBS_DIGITS + 4 and plain.startswith(_MODEL):
        plain = plain[2:]
    digits = plain[2:]
    if len(digits) != _NBS_DIGITS or not (plain.isascii() and plain.isdecimal()) \
            or nbs.modelled(digits) != plain:
        return ""
    number, letters = int(digits), []
    for _ in range(_NBS_NAME):
        number, letter = divmod(number, 32)
        letters.append(_LETTERS[letter])
    return "" if number else "".join(reversed(letters))


def qr_of(asked: Asked, account: Collecting, category: str = "") -> bytes:
    """What the code of a payment says. category: the shop's (ISO 18245), '' on a bill. Refused."""
    form = FORMS.get(asked.currency)
    if asked.currency != account.currency or form is None:
        raise Refused(422, "No code", f"there is no code for {asked.currency}", "currency")
    try:
        return _epc(asked, account) if form == "epc" else _nbs(asked, account, category)
    except QrError as error:
        raise Refused(422, "No code", str(error), error.where) from None


def _epc(asked: Asked, account: Collecting) -> bytes:
    return epc.encoded(epc.generate(epc.EpcCode(
        name=account.name, iban=account.iban, bic=account.bic, amount_minor=asked.amount_minor,
        reference=epc_reference(asked.payment_id),
        information=_short(f"{asked.payee}: {asked.purpose}", 70))))


def _nbs(asked: Asked, account: Collecting, category: str) -> bytes:
    if not account.iban.startswith(_SERBIAN):
        raise Refused(422, "No code", "the account is not in Serbia", "iban")
    return nbs.generate(nbs.NbsCode(
        kind="PT" if category else "PR", account=account.iban[4:],
        name=_written(account.name, 70), amount_minor=asked.amount_minor,
        payment_code=_PAYMENT_CODE, category=category, model=_MODEL,
        purpose=_written(f"{asked.payee} {asked.purpose}", 35),
        reference=nbs_reference(asked.payment_id))).encode()


def _written(text: str, most: int) -> str:
    """With a blank for what the bank's table of characters has not."""
    return _short("".join(one if nbs.allowed(one) else " " for one in text), most)


def _short(text: str, most: int) -> str:
    return " ".join(text.split())[:most].strip()
