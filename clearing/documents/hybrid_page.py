"""The page of an invoice for a person, with the XML in it that its buyer's books read.

PURE. Knows which of its notes are for the foot, and the codes of an invoice that KSeF has too.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clearing.documents.invoice_page import invoice_sheet
from clearing.documents.ksef_code import Signer, Verification, certified, verification
from clearing.documents.page import Page
from clearing.documents.words import language, language_of
from clearing.invoices.cii import cii
from clearing.invoices.document import Document
from clearing.invoices.ksef import ksef
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord


def hybrid_page(document: Document, path: str, kind: str, run_id: RunId, settings: Settings,
                codes: Sequence[Verification] = ()) -> Page:
    """For the buyer; what its XML alone should say of the run stands at the foot."""
    words = language_of(document.buyer.address.country, settings.documents.language).words
    sign = -1 if document.is_credit else 1
    run = language("en").words["run"].format(run=run_id)
    shown = msgspec.structs.replace(
        document, notes=tuple(note for note in document.notes if note != run))
    sheet = invoice_sheet(shown, settings.documents, words["run"].format(run=run_id),
                          "".join(cii(document)).encode(), codes)
    return Page(sheet, FileRecord(path, kind, len(document.lines), sign * document.payable_minor,
                                  document.currency,
                                  recipient=f"account/{document.buyer.party_id}"))


def codes_of(document: Document, ksef_number: str = "",
             signer: Signer | None = None) -> tuple[Verification, ...]:
    """Code I of the file that KSeF is sent; and code II as long as KSeF has given no number. The
    seller's NIP is his VAT id without country."""
    nip = (document.seller.vat_id or document.seller.tax_number).removeprefix("PL")
    structured = "".join(ksef(document)).encode()
    first = verification(nip, document.issued_on, structured, ksef_number)
    if signer is None or ksef_number:
        return (first,)
    return first, certified(nip, structured, signer)
