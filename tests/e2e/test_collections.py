"""Invoices collected by direct debit: told, collected once, net of credit notes, by the mandate."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from lxml import etree

from clearing.errors import ClearingError
from clearing.night import Night
from clearing.run import clear
from clearing.settings import Settings, load_settings
from tests.e2e.clearing_day import BARE_FLEET, DAY, FLEET, fuel, make_day, sql, tree, wait

pytestmark = pytest.mark.invariant(11)

CREDITOR = {"identifier": "DE98ZZZ09999999999", "name": "Authhost Operator",
            "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}
IBAN, OTHER_IBAN = "AT611904300234573201", "DE89370400440532013000"
SPACE = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"}
INVOICE = ("INSERT INTO invoice (number, kind, run_id, account_id, currency, period_from, "
           "period_to, issued_on, due_on, net_minor, vat_minor, gross_minor, collected_by, series,"
           " serial) VALUES ($1, $2, 'x', $3, $4, $5, $5, $5, $6, $7, 0, $7, 'direct_debit', 'T', "
           "(SELECT count(*) + 1 FROM invoice))")
MANDATE = ("INSERT INTO mandate (mandate_id, account_id, scheme, signed_on, debtor_name, iban) "
           "VALUES ($1, $2, $3, '2026-01-10', 'Transporte Müller', $4)")
DEBITS = ("SELECT invoice, amount_minor::int, sequence_type, collect_on::text, held "
          "FROM clearing_debit ORDER BY end_to_end_id")


def settings(**collection: Any) -> Settings:
    """Settings of an operator who collects; a debtor is told a day before."""
    plain = msgspec.to_builtins(load_settings())
    return msgspec.convert({**plain, "bankfiles": {"collection": {
        "creditor": CREDITOR, "notice_days": 1, "ahead_days": 0, **collection}}}, Settings)


def invoice(database_url: str, number: str, gross_minor: int, **other: Any) -> None:
    """An invoice, or a credit note where it gives back."""
    sql(database_url, INVOICE, number, other.get("kind", "fleet" if gross_minor > 0
                                                 else "credit_note"),
        other.get("account_id", FLEET), other.get("currency", "EUR"), other.get("issued_on", DAY),
        other.get("due_on", DAY), gross_minor)


def scene(database_url: str, *mandates: tuple[str, int, str, str]) -> None:
    """A day without fuel, a series, and these mandates."""
    wait(make_day(database_url, []))
    sql(database_url, "INSERT INTO invoice_series (series, last) VALUES ('T', 0)")
    for mandate in mandates or (("M-1", FLEET, "CORE", IBAN),):
        sql(database_url, MANDATE, *mandate)


def night(database_url: str, out: Path, day: date, rules: Settings | None = None) -> Night:
    """The night of fuel alone."""
    return wait(clear(database_url, day, out, rules or settings(), streams=("fuel",)))


def nights(database_url: str, out: Path, count: int, rules: Settings | None = None) -> list[Night]:
    """So many nights from DAY on."""
    return [night(database_url, out, DAY + timedelta(days=number), rules)
            for number in range(count)]


def collected(out: Path) -> list[etree._Element]:
    """The transactions of all files, in the order of days and files."""
    return [one for path in sorted(out.rglob("collections-*.xml"))
            for one in etree.parse(str(path)).iterfind(".//p:DrctDbtTxInf", SPACE)]


def text(element: etree._Element, path: str) -> str:
    return element.findtext("/".join(f"p:{name}" for name in path.split("/")), "", SPACE)


def test_a_debtor_is_told_and_then_debited_once(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 12_345)
    first, second, *rest = nights(database_url, tmp_path, 5)
    content = (tmp_path / "2026-07-23/fuel/bank/notices.csv").read_text()
    told, = csv.DictReader(io.StringIO(content))
    assert (told["invoice"], told["amount"], told["collect_on"], told["creditor_id"]) == (
        "F-1", "123.45", "2026-07-24", CREDITOR["identifier"])
    assert not [file for file in first.files if file.kind == "collection_xml"]
    # The file of Friday's night is at the bank on Monday and collects on Tuesday.
    assert [(file.kind, file.sum_minor) for file in second.files
            if file.kind == "collection_xml"] == [("collection_xml", 12_345)]
    assert not [file for one in rest for file in one.files if file.kind == "collection_xml"]
    one, = collected(tmp_path)
    assert [text(one, path) for path in (
        "PmtId/EndToEndId", "InstdAmt", "DrctDbtTx/MndtRltdInf/MndtId",
        "DrctDbtTx/MndtRltdInf/DtOfSgntr", "Dbtr/Nm", "DbtrAcct/Id/IBAN")] == [
        "20260724-FUEL-1-C0000001", "123.45", "M-1", "2026-01-10", "Transporte Muller", IBAN]
    assert [tuple(row) for row in sql(database_url, DEBITS)] == [
        ("F-1", 12_345, "FRST", "2026-07-28", "")]
    assert [tuple(row) for row in sql(
        database_url, "SELECT code, amount_minor::int, account_id FROM ledger_entry ORDER BY line"
    )] == [("1300", 12_345, FLEET), ("1100", -12_345, FLEET)]
    assert tuple(sql(database_url, "SELECT message_id, kind, purpose, count, sum_minor::int, "
                                   "execute_on::text FROM bank_file")[0]) == (
        "20260724-FUEL-1-COLLECT-EUR.1", "pain008", "collection", 1, 12_345, "2026-07-28")


def test_a_repeat_collects_nothing_and_changes_no_byte(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 100)
    nights(database_url, tmp_path / "first", 2)
    # Of what has come since then the released night does not tell.
    invoice(database_url, "F-2", 200)
    sql(database_url, "UPDATE mandate SET debtor_name = 'New', iban = $1", OTHER_IBAN)
    nights(database_url, tmp_path / "again", 2)
    collections = [
        {path: digest for path, digest in tree(tmp_path / run).items() if "collections" in path}
        for run in ("first", "again")]
    assert collections[0] == collections[1] != {}
    assert len(sql(database_url, DEBITS)) == 1


def test_the_database_collects_nothing_twice(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 100)
    nights(database_url, tmp_path, 2)
    with pytest.raises(asyncpg.UniqueViolationError, match="clearing_debit_once"):
        sql(database_url, """INSERT INTO clearing_debit SELECT (d).* FROM (
            SELECT jsonb_populate_record(d, '{"end_to_end_id": "other"}') AS d
            FROM clearing_debit d) x""")


def test_credit_notes_are_taken_off(database_url: str, tmp_path: Path) -> None:
    """The oldest invoice first; what is left of a credit note waits; nothing is collected of what
    they cover whole."""
    scene(database_url)
    invoice(database_url, "F-1", 1_000)
    invoice(database_url, "F-2", 500)
    invoice(database_url, "G-1", -1_200)
    nights(database_url, tmp_path, 2)
    assert [(*tuple(row)[:2], row["held"]) for row in sql(database_url, DEBITS)] == [
        ("F-1", 0, "netted"), ("F-2", 300, "")]
    assert [tuple(row) for row in sql(
        database_url, "SELECT credit_note, amount_minor::int FROM debit_netting "
                      "ORDER BY end_to_end_id")] == [("G-1", 1_000), ("G-1", 200)]
    assert [text(one, "InstdAmt") for one in collected(tmp_path)] == ["3.00"]
    invoice(database_url, "F-3", 50, issued_on=DAY + timedelta(days=2))
    invoice(database_url, "G-2", -80, issued_on=DAY + timedelta(days=2))
    nights(database_url, tmp_path, 6)
    assert sql(database_url, "SELECT sum(amount_minor)::int FROM debit_netting "
                             "WHERE credit_note = 'G-2'")[0][0] == 50


def test_the_sequence_of_a_mandate(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 100)
    invoice(database_url, "F-2", 100)
    nights(database_url, tmp_path, 2)
    third = DAY + timedelta(days=2)
    night(database_url, tmp_path, third)
    sql(database_url, "UPDATE mandate SET is_last = true, iban = $1", OTHER_IBAN)
    invoice(database_url, "F-3", 100, issued_on=third)
    invoice(database_url, "F-4", 100, issued_on=third)
    for days in range(3, 8):
        night(database_url, tmp_path, DAY + timedelta(days=days))
    invoice(database_url, "F-5", 100, issued_on=DAY + timedelta(days=7))
    last = [night(database_url, tmp_path, DAY + timedelta(days=days)) for days in range(8, 12)]
    assert {(row["invoice"], row["sequence_type"]) for row in sql(database_url, DEBITS)
            if not row["held"]} == {
        ("F-1", "FRST"), ("F-2", "RCUR"), ("F-3", "RCUR"), ("F-4", "FNAL")}
    assert ("collection", "F-5", "mandate_used") in {
        (case.kind, case.reference, case.reason) for one in last for case in one.cases}
    amended = [text(one, "DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlDbtrAcct/Id/IBAN")
               for one in collected(tmp_path)]
    assert amended == ["", "", IBAN, IBAN]


def test_a_scheme_has_a_file_and_a_day_a_block(database_url: str, tmp_path: Path) -> None:
    scene(database_url, ("M-1", FLEET, "CORE", IBAN), ("M-2", BARE_FLEET, "B2B", OTHER_IBAN))
    invoice(database_url, "F-1", 100)
    invoice(database_url, "F-2", 200, account_id=BARE_FLEET)
    invoice(database_url, "F-3", 300)
    made = nights(database_url, tmp_path, 2)[1]
    assert {(file.path, file.count, file.sum_minor) for file in made.files
            if file.kind == "collection_xml"} == {
        ("fuel/bank/collections-EUR-core.xml", 2, 400),
        ("fuel/bank/collections-EUR-b2b.xml", 1, 200)}
    assert {file.recipient for file in made.files if file.kind == "collection_xml"} == {"bank/own"}
    blocks = [(text(one, "PmtInfId"), text(one, "PmtTpInf/LclInstrm/Cd"), text(
        one, "PmtTpInf/SeqTp"), text(one, "NbOfTxs")) for path in sorted(
            tmp_path.rglob("collections-*.xml")) for one in etree.parse(str(path)).iterfind(
                ".//p:PmtInf", SPACE)]
    assert blocks == [("20260724-FUEL-1-COLLECT-EUR.1/1", "B2B", "FRST", "1"),
                      ("20260724-FUEL-1-COLLECT-EUR.2/1", "CORE", "FRST", "1"),
                      ("20260724-FUEL-1-COLLECT-EUR.2/2", "CORE", "RCUR", "1")]


def test_a_bank_that_takes_small_files_has_them_so(database_url: str, tmp_path: Path) -> None:
    """By their bytes, heads of blocks and all; each collection in one, each file known by its ends.
    """
    scene(database_url)
    for number in range(1, 251):
        invoice(database_url, f"F-{number:03d}", 100 + number)
    plain = msgspec.to_builtins(settings())
    plain["bankfiles"]["own"]["most_bytes"] = 65_536
    nights(database_url, tmp_path, 2, msgspec.convert(plain, Settings))
    found = sorted(tmp_path.rglob("collections-*.xml"))
    assert [path.name for path in found] == [
        f"collections-EUR-core.{number}.xml" for number in range(1, len(found) + 1)]
    assert 2 <= len(found) <= 5
    assert max(path.stat().st_size for path in found) <= 65_536
    assert len({text(one, "PmtId/EndToEndId") for one in collected(tmp_path)}) == 250
    assert sum(row["count"] for row in sql(
        database_url, "SELECT count(*)::int AS count FROM filed_order GROUP BY message_id")) == 250


@pytest.mark.parametrize(("change", "reason"), [
    ("UPDATE mandate SET status = 'suspended'", "mandate_suspended"),
    ("UPDATE mandate SET status = 'cancelled'", "mandate_cancelled"),
    ("UPDATE mandate SET signed_on = '2023-07-24'", "mandate_expired"),
    ("UPDATE mandate SET iban = 'AT611904300234573202'", "iban_invalid"),
    ("UPDATE mandate SET iban = 'AE070331234567890123456'", "outside_sepa"),
    ("UPDATE mandate SET debtor_name = E'\\u0301'", "name_missing"),
])
def test_what_cannot_be_collected_waits_for_a_person(change: str, reason: str, database_url: str,
                                                     tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 100)
    night(database_url, tmp_path, DAY)
    sql(database_url, change)
    second = night(database_url, tmp_path, DAY + timedelta(days=1))
    assert [(case.kind, case.account_id, case.reference, case.amount_minor, case.reason)
            for case in second.cases] == [("collection", FLEET, "F-1", 100, reason)]
    assert [tuple(row) for row in sql(
        database_url, "SELECT reason, subject FROM clearing_exception")] == [
        (f"collection_{reason}", "F-1")]
    assert collected(tmp_path) == []
    # After the mend the next night collects it.
    sql(database_url, "UPDATE mandate SET status = 'active', signed_on = '2026-01-10', "
                      "debtor_name = 'Müller', iban = $1", IBAN)
    night(database_url, tmp_path, DAY + timedelta(days=2))
    assert [text(one, "InstdAmt") for one in collected(tmp_path)] == ["1.00"]


def test_an_invoice_without_a_mandate_is_an_exception_once(database_url: str,
                                                          tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 100, account_id=BARE_FLEET)
    nights(database_url, tmp_path, 2)
    assert [tuple(row) for row in sql(
        database_url, "SELECT reason, subject, account_id FROM clearing_exception")] == [
        ("collection_mandate_missing", "F-1", BARE_FLEET)]
    assert list(tmp_path.rglob("notices.csv")) == []


def test_who_does_not_collect_writes_nothing(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 100)
    nights(database_url, tmp_path, 2, load_settings())
    assert list(tmp_path.rglob("bank")) == []


def test_a_collection_that_was_changed_is_not_released(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 100)
    night(database_url, tmp_path, DAY)

    def tamper(step: str) -> None:
        if step == "fuel control":
            path, = tmp_path.rglob("collections-EUR-core.xml")
            path.write_bytes(path.read_bytes().replace(b">1.00<", b">9.00<"))

    with pytest.raises(ClearingError, match="the file says"):
        wait(clear(database_url, DAY + timedelta(days=1), tmp_path, settings(), tamper,
                   streams=("fuel",)))


def test_whom_the_operator_owes_is_told_what_is_wrong_with_his_creditor() -> None:
    for creditor, what in (({**CREDITOR, "identifier": "DE97ZZZ09999999999"}, "identifier"),
                           ({**CREDITOR, "bic": ""}, "bic_missing"),
                           ({**CREDITOR, "iban": "DE1"}, "iban_invalid")):
        plain = msgspec.to_builtins(load_settings())
        text_given = msgspec.json.encode({**plain, "bankfiles": {"collection": {
            "creditor": creditor}}})
        with pytest.raises(ClearingError, match=f"creditor: {what}"):
            load_settings(text_given)


def test_what_was_fuelled_is_collected(database_url: str, tmp_path: Path) -> None:
    """From the pump to the bank: sale, invoice, notice, debit, and the receivable is gone."""
    wait(make_day(database_url, [fuel("sale", 41_357)]))
    sql(database_url, MANDATE, "M-1", FLEET, "CORE", IBAN)
    sql(database_url, "INSERT INTO account_tax (account_id, collected_by, payment_days) "
                      "VALUES ($1, 'direct_debit', 1)", FLEET)
    nights(database_url, tmp_path, 3)
    one, = collected(tmp_path)
    number, gross = sql(database_url, "SELECT number, gross_minor::int FROM invoice")[0]
    assert (text(one, "InstdAmt"), text(one, "RmtInf/Ustrd").split()[1]) == ("413.57", number)
    assert gross == 41_357
    assert sql(database_url, "SELECT sum(amount_minor)::int FROM ledger_entry "
                             "WHERE code = '1100'")[0][0] == 0
