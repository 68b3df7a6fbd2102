"""What the operator decides of the parties' own books.

PURE. A run stores the settings that it used. Who the operator is as a seller is
clearing.invoices.config's.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_SERIES: Final = re.compile(r"[A-Z][0-9A-Z]{0,7}")


class OwnBooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Series of numbers, a year follows: `FEE2026-000001`."""

    fee_series: str = "FEE"
    self_billed_series: str = "SB"


def own_books_defect(settings: OwnBooks) -> str:
    """What is wrong with them, in words, or ''."""
    for series in (settings.fee_series, settings.self_billed_series):
        if not _SERIES.fullmatch(series):
            return f"series {series!r} is not a letter with up to seven letters or digits"
    return "fee_series and self_billed_series are one" \
        if settings.fee_series == settings.self_billed_series else ""
