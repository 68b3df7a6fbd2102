"""What the operator decides: whose account is debited, and the VAT by product group.

PURE but for reading the defaults. A run stores the settings that it used; a repeat uses those.
"""

from __future__ import annotations

from importlib.resources import files

import msgspec

from clearing.answers.settings import Answers
from clearing.bankfiles.config import BankFiles, check_bank_files
from clearing.documents.settings import Documents
from clearing.documents.words import language
from clearing.engine.tolerance import Matching, check_matching
from clearing.errors import ClearingError
from clearing.invoices.config import Invoicing, invoicing_defect
from clearing.ownbooks.settings import OwnBooks, own_books_defect
from clearing.party import Address, account_defect
from clearing.release.settings import Release


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


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a run. debtors: by currency, '*' for any other."""

    debtors: dict[str, Debtor]
    product_groups: tuple[ProductGroup, ...] = ()
    vat_basis_points: int = 2000  # of a product in no group
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
        for group in self.product_groups:
            if len(product) == len(group.first) and group.first <= product <= group.last:
                return group
        return ProductGroup("", "", "", self.vat_basis_points)

    def encode(self) -> str:
        """As a run stores it: equal settings, equal text."""
        return msgspec.json.encode(self, order="deterministic").decode()


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
    for rate in (settings.vat_basis_points,
                 *(group.vat_basis_points for group in settings.product_groups)):
        if not 0 <= rate <= 10_000:
            raise ClearingError(f"clearing settings: VAT of {rate} basis points")
    return settings
