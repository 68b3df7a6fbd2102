"""The night against a real PostgreSQL: close, book, write, check, release, and again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from clearing.days.closing import close_day
from clearing.errors import ClearingError
from clearing.invoices import writing
from clearing.invoices.document import Document
from clearing.invoices.ubl import ubl
from clearing.night import Night
from clearing.run import STEPS, clear
from clearing.settings import load_settings
from clearing.summary import Case
from tests.e2e.clearing_day import (
    BAD_CLIENT,
    BARE_FLEET,
    CLIENT,
    DAY,
    NEXT,
    POOR_MERCHANT,
    deposit,
    fuel,
    full_day,
    insert,
    lines_of,
    make_day,
    payment,
    read_invoices,
    reversal,
    row,
    sql,
    tree,
    wait,
)

pytestmark = pytest.mark.invariant(11)

TOLD = [f"{stream} {step}" for stream, steps in STEPS.items() for step in (*steps, "done")]


def sums(summary: Night) -> dict[tuple[str, str], int]:
    """Money by kind of file and currency."""
    found: dict[tuple[str, str], int] = {}
    for file in summary.files:
        if file.currency:
            key = (file.kind, file.currency)
            found[key] = found.get(key, 0) + file.sum_minor
    return found


def test_a_full_day(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    told: list[str] = []
    summary = wait(clear(database_url, DAY, tmp_path, progress=told.append))
    assert told == TOLD
    assert sums(summary) == {
        ("invoice_ubl_xml", "EUR"): 50_400, ("invoice_csv_csv", "EUR"): 50_400,
        ("invoice_ubl_xml", "RSD"): 99_900, ("invoice_csv_csv", "RSD"): 99_900,
        ("invoice_pdf_pdf", "EUR"): 50_400, ("invoice_pdf_pdf", "RSD"): 99_900,
        ("deposit_credit_xml", "EUR"): 155_050, ("deposit_credit_xml", "USD"): 8_800,
        ("deposit_credit_json", "EUR"): 155_050, ("deposit_credit_json", "USD"): 8_800,
        ("safe_total_csv", "EUR"): 239_350, ("safe_total_csv", "USD"): 8_800,
        ("merchant_payout_xml", "EUR"): 1_999,
        **{(f"settlement_{form}", "EUR"): 1_999 for form in ("csv", "xml", "pdf")},
        # What the clients are owed after the night: the credit that was held.
        **{(f"booking_{form}", "EUR"): 6_600 for form in ("csv", "xml", "pdf")},
        **{(f"booking_{form}", "USD"): 0 for form in ("csv", "xml", "pdf")},
    }
    assert summary.balanced
    assert summary.debits_minor == summary.credits_minor
    # Reversed: a sale and a payment and another with their reversals (two legs each), two holds.
    assert summary.places == {"cleared": 18, "reversed": 12, "open": 1}
    assert {path for path in tree(tmp_path / "2026-07-23")
            if not path.endswith(("/manifest.json", "/SHA256SUMS"))} == {
        file.path for file in summary.files}
    for stream, steps in STEPS.items():
        assert summary.run(stream).seconds.keys() == set(steps)
        folder = tmp_path / "2026-07-23" / stream
        manifest = json.loads((folder / "manifest.json").read_text())
        assert {file["path"]: file["sha256"] for file in manifest["files"]} == {
            path: digest for path, digest in tree(folder).items()
            if path not in {"manifest.json", "SHA256SUMS"}}
    assert [row[0] for row in sql(database_url, "SELECT status FROM clearing_run")] == ["done"] * 3
    assert sql(database_url, "SELECT DISTINCT business_date FROM business_day "
               "WHERE state = 'open'")[0][:] == (NEXT,)


def test_what_needs_a_person_is_named(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    summary = wait(clear(database_url, DAY, tmp_path))
    assert summary.cases == (
        Case("unidentified_sale", None, "offline-unknown", 800, "EUR", "not_a_fleet"),
        Case("invoice", BARE_FLEET, "2/EUR", 2_500, "EUR", "address_incomplete"),
        Case("deposit_credit", BAD_CLIENT, "20260723-CASH-1-D0000003", 6_600, "EUR",
             "iban_invalid"),
        Case("withheld_deposit", CLIENT, "deposit-kept", 77_700, "EUR", "provisional_cap"),
        Case("merchant_payout", POOR_MERCHANT, "20260723-PAYMENTS-1-M0000001", 0, "EUR",
             "not_positive"),
    )
    # Withheld money is in suspense, and a credit that cannot be sent is still owed.
    due = "SELECT sum(amount_minor)::int FROM ledger_entry WHERE code = $1 AND account_id = $2"
    assert sql(database_url, due, "2900", CLIENT)[0][0] == -77_700
    assert sql(database_url, due, "2200", BAD_CLIENT)[0][0] == -6_600
    assert sql(database_url, due, "2200", CLIENT)[0][0] == 0


def test_every_transaction_sums_to_zero(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path))
    assert sql(database_url, "SELECT count(*) FROM ledger_entry")[0][0] > 40
    assert sql(database_url, "SELECT transaction FROM ledger_entry "
                             "GROUP BY transaction, currency HAVING sum(amount_minor) <> 0") == []


def test_a_second_run_makes_the_same_bytes(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    first = wait(clear(database_url, DAY, tmp_path / "first"))
    entries = sql(database_url, "SELECT count(*) FROM ledger_entry")
    # What master data and settings say now is for the next day.
    sql(database_url, "UPDATE account SET name = 'New name', iban = NULL, address = '{}'")
    sql(database_url, "UPDATE merchant SET name = 'New name', account_id = NULL")
    sql(database_url, "UPDATE vehicle SET plate = 'NEW'")
    other = msgspec.structs.replace(load_settings(), vat_basis_points=500, product_groups=())
    again = wait(clear(database_url, DAY, tmp_path / "first", settings=other))
    elsewhere = wait(clear(database_url, DAY, tmp_path / "second", settings=other))
    assert first.digest == again.digest == elsewhere.digest
    assert tree(tmp_path / "first") == tree(tmp_path / "second")
    assert sql(database_url, "SELECT count(*) FROM ledger_entry") == entries


def test_an_empty_day(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, []))
    summary = wait(clear(database_url, DAY, tmp_path))
    assert [file.path for file in summary.files] == [
        f"{stream}/{name}" for stream in STEPS for name in ("cases.json", "open_holds.csv")]
    assert (summary.balanced, summary.debits_minor) == (True, {})


class CrashError(Exception):
    """The process dies here."""


@pytest.mark.parametrize("step", TOLD)
def test_a_crash_at_any_step_and_then_a_repeat(step: str, database_url: str,
                                               tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))

    def die(name: str) -> None:
        if name == step:
            raise CrashError

    with pytest.raises(CrashError):
        wait(clear(database_url, DAY, tmp_path / "crashed", progress=die))
    stream, _, name = step.partition(" ")
    shown = (tmp_path / "crashed" / "2026-07-23" / stream).exists()
    assert shown == (name == "done")
    repeated = wait(clear(database_url, DAY, tmp_path / "crashed"))
    wait(clear(database_url, DAY, tmp_path / "plain"))
    assert tree(tmp_path / "crashed") == tree(tmp_path / "plain")
    assert repeated.places == {"cleared": 18, "reversed": 12, "open": 1}


def test_a_posting_that_dies_half_way_leaves_nothing(
        database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wait(make_day(database_url, full_day()))

    async def die(*_: object) -> None:
        raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr("clearing.nights.cash.store_credits", die)
        with pytest.raises(CrashError):
            wait(clear(database_url, DAY, tmp_path, streams=["cash"]))
    assert sql(database_url, "SELECT FROM ledger_entry") == []
    assert sql(database_url, "SELECT FROM clearing_run") == []
    assert wait(clear(database_url, DAY, tmp_path)).balanced


@pytest.mark.parametrize(("pattern", "old", "new"), [
    ("cash/bank/deposits-EUR.xml", b">50.00<", b">51.00<"),
    ("payments/bank/payouts-EUR.xml", b"<EndToEndId>", b"<EndToEndId><!-- -->"),
    ("cash/bank/deposits-USD.xml", b"<Ctry>FR", b"<Ctry>France"),
    ("fuel/invoices/*000001.ubl.xml", b">344.64</cbc:LineExt", b">344.65</cbc:LineExt"),
    ("fuel/invoices/*000001.csv", b",344.64,", b",344.65,"),
    ("payments/settlements/*000002.csv", b",1999,", b",2999,"),
    ("payments/settlements/*000002.xml", b">19.99<", b">19.90<"),
    ("cash/bookings/10-EUR.csv", b",120000,", b",120001,"),
    ("fuel/cases.json", b"[", b"[1,"),
    ("cash/bank/deposits-EUR-details.json", b'"amount_minor":120000', b'"amount_minor":120001'),
    ("cash/safes/EUR.csv", b"SAFE2,1,1,5000", b"SAFE2,1,1,5001"),
])
def test_a_planted_mismatch_is_refused(pattern: str, old: bytes, new: bytes, database_url: str,
                                       tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    if pattern == "payments/bank/payouts-EUR.xml":  # a credit that is there twice
        old, new = b"</CdtTrfTxInf>\n</PmtInf>", b"</CdtTrfTxInf>\n%b</PmtInf>"

    stream, _, name = pattern.partition("/")

    def tamper(step: str) -> None:
        if step == f"{stream} control":
            path, = (tmp_path / f".2026-07-23.{stream}.staging").glob(name)
            content = path.read_bytes()
            credit = content[content.find(b"<CdtTrfTxInf>"):content.find(b"</PmtInf>\n")]
            changed = content.replace(old, new.replace(b"%b", credit))
            assert changed != content
            path.write_bytes(changed)

    with pytest.raises(ClearingError):
        wait(clear(database_url, DAY, tmp_path, progress=tamper))
    assert not (tmp_path / "2026-07-23" / stream).exists()
    assert sql(database_url, "SELECT status FROM clearing_run WHERE stream = $1",
               stream)[0][0] == "posted"
    wait(clear(database_url, DAY, tmp_path))
    assert (tmp_path / "2026-07-23" / stream).exists()


def test_a_file_that_is_missing_is_refused(database_url: str, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    wait(make_day(database_url, full_day()))

    async def forget(*_: object) -> AsyncIterator[object]:
        for nothing in ():
            yield nothing

    monkeypatch.setattr("clearing.settlements.settled", forget)
    with pytest.raises(ClearingError, match="settlement_csv in EUR: the files say None"):
        wait(clear(database_url, DAY, tmp_path))


def test_a_ledger_that_was_tampered_with_is_refused(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path / "first"))
    for table in ("placement", "placement_fuel"):
        sql(database_url, f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    sql(database_url, "UPDATE placement SET amount_minor = amount_minor * 2 "
                      "WHERE amount_minor = 41357")
    with pytest.raises(ClearingError, match="pump's prices in EUR: 52900 is not 94257"):
        wait(clear(database_url, DAY, tmp_path / "second"))


def test_what_was_released_does_not_change(database_url: str, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path))
    before = tree(tmp_path)

    def otherwise(document: Document) -> Iterator[str]:
        yield from (part.replace("<cac:Item>", "<!-- a new version --><cac:Item>")
                    for part in ubl(document))

    monkeypatch.setitem(writing.FORMS, "ubl", (otherwise, *writing.FORMS["ubl"][1:]))
    with pytest.raises(ClearingError, match=r"would change files .*invoices/F2026-000001"):
        wait(clear(database_url, DAY, tmp_path))
    shown = {path: digest for path, digest in tree(tmp_path).items() if ".staging/" not in path}
    assert shown == before


def test_a_damaged_folder_is_mended(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path))
    before = tree(tmp_path)
    (tmp_path / "2026-07-23" / "cash" / "bank" / "deposits-EUR.xml").write_bytes(b"torn")
    (tmp_path / "2026-07-23" / "cash" / "cases.json").unlink()
    wait(clear(database_url, DAY, tmp_path))
    assert tree(tmp_path) == before


def test_the_folder_of_another_run_is_left_alone(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    folder = tmp_path / "2026-07-23" / "fuel"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(ClearingError, match="another run"):
        wait(clear(database_url, DAY, tmp_path))
    assert tree(folder).keys() == {"manifest.json"}


@pytest.mark.parametrize("statement", [
    "UPDATE placement SET amount_minor = 1", "DELETE FROM placement", "TRUNCATE placement",
    "UPDATE placement_cash SET amount_minor = 1", "DELETE FROM placement_fuel",
    "TRUNCATE placement_payments", "DELETE FROM placement_waiting",
    "UPDATE ledger_transfer SET amount_minor = 1", "DELETE FROM ledger_transfer",
    "UPDATE ledger_balance SET entries = 1", "UPDATE posting_rule SET debit = '1300'",
    "UPDATE clearing_run SET chain_digest = ''", "UPDATE clearing_run SET ledger_digest = 'x'",
    "UPDATE clearing_credit SET held = 'x'",
    "DELETE FROM clearing_file", "UPDATE clearing_party SET content = '{}'",
    "DELETE FROM clearing_run", "UPDATE clearing_run SET status = 'posted', manifest_digest = NULL",
    "UPDATE clearing_run SET journal_digest = ''", "UPDATE clearing_run SET manifest_digest = ''",
])
def test_the_record_cannot_be_changed(statement: str, database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path))
    with pytest.raises(asyncpg.RestrictViolationError):
        sql(database_url, statement)


_PLACED = ("INSERT INTO placement (stream, journal_date, journal_id, run_no, place, family, "
           "amount_minor, currency) VALUES ('fuel', '2026-07-23', {id}, 1, 'cleared', '{family}', "
           "{minor}, '{currency}')")
_MOVED = ("INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, amount_minor, "
          "currency) VALUES ('r', 't', {line}, '{debit}', '{credit}', {minor}, '{currency}')")
_BALANCE = ("INSERT INTO ledger_balance VALUES (1, '1100', 'EUR', 1, 100, 0), "
            "(1, '2100', '{currency}', 1, 0, {minor})")


@pytest.mark.parametrize("statement", [
    _MOVED.format(line=1, debit="1100", credit="1100", minor=1, currency="EUR"),
    _MOVED.format(line=1, debit="9999", credit="1100", minor=1, currency="EUR"),
    _MOVED.format(line=2, debit="1100", credit="2100", minor=1, currency="EUR"),
    _MOVED.format(line=1, debit="1100", credit="2100", minor=0, currency="EUR"),
    _MOVED.format(line=1, debit="1100", credit="2100", minor=1, currency="euro"),
    _PLACED.format(id=1, family="unheard_of", minor=1, currency="EUR"),
    _PLACED.format(id=1, family="", minor=1, currency="EUR"),
    _PLACED.format(id=1, family="fuel", minor=1, currency=""),
    "; ".join(_PLACED.format(id=1, family="fuel", minor=1, currency="EUR") for _ in range(2)),
    _BALANCE.format(currency="EUR", minor=99),
    _BALANCE.format(currency="USD", minor=100),
])
def test_the_database_refuses_a_wrong_entry(statement: str, database_url: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        sql(database_url, f"DO $$ BEGIN {statement}; END $$")


def test_nothing_is_booked_but_by_a_transfer(database_url: str) -> None:
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="cannot insert into view"):
        sql(database_url, "INSERT INTO ledger_entry (run_id, transaction, line, code, "
                          "amount_minor, currency) VALUES ('r', 't', 1, '1100', 1, 'EUR')")


async def clear_next_day(database_url: str, rows: list[dict[str, object]], out: Path) -> Night:
    """The second day: its rows come when it is open."""
    connection = await asyncpg.connect(database_url)
    try:
        await insert(connection, rows)
    finally:
        await connection.close()
    return await clear(database_url, NEXT, out)


def test_a_late_reversal_becomes_a_credit(database_url: str, tmp_path: Path) -> None:
    sale, other, cash = fuel("sale", 41_357), fuel("other", 10_000), deposit("cash", 9_000)
    kept = deposit("kept", 5_000, flags="withheld:counterfeit")
    shop = payment("pay", 700)
    wait(make_day(database_url, [sale, other, cash, kept, *shop]))
    wait(clear(database_url, DAY, tmp_path))
    late = [
        reversal(sale, -41_357, business_date=NEXT), reversal(other, -2_500, business_date=NEXT),
        reversal(cash, -4_000, business_date=NEXT, terminal_id="OTHER"),
        reversal(kept, -5_000, business_date=NEXT),
        deposit("new", 6_000, business_date=NEXT),
        *(reversal(leg, -700, business_date=NEXT) for leg in shop),
        reversal(fuel("never-seen", 1), -300, business_date=NEXT),
    ]
    summary = wait(clear_next_day(database_url, late, tmp_path))
    assert summary.places == {"cleared": 8, "reversed": 0, "open": 0}
    assert sums(summary)["invoice_ubl_xml", "EUR"] == -44_157
    assert sums(summary)["settlement_csv", "EUR"] == -700
    # The client's credit is net, at the safe of the deposit that is given back.
    assert sums(summary)["deposit_credit_xml", "EUR"] == 2_000
    # One credit note for the invoice that is given back of, and one of what nobody knows.
    first, second = read_invoices(tmp_path / NEXT.isoformat())
    columns = ("type", "corrects", "receipt", "date", "quantity", "gross")
    assert lines_of(first, *columns) == [
        ("381", "F2026-000001", "other-reversal", "2026-07-23", "-1", "-25.00"),
        ("381", "F2026-000001", "sale-reversal", "2026-07-23", "-20.125", "-413.57")]
    assert lines_of(second, *columns) == [
        ("381", "", "never-seen-reversal", "2026-07-24", "-1", "-3.00")]
    suspense = "SELECT sum(amount_minor)::int FROM ledger_entry WHERE code = '2900'"
    assert sql(database_url, suspense)[0][0] == 0
    assert {(case.kind, case.amount_minor, case.reason) for case in summary.cases} == {
        ("merchant_payout", -700, "not_positive"), ("withheld_deposit", -5_000, "given_back")}


def test_a_hold_stays_open_until_it_ends(database_url: str, tmp_path: Path) -> None:
    holds = [row("preauthorization", f"hold-{number}", 0) for number in range(4)]
    wait(make_day(database_url, holds))
    first = wait(clear(database_url, DAY, tmp_path))
    assert first.places == {"cleared": 0, "reversed": 0, "open": 4}
    ends = [
        row("completion", "completion-0", 5_000, original_key="hold-0", business_date=NEXT),
        reversal(holds[1], 0, business_date=NEXT),
        row("expiry", "hold-2/70", 0, original_key="hold-2", business_date=NEXT),
        row("preauthorization", "hold-new", 0, business_date=NEXT),
    ]
    second = wait(clear_next_day(database_url, ends, tmp_path))
    assert second.places == {"cleared": 1, "reversed": 0, "open": 2}
    listed = (tmp_path / NEXT.isoformat() / "fuel" / "open_holds.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in listed[1:]] == ["hold-3", "hold-new"]
    # The first day does not learn of the second.
    wait(clear(database_url, DAY, tmp_path / "again"))
    assert tree(tmp_path / "again" / DAY.isoformat()) == tree(tmp_path / DAY.isoformat())


def test_the_open_list_does_not_depend_on_earlier_runs(database_url: str, tmp_path: Path) -> None:
    rows = [row("preauthorization", "old", 0), row("preauthorization", "ended", 0),
            row("completion", "end", 5_000, original_key="ended", business_date=NEXT),
            row("preauthorization", "new", 0, business_date=NEXT)]
    wait(make_day(database_url, rows))

    async def close() -> None:
        connection = await asyncpg.connect(database_url)
        for stream in STEPS:
            await close_day(connection, DAY, stream, "a test")
        await connection.close()

    wait(close())
    late = wait(clear(database_url, NEXT, tmp_path / "without"))
    assert late.places == {"cleared": 1, "reversed": 0, "open": 2}
    wait(clear(database_url, DAY, tmp_path))  # the day before, after the day
    again = wait(clear(database_url, NEXT, tmp_path / "with"))
    assert again.digest == late.digest


def test_a_row_written_into_a_closed_day_is_noticed(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path))
    for table in ("journal", "journal_202607"):  # else the database refuses it
        sql(database_url, f"ALTER TABLE {table} DISABLE TRIGGER day_is_open")
    wait(clear_next_day(database_url, [fuel("smuggled", 100)], tmp_path))
    with pytest.raises(ClearingError, match="closed day has changed"):
        wait(clear(database_url, DAY, tmp_path))


@pytest.mark.parametrize(("rows", "message"), [
    (payment("one-leg", 500)[:1], "taken from payers"),
    ([fuel("twice", 500), fuel("twice", 500)], "booked twice"),
    ([fuel("declined", 500, approved=False)], "sale declined has no place"),
    ([fuel("nameless", 500, currency="")], "the ledger refuses"),
    ([row("reconciliation", "odd", 500)], "reconciliation odd has no place"),
    ([row("preauthorization", "hold", 500)], "preauthorization hold has no place"),
])
def test_a_journal_that_cannot_be_true_stops_the_run(
        rows: list[dict[str, object]], message: str, database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [*full_day(), *rows]))
    stream = "payments" if rows[0]["kind"] == "payment" else "fuel"
    with pytest.raises(ClearingError, match=message):
        wait(clear(database_url, DAY, tmp_path, streams=[stream]))
    assert sql(database_url, "SELECT FROM ledger_entry") == []
    assert tree(tmp_path) == {}
    assert wait(clear(database_url, DAY, tmp_path, streams=["cash"])).balanced  # not its business


@pytest.mark.parametrize("detail", [
    "[]", '"text"', "null", '{"items": 5}', '{"items": [{"quantity": "NaN", "amount_minor": 1}]}',
    '{"items": [{"quantity": "1E+999999", "amount_minor": 1}]}',
    '{"purpose": 7, "receipt": [], "vehicle": "\\ud800"}',
    '{"x": ' + "[" * 2_000 + "]" * 2_000 + ', "odometer": []}',
    '{"items": [{"amount_minor": 1.5}]}',
    '{"items": [{"product": null}], "vehicle": 7}',
])
def test_a_detail_that_cannot_be_read_costs_its_text_not_its_money(
        detail: str, database_url: str, tmp_path: Path) -> None:
    rows = [fuel("sale", 100, detail=detail), deposit("cash", 200, detail=detail),
            *payment("pay", 300, detail=detail)]
    wait(make_day(database_url, rows))
    summary = wait(clear(database_url, DAY, tmp_path))
    assert sums(summary)["invoice_ubl_xml", "EUR"] == 100
    assert [case.reason for case in summary.cases] == ["detail_unreadable"]


def test_hostile_text_stays_text(database_url: str, tmp_path: Path) -> None:
    nasty = '<img src=x onerror=alert(1)> data-transaction data-amount-minor="5" ]]></Ustrd> \x07'
    typed = nasty + "\0"  # JSON may hold it, a text column may not
    sale = {"items": [{"product": typed, "unit": typed, "amount_minor": 100}], "vehicle": typed,
            "driver": typed, "odometer": typed}
    rows = [fuel("sale", 100, detail=sale, pan_masked=nasty),
            deposit("cash", 200, terminal_id=nasty, detail={"receipt": typed}),
            *payment("pay", 300, detail={"purpose": typed, "reference": typed})]
    wait(make_day(database_url, rows))
    sql(database_url, "UPDATE account SET name = $1", nasty)
    summary = wait(clear(database_url, DAY, tmp_path))
    assert {file.kind for file in summary.files} >= {"invoice_ubl_xml", "deposit_credit_xml"}
    for page in tmp_path.rglob("*.html"):
        assert b"<img" not in page.read_bytes()


def test_two_runs_of_a_day_at_once(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))

    async def both() -> list[object]:
        return await asyncio.gather(
            clear(database_url, DAY, tmp_path), clear(database_url, DAY, tmp_path),
            return_exceptions=True)

    results = wait(both())
    refused = [result for result in results if isinstance(result, ClearingError)]
    assert len(refused) == 1
    assert "someone else" in str(refused[0])
    assert tree(tmp_path / "2026-07-23")
