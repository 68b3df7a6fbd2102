"""Who sends: the header Authorization of RFC 8292, a token (RFC 7519, ES256) a push service.

Knows the key; the time is handed in.
"""

from __future__ import annotations

import base64
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from authhost.bounded import Bounded
from authhost.push import bounds
from authhost.push.key import public_text

_HEADER: Final = b'{"typ":"JWT","alg":"ES256"}'
_NUMBER: Final = 32  # bytes of each half of a signature (RFC 7518, 3.4)


class Vapid:
    """subject: who may be asked about our messages, `mailto:...` or `https://...`."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str) -> None:
        assert subject.startswith(("mailto:", "https://")), "RFC 8292, 2.1"
        self._key = key
        self._subject = subject
        self.public = public_text(key)
        self._tokens: Bounded[str, tuple[int, str]] = Bounded(bounds.SERVICES)

    def authorization(self, origin: str, now_s: int) -> str:
        """For a push service. now_s: seconds since 1970 UTC by the machine's clock; a token is
        kept while it has an hour left."""
        ends_s, token = self._tokens.get(origin, (0, ""))
        if not now_s + bounds.TOKEN_LEFT_S < ends_s <= now_s + bounds.TOKEN_S:
            ends_s = now_s + bounds.TOKEN_S
            token = self._token(origin, ends_s)
            self._tokens.put(origin, (ends_s, token))
        return f"vapid t={token}, k={self.public}"

    def _token(self, origin: str, ends_s: int) -> str:
        claims = msgspec.json.encode({"aud": origin, "exp": ends_s, "sub": self._subject})
        signed = _text(_HEADER) + b"." + _text(claims)
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(_NUMBER, "big") + s.to_bytes(_NUMBER, "big")
        return (signed + b"." + _text(signature)).decode()


def _text(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
