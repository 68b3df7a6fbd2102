"""Customers whose fees bear none of the operator's VAT: they account for it, or it is none.

Knows their tax data as it is tonight; the rule is vat.py's. What a night has netted is not netted
again, so that each settlement keeps how it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from clearing.invoices.document import REVERSE_CHARGE
from clearing.member_states import country_of
from clearing.ownbooks.statements import statement
from clearing.ownbooks.vat import untaxed
from clearing.party import Party
from clearing.queries import Connection
from clearing.settings import Settings


class Untaxed(NamedTuple):
    """Why fees bear no VAT of ours (vat.untaxed), '' where they do; and under which number their
    payer accounts for it."""

    category: str
    vat_id: str

    def at(self, rates: Iterable[int]) -> Untaxed:
        """Of what bears these rates at home. What is exempt there is exempt abroad (vat.treated),
        and nobody accounts for anything."""
        return _TAXED if self.category == REVERSE_CHARGE and not any(rates) else self


_TAXED: Final = Untaxed("", "")


class Abroad:
    """By account: where it is established, and its VAT number."""

    def __init__(self, settings: Settings, known: Mapping[int, tuple[str, str]]) -> None:
        self._settings = settings
        self._known = known

    @classmethod
    async def read(cls, connection: Connection, settings: Settings,
                   parties: Mapping[str, Party | None]) -> Abroad:
        """Of all parties of a night, with one query. parties: by account, as the run keeps them."""
        told = {row["account_id"]: (row["vat_id"], row["country"]) for row in
                await connection.fetch(statement("vat_ids"), [int(one) for one in parties])}
        known = {}
        for name, party in parties.items():
            vat_id, country = told.get(int(name), ("", ""))
            known[int(name)] = (vat_id, country_of(
                vat_id, country or (party.address.country if party is not None else "")))
        return cls(settings, known)

    def of(self, account_id: int | None, currency: str) -> Untaxed:
        """How fees of this account are taxed tonight."""
        if account_id is None or account_id not in self._known:
            return _TAXED
        vat_id, country = self._known[account_id]
        category = untaxed(self._settings.home(currency), country, vat_id)
        return Untaxed(category, vat_id if category == REVERSE_CHARGE else "")
