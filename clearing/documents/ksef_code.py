"""The verification codes of an invoice in KSeF, the Polish system of structured invoices.

PURE but for reading a certificate and its key. Source: the Ministry of Finance's description of
KSeF 2.0, "Kody weryfikujące QR" (CIRFMF/ksef-docs, kody-qr.md). Code I is a link of the seller's
NIP, the date of issue as DD-MM-YYYY and the SHA-256 of the structured invoice in Base64URL without
padding, as a QR code (ISO/IEC 18004); below it stands the invoice's number in KSeF, or OFFLINE
where it has none yet. Then there is code II too: a link that the seller's offline certificate has
signed, with ECDSA on P-256 and SHA-256, r and s after one another (IEEE P1363), without a random
number (RFC 6979), so that the same invoice has the same code.
"""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import date
from typing import Final

import msgspec
import segno
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)

from clearing.errors import ClearingError

PRODUCTION: Final = "https://qr.ksef.mf.gov.pl"
_OFFLINE, _CERTIFICATE = "OFFLINE", "CERTYFIKAT"
_CURVE: Final = "secp256r1"
_SIZE: Final = 32  # bytes of r and of s


class Verification(msgspec.Struct, frozen=True):
    """The code as a picture, what stands below it, and the link that it is of."""

    picture: str  # SVG
    label: str
    link: str
    word: str = "verify"  # by which the page's language calls it


class Signer(msgspec.Struct, frozen=True):
    """The seller's offline certificate. number: its serial number, hexadecimal."""

    number: str
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def read(cls, certificate: bytes, key: bytes, password: bytes | None = None) -> Signer:
        """From PEM, or DER. ClearingError: it is none, of another curve, or not the certificate's.
        """
        try:
            found = _certificate(certificate)
            load = load_pem_private_key if b"-----" in key else load_der_private_key
            private = load(key, password)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ClearingError(f"the KSeF certificate or its key cannot be read: {error}") \
                from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != _CURVE:
            raise ClearingError("the KSeF certificate's key is not of the curve P-256: a signature "
                                "by any other would be another one each time")
        if private.public_key() != found.public_key():
            raise ClearingError("the key is not that of the KSeF certificate")
        number = f"{found.serial_number:X}"
        return cls(number.zfill(len(number) + len(number) % 2), private)

    def sign(self, text: str) -> str:
        """r and s, each 32 bytes, in Base64URL."""
        r, s = decode_dss_signature(self.key.sign(
            text.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return _base64url(r.to_bytes(_SIZE, "big") + s.to_bytes(_SIZE, "big"))


def _certificate(content: bytes) -> x509.Certificate:
    if b"-----" in content:  # whatever stands before it, as OpenSSL's Bag Attributes
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def verification(nip: str, issued_on: date, structured: bytes, ksef_number: str = "",
                 base: str = PRODUCTION) -> Verification:
    """Code I of an invoice. nip: the seller's, ten digits; structured: the FA(3) XML as it is sent,
    byte by byte."""
    link = f"{base}/invoice/{nip}/{issued_on:%d-%m-%Y}/{_hash(structured)}"
    return Verification(_picture(link), ksef_number or _OFFLINE, link)


def certified(nip: str, structured: bytes, signer: Signer, base: str = PRODUCTION) -> Verification:
    """Code II of an invoice that the seller issues in his own name."""
    link = f"{base}/certificate/Nip/{nip}/{nip}/{signer.number}/{_hash(structured)}"
    link = f"{link}/{signer.sign(link.removeprefix('https://'))}"
    return Verification(_picture(link), _CERTIFICATE, link, "verify_seller")


def _hash(structured: bytes) -> str:
    return _base64url(hashlib.sha256(structured).digest())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _picture(link: str) -> str:
    sink = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        sink, kind="svg", border=4, xmldecl=False, svgns=True, nl=False)
    return sink.getvalue().decode()
