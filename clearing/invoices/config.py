"""What the operator is as a seller, and how its invoices are numbered.

PURE. A run stores the settings that it used.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_VAT_ID: Final = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,13}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SERIES: Final = re.compile(r"[A-Z][0-9A-Z]{0,7}")


class Invoicing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seller's tax data and addresses; name, postal address and account are the debtor's.

    Without a VAT id (BT-31) or tax number (BT-32) no invoice is made: the lines wait. series: a
    letter before the year, `F2026-000001`. vat_currency: ISO 4217; an invoice in another one tells
    its VAT in this one too (BT-6, BT-111). KSeF wants zlotys whatever stands here.
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
    vat_currency: str = ""


def vat_id_defect(vat_id: str) -> str:
    """What is wrong with a VAT id, in words, or ''."""
    return "" if not vat_id or _VAT_ID.fullmatch(vat_id) \
        else f"vat_id {vat_id!r} is no country and number"


def invoicing_defect(settings: Invoicing) -> str:
    """What is wrong with them, in words, or ''."""
    if defect := vat_id_defect(settings.vat_id):
        return defect
    if settings.vat_currency and not _CURRENCY.fullmatch(settings.vat_currency):
        return f"vat_currency {settings.vat_currency!r} is no currency"
    if bool(settings.endpoint_id) != bool(settings.endpoint_scheme):
        return "endpoint_id and endpoint_scheme belong together"
    for series in (settings.series, settings.credit_series):
        if not _SERIES.fullmatch(series):
            return f"series {series!r} is not a letter with up to seven letters or digits"
    return "series and credit_series are one" if settings.series == settings.credit_series else ""
