"""What the night sends to banks, each bank's own way: split, as a table, advised, held back."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from lxml import etree

from authhost.bank.outbox import Credit
from authhost.bank.payees import Payees
from clearing.control import check_files
from clearing.errors import ClearingError
from clearing.night import Night
from clearing.run import clear
from clearing.settings import Settings, load_settings
from clearing.summary import FileRecord
from tests.e2e.clearing_day import (
    CLIENT,
    DAY,
    NEXT,
    adjustment,
    deposit,
    fuel,
    insert,
    make_day,
    payment,
    sql,
    tree,
    wait,
)
from tests.support.bai2 import faults

pytestmark = pytest.mark.invariant(11)

RAIL = {"currency": "EUR", "rail": "transfer", "debtor": {
    "name": "Cash in transit", "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP",
    "address": {"town": "Paris", "country": "FR"}}}
BANK = ("INSERT INTO bank (bank_id, name, bic, rails, files) "
        "VALUES ('B/1', 'First', 'AGRIFRPP', $1, $2)")
FILES = ("SELECT message_id, kind, path, count, sum_minor::int, first_id, last_id, "
         "execute_on::text FROM bank_file ORDER BY path")


def bank(database_url: str, files: dict[str, Any], rail: dict[str, Any] = {},  # noqa: B006
         posting: str = '{"by": "deposit"}') -> None:
    """The client's bank, and that each of the client's deposits has a credit of its own."""
    sql(database_url, BANK, msgspec.json.encode([{**RAIL, **rail}]).decode(),
        msgspec.json.encode(files).decode())
    sql(database_url, "UPDATE account SET bank_id = 'B/1', posting = $1 WHERE account_id = 10",
        posting)


def cash(database_url: str, out: Path, day: Any = DAY, settings: Settings | None = None) -> Night:
    """The night of cash alone."""
    return wait(clear(database_url, day, out, settings, streams=("cash",)))


def paid(path: Path) -> dict[str, str]:
    """Amounts by EndToEndId of one pain.001."""
    root = etree.parse(str(path))
    space = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
    return {one.findtext("p:PmtId/p:EndToEndId", "", space):
            one.findtext("p:Amt/p:InstdAmt", "", space)
            for one in root.iterfind(".//p:CdtTrfTxInf", space)}


def later(database_url: str, rows: list[dict[str, Any]]) -> None:
    """Rows of the day that is open now."""
    async def run() -> None:
        connection = await asyncpg.connect(database_url)
        try:
            await insert(connection, rows)
        finally:
            await connection.close()
    wait(run())


def test_a_file_is_known_by_its_message_id_and_its_ends(database_url: str,
                                                        tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 1_000), deposit("two", 500, terminal_id="SAFE2"),
                                 *payment("pay", 700)]))
    wait(clear(database_url, DAY, tmp_path))
    # 2026-07-23 is a Thursday: its night is executed on Friday.
    assert [tuple(row) for row in sql(database_url, FILES)] == [
        ("20260723-CASH-1-DEPOSITS-EUR", "pain001", "bank/deposits-EUR.xml", 2, 1_500,
         "20260723-CASH-1-D0000001", "20260723-CASH-1-D0000002", "2026-07-24"),
        ("20260723-PAYMENTS-1-PAYOUTS-EUR", "pain001", "bank/payouts-EUR.xml", 1, 700,
         "20260723-PAYMENTS-1-M0000001", "20260723-PAYMENTS-1-M0000001", "2026-07-24")]
    content = (tmp_path / "2026-07-23/cash/bank/deposits-EUR.xml").read_text()
    assert "<ReqdExctnDt><Dt>2026-07-24</Dt></ReqdExctnDt>" in content
    assert "<CtgyPurp><Cd>CASH</Cd></CtgyPurp>" in content
    assert "<BtchBookg>true</BtchBookg>" in content
    events = ("SELECT detail ->> 'message_id' FROM file_event "
              "WHERE path = 'bank/deposits-EUR.xml' AND state = 'generated'")
    assert [row[0] for row in sql(database_url, events)] == ["20260723-CASH-1-DEPOSITS-EUR"]


def test_a_bank_that_takes_small_files(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit(f"d-{number:03d}", 100 + number)
                                 for number in range(250)]))
    bank(database_url, {"most_payments": 100, "batch_booking": False})
    first = cash(database_url, tmp_path / "first")
    files = sql(database_url, FILES)
    assert [(row["message_id"], row["path"], row["count"]) for row in files] == [
        (f"20260723-CASH-1-DEPOSITS-EUR-1.{number}", f"bank/deposits-EUR-B%2F1.{number}.xml",
         count) for number, count in ((1, 100), (2, 100), (3, 50))]
    folder = tmp_path / "first/2026-07-23/cash"
    found = [paid(folder / row["path"]) for row in files]
    assert len(set().union(*found)) == 250
    assert [(min(one), max(one)) for one in found] == [
        (row["first_id"], row["last_id"]) for row in files]
    assert b"<BtchBookg>false</BtchBookg>" in (folder / files[0]["path"]).read_bytes()
    assert {file.recipient for file in first.files if "/bank/" in file.path} == {"bank/B/1"}
    # Whatever the bank wants by now: what is sent again is what was sent.
    sql(database_url, "UPDATE bank SET files = '{}'")
    cash(database_url, tmp_path / "again")
    assert tree(tmp_path / "first") == tree(tmp_path / "again")


def test_a_file_is_not_larger_than_its_bank_takes(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit(f"d-{number:03d}", 1_000) for number in range(400)]))
    bank(database_url, {"most_bytes": 65_536, "most_minor": 300_000})
    cash(database_url, tmp_path)
    paths = [tmp_path / "2026-07-23/cash" / row["path"] for row in sql(database_url, FILES)]
    assert len(paths) > 2
    assert all(path.stat().st_size <= 65_536 for path in paths)
    assert sum(len(paid(path)) for path in paths) == 400
    assert all(row["sum_minor"] <= 300_000 for row in sql(database_url, FILES))


def test_what_a_rail_pays_at_once_and_what_it_does_not(database_url: str,
                                                       tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("small", 1_000), deposit("large", 90_000),
                                 deposit("next", 2_000)]))
    bank(database_url, {}, {"rail": "instant", "most_minor": 50_000})
    cash(database_url, tmp_path)
    folder = tmp_path / "2026-07-23/cash/bank"
    instant, plain = folder / "deposits-EUR-B%2F1.1.xml", folder / "deposits-EUR-B%2F1.2.xml"
    assert (sorted(paid(instant).values()), list(paid(plain).values())) == (
        ["10.00", "20.00"], ["900.00"])
    assert b"<LclInstrm><Cd>INST</Cd></LclInstrm>" in instant.read_bytes()
    assert b"<LclInstrm>" not in plain.read_bytes()
    bounds = "SELECT least_minor, least(most_minor, 10^9)::int FROM bank_file ORDER BY path"
    assert [tuple(row) for row in sql(database_url, bounds)] == [
        (1, 50_000), (50_001, 1_000_000_000)]


TABLE = {"separator": ";", "decimal": ",", "encoding": "cp1252", "date": "%d.%m.%Y",
         "head": "H;{message_id};{execute_on}", "trailer": "T;{count};{sum}",
         "columns": [{"title": "Ref", "field": "end_to_end_id"}, {"title": "An", "field": "name"},
                     {"title": "IBAN", "field": "iban"}, {"title": "Betrag", "field": "amount"},
                     {"title": "Am", "field": "execute_on"}]}


def test_orders_as_a_table(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 123_456), deposit("two", 7)]))
    bank(database_url, {"orders": "csv", "orders_csv": TABLE})
    night = cash(database_url, tmp_path)
    path = tmp_path / "2026-07-23/cash/bank/deposits-EUR-B%2F1.csv"
    lines = path.read_text("cp1252").split("\n")
    assert lines[0] == "H;20260723-CASH-1-DEPOSITS-EUR-1;24.07.2026"
    rows = list(csv.reader(io.StringIO("\n".join(lines[1:-2])), delimiter=";"))
    assert rows[0] == ["Ref", "An", "IBAN", "Betrag", "Am"]
    assert [(row[1], row[3], row[4]) for row in rows[1:]] == [
        ("Cafe Zolw + Co", "1234,56", "24.07.2026"), ("Cafe Zolw + Co", "0,07", "24.07.2026")]
    assert lines[-2] == "T;2;1234,63"
    kinds = {file.kind: file.sum_minor for file in night.files if file.currency}
    assert kinds["deposit_credit_csv"] == 123_463
    assert "deposit_credit_xml" not in kinds


ADVISED = [deposit("one", 120_000, detail={
    "receipt": "R/1", "cassette": "C1", "depositor": "Ana, <Novak>", "denominations": [
        {"value_minor": 5_000, "count": 20}, {"value_minor": 200, "count": 100, "kind": "coin"}]}),
    deposit("two", 5_000), adjustment("short", -2_000)]


@pytest.fixture(name="advised")
def _advised(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A night with a deposit, a difference, and a suspected counterfeit, for a bank with a form."""
    wait(make_day(database_url, ADVISED))
    bank(database_url, {"advice": request.param}, posting='{"by": "client"}')
    case = sql(database_url, "INSERT INTO cash_case (kind, terminal_id, account_id) "
                             "VALUES ('counterfeit', 'SAFE1', 10) RETURNING case_id")[0][0]
    sql(database_url, "INSERT INTO counterfeit (case_id, account_id, currency, value_minor, serial,"
                      " category, seen_at, due_on) VALUES ($1, 10, 'EUR', 5000, 'X123', '2', "
                      "'2026-07-23', '2026-08-20')", case)
    night = cash(database_url, tmp_path)
    file, = (file for file in night.files if file.kind == f"deposit_advice_{request.param}")
    assert (file.count, file.sum_minor) == (4, 123_000)
    return tmp_path / "2026-07-23" / file.path


