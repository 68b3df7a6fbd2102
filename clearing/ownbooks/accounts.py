"""Parties and the operator, as papers name them.

Knows account and its tax data as they are tonight: a paper keeps what it says of its parties whole,
so a repeat of the night does not ask again.
"""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg
import msgspec

from clearing.invoices.parties import Tax, buyer_of, parse_tax, seller_of
from clearing.member_states import country_of
from clearing.ownbooks.papers import Account
from clearing.ownbooks.statements import statement
from clearing.party import parse_party
from clearing.queries import Connection
from clearing.settings import Settings


class Known(msgspec.Struct, frozen=True):
    """A party with what it has asked for. period: as clearing.periods names it."""

    account: Account
    tax: Tax
    period: str


async def known_accounts(connection: Connection, accounts: Iterable[int]) -> dict[int, Known]:
    """All of these in one query."""
    rows = await connection.fetch(statement("accounts"), sorted(set(accounts)))
    return {row["account_id"]: _known(row) for row in rows}


def _known(row: asyncpg.Record) -> Known:
    tax, kept = parse_tax(row["tax"]), parse_party(row["party"])
    assert kept is not None, row["account_id"]
    party = buyer_of(row["account_id"], row["party"], tax)
    country = country_of(tax.vat_id, tax.country or kept.address.country)
    # As a seller it has a tax number, where it is no VAT payer (BR-S-02, BR-E-02).
    party = msgspec.structs.replace(party, tax_number="" if tax.vat_id else tax.company_id)
    account = Account(row["account_id"], party, country, kept.iban, kept.bic, tax.payment_days)
    return Known(account, tax, row["billing"] if row["tax"] is None else tax.invoice_period)


def operator(settings: Settings, currency: str, payment_days: int = 14,
             country: str = "") -> Account:
    """The operator, with the account that it is paid on; as it is registered in a country of
    delivery (supply.delivered_in), where it is."""
    debtor, party = settings.seller(currency), seller_of(settings, currency)
    home, abroad = country_of(party.vat_id, debtor.address.country), settings.countries.get(country)
    if abroad is not None and (abroad.vat_id or abroad.tax_number):
        party = msgspec.structs.replace(party, vat_id=abroad.vat_id, tax_number=abroad.tax_number)
    return Account(0, party, home, debtor.iban, debtor.bic, payment_days)
