"""What a night can invoice, before it has numbers: of one buyer, currency and country each.

Knows the rows of lines that are due, and what keeps them from being invoiced; must not know how an
invoice is stored or what it looks like. It asks no database and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby

import asyncpg
import msgspec

from clearing.invoices import ksef
from clearing.invoices.cases import Found
from clearing.invoices.crediting import UNKNOWN
from clearing.invoices.lines import FuelLine, document_line, nets_of
from clearing.invoices.nights_told import told_by
from clearing.invoices.parties import Tax, buyer_of, defect_of, parse_tax
from clearing.invoices.rates import Rates
from clearing.invoices.supply import Decided, Supply, decide, forms_of, speaks_of, supply_of
from clearing.invoices.totals import (
    RATE_UNKNOWN,
    Sums,
    group_of,
    step_of,
    sums_of,
    vat_of_rate,
)
from clearing.invoices.vat_told import Rate
from clearing.periods import period_of
from clearing.settings import Settings


class Range(msgspec.Struct, frozen=True):
    """Lines of one stored row, from `first` to before `until`."""

    row: asyncpg.Record
    first: int
    until: int
    amount_minor: int
    nets: dict[int, int]


class Pending(msgspec.Struct, frozen=True):
    """An invoice without its number. tax: of its buyer; told_by: the run whose settings its supply
    is of, '' for tonight's; told: VAT in another currency."""

    ranges: tuple[Range, ...]
    tax: Tax
    supply: Supply
    told_by: str
    told: Rate | None
    sums: Sums

    @property
    def kind(self) -> str:
        """A credit note gives back; what corrects and asks for more is corrective."""
        if self.sums.payable_minor < 0:
            return "credit_note"
        return "corrective" if self.corrects else "fleet"

    @property
    def corrects(self) -> str | None:
        """The invoice that it names, BT-25."""
        corrects: str = self.ranges[0].row["corrects"]
        return corrects if corrects not in {"", UNKNOWN} else None

    def period(self, day: date) -> tuple[date, date]:
        """The period of its lines; never less than the days that they were sold on."""
        rows = [part.row for part in self.ranges]
        first = period_of(min(row["business_date"] for row in rows), self.tax.invoice_period)[0]
        last = period_of(max(row["business_date"] for row in rows), self.tax.invoice_period)[1]
        return (min(first, *(row["first_day"] for row in rows)),
                max(min(last, day), *(row["last_day"] for row in rows)))


def pending(rows: list[asyncpg.Record], settings: Settings, nights: Mapping[str, Settings],
            rates: Rates, found: Found) -> Iterator[Pending]:
    """All that can be invoiced of rows that are due; the rest is found out. nights: what the runs
    of nights_of were told."""
    for (account_id, currency, country, corrects), some in groupby(rows, lambda row: (
            row["account_id"], row["currency"], row["country"], row["corrects"])):
        batches = list(some)
        tax = parse_tax(batches[0]["tax"])
        night = told_by(batches, settings, nights)
        own = nights.get(night, settings)
        supply = supply_of(own, currency, country,
                           _corrected(batches[0]) or decide(own, currency, country, tax))
        buyer = buyer_of(account_id, batches[0]["party"], tax, batches[0]["corrected_vat_id"])
        whole = [_range(row, supply) for row in batches]
        told = told_in(own, currency, tax, supply)
        rate = _rate(batches, currency, told, rates) if told else None
        defect = defect_of(supply.seller, buyer, tax) if speaks_of(own, country) \
            else "country_vat_missing"
        forms = forms_of(tax.forms, to_ksef=supply.to_ksef)
        if not defect and not forms:
            defect = "form_missing"
        if not defect and "ksef" in forms:
            defect = _ksef_defect(supply, whole, corrects)
        if not defect and told and rate is None:
            defect = "exchange_rate_missing"
        if defect:
            found.add("invoice", account_id, reference_of(batches[0]),
                      sum(one.amount_minor for one in whole), currency, defect)
            continue
        for ranges in _split(whole, currency, supply) if "ksef" in forms else [whole]:
            yield Pending(tuple(ranges), tax, supply, night, rate,
                          _sums(ranges, currency, supply))


