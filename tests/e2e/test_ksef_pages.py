"""Pages with KSeF's codes, made beside the night: with the number that holds, or none at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from clearing.documents import ksef_pages
from clearing.documents.ksef_pages import write_ksef_pages
from clearing.errors import ClearingError
from clearing.run import clear
from tests.e2e.clearing_day import DAY, NEXT, make_day, sql, tree, wait
from tests.e2e.test_invoices import night, tax
from tests.e2e.test_invoices_abroad import KSEF_NUMBER, at
from tests.support.vat_abroad import POLISH, exchange_rate

INVOICE = "F2026-000001"


@pytest.fixture
def day(database_url: str, tmp_path: Path) -> str:
    """A Polish operator's, with one invoice."""
    asyncio.run(make_day(database_url, []))
    tax(database_url, forms=["ksef", "pdf"], vat_id="PL9542742927")
    exchange_rate(database_url, DAY.replace(day=DAY.day - 1), "4.2613")
    night(database_url, DAY, [at("S1", "sale", 12_300)], tmp_path / "files", settings=POLISH)
    return database_url


def told(database_url: str, ksef_number: str) -> None:
    sql(database_url, "INSERT INTO ksef_number (number, ksef_number, who) VALUES ($1, $2, 'boss')",
        INVOICE, ksef_number)


def test_the_number_that_was_told_last_holds(day: str, tmp_path: Path) -> None:
    def number() -> str:
        [page] = wait(write_ksef_pages(day, DAY, tmp_path / "pages"))
        return page.ksef_number

    assert number() == ""
    told(day, f"{KSEF_NUMBER[:-2]}00")
    told(day, KSEF_NUMBER)
    assert number() == KSEF_NUMBER
    told(day, "")
    assert number() == ""


@pytest.mark.parametrize("read", ["another", "nothing"])
def test_a_page_that_does_not_say_what_was_decided_leaves_nothing(
        read: str, day: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "pages"
    wait(write_ksef_pages(day, DAY, out))
    before = tree(out)

    def reads(_: Path) -> tuple[int, int, str]:
        if read == "nothing":
            raise ValueError("no XML in it")
        return 1, 1, "EUR"

    monkeypatch.setattr(ksef_pages, "read_invoice_page", reads)
    with pytest.raises(ClearingError, match=f"{INVOICE}.pdf(:| says)"):
        wait(write_ksef_pages(day, DAY, out))
    assert (tree(out), list(out.iterdir())) == (before, [out / f"{INVOICE}.pdf"])


def test_what_is_not_released_has_no_pages_yet(day: str, tmp_path: Path) -> None:
    """Cash waits for its second person, and payments have no night at all."""
    release = msgspec.structs.replace(POLISH.release, four_eyes=True)
    wait(clear(day, DAY, tmp_path / "files", msgspec.structs.replace(POLISH, release=release),
               streams=["cash"]))
    [page] = wait(write_ksef_pages(day, DAY, tmp_path / "pages"))
    assert page.number == INVOICE
    with pytest.raises(ClearingError, match=f"{NEXT}: nothing is released"):
        wait(write_ksef_pages(day, NEXT, tmp_path / "pages"))
