"""The night and the life of deposits: each is paid once, over one way, whatever day it has."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from authhost.safes.life import Credit, end_to_end_id
from authhost.safes.moves import move
from clearing.bankfiles.details import Details
from clearing.errors import ClearingError
from clearing.night import Night
from clearing.run import clear
from tests.e2e.clearing_day import (
    BAD_CLIENT,
    CLIENT,
    DAY,
    NEXT,
    Row,
    adjustment,
    deposit,
    insert,
    make_day,
    reversal,
    sql,
    tree,
    verification,
    wait,
)
from tests.e2e.test_clearing import clear_next_day, sums

pytestmark = pytest.mark.invariant(11)

THIRD = NEXT + timedelta(days=1)
SAFE = Path(__file__).with_name("clearing_safe.sql").read_text()
OWING = "SELECT account_id, run_id FROM account_owing"
CREDITS = "SELECT key, credit, run_id FROM deposit ORDER BY key"
POSTING = Path(__file__).with_name("clearing_posting.sql").read_text()
BALANCES = ("SELECT code, sum(amount_minor)::int FROM ledger_entry GROUP BY code "
            "HAVING sum(amount_minor) <> 0 ORDER BY code")


def at(credit: str, posted: int = 1_000, **other: Any) -> Row:
    """A deposit whose credit is there, under its name."""
    return deposit(f"is-{credit}", posted, life={"credit": credit, **other.pop("life", {})},
                   **other)


def paid(folder: Path) -> dict[str, str]:
    """Amounts by EndToEndId, of all payment files of deposits of a night."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("cash/bank/deposits-*.xml")):
        for identifier, amount in re.findall(
                r"<EndToEndId>([^<]*)</EndToEndId>.*?<InstdAmt[^>]*>([^<]*)<", path.read_text()):
            assert identifier not in found
            found[identifier] = amount
    return found


def details(folder: Path, name: str = "deposits-EUR") -> Details:
    content = (folder / "cash" / "bank" / f"{name}-details.json").read_bytes()
    return msgspec.json.decode(content, type=Details)


def balances(database_url: str) -> dict[str, int]:
    return {row[0]: row[1] for row in sql(database_url, BALANCES)}


def moved(database_url: str, keys: list[str], event: str, **columns: Any) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(database_url)
        try:
            assert await move(connection, keys, event, who="test", **columns) == keys
        finally:
            await connection.close()
    asyncio.run(run())


def test_each_credit_goes_its_way(database_url: str, tmp_path: Path) -> None:
    """Only what waits for the night is in its file; what a bank has accepted is booked."""
    rows = [at(credit, 1_000 + number) for number, credit in enumerate(sorted(Credit))]
    wait(make_day(database_url, rows))
    summary = wait(clear(database_url, DAY, tmp_path))
    run = "2026-07-23/cash/1"
    after = {row["key"]: (row["credit"], row["run_id"]) for row in sql(database_url, CREDITS)}
    expected = {f"is-{credit}": (str(credit), None) for credit in Credit}
    # Its account has no bank: nobody would ever send what is queued.
    amount = {row["key"]: row["posted_minor"] for row in rows}
    assert after == expected | {"is-night": ("file", run), "is-queued": ("file", run),
                                "is-accepted": ("booked", run)}
    assert sums(summary)["deposit_credit_xml", "EUR"] == amount["is-night"] + amount["is-queued"]
    assert sums(summary)["instant_credit_json", "EUR"] == amount["is-accepted"]
    assert [item.reference for credit in details(tmp_path / "2026-07-23").credits
            for item in credit.items] == ["is-night", "is-queued"]
    changes = sql(database_url, "SELECT key, event FROM deposit_change ORDER BY id")
    assert [tuple(row) for row in changes] == [
        ("is-queued", "give_up"), ("is-accepted", "book"), ("is-night", "file"),
        ("is-night", "credited"), ("is-queued", "file"), ("is-queued", "credited")]


