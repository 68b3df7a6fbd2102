"""What keeps a paper from being made: told to the queue of exceptions, and closed once it is.

Knows that a party lacks something the law wants to read; what of it waits stays open in the books.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from clearing.exceptions import close_explained, open_exception
from clearing.invoices.document import Party
from clearing.invoices.parties import DEFECTS
from clearing.queries import Connection
from clearing.run_id import RunId


class Waiting(msgspec.Struct, frozen=True):
    """A paper that cannot be made. reason: of clearing.invoices.parties.DEFECTS."""

    account_id: int
    currency: str
    amount_minor: int
    reason: str
    country: str = ""

    @property
    def subject(self) -> str:
        """What it is called: it has no number."""
        return subject_of(self.account_id, self.currency, self.country)


def subject_of(account_id: int, currency: str, country: str = "") -> str:
    """Of a paper with or without a number. country: of delivery, where it is not the operator's."""
    return "/".join(part for part in (str(account_id), currency, country) if part)


def defect_of(seller: Party, buyer: Party) -> str:
    """Why no invoice can be between them, or ''."""
    for party in (seller, buyer):
        if not party.name.strip():
            return "name_missing"
        if not party.address.complete:
            return "address_incomplete"  # BR-9, BR-11: the country is mandatory
    # BR-S-02 and its like: whoever charges VAT, or says why not, is registered somewhere.
    return "" if seller.vat_id or seller.tax_number else "seller_vat_id_missing"


async def tell(connection: Connection, run_id: RunId, kind: Literal["fee_invoice", "self_billed"],
               waiting: Iterable[Waiting], made: Iterable[str]) -> None:
    """Open what waits, close what was made. made: subjects."""
    for one in waiting:
        await open_exception(
            connection, stream=run_id.stream, reason=one.reason, subject_kind=kind,
            subject=one.subject, run_id=str(run_id), account_id=one.account_id,
            currency=one.currency, amount_minor=one.amount_minor)
    subjects = sorted(set(made) - {one.subject for one in waiting})
    if subjects:
        for reason in DEFECTS:
            await close_explained(connection, reason=reason, subject_kind=kind, subjects=subjects,
                                  why=f"made by {run_id}", who=str(run_id))
