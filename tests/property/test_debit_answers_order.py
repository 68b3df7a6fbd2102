"""Words about direct debits in any order, with any repeats: the same books, mandates, collections.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings

from authhost.embedded import Servers
from clearing.run import clear
from tests.e2e.clearing_day import BARE_FLEET, DAY, FLEET, sql
from tests.e2e.test_collections import IBAN as DEBTOR
from tests.e2e.test_collections import OTHER_IBAN, invoice, nights, scene
from tests.e2e.test_collections import settings as collecting
from tests.support import pain002
from tests.support.answered import orders, state_of, tell_all
from tests.support.databases import fresh
from tests.support.statement import entry, notice, returned, statement, transaction

pytestmark = pytest.mark.invariant(11)

# Of the first fleet 10.00 and 30.00, of the other 20.00 and 40.00; the first ones are a block.
FIRST, SECOND, THIRD, FOURTH = (f"20260724-FUEL-1-C000000{number}" for number in (1, 2, 3, 4))
FILE = "20260724-FUEL-1-COLLECT-EUR.1"
RETRY: Final = (
    "WITH e AS (UPDATE clearing_exception SET state = 'decided', decision = 'retry', "
    "proposed_by = 'a', decided_by = 'b' WHERE state <> 'closed' AND reason LIKE 'debit_%' "
    "RETURNING *) INSERT INTO exception_decision (exception_id, stream, reason, subject_kind, "
    "subject, decision, decided_by) SELECT exception_id, stream, reason, subject_kind, subject, "
    "'retry', 'b' FROM e")


def rejected(name: str, block: int, *codes: tuple[str, str]) -> bytes:
    return pain002.report(FILE, pain002.block(f"{FILE}/{block}", "".join(
        pain002.transaction(identifier, "RJCT", code) for identifier, code in codes),
        status="PART"), status="PART", kind="pain.008.001.08", name=name)


# The bank contradicts itself: what it has refused it books, and gives back; of one refusal it
# tells two reasons, of which one ends the mandate.
MESSAGES: Final = (
    pain002.report(FILE, status="ACCP", kind="pain.008.001.08", name="A"),
    rejected("B", 1, (FIRST, "AM04"), (SECOND, "AM04")),
    rejected("C", 2, (FOURTH, "MS02")),
    rejected("D", 2, (FOURTH, "AC04")),
    notice("E", entry(1_000, transaction(FIRST)), entry(3_000, transaction(THIRD))),
    notice("F", entry(-3_000, transaction(THIRD, more=returned("AM04")))),
    statement([entry(1_000, transaction(FIRST)), entry(3_000, transaction(THIRD)),
               entry(-3_000, transaction(THIRD, more=returned("AM04")))],
              opening=0, closing=1_000),
)


@pytest.fixture(scope="module")
def night(servers: Servers) -> Iterator[str]:
    """The name of a database with a night that collects four invoices of two fleets."""
    with fresh(servers, "collected") as url, tempfile.TemporaryDirectory() as out:
        scene(url, ("M-1", FLEET, "CORE", DEBTOR), ("M-2", BARE_FLEET, "CORE", OTHER_IBAN))
        for number, account_id in enumerate((FLEET, BARE_FLEET, FLEET, BARE_FLEET), 1):
            invoice(url, f"F-{number}", 1_000 * number, account_id=account_id)
        nights(url, Path(out), 2)
        names = {row[0]: row[1] for row in sql(
            url, "SELECT end_to_end_id, amount_minor::int FROM clearing_debit")}
        assert names == {FIRST: 1_000, SECOND: 2_000, THIRD: 3_000, FOURTH: 4_000}
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="module")
def expected(servers: Servers, night: str) -> dict[str, Any]:
    """What the messages come to, each told once."""
    return ended(servers, night, range(len(MESSAGES)))


def ended(servers: Servers, night: str, order: Sequence[int]) -> dict[str, Any]:
    """The end state after these messages, a night, people who want all of it again, and a night."""
    with fresh(servers, "debits", night) as url, tempfile.TemporaryDirectory() as out:
        asyncio.run(tell_all(url, MESSAGES, order))
        for days in (2, 3):
            asyncio.run(clear(url, DAY + timedelta(days=days), Path(out), collecting(),
                              streams=("fuel",)))
            if days == 2:
                sql(url, RETRY)
        return asyncio.run(state_of(
            url, mandates="SELECT mandate_id, status FROM mandate",
            debits="SELECT invoice, before_id, sequence_type, amount_minor, held "
                   "FROM clearing_debit"))


def test_what_they_come_to(expected: dict[str, Any]) -> None:
    """What was refused and booked is a person's; what came back after settlement is collected
    again; two were refused under a mandate that is over, and wait for another one."""
    assert expected["mandates"] == [("M-1", "active"), ("M-2", "cancelled")]
    assert [row for row in expected["debits"] if row[1]] == [
        ("F-2", SECOND, "FRST", 2_000, "mandate_cancelled"), ("F-3", THIRD, "RCUR", 3_000, ""),
        ("F-4", FOURTH, "FRST", 4_000, "mandate_cancelled")]
    assert expected["exceptions"] == [
        ("collection_mandate_cancelled", "F-2"), ("collection_mandate_cancelled", "F-4"),
        ("paid_though_rejected", FIRST)]
    assert sum(row[2] for row in expected["books"] if row[0] == "1000") == 1_000


@settings(max_examples=8, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture])
@given(order=orders(len(MESSAGES)))
def test_any_order_with_any_repeats(order: list[int], servers: Servers, night: str,
                                    expected: dict[str, Any]) -> None:
    assert ended(servers, night, order) == expected
