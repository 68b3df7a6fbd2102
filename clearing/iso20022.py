"""The parts that every payment of ISO 20022 has: a text, an address, a bank, a kind of service.

PURE. Values in, elements out, as text of the SEPA set; written by hand, for a file has many.
"""

from __future__ import annotations

from typing import Final, Protocol
from xml.sax.saxutils import escape

from clearing.charset import clean
from clearing.party import Address

MOST_LINES: Final = 2  # of an address, beside town and country (EPC153-22)
_NONE: Final = "-"


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> int:
        """As a binary file has it."""
        ...


def text_of(tag: str, value: str, limit: int) -> str:
    """An element with cleaned text, or nothing: the schema has no empty text."""
    cleaned = clean(value, limit)  # the SEPA set has none of the characters that XML minds
    return f"<{tag}>{cleaned}</{tag}>" if cleaned else ""


def address_of(address: Address) -> str:
    """A structured address; where no street is known, two lines stand in for it."""
    lines = "" if address.street else "".join(
        text_of("AdrLine", line, 70) for line in address.lines[:MOST_LINES])
    return (
        f"<PstlAdr>{text_of('StrtNm', address.street, 70)}{text_of('BldgNb', address.number, 16)}"
        f"{text_of('PstCd', address.postcode, 16)}{text_of('TwnNm', address.town, 35)}"
        f"<Ctry>{address.country}</Ctry>{lines}</PstlAdr>"
    )


def agent(tag: str, bic: str) -> str:
    """The bank. SEPA finds it by the IBAN, so a creditor's may be missing."""
    return f"<{tag}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{tag}>" if bic else ""


def level(currency: str, *, instant: bool, service_level: str = "", local_instrument: str = "",
          category_purpose: str = "") -> str:
    """PmtTpInf: of euro by its scheme; other currencies go by the bank's own rail.

    service_level, local_instrument: codes; '' what is usual for the rail, '-' none. Source:
    EPC122-16 for instant credits: service level SEPA, local instrument INST.
    """
    europe = currency == "EUR"
    service = service_level or ("SEPA" if europe else _NONE)
    instrument = local_instrument or ("INST" if europe and instant else _NONE)
    parts = "".join(
        f"<{tag}><Cd>{escape(code)}</Cd></{tag}>"
        for tag, code in (("SvcLvl", service), ("LclInstrm", instrument),
                          ("CtgyPurp", category_purpose or _NONE)) if code != _NONE)
    return f"<PmtTpInf>{parts}</PmtTpInf>" if parts else ""
