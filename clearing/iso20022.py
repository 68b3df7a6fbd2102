"""The parts that every credit transfer of ISO 20022 has: a text, an address, a bank.

PURE. Values in, elements out, as text of the SEPA set; written by hand, for a file has many.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from clearing.charset import clean
from clearing.party import Address


def text_of(tag: str, value: str, limit: int) -> str:
    """An element with cleaned text, or nothing: the schema has no empty text."""
    cleaned = clean(value, limit)
    return f"<{tag}>{escape(cleaned)}</{tag}>" if cleaned else ""


def address_of(address: Address) -> str:
    """A structured address."""
    return (
        f"<PstlAdr>{text_of('StrtNm', address.street, 70)}{text_of('BldgNb', address.number, 16)}"
        f"{text_of('PstCd', address.postcode, 16)}{text_of('TwnNm', address.town, 35)}"
        f"<Ctry>{address.country}</Ctry></PstlAdr>"
    )


def agent(tag: str, bic: str) -> str:
    """The bank. SEPA finds it by the IBAN, so a creditor's may be missing."""
    return f"<{tag}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{tag}>" if bic else ""
