"""How tills and phones write amounts, and tills read them.

PURE. Nothing is rounded: what does not fit is refused.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

# ISO 4217: all others have two.
_DECIMALS: Final = {"ISK": 0, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3}
_MOST_MINOR: Final = 10**12


def minor_of(text: str, currency: str) -> int:
    """Minor units of an amount like 12.50 or 12,50. ValueError."""
    try:
        minor = Decimal(text.strip().replace(",", ".")).scaleb(_DECIMALS.get(currency, 2))
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is no amount") from None
    if not minor.is_finite() or minor != int(minor) or not 1 <= minor <= _MOST_MINOR:
        raise ValueError(f"{text[:40]!r} is no amount in {currency}")
    return int(minor)


def amount(minor: int, currency: str) -> str:
    """12.50 EUR."""
    decimals = _DECIMALS.get(currency, 2)
    return f"{Decimal(minor).scaleb(-decimals):.{decimals}f} {currency}"
