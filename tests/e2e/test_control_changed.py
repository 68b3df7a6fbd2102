"""One digit of one amount, one line, another currency: in every kind of file control refuses it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec
import pytest

from authhost.embedded import Servers
from authhost.streams import STREAMS
from clearing.control import check_files, check_totals
from clearing.errors import ClearingError
from clearing.queries import connect
from clearing.run import clear
from clearing.run_id import RunId
from clearing.summary import FileRecord
from tests.e2e.clearing_day import DAY, full_day, make_day, wait
from tests.support.databases import fresh
from tests.support.whole_night import collecting, make_whole

pytestmark = pytest.mark.invariant(11)

_UBL: Final = rb'<cbc:(?!Price)\w+Amount currencyID="EUR">-?([\d.]+)<'  # nobody adds up prices
_CII: Final = rb"<ram:(?!Charge)\w+Amount[^>]*>-?([\d.]+)<"
_ERP: Final = rb"\n(?:line|vat|total),.*,-?([\d.]+),(?:[\d.-]*,){3}EUR"
_TAX: Final = rb"\n(?:vat|total),.*,-?([\d.]+),(?:[\d.-]*,){2}EUR"
_CAMT: Final = rb'<Amt Ccy="EUR">([\d.]+)<'
_BALANCE: Final = rb",-?(\d+),EUR\r"
_JSON: Final = rb'"(?:sum|amount|net|vat|fees|interest|gross)_minor": ?-?(\d+)'
# By kind: what its amounts look like, and a line of it.
CHANGED: Final = {
    "invoice_ubl_xml": ([_UBL], rb"<cac:InvoiceLine>.*?</cac:InvoiceLine>"),
    "paper_ubl_xml": ([_UBL], rb"<cac:InvoiceLine>.*?</cac:InvoiceLine>"),
    "invoice_cii_xml": ([_CII], rb"<ram:IncludedSupplyChainTradeLineItem>.*?</ram:Included\w+>"),
    "invoice_csv_csv": ([_ERP, _TAX], rb"\nline[^\n]*"),
    "paper_csv_csv": ([_ERP, _TAX], rb"\nline[^\n]*"),
    "booking_xml": ([_CAMT], rb"<Ntry>[^\n]*\n"),
    "booking_csv": ([_BALANCE, rb",-?(\d+),-?\d+,EUR\r"], rb"\ndeposit[^\n]*"),
    "booking_records_json": ([_JSON], rb'\n\{"booked_on"[^\n]*'),
    "settlement_xml": ([_CAMT], rb"<Ntry>[^\n]*\n"),
    "settlement_csv": ([_BALANCE, rb",-?(\d+),-?\d+,-?\d+,EUR\r"], rb"\npayment[^\n]*"),
    "merchant_payout_xml": ([rb'<InstdAmt Ccy="EUR">([\d.]+)<', rb"<CtrlSum>([\d.]+)<",
                             rb"<NbOfTxs>(\d+)<"], rb"<CdtTrfTxInf>.*?</CdtTrfTxInf>"),
    "deposit_credit_csv": ([rb";(\d+,\d\d);EUR"], rb"\n[^\n]*D0000002[^\n]*"),
    "deposit_credit_json": ([_JSON], rb'\{\s*"kind": ?"deposit".*?"why": ?""\s*\},'),
    "deposit_advice_bai2": ([rb"\n16,\d+,(\d+),", rb"\n(?:49|98|99),(\d+)", rb"100,(\d+),",
                             rb",100,\d+,(\d+),"], rb"\n16,301,[^\n]*"),
    "fee_json": ([_JSON], rb'\{\s*"kind":.*?\},'),
    "fee_html": ([rb'-minor="-?(\d+)"'], rb'<td class="number" data-transaction.*?</td>'),
    "safe_total_csv": ([rb"\nEUR,\w+,\d+,(?:\d+),(\d+)"], rb"\nEUR,SAFE1[^\n]*"),
}


@pytest.fixture(scope="module")
def files(servers: Servers, tmp_path_factory: pytest.TempPathFactory
          ) -> dict[str, tuple[Path, FileRecord]]:
    """The largest file in euros of each kind that a whole night has written."""
    out = tmp_path_factory.mktemp("night")
    with fresh(servers, "changed") as url:
        make_whole(url, full_day())
        made = wait(clear(url, DAY, out, collecting())).files
    folder = out / DAY.isoformat()
    return {file.kind: (folder, file) for file in sorted(
        made, key=lambda file: (folder / file.path).stat().st_size) if file.currency == "EUR"}


def test_every_kind_is_here(files: dict[str, tuple[Path, FileRecord]]) -> None:
    assert {kind for kind in files if not kind.endswith("pdf")} == CHANGED.keys()


@pytest.mark.parametrize("kind", CHANGED)
def test_whatever_is_changed_is_refused(kind: str, files: dict[str, tuple[Path, FileRecord]]
                                        ) -> None:
    folder, record = files[kind]
    path, (amounts, line) = folder / record.path, CHANGED[kind]
    content = path.read_bytes()
    check_files(folder, [record])

    def passes(other: bytes) -> bool:
        assert other != content
        try:
            path.write_bytes(other)
            return bool(check_files(folder, [record]))
        except ClearingError:
            return False
        finally:
            path.write_bytes(content)

    found = [match.span(1) for pattern in amounts for match in re.finditer(pattern, content)]
    assert len(found) >= len(amounts)
    flipped = {(start, end): content[:end - 1] + bytes([content[end - 1] ^ 1]) + content[end:]
               for start, end in found}
    assert [content[start - 60:end + 20] for (start, end), other in flipped.items()
            if passes(other)] == []
    assert not passes(re.sub(line, b"", content, count=1, flags=re.DOTALL)), "a line is gone"
    assert not passes(content[:-40]), "it was cut off"
    if b"EUR" in content and kind != "deposit_credit_csv":  # its form beside it says the currency
        assert not passes(content.replace(b"EUR", b"CHF"))
    for other in told_otherwise(record):
        with pytest.raises(ClearingError, match=r"the file says"):
            check_files(folder, [other])


def told_otherwise(record: FileRecord) -> list[FileRecord]:
    """The record with another count, sum or currency."""
    return [msgspec.structs.replace(record, **change) for change in (
        {"count": record.count + 1}, {"sum_minor": record.sum_minor + 1}, {"currency": "CHF"})]


def test_the_files_of_each_kind_come_to_what_the_ledger_says(database_url: str, tmp_path: Path
                                                             ) -> None:
    wait(make_day(database_url, full_day()))
    night = wait(clear(database_url, DAY, tmp_path))

    async def ask(run_id: RunId, records: list[FileRecord]) -> None:
        connection = await connect(database_url)
        try:
            await check_totals(connection, run_id, records)
        finally:
            await connection.close()

    for stream in STREAMS:
        run_id, records = RunId(DAY, stream), list(night.run(stream).files)
        wait(ask(run_id, records))
        for at, record in enumerate(records):
            if record.currency:
                others = [[other] for other in told_otherwise(record)]
                for instead in (*others, [], [record, record])[:None if record.count else 3]:
                    with pytest.raises(ClearingError, match=f"{stream}/1: .* the files say"):
                        wait(ask(run_id, [*records[:at], *instead, *records[at + 1:]]))
