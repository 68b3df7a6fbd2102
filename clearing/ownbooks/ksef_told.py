"""Which fee invoices Poland's KSeF is told, the VAT that they tell in another currency, what waits.

PURE but for the rates that it is handed. A service of a Polish seller is invoiced by Polish law
wherever its buyer is (article 106a of the Polish act on VAT); who wants the form gets it. What it
looks like is clearing.invoices.ksef's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from clearing.invoices import ksef
from clearing.invoices.document import STANDARD
from clearing.invoices.rates import Rates
from clearing.invoices.supply import POLAND, forms_of
from clearing.invoices.vat_told import Rate
from clearing.ownbooks.fee_parts import Part
from clearing.ownbooks.papers import Account


class Telling(msgspec.Struct, frozen=True):
    """The forms that a party's invoices have, the rate that VAT is told in another currency by, and
    why they wait, or ''."""

    forms: tuple[str, ...]
    told: Rate | None = None
    defect: str = ""


def is_polish(seller: Account) -> bool:
    """Whether its fee invoices are KSeF's, if their buyers want that form."""
    return seller.country == POLAND


def telling(parts: Sequence[Part], forms: Iterable[str], seller: Account, currency: str,
            vat_currency: str, rates: Rates, issued_on: date) -> Telling:
    """How the papers of a party and currency are told. vat_currency: that of the operator's tax
    office, '' for the papers' own; KSeF's is the zloty. The rate is the last that was published
    before the issue (article 31a(2) of the Polish act on VAT)."""
    had = forms_of(forms, to_ksef=is_polish(seller))
    if not had:
        return Telling(had, defect="form_missing")
    charged = {rate for part in parts for rate in _charged(part)}
    other = vat_currency
    if "ksef" in had:
        other, defect = ksef.CURRENCY, ksef.defect(seller.party, charged, corrects_nothing=False)
        if not defect and any(not part.buyer.party.vat_id for part in parts if _charged(part)):
            defect = "vat_id_missing"
        if defect:
            return Telling(had, defect=defect)
    if not charged or other in {"", currency}:
        return Telling(had)
    told = rates.before(currency, other, issued_on)
    return Telling(had, told, "" if told is not None else "exchange_rate_missing")


def told_of(part: Part, asked: Telling) -> Rate | None:
    """What tells a part's VAT in another currency; None where it has none."""
    return asked.told if _charged(part) else None


def _charged(part: Part) -> set[int]:
    """The rates of VAT, in basis points, that a part is charged."""
    return {item.treatment.rate_basis_points for item in part.items
            if item.treatment.category == STANDARD}