def told_in(settings: Settings, currency: str, tax: Tax, supply: Supply) -> str:
    """The currency that VAT is told in beside the invoice's own, '' for none."""
    is_ksef = "ksef" in forms_of(tax.forms, to_ksef=supply.to_ksef)
    other = ksef.CURRENCY if is_ksef else settings.invoicing.vat_currency
    return "" if other == currency or supply.reverse_charge else other


def pairs_of(rows: Iterable[asyncpg.Record],
             told: Iterable[Settings]) -> set[tuple[str, str]]:
    """The currencies that rates may be needed of, each with that which it is converted into. told:
    the settings that may hold."""
    others = {settings.invoicing.vat_currency for settings in told}
    return {(row["currency"], other) for row in rows
            for other in ({*others, ksef.CURRENCY} if row["content"] is not None else others)
            if other not in {"", row["currency"]}}


def reference_of(row: asyncpg.Record) -> str:
    """What an invoice that cannot be made is called: it has no number."""
    parts = (str(row["account_id"]), row["currency"], row["country"], row["corrects"])
    return "/".join(part for part in parts if part)


def _corrected(row: asyncpg.Record) -> Decided | None:
    """What was decided for the invoice that is corrected, if one is."""
    if row["corrected_reverse_charge"] is None:
        return None
    return Decided(row["corrected_reverse_charge"], row["corrected_to_ksef"],
                   row["corrected_price_basis"])


def _rate(rows: list[asyncpg.Record], currency: str, other: str, rates: Rates) -> Rate | None:
    """That of the invoice that is corrected, else that before the last day of the supply."""
    first = rows[0]
    if first["corrected_currency"] == other:
        return Rate(other, first["corrected_rate"], first["corrected_rate_on"])
    return rates.before(currency, other, max(row["last_day"] for row in rows))


def _range(row: asyncpg.Record, supply: Supply) -> Range:
    """The whole of a row, with the rates that are told now."""
    nets = msgspec.json.decode(row["nets"], type=dict[int, int])
    if RATE_UNKNOWN in nets:
        nets = nets_of([supply.taxed(line) for line in _lines(row)], row["currency"])
    return Range(row, 0, row["lines"], row["amount_minor"], nets)


def _lines(row: asyncpg.Record) -> list[FuelLine]:
    return msgspec.json.decode(row["content"], type=list[FuelLine])


def _sums(ranges: list[Range], currency: str, supply: Supply) -> Sums:
    step = step_of(currency)
    nets: dict[tuple[str, int], int] = {}
    for one in ranges:
        for rate, net in one.nets.items():
            of = vat_of_rate(rate, reverse_charge=supply.reverse_charge)
            nets[of] = nets.get(of, 0) + net
    vat = [group_of(*of, net, step) for of, net in nets.items()]
    gross = sum(one.amount_minor for one in ranges) if supply.decided.keeps_gross else None
    return sums_of(vat, gross, step)


def _ksef_defect(supply: Supply, ranges: list[Range], corrects: str) -> str:
    rates = set() if supply.reverse_charge else {rate for one in ranges for rate in one.nets}
    credit = sum(one.amount_minor for one in ranges) < 0
    return ksef.defect(supply.seller, rates, corrects_nothing=credit and corrects in {"", UNKNOWN})


def _split(whole: list[Range], currency: str, supply: Supply) -> Iterator[list[Range]]:
    """Parts of as many lines as KSeF takes in one document."""
    stored = [(one, at, supply.taxed(line)) for one in whole
              for at, line in enumerate(_lines(one.row))]
    lines = [document_line(line, number, currency, 1, reverse_charge=supply.reverse_charge)
             for number, (_, _, line) in enumerate(stored, 1)]
    for first, until in ksef.parts(lines, currency):
        part = []
        for row, some in groupby(stored[first:until], lambda entry: entry[0].row):
            told = list(some)
            fuel = [line for _, _, line in told]
            part.append(Range(row, told[0][1], told[-1][1] + 1,
                              sum(line.amount_minor for line in fuel), nets_of(fuel, currency)))
        yield part
