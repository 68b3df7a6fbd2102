"""Rows from before streams had names: the migration puts them where new ones are put."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import asyncpg
import pytest

from tests.e2e.clearing_day import (
    adjustment,
    deposit,
    full_day,
    insert,
    make_day,
    reversal,
    row,
    sql,
    verification,
    wait,
)

pytestmark = pytest.mark.invariant(11)


def backfill() -> str:
    """The part of the migration that names the streams."""
    text = files("authhost.journal").joinpath("migrations", "0017_days.sql").read_text()
    begins = text.index("ALTER TABLE journal DISABLE TRIGGER")
    return text[begins:text.index("-- The days that were closed.")]


def test_old_rows_are_where_new_ones_are(database_url: str) -> None:
    kept = deposit("kept", 500)
    rows: list[dict[str, Any]] = [
        *full_day(), kept, reversal(kept, -500), adjustment("found", 20), verification("over", 480),
        row("deposit_authorization", "escrow", 0, account_id=kept["account_id"]),
        row("expiry", "escrow/70", 0, original_key="escrow", account_id=kept["account_id"],
            stream="cash"),
        row("payment_refusal", "pay/1/word", 0), row("reversal", "pay/1/refund", -5),
        row("funding", "desk/1/funding/a", 0)]
    expected = {(one["key"], one["leg"]): one["stream"] for one in rows}

    async def forget_and_fill() -> None:
        connection = await asyncpg.connect(database_url)
        await insert(connection, [{**one, "stream": "fuel"} for one in rows])
        await connection.execute(backfill())
        await connection.close()

    wait(make_day(database_url, []))
    wait(forget_and_fill())
    found = {(one["key"], one["leg"]): one["stream"]
             for one in sql(database_url, "SELECT key, leg, stream FROM journal")}
    assert found == expected
    assert set(found.values()) == {"fuel", "cash", "payments"}
    with pytest.raises(asyncpg.RaiseError, match="append-only"):  # its guard is back
        sql(database_url, "UPDATE journal SET stream = 'fuel'")
