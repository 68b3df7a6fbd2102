"""Invoices of before their price basis was kept: as their night has kept their buyer."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from authhost.embedded import Servers
from authhost.journal.migrate import migrate
from tests.support.databases import fresh
from tests.support.upgrades import migrated_until


def test_an_invoice_keeps_the_basis_that_its_buyer_had(servers: Servers,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh(servers, "before_basis", template="template1") as url:
        asyncio.run(migrated_until(url, "0033", monkeypatch))
        assert asyncio.run(_upgraded(url)) == {"F1": "net", "F2": "gross", "F3": "gross"}


async def _upgraded(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("INSERT INTO invoice_series (series, last) VALUES ('F', 3)")
        for account_id, tax in ((1, '{"price_basis": "net"}'), (2, '{"price_basis": "gross"}')):
            await connection.execute(
                "INSERT INTO clearing_party (run_id, kind, party_id, content) "
                "VALUES ('run', 'tax', $1, $2::text::jsonb)", str(account_id), tax)
        await connection.executemany(
            "INSERT INTO invoice (number, kind, run_id, account_id, currency, period_from, "
            "period_to, issued_on, due_on, net_minor, vat_minor, gross_minor, collected_by, "
            "series, serial) VALUES ('F' || $1::bigint, 'fleet', 'run', $1, 'EUR', '2026-07-01', "
            "'2026-07-31', '2026-07-31', '2026-08-14', 100, 19, 119, 'transfer', 'F', $1)",
            [(1,), (2,), (3,)])
        assert (await migrate(url))[0].startswith("0033")
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await connection.execute("UPDATE invoice SET price_basis = 'gross'")
        rows = await connection.fetch("SELECT number, price_basis FROM invoice")
        return {row["number"]: row["price_basis"] for row in rows}
    finally:
        await connection.close()