@pytest.mark.parametrize("advised", ["xml"], indirect=True)
def test_an_advice_as_xml(advised: Path) -> None:
    root = etree.parse(str(advised)).getroot()
    lines = root.findall(".//{*}line")
    assert (root.get("count"), root.get("sum"), root.get("message")) == (
        "4", "1230.00", "20260723-CASH-1-ADVICE-EUR-1")
    assert [(line.get("kind"), line.get("amount")) for line in lines] == [
        ("adjustment", "-20.00"), ("deposit", "1200.00"), ("deposit", "50.00"),
        ("counterfeit", "0.00")]
    assert (lines[1].get("depositor"), lines[1].get("receipt")) == ("Ana, .Novak.", "R/1")
    assert [(piece.get("kind"), piece.get("value"), piece.get("count"))
            for piece in lines[1]] == [("note", "50.00", "20"), ("coin", "2.00", "100")]
    assert lines[0].get("why") == "short by a note"
    assert (lines[3].get("serial"), lines[3].get("why")) == (
        "X123", "SUSPECTED COUNTERFEIT 50.00 EUR, CATEGORY 2")


@pytest.mark.parametrize("advised", ["csv"], indirect=True)
def test_an_advice_as_a_table(advised: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(advised.read_text(), newline=""), delimiter=";"))
    assert [(row["kind"], row["amount"], row["denominations"]) for row in rows] == [
        ("adjustment", "-20,00", ""), ("deposit", "1200,00", "20x50.00 100x2.00"),
        ("deposit", "50,00", ""), ("counterfeit", "0,00", "")]


