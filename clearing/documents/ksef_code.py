"""The verification code of an invoice in KSeF, the Polish system of structured invoices.

PURE. Source: the Ministry of Finance's description of KSeF 2.0, "Kody weryfikujące QR" (CIRFMF/
ksef-docs, kody-qr.md): code I is a link of the seller's NIP, the date of issue as DD-MM-YYYY and
the SHA-256 of the structured invoice in Base64URL without padding, as a QR code (ISO/IEC 18004).
Below it stands the invoice's number in KSeF, or OFFLINE where it has none yet.
"""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import date
from typing import Final

import msgspec
import segno

PRODUCTION: Final = "https://qr.ksef.mf.gov.pl"
_OFFLINE: Final = "OFFLINE"


class Verification(msgspec.Struct, frozen=True):
    """The code as a picture, what stands below it, and the link that it is of."""

    picture: str  # SVG
    label: str
    link: str


def verification(nip: str, issued_on: date, structured: bytes, ksef_number: str = "",
                 base: str = PRODUCTION) -> Verification:
    """Code I of an invoice. nip: the seller's, ten digits; structured: the FA(3) XML as it is sent,
    byte by byte."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(structured).digest()).rstrip(b"=").decode()
    link = f"{base}/invoice/{nip}/{issued_on:%d-%m-%Y}/{digest}"
    sink = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        sink, kind="svg", border=4, xmldecl=False, svgns=True, nl=False)
    return Verification(sink.getvalue().decode(), ksef_number or _OFFLINE, link)
