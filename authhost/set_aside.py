"""An advice that is set aside, as it is kept: all of it that may be kept, so that it can be posted.

PURE. A card is its keyed hash and its mask; evidence is left out.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost.model import Request

_CONTENT: Final = "request"


def content_of(request: Request, why: str) -> str:
    """A request as it is parked, JSON: all of it but the evidence. NUL becomes U+FFFD."""
    kept = msgspec.structs.replace(request, evidence=None)
    # msgspec writes bytes in base64 and decimals as text, and reads both back.
    return msgspec.json.encode({"why": why, _CONTENT: kept}).decode().replace("\\u0000", "\\ufffd")


def request_of(content: str) -> Request | None:
    """The request that was parked; None where something else was kept."""
    try:
        kept = msgspec.json.decode(content)
        return msgspec.convert(kept[_CONTENT], Request, strict=False)
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return None
