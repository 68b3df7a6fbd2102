"""An advice that is set aside, as it is kept: all of it that may be kept, so that it can be posted.

PURE. A card is its keyed hash and its mask; evidence is left out, and that it was there is flagged.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost.model import Request

UNCHECKED: Final = "cryptogram_unchecked"


class Kept(msgspec.Struct, frozen=True):
    """What was said, and why it was set aside. Bytes are base64, decimals text."""

    why: str
    request: Request


def content_of(request: Request, why: str) -> str:
    """A request as it is parked, JSON: all of it but the evidence. NUL becomes U+FFFD."""
    flags = request.flags
    if request.evidence is not None and UNCHECKED not in flags:
        flags = (*flags, UNCHECKED)
    kept = Kept(why, msgspec.structs.replace(request, evidence=None, flags=flags))
    return msgspec.json.encode(kept).decode().replace("\\u0000", "\\ufffd")


def request_of(content: str) -> Request | None:
    """The request that was parked; None where something else was kept."""
    try:
        return msgspec.json.decode(content, type=Kept).request
    except msgspec.MsgspecError:
        return None
