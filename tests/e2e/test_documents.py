"""The pages of a night: complete, the same bytes again, made apart where the night leaves them, and
refused where one does not say what was decided."""

from __future__ import annotations

import hashlib
import json
import shutil
from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path

import msgspec
import pypdfium2
import pytest

from authhost.cli import main
from clearing.control import check_files
from clearing.documents.apart import write_apart
from clearing.documents.hybrid import NAME
from clearing.documents.settings import Documents
from clearing.errors import ClearingError
from clearing.run import clear
from clearing.settings import load_settings
from clearing.summary import FileRecord
from clearing.tables import read_table
from tests.e2e.clearing_day import CLIENT, DAY, FLEET, deposit, full_day, make_day, sql, tree, wait
from tests.e2e.test_clearing_statements import tell
from tests.support.statement import entry, statement, transaction
from tests.support.vat_abroad import exchange_rate

pytestmark = pytest.mark.invariant(11)
LATER = msgspec.structs.replace(load_settings(), documents=Documents(made=False))


def make(database_url: str) -> None:
    """A full day; the fleet gets its invoice in every form but Poland's."""
    wait(make_day(database_url, full_day()))
    sql(database_url, "INSERT INTO account_tax (account_id, forms) VALUES ($1, '{ubl,cii,pdf}') "
        "ON CONFLICT (account_id) DO UPDATE SET forms = excluded.forms", FLEET)


def pages(folder: Path) -> dict[str, str]:
    """The PDFs below a folder with the digests of their bytes."""
    return {path: digest for path, digest in tree(folder).items() if path.endswith(".pdf")}


def text_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return text


def carried(path: Path) -> bytes:
    document = pypdfium2.PdfDocument(path)
    [file] = [document.get_attachment(at) for at in range(document.count_attachments())]
    assert file.get_name() == NAME
    content = bytes(file.get_data())
    document.close()
    return content


def test_a_night_with_all_its_pages(database_url: str, tmp_path: Path) -> None:
    make(database_url)
    night = wait(clear(database_url, DAY, tmp_path))
    made = pages(tmp_path / "2026-07-23")
    assert {file.path for file in night.files if file.kind.endswith("_pdf")} == made.keys()
    kinds = {path.partition("/")[2].partition("/")[0] for path in made}
    assert kinds == {"invoices", "settlements", "bookings"}
    for path in (tmp_path / "2026-07-23" / "fuel" / "invoices").glob("*.cii.xml"):
        # The page carries the very invoice that lies beside it.
        assert carried(path.with_name(path.name.replace(".cii.xml", ".pdf"))) == path.read_bytes()
    again = wait(clear(database_url, DAY, tmp_path / "again"))
    assert again.digest == night.digest
    assert pages(tmp_path / "again" / "2026-07-23") == made


