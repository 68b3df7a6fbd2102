"""The key of receipts: derived by the HSM, in memory alone, the same at every host and start.

A receipt is verifiable as long as this key is: it is never replaced, only kept.
"""

from __future__ import annotations

from typing import Final

from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys

_USAGE: Final = "M7"  # HMAC (ANSI X9.143)
_LABEL: Final = b"authhost receipt key"


async def receipt_key(hsm: Hsm, keys: HsmKeys) -> bytes:
    """32 bytes. HsmUnavailable; HsmRefused where the stored key is not this HSM's."""
    stored = await keys.ensure(hsm, "receipt", _USAGE, "H", "G")
    return await hsm.hmac(stored.block, _LABEL)
