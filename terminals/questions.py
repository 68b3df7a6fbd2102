"""What people type, made into values. PURE.

Knows how they write numbers; knows no screen.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation


def minor_of(text: str) -> int:
    """Minor units of an amount like 41.35 or 41,35. ValueError."""
    return int((decimal_of(text) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def decimal_of(text: str) -> Decimal:
    """A number that is not below 0, with a point or a comma. ValueError."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not value.is_finite() or value < 0:
        raise ValueError(f"{text!r} is no amount")
    return value