@pytest.mark.parametrize("advised", ["bai2"], indirect=True)
def test_an_advice_as_bai2(advised: Path) -> None:
    """Added up once more here, by the rules of the specification and nobody's code."""
    assert faults(advised.read_bytes()) == []
    records = advised.read_bytes().decode().removesuffix("\r\n").split("\r\n")
    assert [record[:2] for record in records] == [
        "01", "02", "03", "88", "16", "16", "88", "16", "16", "49", "98", "99"]
    amounts = [int(record.split(",")[2]) for record in records if record[:2] == "16"]
    summary = [int(records[2].split(",")[4]), int(records[3].split(",")[2])]
    control = sum(amounts) + sum(summary)
    assert records[-3:] == [f"49,{control},8/", f"98,{control},1,10/", f"99,{control},1,12/"]
    assert [record.split(",")[1] for record in records if record[:2] == "16"] == [
        "631", "301", "301", "990"]


@pytest.mark.parametrize(("advised", "old", "new"), [
    ("bai2", b"16,301,120000", b"16,301,120001"), ("bai2", b"\r\n49,", b"\r\n49,1"),
    ("bai2", b"98,", b"98,1"), ("bai2", b",12/", b",11/"), ("bai2", b"03,", b"16,"),
    ("bai2", b"100,125000,2,", b"100,125000,3,"),
    ("xml", b'amount="1200.00"', b'amount="1200.01"'), ("xml", b'count="4"', b'count="5"'),
    ("csv", b";1200,00;", b";1200,01;"), ("csv", b";1200,00;", b";1200;"),
], indirect=["advised"])
def test_a_changed_advice_is_not_believed(advised: Path, old: bytes, new: bytes) -> None:
    record = FileRecord(advised.name, f"deposit_advice_{advised.suffix[1:]}", 4, 123_000, "EUR")
    check_files(advised.parent, [record])
    content = advised.read_bytes()
    assert old in content
    advised.write_bytes(content.replace(old, new, 1))
    with pytest.raises(ClearingError, match=r"advice"):
        check_files(advised.parent, [record])


