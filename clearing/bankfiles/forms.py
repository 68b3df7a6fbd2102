"""How a bank wants its files: which form pays, how files are split, what else it is told.

PURE. Master data (bank.files), or the operator's settings for its own bank. What of a bank's form
cannot be read is refused where it is told (authhost/admin), so a night only meets what can be.
Source of the codes: ISO 20022 external code sets (category purpose, purpose).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from clearing.details import read_json

_END: Final = r"$(?!\n)"
_LEAST_PAYMENTS: Final = 100  # of one file: else a night has more files than ids for them
_LEAST_BYTES: Final = 65_536

Purpose = Literal["deposits", "payouts", "suppliers"]  # as the paths of files name it
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{0,4}" + _END)]
Most = Annotated[int, msgspec.Meta(ge=_LEAST_PAYMENTS, le=10**7)]
MostBytes = Annotated[int, msgspec.Meta(ge=_LEAST_BYTES, le=10**10)]
MostMinor = Annotated[int, msgspec.Meta(ge=1, le=10**15)]
Line = Annotated[str, msgspec.Meta(max_length=400, pattern=r"^[ -~\u00a0-\U0010ffff]*" + _END)]

# What a column of a table of orders, or of deposits, may show.
ORDER_FIELDS: Final = frozenset({
    "message_id", "number", "end_to_end_id", "amount", "amount_minor", "currency", "name", "iban",
    "bic", "street", "house", "postcode", "town", "country", "remittance", "execute_on",
    "debtor_name", "debtor_iban", "debtor_bic", "purpose"})
ADVICE_FIELDS: Final = frozenset({
    "message_id", "number", "end_to_end_id", "kind", "account", "name", "iban", "amount",
    "amount_minor", "currency", "reference", "safe", "date", "time", "receipt", "depositor",
    "cassette", "payment_reference", "denominations", "why", "serial"})


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column: its title, and what it shows."""

    title: Annotated[str, msgspec.Meta(max_length=64)]
    field: str


class CsvForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table as a bank's importer reads it.

    head, trailer: lines before and after, '' for none; {message_id}, {count}, {sum}, {currency},
    {execute_on} stand for what they say. titles: a line of the columns' titles.
    """

    columns: tuple[Column, ...] = ()
    separator: Literal[",", ";", "\t", "|"] = ";"
    decimal: Literal[",", "."] = ","
    encoding: Literal["utf-8", "utf-8-sig", "iso-8859-1", "iso-8859-2", "cp1250", "cp1252"] = \
        "utf-8"
    date: Literal["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%d/%m/%Y"] = "%Y-%m-%d"
    line_end: Literal["\r\n", "\n"] = "\r\n"
    titles: bool = True
    head: Line = ""
    trailer: Line = ""


def _columns(names: str) -> tuple[Column, ...]:
    return tuple(Column(name, name) for name in names.split())


ORDER_COLUMNS: Final = _columns("end_to_end_id amount currency name iban bic remittance execute_on")
ADVICE_COLUMNS: Final = _columns(
    "end_to_end_id kind iban amount currency safe date time receipt depositor cassette reference "
    "denominations why serial")


class FileForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one bank takes what a night sends.

    orders: the form that pays. most_*: of one file; null is any. batch_booking: it books a file as
    one entry. category_purposes, purposes: '' for none. advice: the form that tells of the deposits
    in each credit, beside the details in JSON; '' for none. verify_payees: false where the operator
    has opted out of the check of names for files of many payments (Regulation (EU) 2024/886,
    article 5c(6)).
    """

    orders: Literal["pain001", "csv"] = "pain001"
    most_payments: Most | None = None
    most_minor: MostMinor | None = None
    most_bytes: MostBytes | None = None
    batch_booking: bool = True
    category_purposes: dict[Purpose, Code] = msgspec.field(default_factory=lambda: {
        "deposits": "CASH", "payouts": "SUPP", "suppliers": "SUPP"})
    purposes: dict[Purpose, Code] = {}
    orders_csv: CsvForm = CsvForm()
    advice: Literal["", "csv", "xml", "bai2"] = ""
    advice_csv: CsvForm = CsvForm()
    bai2_sender: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,15}" + _END)] = "AUTHHOST"
    verify_payees: bool = True

    @property
    def splits(self) -> bool:
        """Whether one file may not be enough."""
        return (self.most_payments, self.most_minor, self.most_bytes) != (None, None, None)


def form_defect(form: FileForm) -> tuple[str, str]:
    """(what, where) cannot be, though each field can; ('', '') where all can."""
    for where, table, known in (("orders_csv", form.orders_csv, ORDER_FIELDS),
                                ("advice_csv", form.advice_csv, ADVICE_FIELDS)):
        for number, column in enumerate(table.columns):
            if column.field not in known:
                return (f"there is no {column.field}: one of {', '.join(sorted(known))}",
                        f"{where}.columns[{number}].field")
        if table.decimal == table.separator:
            return "the decimal sign parts the columns, too", f"{where}.decimal"
    fields = {column.field for column in form.orders_csv.columns}
    if fields and not {"end_to_end_id", "iban"} <= fields:
        return "an order needs end_to_end_id and iban", "orders_csv.columns"
    if fields and not fields & {"amount", "amount_minor"}:
        return "an order needs its amount", "orders_csv.columns"
    told = {column.field for column in form.advice_csv.columns}
    if told and not told & {"amount", "amount_minor"}:
        return "a deposit needs its amount", "advice_csv.columns"
    return "", ""


class _Stored(msgspec.Struct, frozen=True):
    files: FileForm = FileForm()


def parse_form(content: str) -> FileForm:
    """A row of clearing_party of kind 'bank'; pain.001 alone where its form cannot be read."""
    stored = read_json(content, _Stored) or _Stored()
    return stored.files if not form_defect(stored.files)[0] else FileForm()
