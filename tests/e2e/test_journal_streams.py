"""A journal of before streams, in months alone: every row of it goes to its stream, once."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

import asyncpg
import pytest

from authhost.embedded import Servers
from authhost.journal.migrate import migrate
from authhost.streams import STREAMS
from tests.support.databases import fresh
from tests.support.upgrades import migrated_until

_NAMED: Final = "0017"  # a row says its stream
_PARTED: Final = "0031"  # and is in its partition
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


@pytest.mark.parametrize("before", [_NAMED, _PARTED])
def test_rows_of_before_go_to_their_streams(before: str, servers: Servers,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh(servers, "before_streams", template="template1") as url:
        asyncio.run(migrated_until(url, before, monkeypatch))
        asyncio.run(_moved(url, before))


async def _moved(url: str, until: str) -> None:
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
        if until == _PARTED:
            await connection.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
            await connection.executemany("UPDATE journal SET stream = $2 WHERE key = $1",
                                         [(key, stream) for key, _, _, stream in _ROWS])
            await connection.execute("ALTER TABLE journal ENABLE TRIGGER append_only")
            await connection.executemany(
                "INSERT INTO closed_day (stream, business_date, following, closed_by) "
                "VALUES ($1, $2, $2::date + 1, 'test')",
                [(stream, _MONTHS[0]) for stream in STREAMS])
        before = await connection.fetch("SELECT id, business_date, key FROM journal ORDER BY id")
        applied = await migrate(url)
        assert applied[0].startswith(until)
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