def test_a_suspect_is_told_once(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 5_000)]))
    bank(database_url, {"advice": "xml"})
    cash(database_url, tmp_path)
    case = sql(database_url, "INSERT INTO cash_case (kind) VALUES ('counterfeit') "
                             "RETURNING case_id")[0][0]
    sql(database_url, "INSERT INTO counterfeit (case_id, account_id, currency, value_minor, serial,"
                      " category, seen_at, due_on) VALUES ($1, 10, 'EUR', 5000, 'X123', '2', "
                      "'2026-07-24', '2026-08-20')", case)
    # Of a night that pays this client nothing, too.
    cash(database_url, tmp_path, NEXT)
    advice = (tmp_path / "2026-07-24/cash/bank/deposits-EUR-B%2F1-advice.xml").read_bytes()
    assert b'kind="counterfeit" amount="0.00"' in advice
    assert b'count="1" sum="0.00"' in advice
    later_day = sql(database_url, "SELECT cash_date FROM rules")[0][0]
    cash(database_url, tmp_path, later_day)
    assert not list((tmp_path / later_day.isoformat()).rglob("*advice*"))


def listed(tmp_path: Path, name: str) -> Settings:
    """Settings with a list that has this name on it."""
    path = tmp_path / "list.csv"
    path.write_text(f'id,name,program\nE-1,"{name}",TEST\n')
    return settings_with(screening={"list_path": str(path)})


def settings_with(**bankfiles: Any) -> Settings:
    plain = msgspec.to_builtins(load_settings())
    return msgspec.convert({**plain, "bankfiles": bankfiles}, Settings)


def decide(database_url: str, decision: str) -> None:
    """As two people have decided it through the API."""
    sql(database_url,
        "INSERT INTO exception_decision (exception_id, stream, reason, subject_kind, subject, "
        "decision, decided_by) SELECT exception_id, stream, reason, subject_kind, subject, $1, "
        "'second' FROM clearing_exception", decision)
    sql(database_url, "UPDATE clearing_exception SET state = 'closed', decision = $1", decision)


