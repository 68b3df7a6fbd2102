"""A QR code of bytes, as PNG and SVG.

PURE: bytes in, bytes out. Source: ISO/IEC 18004; payment codes have error correction level M and
version 13 at most, and are in byte mode without a marker of their character set.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

import segno

from authhost.qr.errors import QrError

MOST_VERSION: Final = 13
SCALE: Final = 6  # pixels of a module
QUIET: Final = 4  # modules of white around, by the standard
Draw = Callable[[bytes], bytes]


def symbol(content: bytes) -> segno.QRCode:
    """The code. QrError: it does not fit."""
    try:
        code = segno.make_qr(content, error="m", mode="byte", boost_error=False)
    except segno.DataOverflowError:
        raise QrError("code", f"{len(content)} bytes are too many for any QR code") from None
    if int(code.version) > MOST_VERSION:
        raise QrError("code", f"{len(content)} bytes need version {code.version}, "
                              f"{MOST_VERSION} is the most")
    return code


def png(content: bytes) -> bytes:
    """As PNG, black on white."""
    out = io.BytesIO()
    symbol(content).save(out, kind="png", scale=SCALE, border=QUIET)
    return out.getvalue()


def svg(content: bytes) -> bytes:
    """As SVG, black on white: a page that is dark must not make it unreadable."""
    out = io.BytesIO()
    symbol(content).save(out, kind="svg", scale=SCALE, border=QUIET, light="white")
    return out.getvalue()