def test_an_instant_credit_is_booked_once_under_its_own_id(database_url: str,
                                                           tmp_path: Path) -> None:
    row = at("accepted", 4_200)
    later = deposit("later", 900, business_date=NEXT, life={"credit": "accepted"})
    wait(make_day(database_url, [row, later]))
    wait(clear(database_url, DAY, tmp_path))
    own = end_to_end_id(DAY, row["id"])
    entries = ("SELECT code, amount_minor::int FROM ledger_entry WHERE transaction = $1 "
               "ORDER BY line")
    assert [tuple(one) for one in sql(database_url, entries, own)] == [
        ("2200", 4_200), ("1300", -4_200)]
    credit, = details(tmp_path / "2026-07-23", "instant-EUR").credits
    assert (credit.end_to_end_id, credit.amount_minor) == (own, 4_200)
    # What is dated with a day that is not booked yet waits for that day's night.
    assert sql(database_url, "SELECT credit FROM deposit WHERE key = 'later'")[0][0] == "accepted"
    summary = wait(clear(database_url, NEXT, tmp_path))
    assert sums(summary)["instant_credit_json", "EUR"] == 900
    assert balances(database_url) == {"1200": 5_100, "1300": -5_100}


def test_a_bank_with_a_way_keeps_what_is_queued(database_url: str, tmp_path: Path) -> None:
    rows = [deposit("euro", 100, life={"credit": "queued", "bank_id": "B/1"}),
            deposit("dollar", 200, currency="USD", life={"credit": "queued", "bank_id": "B/1"}),
            deposit("later", 300, business_date=NEXT, life={"credit": "queued", "bank_id": "B/1"})]
    wait(make_day(database_url, rows))
    wait(scene(database_url, "DELETE FROM safe_fee"))
    assert sums(wait(clear(database_url, DAY, tmp_path)))["deposit_credit_xml", "USD"] == 200
    assert [tuple(row)[:2] for row in sql(database_url, CREDITS)] == [
        ("dollar", "file"), ("euro", "queued"), ("later", "queued")]
    sql(database_url, "UPDATE bank SET status = 'down'")
    assert sums(wait(clear(database_url, NEXT, tmp_path)))["deposit_credit_xml", "EUR"] == 400


