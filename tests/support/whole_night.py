"""A night that writes every kind of file: parties with terms of every kind, and who asks for them.

Knows tables and settings; the rows of the day are whoever makes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from clearing.settings import Settings, load_settings
from tests.e2e.clearing_day import CLIENT, FLEET, MERCHANT, Row, sql
from tests.support.own_books import (
    GROSS_PLAN,
    IBAN,
    SUPPLIER,
    logic,
    safe_day,
    supplier,
    taxed,
)

_CREDITOR: Final = {"identifier": "DE98ZZZ09999999999", "name": "Authhost Operator", "iban": IBAN,
                    "bic": "COBADEFFXXX"}
_FORMS: Final = "UPDATE account_tax SET forms = '{ubl,cii,csv,pdf}' WHERE account_id = $1"
_BANK: Final = """UPDATE bank SET files = '{"advice": "bai2", "orders": "csv"}'"""


def collecting() -> Settings:
    """The defaults, of an operator who collects what fleets owe."""
    plain = msgspec.to_builtins(load_settings())
    return msgspec.convert({**plain, "bankfiles": {"collection": {
        "creditor": _CREDITOR, "notice_days": 1, "ahead_days": 0}}}, Settings)


def write_settings(folder: Path) -> Path:
    """The same as a file, for who is given one."""
    path = folder / "settings.json"
    path.write_text(collecting().encode())
    return path


def make_whole(database_url: str, rows: list[Row]) -> None:
    """A day of these rows, with parties of every kind of term."""
    safe_day(database_url, rows)
    sql(database_url, _BANK)
    sql(database_url, "UPDATE account SET bank_id = 'B/1', billing = 'daily' "
                      "WHERE account_id = $1", CLIENT)
    sql(database_url, "INSERT INTO merchant_plan (plan_id, valid_from, version, fees, settlement, "
                      "who) VALUES ('standard', '2026-01-01', 1, $1::text::jsonb, "
                      "$2::text::jsonb, 'test')", *GROSS_PLAN)
    taxed(database_url, FLEET, vat_id="FR83404833048", collected_by="direct_debit")
    sql(database_url, _FORMS, FLEET)
    sql(database_url, "INSERT INTO mandate (mandate_id, account_id, scheme, signed_on, "
                      "debtor_name, iban) VALUES ('M-1', $1, 'CORE', '2026-01-10', 'Müller', "
                      "'AT611904300234573201')", FLEET)
    for account_id in (FLEET, MERCHANT, CLIENT):
        logic(database_url, account_id, form="json")
    supplier(database_url, courier="C1")
    sql(database_url, "INSERT INTO station_terms (merchant_id, valid_from, version, account_id, "
                      "terms, who) VALUES ('STATION', '2026-01-01', 1, $1, $2::text::jsonb, 't')",
        SUPPLIER, '{"basis": "purchase", "commissions": [{"percent": "2.5"}]}')
    sql(database_url, "UPDATE merchant SET account_id = $1 WHERE merchant_id = 'STATION'", SUPPLIER)