@pytest.mark.parametrize("decision", ["release", "reject"])
def test_who_is_like_somebody_listed_waits_for_a_person(decision: str, database_url: str,
                                                        tmp_path: Path) -> None:
    settings = listed(tmp_path, "ZOLW CAFE CO")
    wait(make_day(database_url, [deposit("one", 5_000)]))
    night = cash(database_url, tmp_path / "out", settings=settings)
    assert [(case.reason, case.amount_minor) for case in night.cases] == [
        ("payee_screening", 5_000)]
    opened, = sql(database_url, "SELECT reason, account_id, content ->> 'entry' AS entry, "
                                "content ->> 'way' AS way FROM clearing_exception")
    assert tuple(opened) == ("payee_screening", CLIENT, "E-1", "exact")
    assert sql(database_url, "SELECT credit FROM deposit")[0][0] == "night"
    kept, = sql(database_url, "SELECT verification, hits -> 0 ->> 'entry' FROM credit_check")
    assert tuple(kept) == ("not_asked", "E-1")
    decide(database_url, decision)
    cash(database_url, tmp_path / "out", NEXT, settings)
    goes = sql(database_url, "SELECT credit FROM deposit")[0][0]
    assert goes == ("file" if decision == "release" else "night")
    assert sql(database_url, "SELECT count(*)::int FROM clearing_exception "
                             "WHERE state <> 'closed'")[0][0] == 0


def ask_at_once(database_url: str, path: Path) -> None:
    """As a host does whose list this is, of a credit that is not sent at once."""
    row, = sql(database_url, "SELECT jsonb_build_object('name', name, 'iban', iban)::text AS party "
                             "FROM account WHERE account_id = $1", CLIENT)
    credit = Credit("key", "D1", "S0001", DAY.isoformat(), "EUR", 5_000, row["party"], None,
                    datetime(2026, 7, 23, tzinfo=UTC), 0, "", False, CLIENT)

    async def told() -> None:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
            payees = Payees(pool, path)
            await payees.look()
            async with pool.acquire() as connection, connection.transaction():
                await payees.tell(connection, [credit])

    asyncio.run(told())


@pytest.mark.parametrize(("state", "held"), [
    ("open", True), ("assigned", True), ("proposed", True), ("reject", True), ("release", False)])
def test_whom_a_host_asks_about_every_night_holds(state: str, held: bool, database_url: str,
                                                  tmp_path: Path) -> None:
    """The night has no list: that of the host is another setting."""
    wait(make_day(database_url, [deposit("one", 5_000)]))
    listed(tmp_path, "ZOLW CAFE CO")
    ask_at_once(database_url, tmp_path / "list.csv")
    if state in {"reject", "release"}:
        decide(database_url, state)
    else:
        sql(database_url, "UPDATE clearing_exception SET state = $1", state)
    night = cash(database_url, tmp_path / "out")
    assert [case.reason for case in night.cases] == ["payee_screening"] * held
    assert sql(database_url, "SELECT credit FROM deposit")[0][0] == ("night" if held else "file")
    assert sql(database_url, "SELECT hits -> 0 ->> 'entry' FROM credit_check")[0][0] == (
        "E-1" if held else None)
    assert sql(database_url, "SELECT count(*)::int FROM clearing_exception")[0][0] == 1


def test_another_name_is_another_question(database_url: str, tmp_path: Path) -> None:
    """What a host has asked is about a name: the client has another one now, as others have."""
    wait(make_day(database_url, [deposit("one", 5_000)]))
    listed(tmp_path, "ZOLW CAFE CO")
    ask_at_once(database_url, tmp_path / "list.csv")
    sql(database_url, "UPDATE account SET name = 'Zolw' WHERE account_id = $1", CLIENT)
    assert cash(database_url, tmp_path / "out").cases == ()


def test_whom_a_host_asks_about_is_paid_once_released(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 5_000)]))
    settings = listed(tmp_path, "ZOLW CAFE CO")
    ask_at_once(database_url, tmp_path / "list.csv")
    cash(database_url, tmp_path / "out", settings=settings)  # its own list says the same
    assert sql(database_url, "SELECT jsonb_array_length(hits) FROM credit_check")[0][0] == 1
    decide(database_url, "release")
    cash(database_url, tmp_path / "out", NEXT)
    assert sql(database_url, "SELECT credit FROM deposit")[0][0] == "file"


