"""The catalogue of a terminal: what the host signed, and when a terminal may believe it. PURE.

Content is JSON, signed as the bytes it came as: ECDSA P-256 with SHA-256, r and s of 32 bytes
each. A catalogue is taken when it is signed by a key that the terminal was set up with, is for this
terminal, is newer than the one here, fits on it (a difference names its base), and is in its time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from terminals.edge.offline import Floor, Listed

FORMAT: Final = 1
CLOCK_SLACK: Final = timedelta(minutes=2)  # two clocks never agree
_HALF: Final = 32
_T = TypeVar("_T")


class Refused(Exception):
    """A catalogue that is not taken. reason: one word, as the heartbeat tells it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason


class Envelope(msgspec.Struct, frozen=True):
    """A catalogue as it comes. content: the signed bytes."""

    key: int
    content: bytes
    signature: bytes


class Product(msgspec.Struct, frozen=True):
    """A product; code: the one that this terminal's profile knows it by."""

    name: str
    unit: str
    fuel: bool = False
    groups: tuple[str, ...] = ()
    code: str = ""


class Price(msgspec.Struct, frozen=True):
    """What a fleet pays for a product here; unit_price: Decimal's text, VAT included."""

    unit_price: str
    contract: str
    version: int
    begins: datetime = msgspec.field(name="from")
    ends: datetime | None = msgspec.field(name="until", default=None)

    def at(self, now: datetime) -> bool:
        """Whether it holds at this instant."""
        return self.begins <= now and (self.ends is None or now < self.ends)


class Section(msgspec.Struct, Generic[_T], frozen=True):
    """What is new or changed, by key, and what is gone."""

    put: dict[str, _T] = {}
    drop: tuple[str, ...] = ()


class Permission(msgspec.Struct, frozen=True):
    """The administrator's word for this terminal."""

    permitted: bool = False


class ReceiptLines(msgspec.Struct, frozen=True):
    """What stands at a receipt's end."""

    lines: tuple[str, ...] = ()


class Sections(msgspec.Struct, frozen=True):
    """All of it. rules hold values of their own types: see RULES."""

    products: Section[Product] = Section()
    prices: Section[Price] = Section()
    cards: Section[Listed] = Section()
    blocklist: Section[str] = Section()
    rules: Section[msgspec.Raw] = Section()


RULES: Final[dict[str, type]] = {"offline": Permission, "floor": Floor, "receipt": ReceiptLines}


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """base 0: everything is in it; else what changed since exactly that version."""

    format: int
    terminal_id: str
    site_id: str
    version: int
    base: int
    issued_at: datetime
    valid_until: datetime
    currency: str
    sections: Sections


def opened(envelope: Envelope, keys: dict[int, bytes]) -> Content:
    """The content, its signature proved. Refused: key, signature, malformed or format.

    keys: the issuer's points, 65 bytes, by number.
    """
    point = keys.get(envelope.key)
    if point is None:
        raise Refused("key", f"number {envelope.key}")
    if not _is_signed(point, envelope):
        raise Refused("signature")
    try:
        content = msgspec.json.decode(envelope.content, type=Content)
        for name, value in content.sections.rules.put.items():
            msgspec.json.decode(value, type=RULES.get(name, object))
    except msgspec.DecodeError as error:
        raise Refused("malformed", str(error)) from None
    if content.format != FORMAT:
        raise Refused("format", str(content.format))
    if content.issued_at.tzinfo is None or content.valid_until.tzinfo is None:
        raise Refused("malformed", "an instant without a zone")
    return content


def demand(content: Content, terminal_id: str, have: int, now: datetime) -> None:
    """Nothing speaks against taking it, or Refused: terminal, version, base, expired, future."""
    found = (
        ("terminal", content.terminal_id != terminal_id),
        ("version", content.version <= have),
        ("base", content.base not in (0, have)),
        ("expired", content.valid_until <= now),
        ("future", content.issued_at > now + CLOCK_SLACK),
    )
    for reason, holds in found:
        if holds:
            raise Refused(reason, f"version {content.version}, have {have}")


def _is_signed(point: bytes, envelope: Envelope) -> bool:
    if len(envelope.signature) != 2 * _HALF:
        return False
    r, s = (int.from_bytes(part, "big") for part in (envelope.signature[:_HALF],
                                                     envelope.signature[_HALF:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    try:
        key.verify(encode_dss_signature(r, s), envelope.content, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
