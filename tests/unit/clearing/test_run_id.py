"""Ids come from the run and a number alone, and fit into ISO 20022."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clearing.localtime import date_and_time
from clearing.remittance import deposit_remittance
from clearing.run_id import RunId, read_message_id

RUN = RunId(date(2026, 7, 23), "cash")


def test_the_ids_of_a_run() -> None:
    assert str(RUN) == "2026-07-23/cash/1"
    assert RUN.created == "2026-07-23T23:59:59Z"
    assert RUN.message_id("deposits", "EUR") == "20260723-CASH-1-DEPOSITS-EUR"
    assert RUN.message_id("deposits", "EUR", 12) == "20260723-CASH-1-DEPOSITS-EUR-12"
    assert RUN.end_to_end_id("D", 1) == "20260723-CASH-1-D0000001"
    assert RUN.document("F", 1) == "F20260723-CASH-1-000001"


@pytest.mark.parametrize("bank", [0, 12])
@pytest.mark.parametrize("file", [0, 1, 99])
def test_a_message_id_is_read_back(bank: int, file: int) -> None:
    made = RUN.message_id("deposits", "EUR", bank, file)
    assert read_message_id(made) == (RUN, "deposits", "EUR", bank, file)


@pytest.mark.parametrize("text", [
    "", "FILE", "20269999-CASH-1-DEPOSITS-EUR", "20260723-CASH-01-DEPOSITS-EUR",
    "20260723-CASH-1-DEPOSITS-EUR-0", "20260723-cash-1-DEPOSITS-EUR",
    "20260723-NIGHT-1-DEPOSITS-EUR", f"20260723-CASH-{'1' * 5_000}-DEPOSITS-EUR"])
def test_a_message_id_that_was_never_written(text: str) -> None:
    assert read_message_id(text) is None


def test_an_id_that_is_too_long_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        RUN.message_id("deposits-of-a-very-long-name", "EUR")


@pytest.mark.parametrize(("count", "receipts", "text"), [
    (1, [], "SAFE S1 2026-07-23, 1 DEPOSIT"),
    (1, ["R1"], "SAFE S1 2026-07-23, 1 DEPOSIT, RECEIPT R1"),
    (3, ["R1", "R2", "R3"], "SAFE S1 2026-07-23, 3 DEPOSITS, RECEIPT R1, R2, R3"),
    (9, ["R1", "R2", "R3"], "SAFE S1 2026-07-23, 9 DEPOSITS, RECEIPT R1, R2, R3 AND 6 MORE"),
    (0, [], "SAFE S1 2026-07-23, 0 DEPOSITS"),
])
def test_what_the_client_reads(count: int, receipts: list[str], text: str) -> None:
    assert deposit_remittance("S1", date(2026, 7, 23), count, receipts) == text


def test_the_text_fits() -> None:
    assert len(deposit_remittance("S" * 99, date(2026, 7, 23), 99_999, ["R" * 99] * 3)) <= 140


@pytest.mark.parametrize(("zone", "local"), [
    ("Europe/Paris", ("2026-07-24", "01:30")), ("America/New_York", ("2026-07-23", "19:30")),
    ("Nowhere/Land", ("2026-07-23", "23:30")), ("../etc/passwd", ("2026-07-23", "23:30")),
    ("", ("2026-07-23", "23:30")), ("Europe", ("2026-07-23", "23:30")),
])
def test_the_time_on_the_wall(zone: str, local: tuple[str, str]) -> None:
    assert date_and_time(datetime(2026, 7, 23, 23, 30, tzinfo=UTC), zone) == local
