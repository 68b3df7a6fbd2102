"""Whose account a client's credit is paid from, by which service, in which form of file.

PURE. A bank names a debtor for each currency that it has a rail for (the operator's pre-funded
account with it, or its own account of cash in transit); where it names none, the settings do.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from clearing.bankfiles.forms import FileForm, parse_form
from clearing.details import read_json
from clearing.iso20022 import level
from clearing.party import account_defect, compact, parse_address
from clearing.settings import Debtor, Settings


class Way(msgspec.Struct, frozen=True):
    """The service that a bank's rail is. most_minor: of one instant credit; None: any."""

    currency: str
    instant: bool = False
    service_level: str = ""
    local_instrument: str = ""
    most_minor: int | None = None

    def payment_type(self, category_purpose: str) -> str:
        """PmtTpInf of credits that go by it."""
        return level(self.currency, instant=self.instant, service_level=self.service_level,
                     local_instrument=self.local_instrument, category_purpose=category_purpose)


class Bank(msgspec.Struct, frozen=True):
    """A bank as a run keeps it. debtors, ways: by currency."""

    bank_id: str
    name: str
    status: str
    debtors: dict[str, Debtor]
    ways: dict[str, Way] = {}
    form: FileForm = FileForm()

    def defect(self, currency: str) -> str:
        """Why nothing can be paid from the account that it names, or ''."""
        if self.status == "closed":
            return "bank_closed"
        debtor = self.debtors.get(currency)
        if debtor is None:
            return ""
        defect = account_defect(debtor.iban, debtor.bic, currency)
        if not defect and not debtor.bic:
            defect = "bic_missing"  # the debtor's agent is mandatory in pain.001
        if not defect and not debtor.address.complete:
            defect = "address_incomplete"
        return f"debtor_{defect}" if defect else ""


class _Debtor(msgspec.Struct, frozen=True):
    name: str = ""
    iban: str = ""
    bic: str = ""
    address: object = None


class _Rail(msgspec.Struct, frozen=True):
    currency: str = ""
    rail: str = "transfer"
    service_level: str = ""
    local_instrument: str = ""
    most_minor: int | None = None
    debtor: _Debtor | None = None


class _Stored(msgspec.Struct, frozen=True):
    name: str = ""
    status: str = "active"
    bic: str = ""
    rails: list[_Rail] = []


def parse_bank(bank_id: str, content: str) -> Bank:
    """A row of clearing_party of kind 'bank'; rails that cannot be read name no debtor."""
    stored = read_json(content, _Stored) or _Stored(name=bank_id)
    return Bank(bank_id, stored.name, stored.status, dict(_debtors(stored)),
                {rail.currency: _way(rail) for rail in stored.rails}, parse_form(content))


def _way(rail: _Rail) -> Way:
    instant = rail.rail == "instant"
    return Way(rail.currency, instant, rail.service_level, rail.local_instrument,
               rail.most_minor if instant else None)


def _debtors(stored: _Stored) -> Iterable[tuple[str, Debtor]]:
    for rail in stored.rails:
        named = rail.debtor
        if named is None or not named.iban:
            continue
        yield rail.currency, Debtor(
            named.name or stored.name, compact(named.iban),
            compact(named.bic) or compact(stored.bic), parse_address(named.address))


def debtor_for(bank: Bank | None, settings: Settings, currency: str) -> Debtor | None:
    """Whose account pays a credit in this currency to a client of this bank."""
    named = bank.debtors.get(currency) if bank is not None else None
    return named or settings.debtor(currency)
