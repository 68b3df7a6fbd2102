"""Whose VAT a sale bears, who accounts for it, and who the seller is to the office of that country.

PURE. Directive 2006/112/EC: goods that are not transported are supplied where they are (article
31), so fuel bears the VAT of the station's country, whoever buys it; where a state says so, a buyer
with a VAT number of that state accounts for the VAT of a seller who is not established there
(articles 194 and 226(11a)). An invoice is of one country: the seller has one VAT number on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from clearing.invoices.document import Party
from clearing.invoices.lines import FuelLine, Goods
from clearing.invoices.parties import Tax, seller_of
from clearing.invoices.totals import RATE_UNKNOWN
from clearing.member_states import country_of
from clearing.settings import Country, Settings

# Its rates are told by the settings of the night that invoices it.
_NOT_TOLD: Final = Country(vat_basis_points=RATE_UNKNOWN)
POLAND: Final = "PL"


class Decided(msgspec.Struct, frozen=True):
    """What an invoice is stored with, and what corrects it has from it, whatever is told since."""

    reverse_charge: bool = False  # the buyer accounts for the VAT
    to_ksef: bool = True  # it is an invoice by Polish law
    price_basis: str = "gross"  # which sum is kept to the cent, as Tax has it

    @property
    def keeps_gross(self) -> bool:
        """Whether it asks for exactly what was sold. Who accounts for the VAT himself is asked for
        what is left without it, to the cent."""
        return self.price_basis == "gross" and not self.reverse_charge


class Supply(msgspec.Struct, frozen=True):
    """What holds for all that a buyer has had in one country. country: '' is the operator's own."""

    country: str
    seller: Party
    rates: Settings | Country
    decided: Decided

    @property
    def reverse_charge(self) -> bool:
        """Whether the buyer accounts for the VAT."""
        return self.decided.reverse_charge

    @property
    def to_ksef(self) -> bool:
        """Whether it is an invoice by Polish law."""
        return self.decided.to_ksef

    def taxed(self, line: FuelLine) -> FuelLine:
        """A line that was stored before its rate was told, with the rate."""
        if line.rate_basis_points != RATE_UNKNOWN:
            return line
        rate = self.rates.group(line.product).vat_basis_points
        return msgspec.structs.replace(line, rate_basis_points=rate)


class GoodsByCountry:
    """What products are called, and the VAT that each bears where it is sold."""

    def __init__(self, settings: Settings, names: Mapping[str, str]) -> None:
        self._settings = settings
        self._names = names
        self._known: dict[str, Goods] = {}

    def at(self, country: str) -> Goods:
        """country: as delivered_in tells it."""
        found = self._known.get(country)
        if found is None:
            found = self._known[country] = Goods(rates_in(self._settings, country), self._names)
        return found

    def place(self, currency: str, country: str) -> str:
        """As delivered_in tells it. country: of a site."""
        return delivered_in(self._settings, currency, country)

    def of_nights(self, country: str, nights: Iterable[Settings | None]) -> Goods:
        """With the rates of the first of these nights that was told of the country. None: tonight.
        """
        told = (settings or self._settings for settings in nights)
        return Goods(next((rates_in(settings, country) for settings in told
                           if speaks_of(settings, country)), _NOT_TOLD), self._names)


def delivered_in(settings: Settings, currency: str, country: str) -> str:
    """The country of a site, '' where it is the operator's own or nobody has told it."""
    return "" if country == settings.home(currency) else country


def decide(settings: Settings, currency: str, country: str, tax: Tax) -> Decided:
    """For what corrects nothing. country: as delivered_in has told it; tax: of the buyer."""
    rates = rates_in(settings, country)
    if isinstance(rates, Settings):
        return Decided(price_basis=tax.price_basis)
    reverse = rates.reverse_charge and country_of(tax.vat_id, "") == country
    # What is taxed abroad is not KSeF's, but that its buyer accounts for the VAT is (article 106a
    # of the Polish act on VAT).
    to_ksef = country == POLAND or (reverse and settings.home(currency) == POLAND)
    return Decided(reverse, to_ksef, tax.price_basis)


def supply_of(settings: Settings, currency: str, country: str, decided: Decided) -> Supply:
    """country: as delivered_in has told it."""
    rates, home = rates_in(settings, country), seller_of(settings, currency)
    if isinstance(rates, Settings) or decided.reverse_charge \
            or not (rates.vat_id or rates.tax_number):
        return Supply(country, home, rates, decided)
    seller = msgspec.structs.replace(home, vat_id=rates.vat_id, tax_number=rates.tax_number)
    return Supply(country, seller, rates, decided)


def forms_of(forms: Iterable[str], *, to_ksef: bool) -> tuple[str, ...]:
    """Of the forms that the buyer gets those that an invoice has."""
    return tuple(form for form in dict.fromkeys(forms) if to_ksef or form != "ksef")


def speaks_of(settings: Settings, country: str) -> bool:
    """Whether they tell the VAT of there."""
    return not country or country in settings.countries


def rates_in(settings: Settings, country: str) -> Settings | Country:
    """The VAT of products there, RATE_UNKNOWN where the settings do not speak of it. country: as
    delivered_in tells it."""
    return settings.countries.get(country, _NOT_TOLD) if country else settings
