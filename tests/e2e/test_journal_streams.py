"""A journal of before streams, in months alone: every row of it goes to its stream, once."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

import asyncpg
import pytest

from authhost.embedded import Servers
from authhost.journal import migrate as journal_migrate
from tests.support.databases import fresh

_BEFORE: Final = "0017"
# Key, kind, the kind of its account, and the stream that it is of.
_ROWS: Final = (
    ("sale-1", "sale", "fleet", "fuel"), ("hold-1", "preauthorization", "fleet", "fuel"),
    ("back-1", "return", "fleet", "fuel"), ("safe/1", "deposit", "safe_client", "cash"),
    ("safe/2", "adjustment", "safe_client", "cash"), ("safe/3", "reversal", "safe_client", "cash"),
    ("safe/4", "verification", "safe_client", "cash"),
    ("escrow", "deposit_authorization", "safe_client", "cash"),
    ("escrow/70", "expiry", "safe_client", "cash"), ("hold-1/70", "expiry", "fleet", "fuel"),
    ("desk/1/funding/a", "funding", "fleet", "fuel"),
    ("pay/1/capture/1", "payment", "payer", "payments"),
    ("pay/1/word", "payment_refusal", "payer", "payments"),
    ("pay/1/refund", "reversal", None, "payments"),
    ("qr-1", "payment_receipt", "merchant", "payments"),
    ("back-2", "reversal", "payer", "payments"), ("back-3", "reversal", None, "fuel"))
_MONTHS: Final = (date(2026, 6, 30), date(2026, 7, 1))

pytestmark = pytest.mark.invariant(11)


def test_rows_of_before_go_to_their_streams(servers: Servers,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh(servers, "before_streams", template="template1") as url:
        asyncio.run(_migrated_until_streams(url, monkeypatch))
        asyncio.run(_moved(url))


async def _migrated_until_streams(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = [entry for entry in journal_migrate._scripts() if entry.name < _BEFORE]
    with monkeypatch.context() as earlier:
        earlier.setattr(journal_migrate, "_scripts", lambda: scripts)
        await journal_migrate.migrate(url)


async def _moved(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        accounts = {"fleet": 1, "safe_client": 2, "payer": 3, "merchant": 4}
        await connection.executemany("INSERT INTO account (account_id, kind, name, currency) "
                                     "VALUES ($2, $1, $1, 'EUR')", accounts.items())
        for day in _MONTHS:
            await connection.execute("SELECT journal_month($1)", day)
            await connection.executemany(
                "INSERT INTO journal (business_date, id, key, leg, kind, approved, action, reason, "
                "approval_code, requested_minor, amount_minor, posted_minor, currency, "
                "terminal_id, merchant_id, site_id, original_key, flags, pan_masked, decided_at, "
                "recorded_at, rules_version, account_id, fence, day, week, month, money, volume, "
                "count, detail) VALUES ($1, nextval('journal_id'), $2, 0, $3, true, '000', "
                "'approved', '', 5, 5, 5, 'EUR', 'T', 'M', 'S', '', '', '', now(), now(), 1, $4, "
                "1, 1, 1, 1, 5, 0, 1, '{}')",
                [(day, key, kind, accounts.get(account or "")) for key, kind, account, _ in _ROWS])
        before = await connection.fetch("SELECT id, business_date, key FROM journal ORDER BY id")
        applied = await journal_migrate.migrate(url)
        assert applied[0].startswith(_BEFORE)
        after = await connection.fetch("SELECT id, business_date, key FROM journal ORDER BY id")
        assert after == before
        # Each by the partition that it is in.
        found = await connection.fetch(
            "SELECT business_date, key, tableoid::regclass::text AS part FROM journal")
        assert {(row["business_date"], row["key"]): row["part"] for row in found} == {
            (day, key): f"journal_{day:%Y%m}_{stream}"
            for day in _MONTHS for key, _, _, stream in _ROWS}
        for harm in ("TRUNCATE journal_202606_cash", "UPDATE journal SET stream = 'fuel'"):
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await connection.execute(harm)
    finally:
        await connection.close()
