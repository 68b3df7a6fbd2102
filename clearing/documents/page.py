"""What all pages share: who it is from and to, its head, its language, the sheet that it becomes.

PURE. Texts are put down as they are; the typesetter takes none of them for markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from clearing.documents.settings import Documents
from clearing.documents.typesetting import Sheet
from clearing.documents.words import Language
from clearing.party import Address
from clearing.settings import Debtor
from clearing.summary import FileRecord


class Page(msgspec.Struct, frozen=True):
    """A sheet, and what the manifest says of the file that it becomes."""

    sheet: Sheet
    record: FileRecord


class Head(msgspec.Struct, frozen=True):
    """The letterhead. amount: (what it is, the amount, a note)."""

    kind: str
    number: str
    on: date
    period: str
    amount: tuple[str, str, str]
    sender: Mapping[str, object]
    receiver: Mapping[str, object]
    facts: Sequence[tuple[str, str]]
    foot: str


def sheet_of(template: str, head: Head, language: Language, documents: Documents,
             content: Mapping[str, object], invoice: bytes = b"") -> Sheet:
    """The sheet of a document; `content` is what its own template has beside the head."""
    label, value, note = head.amount
    on = head.on
    return Sheet(
        name=head.number, template=template, invoice=invoice, tagged=documents.tagged,
        content=msgspec.json.encode({
            "language": language.code, "accent": documents.accent, "words": language.words,
            "title": f"{head.kind} {head.number}", "author": str(head.sender["name"]),
            "kind": head.kind, "number": head.number, "period": head.period,
            "date": (on.year, on.month, on.day), "from": head.sender, "to": head.receiver,
            "headline": {"label": label, "value": value, "note": note},
            "facts": [fact for fact in head.facts if fact[1]], "foot": head.foot,
            **content}).decode())


def party(label: str, name: str, address: Address, *more: str) -> dict[str, object]:
    """A block of name, address and more lines; no empty one."""
    lines = (f"{address.street} {address.number}".strip(), *getattr(address, "lines", ()),
             f"{address.postcode} {address.town}".strip(), address.country, *more)
    return {"label": label, "name": name, "lines": [line for line in lines if line]}


def operator(label: str, debtor: Debtor) -> dict[str, object]:
    """Who sends all this."""
    return party(label, debtor.name, debtor.address)


def grouped_iban(iban: str) -> str:
    """In fours, as people read it (ISO 13616, print format)."""
    return " ".join(iban[at:at + 4] for at in range(0, len(iban), 4))
