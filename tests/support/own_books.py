"""A day with parties who keep books of their own: their terms, their papers, what they are owed.

Knows tables and the clearing's own settings; nights without pages, which take longer to typeset
than all else.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from clearing.invoices.document import Document
from clearing.night import Night
from clearing.run import clear
from clearing.settings import Settings, load_settings
from tests.e2e.clearing_day import DAY, Row, insert, make_day, sql, wait

_E2E: Final = Path(__file__).parents[1] / "e2e"
_SAFE: Final = (_E2E / "clearing_safe.sql").read_text()
LEDGER: Final = (_E2E / "own_books_ledger.sql").read_text()
SUPPLIER: Final = 40
IBAN: Final = "DE89370400440532013000"
ADDRESS: Final = json.dumps({"street": "Weg", "number": "1", "postcode": "10115",
                             "town": "Berlin", "country": "DE"})
GROSS_PLAN: Final = ('{"phone": {"percent": "1.25", "fixed_minor": 10}, "vat_basis_points": 2000}',
                     '{"by": "gross"}')
QUIET: Final = msgspec.structs.replace(
    load_settings(), documents=msgspec.structs.replace(load_settings().documents, made=False))


def night(database_url: str, out: Path, day: date = DAY, settings: Settings = QUIET) -> Night:
    return wait(clear(database_url, day, out, settings))


def more(database_url: str, rows: list[Row]) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(database_url)
        try:
            await insert(connection, rows)
        finally:
            await connection.close()
    wait(run())


def safe_day(database_url: str, rows: list[Row]) -> None:
    """These rows, and a client's safe: its cassette was picked up, by a courier who has prices."""
    wait(make_day(database_url, rows))

    async def run() -> None:
        connection = await asyncpg.connect(database_url)
        try:
            await connection.execute(_SAFE)
        finally:
            await connection.close()
    wait(run())


def counted_stay(database_url: str) -> None:
    """Its cassette was counted too."""
    safe_day(database_url, [])
    sql(database_url, "UPDATE cassette_stay SET state = 'settled', closed_at = $1, counted_at = $1",
        datetime(2026, 7, 23, 12, tzinfo=UTC))


def gross_shop(database_url: str, rows: list[Row]) -> None:
    """A merchant whose fees are owed apart."""
    wait(make_day(database_url, rows))
    sql(database_url, "INSERT INTO merchant_plan (plan_id, valid_from, version, fees, settlement, "
                      "who) VALUES ('standard', '2026-01-01', 1, $1::text::jsonb, "
                      "$2::text::jsonb, 'test')", *GROSS_PLAN)


def taxed(database_url: str, account_id: int, **columns: str) -> None:
    names = ["account_id", *columns]
    values = ", ".join(f"${at}" for at in range(1, len(names) + 1))
    sql(database_url, f"INSERT INTO account_tax ({', '.join(names)}) VALUES ({values})",
        account_id, *columns.values())


def documents(database_url: str, kind: str = "fee") -> list[Document]:
    return [msgspec.json.decode(row["content"], type=Document) for row in
            sql(database_url, "SELECT content FROM own_document WHERE kind = $1 ORDER BY number",
                kind)]


def balance(database_url: str, code: str, account_id: int | None = None) -> int:
    found = sql(database_url, "SELECT coalesce(sum(amount_minor), 0)::int FROM ledger_entry "
                              "WHERE code = $1 AND ($2::bigint IS NULL OR account_id = $2)",
                code, account_id)
    return int(found[0][0])


def logic(database_url: str, account_id: int, day: date = date(2026, 1, 1), **terms: Any) -> None:
    """A posting logic, from a day on."""
    whole = {"accounts": {"*": "1460"}, "kinds": {"*": {"contra": "1590"}}, **terms}
    sql(database_url, "INSERT INTO booking_logic (account_id, valid_from, version, terms, who) "
                      "VALUES ($1, $2, 1, $3::text::jsonb, 'test')", account_id, day,
        json.dumps(whole))


def supplier(database_url: str, *, courier: str | None = None, **terms: Any) -> None:
    """A supplier in the operator's country."""
    sql(database_url, "INSERT INTO account (account_id, kind, name, currency, iban, address) "
                      "VALUES ($1, 'supplier', 'Swift & Sons', 'EUR', $2, $3::text::jsonb) "
                      "ON CONFLICT DO NOTHING", SUPPLIER, IBAN, ADDRESS)
    taxed(database_url, SUPPLIER, vat_id="DE136695976")
    sql(database_url, "INSERT INTO supplier_terms (account_id, valid_from, version, courier_id, "
                      "terms, who) VALUES ($1, '2026-01-01', 1, $2, $3::text::jsonb, 'test')",
        SUPPLIER, courier, json.dumps({"period": "day", "payment_days": 0,
                                       "vat_basis_points": 1_900, **terms}))
