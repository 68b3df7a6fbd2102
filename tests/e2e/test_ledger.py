"""The books: a trial balance at any time, as it was known then, and a chain that shows a change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from clearing.errors import ClearingError
from clearing.ledger import AccountBalance, trial_balance, verify
from clearing.run import clear
from tests.e2e.clearing_day import DAY, NEXT, fuel, full_day, insert, make_day, sql, wait

pytestmark = pytest.mark.invariant(11)


def asked(database_url: str, ask: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    """What the books say."""
    async def run() -> Any:
        connection = await asyncpg.connect(database_url)
        try:
            return await ask(connection)
        finally:
            await connection.close()
    return wait(run())


def two_days(database_url: str, folder: Path) -> datetime:
    """Both cleared; when the first was, and the second was not."""
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, folder))
    between = datetime.now(UTC)
    asked(database_url, lambda connection: insert(
        connection, [fuel("second", 7_700, business_date=NEXT)]))
    wait(clear(database_url, NEXT, folder))
    return between


def balances(found: tuple[AccountBalance, ...], currency: str) -> dict[str, int]:
    """By code."""
    return {one.code: one.balance_minor for one in found if one.currency == currency}


def test_a_trial_balance_at_any_time(database_url: str, tmp_path: Path) -> None:
    between = two_days(database_url, tmp_path)
    now = asked(database_url, trial_balance)
    then = asked(database_url, lambda connection: trial_balance(connection, between))
    first = asked(database_url, lambda connection: trial_balance(connection, up_to=DAY))
    for found in (now, then):
        for currency in ("EUR", "RSD", "USD"):
            assert sum(balances(found, currency).values()) == 0
    assert then == first
    assert balances(now, "EUR")["1100"] - balances(then, "EUR")["1100"] == 7_700
    assert balances(now, "EUR") == {
        row["code"]: row["minor"] for row in sql(
            database_url, "SELECT code, sum(amount_minor)::bigint AS minor FROM ledger_entry "
                          "WHERE currency = 'EUR' GROUP BY code")}
    nothing = asked(database_url, lambda connection: trial_balance(
        connection, datetime(2026, 1, 1, tzinfo=UTC)))
    assert nothing == ()


def test_the_chain_is_whole(database_url: str, tmp_path: Path) -> None:
    two_days(database_url, tmp_path)
    assert asked(database_url, verify).runs == 6


@pytest.mark.parametrize(("table", "change", "message"), [
    ("placement_fuel", "UPDATE placement SET debit_account_id = 2 WHERE amount_minor = 41357",
     "2026-07-23/fuel/1: what is booked is not"),
    ("placement_cash", "DELETE FROM placement_cash WHERE amount_minor = 5000",
     "2026-07-23/cash/1: what is booked is not"),
    ("ledger_transfer", ("UPDATE ledger_transfer SET amount_minor = amount_minor + 1000 "
                         "WHERE credit = '1300'"), "2026-07-23/cash/1: what is booked is not"),
    ("ledger_balance", ("UPDATE ledger_balance SET debits_minor = debits_minor + 1 "
                        "WHERE code = '1100'"), "2026-07-23/fuel/1: account 1100 in EUR"),
    ("clearing_run", "UPDATE clearing_run SET journal_count = 1 WHERE run_no = 2",
     "2026-07-23/cash/1: its digest does not follow"),
])
def test_a_change_is_seen(table: str, change: str, message: str, database_url: str,
                          tmp_path: Path) -> None:
    two_days(database_url, tmp_path)
    for one in {table, "placement"}:
        sql(database_url, f"ALTER TABLE {one} DISABLE TRIGGER USER")
    sql(database_url, change)
    with pytest.raises(ClearingError, match=message):
        asked(database_url, verify)