def test_pages_made_apart_are_those_of_the_night(database_url: str, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    make(database_url)
    with pytest.raises(ClearingError, match="fuel/1 is not released"):
        wait(write_apart(database_url, DAY, tmp_path))
    wait(clear(database_url, DAY, tmp_path / "later", settings=LATER))
    assert pages(tmp_path / "later") == {}
    released = tree(tmp_path / "later")
    assert main(["documents", "--date", "2026-07-23", "--out", str(tmp_path / "later"),
                 "--database-url", database_url]) == 0
    assert "settlement_pdf" in capsys.readouterr().out
    apart = {path.replace("-documents", ""): digest
             for path, digest in pages(tmp_path / "later" / "2026-07-23").items()}
    assert tree(tmp_path / "later").items() >= released.items()
    manifest = json.loads((tmp_path / "later" / "2026-07-23" / "payments-documents"
                           / "manifest.json").read_text())
    assert [file["sha256"] for file in manifest["files"]] == [
        digest for path, digest in sorted(apart.items()) if path.startswith("payments/")]
    # A night that makes them itself, of the same day.
    for table in ("clearing_run", "run_addendum", "clearing_file", "run_control"):
        sql(database_url, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    sql(database_url, "UPDATE clearing_run SET status = 'posted', manifest_digest = NULL, settings "
        "= jsonb_set(settings::jsonb, '{documents}', '{}')::text")
    for table in ("run_addendum", "clearing_file", "run_control"):
        sql(database_url, f"DELETE FROM {table}")
    wait(clear(database_url, DAY, tmp_path / "with"))
    assert pages(tmp_path / "with" / "2026-07-23") == apart


def test_a_page_that_says_another_sum_is_refused(database_url: str, tmp_path: Path) -> None:
    make(database_url)

    def swap(step: str) -> None:
        if step == "payments control":
            folder = tmp_path / ".2026-07-23.payments.staging" / "settlements"
            first, second, *_ = sorted(folder.glob("*.pdf"))
            shutil.copy(first, second)

    with pytest.raises(ClearingError, match=r"settlements/S.*\.pdf: the file says"):
        wait(clear(database_url, DAY, tmp_path, progress=swap))
    wait(clear(database_url, DAY, tmp_path))


def test_a_page_that_is_missing_is_refused(database_url: str, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    make(database_url)
    monkeypatch.setattr("clearing.documents.night._PAGES", {"fuel": nothing})
    with pytest.raises(ClearingError, match="invoice_pdf_pdf in EUR: the files say None"):
        wait(clear(database_url, DAY, tmp_path, streams=["fuel"]))


async def nothing(*_: object):  # type: ignore[no-untyped-def]  # an empty run
    for page in ():
        yield page


def test_a_damaged_page_cannot_be_read_back(database_url: str, tmp_path: Path) -> None:
    make(database_url)
    wait(clear(database_url, DAY, tmp_path))
    [path] = (tmp_path / "2026-07-23" / "fuel" / "invoices").glob("F2026-000001.pdf")
    content = path.read_bytes()
    record = FileRecord(path.name, "invoice_pdf_pdf", 1, 1, "EUR")
    for bad in (b"", b"%PDF-1.7\n", content[:2_000], content.replace(b"/Lang(", b"/Long("),
                content.replace(b"(factur-x.xml)", b"(factur-y.xml)")):
        assert bad != content
        path.write_bytes(bad)
        with pytest.raises(ClearingError, match="cannot be read back"):
            check_files(path.parent, [record])


def test_names_of_strangers_are_text_on_a_page(database_url: str, tmp_path: Path) -> None:
    make(database_url)
    nasty = '#eval("1+1") *bold* $x$ \\u{41} ]#read("/etc/passwd") 花屋 \u202e\ue000'
    sql(database_url, "UPDATE account SET name = $1", nasty)
    sql(database_url, "UPDATE merchant SET name = $1", nasty)
    wait(clear(database_url, DAY, tmp_path))
    for path in tmp_path.rglob("*.pdf"):
        assert '#eval("1+1") *bold* $x$' in text_of(path).replace("\r\n", " ")


def test_a_clients_statement_is_tied_to_the_banks_booking(database_url: str,
                                                          tmp_path: Path) -> None:
    """A week: the bank has booked one of two credits before its last night, one after."""
    wait(make_day(database_url, [deposit("one", 1_000), deposit("two", 2_500,
                                                                terminal_id="SAFE2")]))
    sql(database_url, "UPDATE account SET billing = 'weekly' WHERE account_id = $1", CLIENT)
    first, second = "20260723-CASH-1-D0000001", "20260723-CASH-1-D0000002"
    for day in range(4):
        wait(clear(database_url, DAY + timedelta(days=day), tmp_path, streams=["cash"]))
        if not day:
            tell(database_url, statement([entry(-1_000, transaction(first))], opening=0,
                                         closing=-1_000))
    [path] = (tmp_path / "2026-07-26" / "cash" / "bookings").glob(f"{CLIENT}-EUR.csv")
    sent = {row["end_to_end_id"]: row for row in read_table(path.read_bytes())
               if row["kind"] == "credit"}
    assert {key: (row["amount_minor"], row["bank_booked_on"], row["bank_statement"])
            for key, row in sent.items()} == {
        first: ("-1000", "2026-07-24", "ST1"), second: ("-2500", "", "")}
    text = text_of(path.with_suffix(".pdf")).replace("\u00a0", " ")
    assert "24 July 2026" in text
    assert "on no statement yet" in text
    # What the bank tells after the night is no part of it: its files stay as they are.
    tell(database_url, statement([entry(-2_500, transaction(second))], opening=-1_000,
                                 closing=-3_500, reference="ST2", from_day="2026-07-25",
                                 to_day="2026-07-25"))
    wait(clear(database_url, DAY + timedelta(days=3), tmp_path / "again", streams=["cash"]))
    assert tree(tmp_path / "again" / "2026-07-26") == tree(tmp_path / "2026-07-26")


def test_the_page_of_a_polish_invoice_has_the_hash_of_what_ksef_is_sent(database_url: str,
                                                                        tmp_path: Path) -> None:
    make(database_url)
    sql(database_url, "UPDATE account_tax SET vat_id = 'PL5260250995', forms = '{ksef,pdf}'")
    exchange_rate(database_url, DAY - timedelta(days=1), "4.2613")
    usual = load_settings()
    polish = msgspec.structs.replace(
        usual, vat_basis_points=2_300, product_groups=(),
        invoicing=msgspec.structs.replace(usual.invoicing, vat_id="PL5265877635"))
    wait(clear(database_url, DAY, tmp_path, settings=polish, streams=["fuel"]))
    structured = sorted((tmp_path / "2026-07-23" / "fuel" / "invoices").glob("*.ksef.xml"))
    assert structured
    for path in structured:
        digest = urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode().rstrip("=")
        page = text_of(path.with_name(path.name.replace(".ksef.xml", ".pdf")))
        link = f"https://qr.ksef.mf.gov.pl/invoice/5265877635/23-07-2026/{digest}"
        assert link in page.replace("\u200b", "").replace("\r\n", "").replace("\n", "")
