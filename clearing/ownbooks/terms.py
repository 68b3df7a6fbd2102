"""What a party has agreed with the operator about its books: versioned, dated master data.

PURE. Three kinds: how a supplier is settled with, what a station's dealer earns, and how a
customer's accounting system takes what was booked with him. What master data holds is checked when
it is stored (authhost/admin); what cannot be read here is as if it were not there.
"""

from __future__ import annotations

import re
import string
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

_END: Final = r"$(?!\n)"
Period = Literal["day", "week", "half_month", "month"]
Rate = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Days = Annotated[int, msgspec.Meta(ge=0, le=365)]
Share = Annotated[str, msgspec.Meta(
    pattern=r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)" + _END,
    description="Percent, a decimal of at most four places.")]
PerUnit = Annotated[str, msgspec.Meta(
    pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?" + _END,
    description="Minor units a litre, a decimal of at most six places.")]
Product = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,12}" + _END)]
AccountNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z./-]{1,20}" + _END)]
Hour = Annotated[str, msgspec.Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?" + _END)]
Template = Annotated[str, msgspec.Meta(max_length=140, pattern=r"^[^\x00-\x1f\x7f]*" + _END)]
CostCentre = Annotated[str, msgspec.Meta(max_length=36, pattern=r"^[\w ]*" + _END)]

# What a text of a booking may name, and the columns that a table may have.
FIELDS: Final = frozenset({"kind", "reference", "place", "note", "date", "number"})
COLUMNS: Final = ("date", "kind", "account", "contra", "amount", "debit", "credit", "side",
                  "currency", "tax_key", "cost_centre", "text", "reference", "place",
                  "ledger_code", "number", "line")
Column = Literal["date", "kind", "account", "contra", "amount", "debit", "credit", "side",
                 "currency", "tax_key", "cost_centre", "text", "reference", "place",
                 "ledger_code", "number", "line"]
_DEFAULT_COLUMNS: Final[tuple[Column, ...]] = (
    "date", "account", "contra", "amount", "side", "currency", "tax_key", "cost_centre", "text",
    "reference", "kind", "number", "line")
ANY: Final = "*"


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What it does not know, it refuses."""


class Supplier(Terms, frozen=True, kw_only=True):
    """How a courier, a cash centre or a dealer is settled with.

    invoicing: 'self_billed' (the operator writes the invoice, Directive 2006/112/EC, article 224),
    or 'own': the supplier writes his, and is given a list to compare it with. paid_by: 'netted' is
    set off against what the same account owes for fees, and the rest is transferred.
    """

    period: Period = "month"
    invoicing: Literal["self_billed", "own"] = "self_billed"
    paid_by: Literal["transfer", "netted"] = "transfer"
    payment_days: Days = 14
    vat_basis_points: Rate = 0  # that his own services bear where he is
    small_business: bool = False  # exempt: Directive 2006/112/EC, article 284


class Commission(Terms, frozen=True, kw_only=True):
    """Of products from `first` to `last`, both among them; '' and '' of all."""

    first: Product | Literal[""] = ""
    last: Product | Literal[""] = ""
    per_litre: PerUnit = "0"
    percent: Share = "0"

    def covers(self, product: str) -> bool:
        """Whether a product's code is among them; as text, of one length."""
        return not self.first or (len(product) == len(self.first)
                                  and self.first <= product <= self.last)


class Station(Terms, frozen=True, kw_only=True):
    """What a dealer's station leaves or earns.

    basis: 'purchase', the fuel is the dealer's, and the operator buys what fleets have bought, less
    its commission; 'agency', the fuel is the operator's, and the dealer earns it.
    """

    basis: Literal["purchase", "agency"]
    commissions: Annotated[tuple[Commission, ...], msgspec.Meta(min_length=1, max_length=64)]

    def of(self, product: str) -> Commission:
        """The first that covers a product; nothing where none does."""
        return next((one for one in self.commissions if one.covers(product)), Commission())


class Posting(Terms, frozen=True, kw_only=True):
    """Where a kind of line is booked in the customer's chart, and what is said of it."""

    contra: AccountNumber
    tax_key: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{0,4}" + _END)] = ""
    cost_centre: CostCentre = ""
    text: Template = "{kind} {reference} {note}"


class Datev(Terms, frozen=True, kw_only=True):
    """The head of a DATEV batch (EXTF 700): who keeps the books, and whose they are."""

    consultant: Annotated[int, msgspec.Meta(ge=1001, le=9_999_999)]  # Beraternummer
    client: Annotated[int, msgspec.Meta(ge=1, le=99_999)]  # Mandantennummer
    fiscal_year_start: Annotated[str, msgspec.Meta(
        pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])" + _END)] = "01-01"
    account_length: Annotated[int, msgspec.Meta(ge=4, le=8)] = 4  # Sachkontenlänge
    chart: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{2})?" + _END)] = ""  # Sachkontenrahmen
    final: bool = False  # Festschreibung


