"""ISO 4217: the currencies this host takes, as data.

PURE. Numeric codes as field 49 carries them; exponents are the decimals of the minor unit.
"""

from __future__ import annotations

from typing import Final

# numeric, alphabetic, exponent
_TABLE: Final = (
    ("008", "ALL", 2), ("036", "AUD", 2), ("124", "CAD", 2), ("156", "CNY", 2), ("203", "CZK", 2),
    ("208", "DKK", 2), ("348", "HUF", 2), ("352", "ISK", 0), ("356", "INR", 2), ("376", "ILS", 2),
    ("392", "JPY", 0), ("398", "KZT", 2), ("410", "KRW", 0), ("414", "KWD", 3), ("498", "MDL", 2),
    ("504", "MAD", 2), ("554", "NZD", 2), ("578", "NOK", 2), ("643", "RUB", 2), ("682", "SAR", 2),
    ("702", "SGD", 2), ("710", "ZAR", 2), ("752", "SEK", 2), ("756", "CHF", 2), ("784", "AED", 2),
    ("788", "TND", 3), ("807", "MKD", 2), ("826", "GBP", 2), ("840", "USD", 2), ("860", "UZS", 2),
    ("933", "BYN", 2), ("941", "RSD", 2), ("944", "AZN", 2), ("946", "RON", 2), ("949", "TRY", 2),
    ("975", "BGN", 2), ("977", "BAM", 2), ("978", "EUR", 2), ("980", "UAH", 2), ("981", "GEL", 2),
    ("985", "PLN", 2), ("986", "BRL", 2),
)

ALPHABETIC: Final[dict[str, str]] = {numeric: alpha for numeric, alpha, _ in _TABLE}
NUMERIC: Final[dict[str, str]] = {alpha: numeric for numeric, alpha, _ in _TABLE}
EXPONENT: Final[dict[str, int]] = {alpha: exponent for _, alpha, exponent in _TABLE}
