"""Units of sale as invoices say them.

PURE. Source: UN/ECE recommendation 20; the codes on the left are authhost.pricing.units'.
"""

from __future__ import annotations

from typing import Final

PIECE: Final = "C62"
_CODES: Final = {
    "L": "LTR", "m3": "MTQ", "hl": "HLT", "G": "GLL", "gal_us": "GLL", "I": "GLI", "gal_uk": "GLI",
    "Q": "QT", "Z": "OZA", "K": "KGM", "kg": "KGM", "t": "TNE", "P": "LBR", "lb": "LBR",
    "6": "KWH", "W": "KWH", "kWh": "KWH", "MWh": "MWH", "7": "MIN", "min": "MIN", "8": "HUR",
    "h": "HUR"}


def unit_code(unit: str) -> str:
    """`LTR` of `L`; a piece where it is no measure."""
    return _CODES.get(unit, PIECE)
