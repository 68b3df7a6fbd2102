"""Which papers ask for a party's fees of a period: one as a rule, more where VAT wants it.

PURE. A fee that a night has taken off stays taxed as that night has done it, whatever its payer is
when he is asked; what is owed is taxed as he is then. Money in minor units of one currency.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from clearing.invoices.document import OUT_OF_SCOPE, REVERSE_CHARGE
from clearing.money import readable
from clearing.ownbooks.papers import Account, Item, fee_item
from clearing.ownbooks.vat import EXEMPT_CREDIT, EXEMPT_PAYMENTS, Treatment, treated, untaxed


class Fee(msgspec.Struct, frozen=True):
    """A kind of fee at a rate, summed.

    category: how the night that took it off has taxed it (vat.untaxed), and vat_id: under which
    number its payer accounts for the VAT then; None where no night has kept it.
    """

    kind: str
    rate_basis_points: int
    quantity: int
    base_minor: int
    amount_minor: int
    category: str | None = None
    vat_id: str = ""


class Part(msgspec.Struct, frozen=True):
    """What one paper asks for, and the VAT that the nights have booked for it. number: from 1; what
    was netted may have several, and one of them may come to less than nothing: it is paid."""

    number: int
    buyer: Account
    items: list[Item]
    accrued_vat_minor: int


def parts_of(fees: Iterable[Fee], seller: Account, buyer: Account, currency: str,
             accrued_minor: int, *, netted: bool) -> list[Part]:
    """What is not subject to VAT stands alone (BR-O-11 to BR-O-14), and so does what its payer has
    accounted for under another number than tonight's: a paper names one (BR-AE-02).

    accrued_minor: the VAT that the nights have booked for all of them.
    """
    found: dict[tuple[bool, str], list[Item]] = {}
    for fee in fees:
        # Where VAT was taken with the fees the paper says so, wherever the party is.
        treatment = _treatment(fee, seller, buyer, taken=netted and accrued_minor != 0)
        kept = fee.vat_id if treatment.category == REVERSE_CHARGE else ""
        scope = treatment.category == OUT_OF_SCOPE, kept or buyer.party.vat_id
        base = readable(fee.base_minor, currency) if fee.base_minor else ""
        found.setdefault(scope, []).append(
            fee_item(fee.kind, fee.quantity, fee.amount_minor, treatment, base))
    taxed = (False, buyer.party.vat_id)
    bearing = taxed if taxed in found else next(iter(found))
    return [Part(number, _named(buyer, scope[1]), items, accrued_minor if scope == bearing else 0)
            for number, (scope, items) in enumerate(found.items(), 1)]


def _named(buyer: Account, vat_id: str) -> Account:
    return msgspec.structs.replace(
        buyer, party=msgspec.structs.replace(buyer.party, vat_id=vat_id))


def _treatment(fee: Fee, seller: Account, buyer: Account, *, taken: bool) -> Treatment:
    category = fee.category
    if category is None:
        category = "" if taken else untaxed(seller.country, buyer.country, buyer.party.vat_id)
    return treated(category, fee.rate_basis_points,
                   EXEMPT_CREDIT if fee.kind == "interest" else EXEMPT_PAYMENTS)
