"""What the operator decides about bank files: its own bank, calendars, collecting, payees.

PURE values with their defaults: a part of the settings that a run stores (clearing/settings.py).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from clearing.bankfiles.forms import FileForm, form_defect
from clearing.errors import ClearingError
from clearing.party import Address, account_defect

Days = Annotated[int, msgspec.Meta(ge=0, le=90)]
Scheme = Literal["CORE", "B2B"]


class Creditor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose account fleets pay into. identifier: of the creditor (AT-02, EPC262-08)."""

    identifier: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}[0-9]{2}[0-9A-Z]{3}.{1,28}$(?!\n)")]
    name: str
    iban: str
    bic: str
    address: Address = Address()


class Collection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Direct debits. creditor None: nothing is collected.

    notice_days: calendar days that a debtor is told before (14, where nothing else was agreed);
    again_days: the same of what came back and is collected again.
    lead_days: bank days that the file is at the bank before the collection. ahead_days: bank days
    more, so that a night may be missed.
    """

    creditor: Creditor | None = None
    notice_days: Days = 14
    again_days: Annotated[int, msgspec.Meta(ge=0, le=10)] = 3  # no bank takes a file long before
    lead_days: dict[Scheme, Days] = msgspec.field(
        default_factory=lambda: {"CORE": 1, "B2B": 1})
    ahead_days: Days = 1


class Verification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a credit whose payee's bank has another name."""

    no_match: Literal["hold", "send"] = "hold"
    close_match: Literal["hold", "send"] = "send"
    not_possible: Literal["hold", "send"] = "send"


class Screening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sanctions lists. list_path: a table of id, name, program; '' where nobody is screened."""

    list_path: str = ""


class BankFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """own: the form of the operator's own bank, which pays merchants and collects; own_bank: what
    routes of delivery call it, the id of a bank where it is one of those. calendars: of bank days,
    by currency; the stream's where there is none (docs/clearing.md)."""

    own: FileForm = FileForm()
    own_bank: Annotated[str, msgspec.Meta(min_length=1)] = "own"
    calendars: dict[str, str] = {}
    collection: Collection = Collection()
    verification: Verification = Verification()
    screening: Screening = Screening()

    def recipient(self, bank_id: str) -> str:
        """Whose a file for a bank is, as routes of delivery ask for it; '' is the own bank."""
        return f"bank/{bank_id or self.own_bank}"


def check_bank_files(settings: BankFiles) -> BankFiles:
    """The same settings; ClearingError where a form or a creditor cannot be right."""
    what, where = form_defect(settings.own)
    if what:
        raise ClearingError(f"clearing settings: bankfiles.own.{where}: {what}")
    creditor = settings.collection.creditor
    if creditor is None:
        return settings
    defect = account_defect(creditor.iban, creditor.bic, "EUR") or identifier_defect(
        creditor.identifier)
    if not creditor.bic:
        defect = "bic_missing"  # the creditor's agent is mandatory in pain.008
    if defect:
        raise ClearingError(f"clearing settings: bankfiles.collection.creditor: {defect}")
    return settings


def identifier_defect(identifier: str) -> str:
    """Why this is no creditor identifier, or ''. Its check digits are over country and national
    part, without the business code (EPC262-08, modulo 97 of ISO/IEC 7064)."""
    if not (identifier.isascii() and identifier.isalnum() and identifier == identifier.upper()):
        return "identifier_invalid"
    moved = identifier[7:] + identifier[:4]
    rest = int("".join(str(int(letter, 36)) for letter in moved)) % 97
    return "" if rest == 1 else "identifier_invalid"
