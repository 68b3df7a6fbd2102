"""What the operator is as a seller, and how its invoices are numbered.

PURE. A run stores the settings that it used.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_VAT_ID: Final = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,13}")
_SERIES: Final = re.compile(r"[A-Z][0-9A-Z]{0,7}")


class Invoicing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seller's tax data and addresses; name, postal address and account are the debtor's.

    Without a VAT id (BT-31) or tax number (BT-32) no invoice is made: the lines wait. series: a
    letter before the year, `F2026-000001`.
    """

    vat_id: str = ""
    tax_number: str = ""
    company_id: str = ""
    company_scheme: str = ""
    endpoint_id: str = ""
    endpoint_scheme: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    series: str = "F"
    credit_series: str = "G"


def invoicing_defect(settings: Invoicing) -> str:
    """What is wrong with them, in words, or ''."""
    if settings.vat_id and not _VAT_ID.fullmatch(settings.vat_id):
        return f"vat_id {settings.vat_id!r} is no country and number"
    if bool(settings.endpoint_id) != bool(settings.endpoint_scheme):
        return "endpoint_id and endpoint_scheme belong together"
    for series in (settings.series, settings.credit_series):
        if not _SERIES.fullmatch(series):
            return f"series {series!r} is not a letter with up to seven letters or digits"
    return "series and credit_series are one" if settings.series == settings.credit_series else ""
