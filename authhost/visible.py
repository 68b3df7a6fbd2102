"""Is a text what is seen of it: no controls, no line ends, nothing invisible. PURE.

What a payer signs is what the phone shows. Signs that Unicode calls not printable are refused
(general categories C and Z, but for the space), and those below, which it calls letters and marks.
"""

from __future__ import annotations

from typing import Final

# Default_Ignorable_Code_Point (Unicode 16, DerivedCoreProperties.txt): shown as nothing at all.
_IGNORABLE: Final = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF))
# Shown as a space by those who have them: Braille's empty pattern, the head of no note.
_BLANK: Final = (0x2800, 0x1D159)
_UNSEEN: Final = frozenset(
    chr(sign) for first, last in _IGNORABLE for sign in range(first, last + 1)) | frozenset(
    map(chr, _BLANK))


def unseen(text: str) -> str:
    """Which character of a text cannot be shown, or ''."""
    if text.isascii() and text.isprintable():
        return ""
    for at, sign in enumerate(text, 1):
        if sign in _UNSEEN or not sign.isprintable():
            return f"character {at} (U+{ord(sign):04X}) cannot be shown"
    return ""