def test_without_its_list_nobody_is_paid(database_url: str, tmp_path: Path) -> None:
    settings = settings_with(screening={"list_path": str(tmp_path / "gone.csv")})
    wait(make_day(database_url, [deposit("one", 5_000)]))
    with pytest.raises(ClearingError, match="screening list"):
        cash(database_url, tmp_path / "out", settings=settings)
    assert sql(database_url, "SELECT FROM clearing_credit") == []


@pytest.mark.parametrize(("outcome", "held"), [
    ("match", ""), ("close_match", ""), ("not_possible", ""), ("no_match", "payee_name")])
def test_what_the_payees_bank_says_of_the_name(outcome: str, held: str, database_url: str,
                                               tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 5_000)]))
    sql(database_url, "INSERT INTO payee_verification (iban, name, outcome, bank_name) VALUES "
                      "('FR7630006000011234567890189', 'Café Żółw & Co', $1, 'Zolw SARL')", outcome)
    cash(database_url, tmp_path)
    assert sql(database_url, "SELECT held FROM clearing_credit")[0][0] == held
    assert tuple(sql(database_url, "SELECT verification, bank_name FROM credit_check")[0]) == (
        outcome, "Zolw SARL")


def test_a_merchant_is_looked_at_too(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, payment("pay", 700)))
    night = wait(clear(database_url, DAY, tmp_path / "out", listed(tmp_path, "Shop, Flower"),
                       streams=("payments",)))
    assert [(case.kind, case.reason) for case in night.cases] == [
        ("merchant_payout", "payee_screening")]
    assert sql(database_url, "SELECT payout_minor::int, closing_minor::int "
                             "FROM merchant_settlement")[0][:] == (0, 700)


def test_a_client_is_credited_on_its_days(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 5_000)]))  # on a Thursday
    sql(database_url, """UPDATE account SET posting = '{"days": [5]}' WHERE account_id = 10""")
    night = cash(database_url, tmp_path)
    assert not [file for file in night.files if file.kind == "deposit_credit_xml"]
    assert night.cases == ()
    night = cash(database_url, tmp_path, NEXT)
    assert [file.sum_minor for file in night.files if file.kind == "deposit_credit_xml"] == [5_000]


def test_a_table_that_was_changed_is_not_released(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 5_000)]))
    bank(database_url, {"orders": "csv"})

    def tamper(step: str) -> None:
        if step == "cash control":
            path, = tmp_path.rglob("deposits-EUR-B%2F1.csv")
            path.write_bytes(path.read_bytes().replace(b";50,00;", b";5000,00;"))

    with pytest.raises(ClearingError, match=r"deposits-EUR-B%2F1\.csv: the file says"):
        wait(clear(database_url, DAY, tmp_path, progress=tamper, streams=("cash",)))


def test_no_two_files_pay_the_same(database_url: str, tmp_path: Path) -> None:
    """Day by day, whatever the bank's form is on that day."""
    wait(make_day(database_url, [deposit("one", 5_000), fuel("sale", 10)]))
    bank(database_url, {"most_payments": 100})
    cash(database_url, tmp_path)
    later(database_url, [deposit("two", 700, business_date=NEXT)])
    cash(database_url, tmp_path, NEXT)
    found = re.findall(r"<EndToEndId>([^<]*)", "".join(
        path.read_text() for path in tmp_path.rglob("*.xml") if "/bank/" in str(path)))
    assert len(found) == len(set(found)) == 2


def test_the_operators_own_bank_has_a_form_too(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 5_000)]))
    night = cash(database_url, tmp_path, settings=settings_with(
        own={"orders": "csv", "advice": "bai2"}))
    assert {file.kind: file.sum_minor for file in night.files if "/bank/" in file.path} == {
        "deposit_credit_csv": 5_000, "deposit_credit_json": 5_000, "deposit_advice_bai2": 5_000,
        "form_json": 0}
