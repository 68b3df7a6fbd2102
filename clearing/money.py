"""Minor units: the one division, and how an amount is written.

PURE. Money is an integer in minor units of an ISO 4217 currency; there is no float in this room.
"""

from __future__ import annotations

from typing import Final

# ISO 4217, the currencies whose minor unit is not a hundredth.
_EXPONENTS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX",
                     "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def divide_half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded half away from zero, so that a credit mirrors its debit to the cent.

    Python floors, SQL engines truncate: only this function divides money. `denominator` > 0.
    """
    assert denominator > 0
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def vat_included(gross_minor: int, rate_basis_points: int) -> int:
    """The VAT that a gross amount contains, at a rate in basis points (20 % = 2000)."""
    return divide_half_up(gross_minor * rate_basis_points, 10_000 + rate_basis_points)


def plain(amount_minor: int, currency: str) -> str:
    """`-1234.56`: as XML and CSV want it."""
    decimals = exponent(currency)
    digits = str(abs(amount_minor)).rjust(decimals + 1, "0")
    sign = "-" if amount_minor < 0 else ""
    if decimals == 0:
        return sign + digits
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def readable(amount_minor: int, currency: str) -> str:
    """`-1 234.56 EUR`, with spaces that do not break: as a page wants it."""
    whole, point, cents = plain(abs(amount_minor), currency).partition(".")
    grouped = f"{int(whole):,}".replace(",", "\u00a0")
    sign = "\u2212" if amount_minor < 0 else ""
    return f"{sign}{grouped}{point}{cents}\u00a0{currency}"
