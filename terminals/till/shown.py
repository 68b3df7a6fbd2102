"""Codes as a till shows and reads them: on a screen of characters, and from a picture.

Knows images; must not know payments. Reading needs the extra `till` (zxing-cpp).
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import segno

_QUIET: Final = 2  # modules around, on a screen that is dark anyway
_MOST_BYTES: Final = 20 * 1024 * 1024  # of a picture


class Unreadable(Exception):
    """The picture has no code that can be read, or nothing here can read it."""


def symbol(content: bytes) -> segno.QRCode:
    """The code of bytes, with error correction level M, as payment codes have it."""
    return segno.make_qr(content, error="m", mode="byte", boost_error=False)


def on_screen(content: bytes) -> str:
    """A code in half blocks: one character is two modules, one above the other."""
    out = io.StringIO()
    symbol(content).terminal(out, border=_QUIET, compact=True)
    return out.getvalue()


def in_picture(path: Path) -> bytes:
    """What the code in a picture says (PNG, JPEG). Unreadable, OSError."""
    try:
        # An extra: most tills show codes, and few read them.
        import zxingcpp  # noqa: PLC0415
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415
    except ImportError:
        raise Unreadable("reading needs zxing-cpp and Pillow: pip install authhost[till]") from None
    if path.stat().st_size > _MOST_BYTES:
        raise Unreadable(f"{path} has more than {_MOST_BYTES} bytes")
    try:
        with Image.open(path) as image:
            found = zxingcpp.read_barcode(image.convert("L"))
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise Unreadable(f"{path}: {error}") from None
    if found is None:
        raise Unreadable(f"{path} shows no code")
    return found.bytes
