"""The verification code of KSeF, read by another implementation than the one that draws it."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from datetime import date, datetime

import pypdfium2
import pytest
import zxingcpp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from clearing.documents.invoice_page import invoice_sheet
from clearing.documents.ksef_code import Signer, verification
from clearing.documents.settings import Documents
from clearing.documents.typesetting import typeset
from clearing.errors import ClearingError
from tests.unit.documents.samples import invoice

XML = "<Faktura>zażółć</Faktura>".encode()


def test_the_link_has_the_seller_the_day_and_the_hash() -> None:
    made = verification("5265877635", date(2026, 2, 1), XML)
    head, _, digest = made.link.rpartition("/")
    assert head == "https://qr.ksef.mf.gov.pl/invoice/5265877635/01-02-2026"
    assert urlsafe_b64decode(digest + "=") == hashlib.sha256(XML).digest()
    assert len(digest) == 43
    assert made.label == "OFFLINE"
    assert verification("1", date(2026, 2, 1), XML, "5265877635-20260201-X").label.startswith("526")


BAG = b"""Bag Attributes
    friendlyName: offline
subject=CN=Seller
issuer=CN=Seller
"""


def pair() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.derive_private_key(7, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Seller")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 0x1F2, *(
            datetime(year, 1, 1) for year in (2026, 2028)))  # noqa: DTZ001  # it takes UTC so
    return made.sign(key, hashes.SHA256()), key


@pytest.mark.parametrize("before", [b"", BAG])
def test_a_certificate_is_read_from_pem_whatever_stands_before_it(before: bytes) -> None:
    certificate, key = pair()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer = Signer.read(before + certificate.public_bytes(Encoding.PEM), before + private)
    assert signer.number == "01F2"


def test_a_certificate_is_read_from_der() -> None:
    certificate, key = pair()
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert Signer.read(certificate.public_bytes(Encoding.DER), private).number == "01F2"
    with pytest.raises(ClearingError, match="cannot be read"):
        Signer.read(b"-----", private)


def test_the_code_on_the_page_leads_there() -> None:
    made = verification("5265877635", date(2026, 2, 1), XML)
    sheet = invoice_sheet(invoice(country="PL"), Documents(), codes=[made])
    document = pypdfium2.PdfDocument(typeset(sheet))
    picture = document[0].render(scale=4).to_pil().convert("L")
    [found] = zxingcpp.read_barcodes(picture)
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert found.text == made.link
    assert "OFFLINE" in text
    assert "Sprawdź fakturę w KSeF" in text