class Table(Terms, frozen=True, kw_only=True):
    """How a CSV is written. The head is always there: the file is read by it before release."""

    columns: Annotated[tuple[Column, ...], msgspec.Meta(min_length=3, max_length=17)] = \
        _DEFAULT_COLUMNS
    delimiter: Literal[";", ",", "\t", "|"] = ";"
    decimal: Literal[".", ","] = "."
    dates: Literal["YYYY-MM-DD", "DD.MM.YYYY", "YYYYMMDD"] = "YYYY-MM-DD"
    encoding: Literal["utf-8", "cp1252"] = "utf-8"


class Booking(Terms, frozen=True, kw_only=True):
    """A customer's posting logic.

    accounts: by account of the operator's chart (2200, 1500 ...) the customer's own; kinds: by kind
    of line; '*' is any other, so that no line is left out. hour: on the customer's clock; what
    comes later on the last day of a period is the next period's. cost_centres: by terminal or site.
    """

    form: Literal["datev", "csv", "json"]
    period: Period = "day"
    hour: Hour = ""
    accounts: dict[str, AccountNumber]
    kinds: dict[str, Posting]
    cost_centres: dict[str, CostCentre] = {}
    datev: Datev | None = None
    table: Table = Table()

    def account_of(self, code: str) -> str:
        """The customer's account for one of the operator's chart."""
        return self.accounts.get(code) or self.accounts[ANY]

    def posting_of(self, kind: str) -> Posting:
        """Where a kind of line goes."""
        return self.kinds.get(kind) or self.kinds[ANY]


def objection(booking: Booking) -> tuple[str, str]:
    """(why, where) a logic cannot be, though each field can; ('', '') where it can."""
    for name, given in (("accounts", booking.accounts), ("kinds", booking.kinds)):
        if ANY not in given:
            return "'*' is missing: what is not named would be left out", name
    for kind, posting in booking.kinds.items():
        if why := _text_objection(posting.text):
            return why, f"kinds.{kind}.text"
    if booking.form == "datev":
        return _datev_objection(booking)
    if booking.form == "csv":
        return _table_objection(booking.table)
    return "", ""


def _text_objection(text: str) -> str:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        return str(error)
    for _, name, form, conversion in parts:
        if name is not None and (name not in FIELDS or form or conversion):
            return f"names {{{name}}}; there are {', '.join(sorted(FIELDS))}"
    return ""


def _datev_objection(booking: Booking) -> tuple[str, str]:
    if booking.datev is None:
        return "a DATEV batch needs consultant and client", "datev"
    # A personal account has a digit more than one of the chart.
    number = re.compile(rf"(?!0+$)[0-9]{{1,{booking.datev.account_length + 1}}}")
    named = [(f"accounts.{code}", account) for code, account in booking.accounts.items()]
    named += [(f"kinds.{kind}.contra", one.contra) for kind, one in booking.kinds.items()]
    for where, account in named:
        if not number.fullmatch(account):
            return f"{account} has not {booking.datev.account_length} digits, or one more", where
    return "", ""


def _table_objection(table: Table) -> tuple[str, str]:
    if len(set(table.columns)) < len(table.columns):
        return "a column is named twice", "table.columns"
    has_amount = {"amount", "side"} <= set(table.columns) \
        or {"debit", "credit"} <= set(table.columns)
    if "currency" not in table.columns or not has_amount:
        return ("without currency, and amount with side or debit with credit, nobody adds it up",
                "table.columns")
    if table.delimiter == table.decimal:
        return "is the decimal sign too", "table.delimiter"
    return "", ""


def percent_millionths(percent: str) -> int:
    """A percentage as millionths of one: '1.25' is 12,500."""
    return int(Decimal(percent) * 10_000)
