"""Signatures of webhooks as the Standard Webhooks specification (1.0) has them.

PURE. What is signed is `id.timestamp.body`; each key in force makes one signature, so that a
merchant who has the old or the new one verifies.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"


def secret_text(secret: bytes) -> str:
    """A key as a merchant is told it."""
    return PREFIX + base64.b64encode(secret).decode()


def signatures(secrets: Sequence[bytes], webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """The header Webhook-Signature: `v1,` and base64 of an HMAC-SHA256 a key, spaces between.

    timestamp_s: seconds since 1970 UTC by the machine's clock, of this try.
    """
    assert "." not in webhook_id, "a dot would let two contents be signed alike"
    signed = f"{webhook_id}.{timestamp_s}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
                    for secret in secrets)