async def scene(database_url: str, then: str = "") -> None:
    """The parties of clearing_safe.sql, and one statement more."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"{SAFE};\n{then}")
    finally:
        await connection.close()


def test_what_was_withheld_is_paid_by_the_night_after_its_release(database_url: str,
                                                                  tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("kept", 5_000, flags="withheld:suspects")]))
    wait(clear(database_url, DAY, tmp_path))
    assert balances(database_url) == {"1200": 5_000, "2900": -5_000}
    moved(database_url, ["kept"], "release_to_night")
    summary = wait(clear(database_url, NEXT, tmp_path))
    assert sums(summary)["deposit_credit_xml", "EUR"] == 5_000
    assert balances(database_url) == {"1200": 5_000, "1300": -5_000}
    assert paid(tmp_path / "2026-07-24") == {"20260724-CASH-1-D0000001": "50.00"}


def test_nobodys_deposit_is_paid_to_whom_it_was_released_to(database_url: str,
                                                            tmp_path: Path) -> None:
    row = deposit("whose", 5_000, flags="withheld:client_unknown", account_id=None)
    wait(make_day(database_url, [row]))
    wait(clear(database_url, DAY, tmp_path))
    moved(database_url, ["whose"], "release_to_night", account_id=CLIENT)
    assert sums(wait(clear(database_url, NEXT, tmp_path)))["deposit_credit_xml", "EUR"] == 5_000
    assert balances(database_url) == {"1200": 5_000, "1300": -5_000}
    due = "SELECT sum(amount_minor)::int FROM ledger_entry WHERE code = $1 AND account_id {}"
    assert sql(database_url, due.format("= $2"), "2200", CLIENT)[0][0] == 0
    assert sql(database_url, due.format("IS NULL"), "2900")[0][0] == 0


@pytest.mark.parametrize("life", [{"kind": "envelope"}, {"kind": "cheque"}, {}])
def test_what_is_credited_after_the_count(life: Row, database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("told", 5_000, life={"credit": "none", **life})]))
    summary = wait(clear(database_url, DAY, tmp_path))
    assert ("deposit_credit_xml", "EUR") not in sums(summary)
    assert balances(database_url) == {"1200": 5_000, "2600": -5_000}
    moved(database_url, ["told"], "counted")
    counted = [adjustment("short", -500, business_date=NEXT),
               verification("counted", 5_000, business_date=NEXT)]
    summary = wait(clear_next_day(database_url, counted, tmp_path))
    assert sums(summary)["deposit_credit_xml", "EUR"] == 4_500
    assert balances(database_url) == {"1210": 4_500, "1300": -4_500}


def test_a_count_leaves_what_was_counted(database_url: str, tmp_path: Path) -> None:
    """The order of verification and adjustment, and the night of each, make no difference."""
    wait(make_day(database_url, [deposit("told", 10_000), adjustment("more", 300)]))
    assert sums(wait(clear(database_url, DAY, tmp_path)))["deposit_credit_xml", "EUR"] == 10_300
    wait(clear_next_day(database_url, [verification("count", 10_000, business_date=NEXT)],
                        tmp_path))
    assert balances(database_url) == {"1210": 10_300, "1300": -10_300}


def test_a_negative_rest_is_carried_and_shown(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("first", 1_000), adjustment("short", -2_500)]))
    summary = wait(clear(database_url, DAY, tmp_path))
    assert ("deposit_credit_xml", "EUR") not in sums(summary)
    case, = summary.cases
    assert (case.kind, case.amount_minor, case.reason) == (
        "deposit_credit", -1_500, "carried_over")
    assert sql(database_url, CREDITS)[0]["credit"] == "night"
    assert [tuple(row) for row in sql(database_url, OWING)] == [(CLIENT, "2026-07-23/cash/1")]
    rows = [deposit("second", 4_000, business_date=NEXT)]
    summary = wait(clear_next_day(database_url, rows, tmp_path))
    assert sums(summary)["deposit_credit_xml", "EUR"] == 2_500
    one, = details(tmp_path / "2026-07-24").credits
    assert [(item.kind, item.reference, item.amount_minor) for item in one.items] == [
        ("adjustment", "short#0", -2_500), ("deposit", "first", 1_000),
        ("deposit", "second", 4_000)]
    assert balances(database_url)["1300"] == -2_500
    assert sql(database_url, OWING) == []
    # Nothing of it comes again.
    assert sums(wait(clear(database_url, THIRD, tmp_path))) == {}


def test_an_adjustment_is_covered_by_another_safe(database_url: str, tmp_path: Path) -> None:
    rows = [deposit("small", 500), deposit("large", 9_000, terminal_id="SAFE2"),
            adjustment("short", -600)]
    wait(make_day(database_url, rows))
    wait(clear(database_url, DAY, tmp_path))
    assert paid(tmp_path / "2026-07-23") == {"20260723-CASH-1-D0000001": "5.00",
                                             "20260723-CASH-1-D0000002": "84.00"}


def test_what_cannot_be_sent_is_tried_again(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("cash", 700, account_id=BAD_CLIENT)]))
    assert [case.reason for case in wait(clear(database_url, DAY, tmp_path)).cases] == [
        "iban_invalid"]
    sql(database_url, "UPDATE account SET iban = 'FR7630006000011234567890189'")
    summary = wait(clear(database_url, NEXT, tmp_path))
    assert (summary.cases, sums(summary)["deposit_credit_xml", "EUR"]) == ((), 700)
    # The first night still says what it said.
    wait(clear(database_url, DAY, tmp_path / "again"))
    assert tree(tmp_path / "again" / "2026-07-23") == tree(tmp_path / "2026-07-23")


def test_a_deposit_that_a_person_reversed_is_booked_away(database_url: str,
                                                         tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("gone", 800), deposit("kept", 300),
                                 deposit("later", 50, flags="withheld:suspects")]))
    moved(database_url, ["gone"], "reversed")
    moved(database_url, ["gone"], "withdraw")
    summary = wait(clear(database_url, DAY, tmp_path))
    assert sums(summary)["deposit_credit_xml", "EUR"] == 300
    moved(database_url, ["later"], "reversed")
    moved(database_url, ["later"], "withdraw")
    wait(clear(database_url, NEXT, tmp_path))
    wait(clear(database_url, THIRD, tmp_path))
    assert balances(database_url) == {"1200": 1_150, "1210": -850, "1300": -300}


def test_an_adjustment_in_the_place_of_a_credit(database_url: str, tmp_path: Path) -> None:
    """48.00 were counted of 50.00 that nobody was credited for."""
    wait(make_day(database_url, [deposit("told", 5_000, flags="withheld:suspects")]))
    wait(clear(database_url, DAY, tmp_path))
    moved(database_url, ["told"], "reject")
    sql(database_url, POSTING, CLIENT, "told", "instead")
    rows = [adjustment("instead", 4_800, business_date=NEXT),
            verification("count", 5_000, business_date=NEXT)]
    summary = wait(clear_next_day(database_url, rows, tmp_path))
    assert sums(summary)["deposit_credit_xml", "EUR"] == 4_800
    assert balances(database_url) == {"1210": 4_800, "1300": -4_800}


def test_a_reversal_takes_off_what_was_paid_and_nothing_else(database_url: str,
                                                             tmp_path: Path) -> None:
    cash, sent = deposit("cash", 9_000), at("sent", 5_000)
    wait(make_day(database_url, [cash, sent]))
    wait(clear(database_url, DAY, tmp_path))
    late = [reversal(cash, -1_000, business_date=NEXT), reversal(sent, -5_000, business_date=NEXT),
            deposit("new", 3_000, business_date=NEXT)]
    assert sums(wait(clear_next_day(database_url, late, tmp_path)))[
        "deposit_credit_xml", "EUR"] == 2_000
    # The bank has paid it after all: now the reversal counts.
    moved(database_url, ["is-sent"], "accept")
    summary = wait(clear(database_url, THIRD, tmp_path))
    assert sums(summary)["instant_credit_json", "EUR"] == 5_000
    assert [(case.amount_minor, case.reason) for case in summary.cases] == [
        (-5_000, "carried_over")]


def test_a_fully_reversed_deposit_of_the_day_waits_for_nothing(database_url: str,
                                                               tmp_path: Path) -> None:
    cash = deposit("cash", 9_000)
    wait(make_day(database_url, [cash, reversal(cash, -9_000)]))
    summary = wait(clear(database_url, DAY, tmp_path))
    assert summary.cases == ()
    assert balances(database_url) == {}
    assert tuple(sql(database_url, "SELECT state, credit FROM deposit")[0]) == ("reversed", "none")
    wait(clear(database_url, NEXT, tmp_path))
    assert balances(database_url) == {}


@pytest.mark.parametrize(("posting", "texts"), [
    ({}, ["SAFE SAFE1 2026-07-23, 2 DEPOSITS, RECEIPT R-one, R-two",
          "SAFE SAFE2 2026-07-23, 1 DEPOSIT, RECEIPT R-three"]),
    ({"by": "client", "reference": "RF18 {count} of {date}"}, ["RF18 3 of 2026-07-23"]),
    ({"by": "deposit", "reference": "{safe} {receipt}"},
     ["SAFE1 R-one", "SAFE2 R-three", "SAFE1 R-two"]),
])
def test_posting_by_the_clients_logic(posting: Row, texts: list[str], database_url: str,
                                      tmp_path: Path) -> None:
    rows = [deposit("one", 100), deposit("two", 200), deposit("three", 400, terminal_id="SAFE2")]
    wait(make_day(database_url, rows))
    sql(database_url, "UPDATE account SET posting = $1::text::jsonb",
        msgspec.json.encode(posting).decode())
    assert sums(wait(clear(database_url, DAY, tmp_path)))["deposit_credit_xml", "EUR"] == 700
    document = (tmp_path / "2026-07-23" / "cash" / "bank" / "deposits-EUR.xml").read_text()
    assert sorted(re.findall("<Ustrd>([^<]*)</Ustrd>", document)) == sorted(texts)
    if posting.get("by") == "deposit":
        assert set(paid(tmp_path / "2026-07-23")) == {
            end_to_end_id(DAY, row["id"]) for row in rows}


def test_a_bank_of_the_clients_pays_from_the_account_that_it_names(database_url: str,
                                                                   tmp_path: Path) -> None:
    counted = {"receipt": "R1", "depositor": "Ana", "reference_model": "97", "reference": "12-3",
               "cassette": "012345678901234560", "denominations": [
                   {"value_minor": 5_000, "count": 2, "kind": "note", "category": "4a"},
                   {"value_minor": 200, "count": 10, "kind": "coin"}]}
    wait(make_day(database_url, [deposit("own", 12_000, detail=counted),
                                 deposit("other", 5_000, account_id=BAD_CLIENT)]))
    wait(scene(database_url, "DELETE FROM safe_fee"))
    sql(database_url, "UPDATE account SET iban = 'DE89370400440532013000'")
    sql(database_url, "UPDATE account SET bank_id = 'B/1' WHERE account_id = $1", CLIENT)
    wait(clear(database_url, DAY, tmp_path))
    folder = tmp_path / "2026-07-23" / "cash" / "bank"
    own = (folder / "deposits-EUR-B%2F1.xml").read_text()
    assert "<MsgId>20260723-CASH-1-DEPOSITS-EUR-1<" in own
    assert "<DbtrAcct><Id><IBAN>FR7630006000011234567890189<" in own
    other = (folder / "deposits-EUR.xml").read_text()
    assert "<DbtrAcct><Id><IBAN>DE89370400440532013000<" in other
    credit, = details(tmp_path / "2026-07-23", "deposits-EUR-B%2F1").credits
    item, = credit.items
    assert (item.safe, item.receipt, item.depositor, item.reference_model,
            item.payment_reference, item.date, item.time) == (
        "SAFE1", "R1", "Ana", "97", "12-3", "2026-07-23", "14:30")
    assert [(one.value_minor, one.count, one.kind, one.category) for one in item.denominations] == [
        (5_000, 2, "note", "4a"), (200, 10, "coin", "")]


def test_a_cut_off_of_the_safes_own(database_url: str, tmp_path: Path) -> None:
    """Told at 14:30 in Paris; the safe's day for credits ends at 14:00."""
    wait(make_day(database_url, [deposit("late", 700)]))
    wait(scene(database_url, "DELETE FROM safe_fee"))
    sql(database_url, "UPDATE safe SET cut_off = '14:00'")
    assert ("deposit_credit_xml", "EUR") not in sums(wait(clear(database_url, DAY, tmp_path)))
    assert sums(wait(clear(database_url, NEXT, tmp_path)))["deposit_credit_xml", "EUR"] == 700


