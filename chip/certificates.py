"""Card-verifiable certificates: what an issuer says of a card's or a terminal's public key.

PURE. The layout is that of docs/chip-card.md, "Certificates" (tags of ISO 7816-8 and BSI TR-03110).
Parsing is strict: one order, nothing more, nothing less.
"""

from __future__ import annotations

from datetime import date
from enum import IntEnum
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from chip import bcd, curve, tlv

PROFILE: Final = b"\x01"
TAG: Final = 0x7F21
_BODY: Final = 0x7F4E
_SIGNATURE: Final = 0x5F37
_PUBLIC: Final = 0x7F49
_POINT: Final = 0x86
_BODY_TAGS: Final = (0x5F29, 0x42, 0x5F4C, 0x5F20, _PUBLIC, 0x5F25, 0x5F24)
HOLDER: Final = 8


class Role(IntEnum):
    """What the holder is."""

    CARD = 1
    TERMINAL = 2


class CertificateError(Exception):
    """Not to be believed. reason: format, issuer, signature, role or date."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(f"{reason}: {what}")
        self.reason = reason


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate. holder: a serial of 8 bytes, or a terminal's id, ASCII with spaces to 8."""

    issuer_key: int  # number of the key that signs, 0..65535
    role: Role
    holder: bytes
    public_key: bytes  # point, 65 bytes
    valid_from: date
    valid_until: date  # this day is still good
    signature: bytes = b""  # r ‖ s

    @property
    def body(self) -> bytes:
        """What is signed: the whole object 7F4E."""
        return tlv.encode(_BODY, tlv.join(zip(_BODY_TAGS, (
            PROFILE, self.issuer_key.to_bytes(2, "big"), bytes([self.role]), self.holder,
            tlv.encode(_POINT, self.public_key), bcd.pack_date(self.valid_from),
            bcd.pack_date(self.valid_until)), strict=True)))

    def signed(self, issuer: ec.EllipticCurvePrivateKey) -> Certificate:
        """The same with the issuer's signature."""
        return msgspec.structs.replace(self, signature=curve.sign(issuer, self.body))

    def encode(self) -> bytes:
        """The object 7F21."""
        return tlv.encode(TAG, self.body + tlv.encode(_SIGNATURE, self.signature))

    @staticmethod
    def parse(raw: bytes) -> Certificate:
        """CertificateError('format') for anything that `encode` would not make."""
        try:
            body, signature = tlv.exactly(tlv.only(raw, TAG), (_BODY, _SIGNATURE))
            profile, issuer, role, holder, public, first, last = tlv.exactly(body, _BODY_TAGS)
            certificate = Certificate(
                issuer_key=int.from_bytes(issuer, "big"), role=Role(int.from_bytes(role, "big")),
                holder=holder, public_key=tlv.only(public, _POINT),
                valid_from=bcd.unpack_date(first), valid_until=bcd.unpack_date(last),
                signature=signature)
        except ValueError as error:
            raise CertificateError("format", str(error)) from None
        if profile != PROFILE or len(issuer) != 2 or len(holder) != HOLDER \
                or len(signature) != curve.SIGNATURE or certificate.encode() != raw:
            raise CertificateError("format", "an element has another length or coding")
        return certificate

    def check(self, issuer_keys: dict[int, bytes], role: Role, today: date) -> None:
        """Whether to believe it. CertificateError says why not.

        issuer_keys: points by their numbers. The first day is not asked: clocks of stations and
        the card's own date may be behind.
        """
        key = issuer_keys.get(self.issuer_key)
        if key is None:
            raise CertificateError("issuer", f"issuer key {self.issuer_key} is not known here")
        if not curve.verify(key, self.body, self.signature):
            raise CertificateError("signature", f"not signed by issuer key {self.issuer_key}")
        if self.role is not role:
            raise CertificateError("role", f"it is a {self.role.name.lower()}'s")
        if not curve.is_point(self.public_key):
            raise CertificateError("format", "its key is no point of P-256")
        if self.valid_until < today:
            raise CertificateError("date", f"good until {self.valid_until}")
