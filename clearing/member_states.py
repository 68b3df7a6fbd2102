"""Which countries share the Union's rules of VAT, and where a VAT number says that somebody is.

PURE. Source: Directive 2006/112/EC, articles 5 and 215 (the prefix is ISO 3166, Greece's is EL).
"""

from __future__ import annotations

from typing import Final

MEMBERS: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"})
_BY_PREFIX: Final = {"EL": "GR"}


def country_of(vat_id: str, country: str) -> str:
    """Where a business is established: by its VAT number, else by its address."""
    prefix = vat_id[:2]
    return _BY_PREFIX.get(prefix, prefix) or country
