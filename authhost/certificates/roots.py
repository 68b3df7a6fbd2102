"""Whose word is enough: the authorities of payers' phones, and those of everybody else.

Knows files of certificates and keys of authorities. An authority of phones that is not ours may
make payers, and nobody else: neither a terminal, nor a merchant's user, nor an office. Ours makes
devices too, each with a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authhost.certificates.authority import Authority
from authhost.settings import Settings, SettingsError


def payers_roots(settings: Settings, authority: Authority | None) -> Sequence[x509.Certificate]:
    """Whom payers' phones are believed by: the named files, else the host's own authority."""
    if not settings.payer_ca:
        return [] if authority is None else [authority.certificate]
    return [root for path in settings.payer_ca for root in _read(path, "--payer-ca")]


def vouchers(settings: Settings, authority: Authority | None) -> Sequence[x509.Certificate] | None:
    """Whose certificates are believed without a row: those of --tls-ca that are no phones'
    authority. None: all that TLS believes, where no other authority than ours makes phones."""
    ours = set() if authority is None else {_key_of(authority.certificate)}
    phones = {_key_of(root) for root in payers_roots(settings, authority)}
    if settings.tls is None or phones <= ours:
        return None
    return [root for root in _read(settings.tls.ca, "--tls-ca") if _key_of(root) not in phones]


def _read(path: Path, option: str) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{option} {path}: {error}") from None


def _key_of(certificate: x509.Certificate) -> bytes:
    """Its key, for an authority may have its certificate made anew."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
