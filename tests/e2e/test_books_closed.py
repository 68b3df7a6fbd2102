"""What is closed takes nothing more, by whatever way: by direct SQL, as the tables' own owner."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest

from authhost.embedded import Servers
from clearing.run import clear
from tests.e2e.clearing_day import DAY, full_day, make_day, sql, wait
from tests.support.databases import fresh

pytestmark = pytest.mark.invariant(11)

_PLACED = ("INSERT INTO {table} (stream, journal_date, journal_id, run_no, place, family, "
           "amount_minor, currency) SELECT 'fuel', '2026-07-23', 999999, run_no, 'cleared', "
           "'fuel', 1, 'EUR' FROM clearing_run WHERE stream = 'fuel'")


@pytest.fixture(scope="module")
def cleared(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A day whose night is over. What is refused leaves it as it is."""
    with fresh(servers, "closed") as url:
        wait(make_day(url, full_day()))
        wait(clear(url, DAY, tmp_path_factory.mktemp("out")))
        yield url


@pytest.mark.parametrize("statement", [
    _PLACED.format(table="placement"), _PLACED.format(table="placement_fuel"),
    "INSERT INTO placement_waiting SELECT run_no, '2026-07-22', 1 FROM clearing_run",
    ("INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, amount_minor, "
     "currency) SELECT run_id, 'planted', 1, '1100', '2100', 1, 'EUR' FROM clearing_run "
     "WHERE stream = 'payments'"),
    ("INSERT INTO ledger_balance SELECT run_no, code, 'XXX', 1, debit, 1 - debit FROM clearing_run,"
     " (VALUES ('1100', 1), ('2100', 0)) AS of (code, debit) WHERE stream = 'cash'"),
])
def test_a_posted_run_takes_no_row(statement: str, cleared: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError, match=r"2026-07-23/\w+/1 is posted: a row"):
        sql(cleared, statement)


@pytest.mark.parametrize("table", [
    "journal", "journal_202607", "journal_202607_fuel", "journal_202608", "journal_202608_cash"])
def test_the_journal_is_never_emptied(table: str, cleared: str) -> None:
    sql(cleared, "SELECT journal_month('2026-08-01')")
    rows = "SELECT count(*) FROM journal"
    before = sql(cleared, rows)
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only: TRUNCATE refused"):
        sql(cleared, f"TRUNCATE {table}")
    if "202608" not in table:
        for statement in (f"UPDATE {table} SET posted_minor = 1", f"DELETE FROM {table}"):
            with pytest.raises(asyncpg.RaiseError, match="the journal is append-only"):
                sql(cleared, statement)
    assert sql(cleared, rows) == before


def test_a_run_that_is_being_posted_takes_rows(cleared: str) -> None:
    """The control: the same statements, of a run that has no place in the chain yet."""
    sql(cleared, "INSERT INTO clearing_run (run_id, business_date, stream, sequence, "
                 "journal_digest, journal_count, settings, status) VALUES ('open', '2026-07-24', "
                 "'fuel', 1, '', 0, '{}', 'posted')")
    sql(cleared, _PLACED.format(table="placement") + " AND run_id = 'open'")
    sql(cleared, "INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, "
                 "amount_minor, currency) VALUES ('open', 'planted', 1, '1100', '2100', 1, 'EUR')")
    assert sql(cleared, "SELECT sum(amount_minor)::int FROM ledger_entry "
                        "WHERE run_id = 'open'")[0][0] == 0
