"""A business day made by hand: parties and journal rows as the host would have written them.

A deposit's journal row brings its row of table deposit with it, as the host's one statement does.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Coroutine, Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, groupby
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import asyncpg

from authhost.streams import stream_of
from clearing.tables import read_table

DAY = date(2026, 7, 23)
NEXT = DAY + timedelta(days=1)

FLEET, BARE_FLEET, CLIENT, BAD_CLIENT, PAYER, MERCHANT, POOR_MERCHANT = 1, 2, 10, 11, 20, 30, 31

_ADDRESS = json.dumps({"street": "Rue de l'Été", "number": "5", "postcode": "75001",
                       "town": "Paris", "country": "FR"})
_FRENCH_IBAN = "FR76 3000 6000 0112 3456 7890 189"
_GERMAN_IBAN = "DE89370400440532013000"

_ACCOUNTS = [
    (FLEET, "fleet", "Transports <b>Müller</b> & Søn", None, None, _ADDRESS),
    (BARE_FLEET, "fleet", "Fleet without address", None, None, "{}"),
    (CLIENT, "safe_client", "Café Żółw & Co", _FRENCH_IBAN, "AGRIFRPP", _ADDRESS),
    (BAD_CLIENT, "safe_client", "Wrong number", "FR7630006000011234567890180", None, _ADDRESS),
    (PAYER, "payer", "Payer", None, None, "{}"),
    (MERCHANT, "merchant", "Flower shop", _GERMAN_IBAN, None, _ADDRESS),
    (POOR_MERCHANT, "merchant", "Kiosk", _GERMAN_IBAN, None, _ADDRESS),
]
_COLUMNS = (
    "business_date", "id", "key", "leg", "kind", "approved", "action", "reason", "approval_code",
    "requested_minor", "amount_minor", "posted_minor", "currency", "terminal_id", "merchant_id",
    "site_id", "original_key", "flags", "pan_masked", "decided_at", "recorded_at",
    "rules_version", "account_id", "fence", "card_id", "vehicle_id", "driver_id", "day", "week",
    "month", "money", "volume", "count", "detail", "stream",
)
_DEPOSIT_COLUMNS = (
    "key", "business_date", "journal_id", "terminal_id", "account_id", "stay_id", "kind",
    "currency", "amount_minor", "recorded_at", "state", "withheld", "credit", "bank_id",
    "answered_at",
)
_ids = count(1)

Row = dict[str, Any]
T = TypeVar("T")


def row(kind: str, key: str, posted: int, **other: Any) -> Row:
    """A journal row; what is not given is as it is for a plain one."""
    business_date = other.pop("business_date", DAY)
    detail = other.pop("detail", {})
    decided = datetime.combine(business_date, time(12, 30), UTC)
    values: Row = {
        "business_date": business_date, "id": next(_ids), "key": key, "leg": 0, "kind": kind,
        "approved": True, "action": "000", "reason": "approved", "approval_code": "A00001",
        "requested_minor": abs(posted), "amount_minor": abs(posted), "posted_minor": posted,
        "currency": "EUR", "terminal_id": "T1", "merchant_id": "STATION", "site_id": "S1",
        "original_key": "", "flags": "", "pan_masked": "700123******4567",
        "decided_at": decided, "recorded_at": decided, "rules_version": 1, "account_id": FLEET,
        "fence": 1, "card_id": None, "vehicle_id": 1, "driver_id": 1, "day": 0, "week": 0,
        "month": 0, "money": 0, "volume": 0, "count": 0,
        "detail": detail if isinstance(detail, str) else json.dumps(detail),
        "stream": stream_of(kind, key),
    }
    assert other.keys() <= values.keys(), other.keys() - values.keys()
    return {**values, **other}


def fuel(key: str, posted: int, **other: Any) -> Row:
    """A sale of diesel for the whole amount, at 2.0555 a litre."""
    items = [{"product": "012", "unit": "L", "quantity": "20.125", "unit_price": "2.0555",
              "amount_minor": abs(posted)}]
    return row("sale", key, posted, **{"detail": {"items": items, "odometer": 120345}, **other})


def deposit(key: str, posted: int, *, life: Row | None = None, **other: Any) -> Row:
    """Notes in the safe SAFE1 of a client. life: columns of table deposit, where they are others.
    """
    plain = {"account_id": CLIENT, "terminal_id": "SAFE1", "merchant_id": "SHOP", "site_id": "",
             "pan_masked": "", "vehicle_id": None, "driver_id": None,
             "detail": {"receipt": f"R-{key}", "cassette": "C1"}, "money": posted}
    return {**row("deposit", key, posted, **{**plain, **other}), "life": life or {}}


def adjustment(key: str, posted: int, **other: Any) -> Row:
    """What a count found more or less than was credited, decided by two people."""
    plain = {"account_id": CLIENT, "terminal_id": "", "merchant_id": "", "site_id": "",
             "pan_masked": "", "vehicle_id": None, "driver_id": None,
             "detail": {"case_id": 1, "why": "short by a note"}}
    return row("adjustment", key, posted, **{**plain, **other})


def verification(key: str, freed: int, **other: Any) -> Row:
    """A count ends an exposure: it moves no money but the balance."""
    return {**adjustment(key, 0, **{"money": -freed, "amount_minor": freed, **other}),
            "kind": "verification"}


def payment(key: str, posted: int, **other: Any) -> list[Row]:
    """Both legs of a payment by phone."""
    plain = {"merchant_id": "SHOP", "site_id": "", "pan_masked": "", "vehicle_id": None,
             "driver_id": None, "detail": {"purpose": "=Roses", "reference": "ORDER 7"}}
    merchant = other.pop("account_id", MERCHANT)
    return [row("payment", key, posted, **{**plain, "account_id": PAYER, **other}),
            row("payment_receipt", key, posted,
                **{**plain, "account_id": merchant, "leg": 1, **other})]


def reversal(of: Row, posted: int, **other: Any) -> Row:
    """A reversal of `of` that gives back -posted."""
    same = {name: of[name] for name in ("account_id", "currency", "terminal_id", "merchant_id",
                                        "site_id", "leg", "stream")}
    return row("reversal", f"{of['key']}-reversal", posted,
               **{**same, "original_key": of["key"], **other})


def shuffled(rows: Iterable[Row], seed: int) -> list[Row]:
    """The messages of a day as they may come, too. A message is one row, or legs that follow each
    other: it is written by one statement, and the ids of its legs follow its own."""
    messages = [list(legs) for _, legs in groupby(rows, key=lambda one: one["key"])]
    return [leg for legs in Random(seed).sample(messages, len(messages)) for leg in legs]


def full_day() -> list[Row]:
    """One of everything that a day can bring."""
    gone, partly = fuel("sale-gone", 4_000), fuel("sale-partly", 5_000)
    refunded = payment("pay-refunded", 700)
    lost = payment("pay-lost", 100, account_id=POOR_MERCHANT, merchant_id="KIOSK")
    completed = row("preauthorization", "hold-completed", 0, requested_minor=9_000)
    reversed_hold = row("preauthorization", "hold-reversed", 0)
    mixed = {"items": [{"product": "012", "unit": "L", "quantity": "10", "unit_price": "1.5",
                        "amount_minor": 1_500},
                       {"product": "420", "amount_minor": 333}], "vehicle": "FR-123-AB",
             "driver": "<script>alert(1)</script>"}
    return [
        fuel("sale-1", 41_357), gone, reversal(gone, -4_000), partly, reversal(partly, -1_000),
        row("offline_sale", "offline-1", 1_833, detail=mixed, flags="passed:day"),
        fuel("sale-declined", 0, approved=False, action="121", amount_minor=0),
        fuel("sale-bare", 2_500, account_id=BARE_FLEET),
        fuel("sale-dinar", 99_900, currency="RSD"),
        row("offline_sale", "offline-unknown", 800, account_id=None),
        completed, row("completion", "completion-1", 3_210, original_key="hold-completed",
                       detail={"items": [{"product": "001", "amount_minor": 3_000}]}),
        reversed_hold, reversal(reversed_hold, 0),
        row("preauthorization", "hold-open", 0, amount_minor=7_000),
        row("preauthorization", "hold-expired", 0),
        row("expiry", "hold-expired/70", 0, original_key="hold-expired"),
        row("completion", "completion-of-sale", 0, original_key="sale-1"),
        deposit("deposit-1", 120_000), deposit("deposit-2", 30_050),
        deposit("deposit-3", 5_000, terminal_id="SAFE2"),
        deposit("deposit-kept", 77_700, flags="over:day,withheld:provisional_cap"),
        deposit("deposit-bad", 6_600, account_id=BAD_CLIENT),
        deposit("deposit-dollar", 8_800, currency="USD"),
        *payment("pay-1", 1_999), *refunded, *(reversal(leg, -700) for leg in refunded),
        *lost, *(reversal(leg, -100) for leg in lost),
    ]


async def set_up(connection: asyncpg.Connection, open_date: date = DAY) -> None:
    """Master data and the first day."""
    await connection.execute(
        "INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($1, $1, $1)", open_date)
    await connection.execute("SELECT journal_month($1)", open_date)
    await connection.executemany(
        "INSERT INTO account (account_id, kind, name, currency, iban, bic, address, time_zone) "
        "VALUES ($1, $2, $3, 'EUR', $4, $5, $6::text::jsonb, 'Europe/Paris')", _ACCOUNTS)
    await connection.execute("INSERT INTO vehicle VALUES (1, 1, 'AA-100-BB')")
    await connection.execute("INSERT INTO driver VALUES (1, 1, 'Jeanne')")
    await connection.executemany(
        "INSERT INTO merchant (merchant_id, name, account_id) VALUES ($1, $2, $3)",
        [("STATION", "Station North", None), ("SHOP", "Flower shop", MERCHANT),
         ("KIOSK", "Kiosk", POOR_MERCHANT)])
    await connection.execute("INSERT INTO site VALUES ('S1', 'STATION', 'Motorway A1')")


async def insert(connection: asyncpg.Connection, rows: Iterable[Row]) -> None:
    """Journal rows, in this order, with the rows of their deposits."""
    rows = list(rows)
    await connection.copy_records_to_table(
        "journal", columns=_COLUMNS,
        records=[tuple(values[name] for name in _COLUMNS) for values in rows])
    lives = [_life(values) for values in rows if "life" in values]
    await connection.copy_records_to_table(
        "deposit", columns=_DEPOSIT_COLUMNS,
        records=[tuple(life[name] for name in _DEPOSIT_COLUMNS) for life in lives])


def _life(values: Row) -> Row:
    """The row of table deposit that the host would have written beside a journal row."""
    withheld = ",".join(flag.removeprefix("withheld:") for flag in values["flags"].split(",")
                        if flag.startswith("withheld:"))
    credit = "withheld" if withheld else "night" if values["posted_minor"] else "none"
    return {**values, "journal_id": values["id"], "amount_minor": values["posted_minor"],
            "kind": "cash", "state": "reported", "stay_id": None, "bank_id": None,
            "answered_at": None, "withheld": withheld, "credit": credit, **values["life"]}


async def make_day(database_url: str, rows: Iterable[Row], open_date: date = DAY) -> None:
    """Set up and insert, on a connection of its own."""
    connection = await asyncpg.connect(database_url)
    try:
        await set_up(connection, open_date)
        await insert(connection, rows)
    finally:
        await connection.close()


def sql(database_url: str, statement: str, *values: Any) -> list[asyncpg.Record]:
    """One statement, from a test that is not a coroutine."""
    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(database_url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()
    return asyncio.run(run())


def wait(awaitable: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end."""
    return asyncio.run(awaitable)


def tree(folder: Path) -> dict[str, str]:
    """Every file below the folder with the digest of its bytes."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def read_invoices(folder: Path) -> list[list[dict[str, str]]]:
    """The rows of each invoice of a day, as its buyer imports them."""
    return [read_table(path.read_bytes())
            for path in sorted((folder / "fuel" / "invoices").glob("*.csv"))]


def lines_of(invoice: list[dict[str, str]], *columns: str) -> list[tuple[str, ...]]:
    """These columns of an invoice's lines."""
    return [tuple(line[column] for column in columns) for line in invoice
            if line["record"] == "line"]
