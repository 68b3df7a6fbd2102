"""Points of small order of edwards25519 as keys (RFC 8032, 5.1): anybody signs with them.

The list is held to the curve's equation by a test: doubled three times, each is the neutral one.
"""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.phones import csr

FIELD = 2**255 - 19
_D = -121_665 * pow(121_666, -1, FIELD) % FIELD
_Y_8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7  # of order 8
# The first five as they are written; 0 and 1 with the field added, which no encoder makes.
_ALL = (1, 0, FIELD - 1, _Y_8, FIELD - _Y_8, FIELD, FIELD + 1)
POINTS = [(y + sign).to_bytes(32, "little") for sign in (0, 1 << 255) for y in _ALL]
# R the neutral element, S nothing: S*B = R + h*A wherever A is the neutral element too.
ANY_TEXT = (1).to_bytes(32, "little") + bytes(32)


def doubled(y: int) -> int:
    """The y of twice a point of -x^2 + y^2 = 1 + d*x^2*y^2, which follows from its y alone."""
    x2 = (y * y - 1) * pow(_D * y * y + 1, -1, FIELD)
    return (y * y + x2) * pow(1 - _D * x2 * y * y, -1, FIELD) % FIELD


def request_of_point(point: bytes, number: str) -> str:
    """A certificate request, PEM, whose key is this point, under the signature over every text."""
    key = ed25519.Ed25519PrivateKey.generate()
    der = csr(key, number, hashed=False).public_bytes(Encoding.DER)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    forged = der.replace(raw, point)[:-len(ANY_TEXT)] + ANY_TEXT
    text = base64.encodebytes(forged).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"
