"""What a run says about itself when it is done.

PURE values. Money is an integer in minor units; maps are by ISO 4217 currency.
"""

from __future__ import annotations

import msgspec


class FileRecord(msgspec.Struct, frozen=True):
    """A line of the manifest. count: transactions; currency '' for a list without money."""

    path: str  # below the day's folder
    kind: str  # what the ledger calls it, and the format: invoice_html, deposit_credit_xml
    count: int
    sum_minor: int
    currency: str
    sha256: str = ""
    recipient: str = ""  # whose: bank/NLB, account/10, merchant/SHOP; '' is nobody's in particular


class Case(msgspec.Struct, frozen=True):
    """Something that was booked but needs a person: a credit held back, a deposit withheld."""

    kind: str
    account_id: int | None
    reference: str  # journal key, end-to-end id or invoice number
    amount_minor: int
    currency: str
    reason: str


class Summary(msgspec.Struct, frozen=True):
    """digest: SHA-256 of manifest.json, which holds the digest of every file and of the journal."""

    run_id: str
    files: tuple[FileRecord, ...]
    cases: tuple[Case, ...]
    debits_minor: dict[str, int]
    credits_minor: dict[str, int]
    balanced: bool
    places: dict[str, int]  # cleared, reversed, open: journal rows
    journal_digest: str
    digest: str
    seconds: dict[str, float]  # by step
    released: bool = True  # False: written aside, until a second person approves

    @property
    def stream(self) -> str:
        """fuel, cash or payments."""
        return self.run_id.split("/")[1]
