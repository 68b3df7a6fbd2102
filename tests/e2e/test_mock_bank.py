"""A bank that others have written (mock-bank): it takes our files, and we take its answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from authhost.admin.bank_answers import tell_answer
from authhost.admin.bank_statements import tell_file
from clearing.camt053 import StatementError
from clearing.run import clear
from clearing.settings import load_settings
from tests.e2e.clearing_day import DAY, NEXT, deposit, make_day, payment, sql, wait
from tests.e2e.test_bank_answers import DEPOSITS, SECOND, books, waiting

accounts = pytest.importorskip("mockbank.accounts")
server = pytest.importorskip("mockbank.server")
state = pytest.importorskip("mockbank.state")

pytestmark = pytest.mark.invariant(11)

BIC = "MOCKNL2AXXX"  # as it calls itself


def night(database_url: str, day: date, folder: Path) -> None:
    """Of an operator who banks with it."""
    plain = load_settings()
    debtor = msgspec.structs.replace(plain.debtors["*"], bic=BIC)
    wait(clear(database_url, day, folder / "out", settings=msgspec.structs.replace(
        plain, debtors={"*": debtor})))


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Any]:
    """The bank on the evening of DAY, with the operator's account."""
    pickup = tmp_path / "pickup"
    pickup.mkdir()
    made = state.State(server.Config(clock="2026-07-23T21:00", pickup_dir=str(pickup), quiet=True))
    debtor = load_settings().debtors["*"]
    accounts.create(made.conn, "OPERATOR", {
        "name": debtor.name, "iban": debtor.iban, "bic": BIC, "balance": 10**9})
    yield made
    made.close()


@pytest.fixture
def files(database_url: str, tmp_path: Path) -> Path:
    """A night with two credits of 10.00 and 25.00 and a payout of 3.00; its folder."""
    rows = [deposit("one", 1_000), deposit("two", 2_500, terminal_id="SAFE2"),
            *payment("pay", 300)]
    wait(make_day(database_url, rows))
    night(database_url, DAY, tmp_path)
    return tmp_path / "out" / DAY.isoformat()


def send(bank: Any, folder: Path) -> list[str]:
    """The night's files; what became of each."""
    return [bank.receive(path.read_bytes())[0]["status"]
            for path in sorted(folder.glob("*/bank/*.xml"))]


def tell(bank: Any, database_url: str, kinds: tuple[bytes, ...] = (
        b"pain.002", b"camt.054", b"camt.053")) -> None:
    """Everything that lies in the folder where the bank puts it, of these kinds."""
    for path in sorted(Path(bank.config.pickup_dir).glob("*.xml")):
        content = path.read_bytes()
        if any(kind in content[:300] for kind in kinds):
            told = tell_file if b"camt.053" in content[:300] else tell_answer
            wait(told(database_url, content))


def test_it_takes_our_files_and_we_take_its_answers(
        bank: Any, files: Path, database_url: str, tmp_path: Path) -> None:
    assert send(bank, files) == ["ACCP", "ACCP"]
    for _ in range(4):
        bank.clock.advance(days=1)
    tell(bank, database_url)
    tell(bank, database_url)
    assert waiting(database_url) == []
    night(database_url, NEXT, tmp_path)
    assert books(database_url) == {"1000": -3_800}
    assert accounts.get(bank.conn, "OPERATOR")["balance"] == 10**9 - 3_800
    assert {row[0] for row in sql(
        database_url, "SELECT state FROM file_state WHERE path LIKE 'bank/%.xml'")} == {
        "reconciled"}


def test_a_file_that_was_there_is_a_duplicate(bank: Any, files: Path, database_url: str) -> None:
    send(bank, files)
    assert send(bank, files) == ["RJCT", "RJCT"]
    tell(bank, database_url, (b"pain.002",))
    assert {reason for reason, _ in waiting(database_url)} == {"duplicate_told"}


def test_there_is_no_money_for_one(bank: Any, files: Path, database_url: str,
                                       tmp_path: Path) -> None:
    accounts.update(bank.conn, "OPERATOR",
                    {"balance": 2_000, "behaviour": "insufficient-funds"})
    assert send(bank, files) == ["PART", "ACCP"]
    tell(bank, database_url)
    night(database_url, NEXT, tmp_path)
    assert [row[0] for row in sql(database_url, "SELECT before_id FROM clearing_again")] == [
        SECOND], "there was no money for it: it is paid again"
    assert waiting(database_url) == []


def test_what_comes_back_days_later(bank: Any, files: Path, database_url: str,
                                    tmp_path: Path) -> None:
    accounts.update(bank.conn, "OPERATOR", {"behaviour": "return-later"})
    send(bank, files)
    for _ in range(10):
        bank.clock.advance(days=1)
    tell(bank, database_url)
    assert {reason for reason, _ in waiting(database_url)} == {"credit_returned"}
    night(database_url, NEXT, tmp_path)
    assert books(database_url) == {"2200": -3_500, "2400": -300}, "owed again, nothing in transit"
    assert accounts.get(bank.conn, "OPERATOR")["balance"] == 10**9


def test_the_answer_to_somebody_else(bank: Any, files: Path, database_url: str) -> None:
    content = (files / "cash/bank/deposits-EUR.xml").read_bytes().replace(
        DEPOSITS.encode(), b"SOMEBODY-ELSE-1")
    bank.receive(content)
    with pytest.raises(StatementError, match="is no file of ours"):
        tell(bank, database_url, (b"pain.002",))
    assert sql(database_url, "SELECT FROM bank_answer") == []
