"""What the operator decides: whose account is debited, and the VAT by product group.

PURE but for reading the defaults. A run stores the settings that it used; a repeat uses those.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

import msgspec

from clearing.answers.settings import Answers
from clearing.bankfiles.config import BankFiles, check_bank_files
from clearing.documents.settings import Documents
from clearing.documents.words import language
from clearing.engine.tolerance import Matching, check_matching
from clearing.errors import ClearingError
from clearing.invoices.config import Invoicing, invoicing_defect, vat_id_defect
from clearing.member_states import country_of
from clearing.ownbooks.settings import OwnBooks, own_books_defect
from clearing.party import Address, account_defect
from clearing.release.settings import Release

_ISO_3166: Final = re.compile(r"[A-Z]{2}")
_WHOLE: Final = 10_000  # basis points


class Debtor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The operator's pre-funded account that credits are paid from."""

    name: str
    iban: str
    bic: str
    address: Address


class ProductGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Product codes `first` to `last` (Conexxus, three digits) with their VAT rate."""

    name: str
    first: str
    last: str
    vat_basis_points: int


class Country(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is delivered in another country than the operator's: the VAT of there.

    vat_id or tax_number: under which the operator is registered there. reverse_charge: it is not
    established there, and a buyer who has a VAT number of that country accounts for the VAT
    (Directive 2006/112/EC, article 194, where the state has taken that up).
    """

    vat_basis_points: int  # of a product in no group
    product_groups: tuple[ProductGroup, ...] = ()
    vat_id: str = ""
    tax_number: str = ""
    reverse_charge: bool = False

    def group(self, product: str) -> ProductGroup:
        """The group of a product code; one without a name where the table has none."""
        return _group(self.product_groups, product, self.vat_basis_points)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a run. debtors: by currency, '*' for any other; countries: by ISO 3166-1."""

    debtors: dict[str, Debtor]
    product_groups: tuple[ProductGroup, ...] = ()
    vat_basis_points: int = 2000  # of a product in no group
    countries: dict[str, Country] = {}
    invoicing: Invoicing = Invoicing()
    documents: Documents = Documents()
    bankfiles: BankFiles = BankFiles()
    release: Release = Release()
    answers: Answers = Answers()
    own_books: OwnBooks = OwnBooks()
    matching: Matching = Matching()

    def debtor(self, currency: str) -> Debtor | None:
        """Whose account pays credits in this currency."""
        return self.debtors.get(currency) or self.debtors.get("*")

    def seller(self, currency: str) -> Debtor:
        """The operator; as the account for another currency where there is none for this one."""
        return self.debtor(currency) or next(iter(self.debtors.values()))

    def group(self, product: str) -> ProductGroup:
        """The group of a product code; one without a name where the table has none."""
        return _group(self.product_groups, product, self.vat_basis_points)

    def home(self, currency: str) -> str:
        """The operator's own country."""
        return country_of(self.invoicing.vat_id, self.seller(currency).address.country)

    def encode(self) -> str:
        """As a run stores it: equal settings, equal text."""
        return msgspec.json.encode(self, order="deterministic").decode()


def _group(groups: tuple[ProductGroup, ...], product: str, otherwise: int) -> ProductGroup:
    for group in groups:
        if len(product) == len(group.first) and group.first <= product <= group.last:
            return group
    return ProductGroup("", "", "", otherwise)


def load_settings(text: str | bytes | None = None) -> Settings:
    """Settings from JSON, or the defaults that come with this package.

    ClearingError names the field that is wrong, or the debtor's account that no bank would take.
    """
    if text is None:
        text = files(__package__).joinpath("defaults.json").read_bytes()
    try:
        settings = msgspec.json.decode(text, type=Settings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ClearingError(f"clearing settings: {error}") from error
    return check_settings(settings)


def check_settings(settings: Settings) -> Settings:
    """The same settings; ClearingError where a debtor or a rate cannot be right."""
    for currency, debtor in settings.debtors.items():
        defect = account_defect(debtor.iban, debtor.bic, currency)
        if not debtor.bic:
            defect = "bic_missing"  # the debtor's agent is mandatory in pain.001
        if not defect and not debtor.address.complete:
            defect = "address_incomplete"
        if defect:
            raise ClearingError(f"clearing settings: debtor for {currency}: {defect}")
    if defect := invoicing_defect(settings.invoicing):
        raise ClearingError(f"clearing settings: invoicing: {defect}")
    check_bank_files(settings.bankfiles)
    language(settings.documents.language)  # there is one
    if defect := own_books_defect(settings.own_books):
        raise ClearingError(f"clearing settings: own_books: {defect}")
    check_matching(settings.matching)
    for country, abroad in settings.countries.items():
        if defect := _country_defect(country, abroad):
            raise ClearingError(f"clearing settings: countries: {country}: {defect}")
    places: list[Settings | Country] = [settings, *settings.countries.values()]
    for place in places:
        for rate in (place.vat_basis_points,
                     *(group.vat_basis_points for group in place.product_groups)):
            if not 0 <= rate <= _WHOLE:
                raise ClearingError(f"clearing settings: VAT of {rate} basis points")
    return settings


def _country_defect(country: str, abroad: Country) -> str:
    if not _ISO_3166.fullmatch(country):
        return "it is no country (ISO 3166-1, two letters)"
    if defect := vat_id_defect(abroad.vat_id):
        return defect
    if abroad.vat_id and country_of(abroad.vat_id, "") != country:
        return f"vat_id {abroad.vat_id!r} is of another country"
    return ""