def test_the_totals_of_a_safe_and_day(database_url: str, tmp_path: Path) -> None:
    cash = deposit("cash", 5_000)
    rows = [cash, deposit("kept", 400, flags="withheld:suspects"), at("accepted", 70),
            deposit("told", 8, life={"kind": "envelope", "credit": "none"}),
            reversal(cash, -1_000)]
    wait(make_day(database_url, rows))
    wait(clear(database_url, DAY, tmp_path))
    lines = (tmp_path / "2026-07-23" / "cash" / "safes" / "EUR.csv").read_text().splitlines()
    assert dict(zip(lines[0].split(","), lines[1].split(","), strict=True)) == {
        "currency": "EUR", "terminal_id": "SAFE1", "deposits": "4", "rows": "5",
        "deposited_minor": "4478", "withheld_minor": "400", "uncounted_minor": "8",
        "filed_minor": "4000", "instant_minor": "70", "held_minor": "0"}


def test_a_deposit_without_its_row_stops_the_night(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("cash", 700)]))
    sql(database_url, "DELETE FROM deposit")
    with pytest.raises(ClearingError, match="deposit cash has no row"):
        wait(clear(database_url, DAY, tmp_path))
    assert sql(database_url, "SELECT FROM ledger_entry") == []


def test_who_comes_while_the_night_decides_is_in_one_place(database_url: str,
                                                           tmp_path: Path) -> None:
    """A person withdraws what the night is filing: whoever is first has it, and only one."""
    keys = [f"cash-{number}" for number in range(20)]
    wait(make_day(database_url, [deposit(key, 100) for key in keys]))

    async def race() -> tuple[Night, list[str]]:
        connection = await asyncpg.connect(database_url)
        taken: list[str] = []

        async def withdraw() -> None:
            for key in keys:
                async with connection.transaction():
                    taken.extend(await move(connection, [key], "withdraw", who="test"))
                await asyncio.sleep(0.004)

        summary, _ = await asyncio.gather(clear(database_url, DAY, tmp_path), withdraw())
        await connection.close()
        return summary, taken

    summary, taken = wait(race())
    filed = {row["key"] for row in sql(database_url, CREDITS) if row["credit"] == "file"}
    assert filed.isdisjoint(taken)
    assert filed | set(taken) == set(keys)
    assert sums(summary).get(("deposit_credit_xml", "EUR"), 0) == 100 * len(filed)


def test_the_day_that_is_open_still_is_left_alone(database_url: str, tmp_path: Path) -> None:
    async def both() -> Night:
        connection = await asyncpg.connect(database_url)
        await insert(connection, [deposit("tomorrow", 700, business_date=NEXT)])
        await connection.close()
        return await clear(database_url, DAY, tmp_path)

    wait(make_day(database_url, [deposit("today", 300)]))
    assert sums(wait(both()))["deposit_credit_xml", "EUR"] == 300
    assert sums(wait(clear(database_url, NEXT, tmp_path)))["deposit_credit_xml", "EUR"] == 700
