"""A clerk's work with prices on a real PostgreSQL: lists, contracts, VAT rates, commands."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from authhost.cli_options import Failed
from authhost.embedded import Servers
from authhost.pricing import commands
from authhost.pricing.contracts import contracts_of, put_contract
from authhost.pricing.desk import show
from authhost.pricing.importing import Report
from authhost.pricing.terms import BadTerms, Contract, Line
from authhost.pricing.vat import VatRate, vat_rates
from tests.support.price_desk import (
    AUGUST,
    CLOCK,
    HEAD,
    JULY,
    TABLES,
    Desk,
    fixed,
    price_desk,
    spot,
)


@pytest.fixture(scope="module")
def desk(servers: Servers) -> Iterator[Desk]:
    """One database for all of them."""
    with price_desk(servers) as one:
        yield one


@pytest.fixture
def clerk(desk: Desk) -> Desk:
    """A chain with two fleets and three sites, and no price yet."""
    desk.begin()
    return desk


def test_every_change_raises_the_rules_once_and_says_who(clerk: Desk) -> None:
    before = clerk.rules()
    clerk.vat(2000)
    clerk.take("001,900,EUR,m3,net,15C,2026-07-01", role="analyst", file="list.csv")
    clerk.put(spot())
    clerk.put(spot(), fixed("1", "002"), reason="AdBlue too")
    assert clerk.rules() == before + 4
    rows = clerk.run(clerk.connection.fetch(
        "SELECT who, role, what, subject, change FROM audit ORDER BY id"))
    assert [tuple(row)[:4] for row in rows] == [
        ("ana", "operator", f"VAT of * from {JULY}", "vat_rate/1"),
        ("ana", "analyst", "1 base prices of OMV imported, 0 corrected", "price_import/1"),
        ("ana", "administrator", "contract C version 1", "account/101"),
        ("ana", "administrator", "contract C version 2", "account/101")]
    assert set(json.loads(rows[3]["change"])) == {"lines", "reason"}
    assert [len(side) for side in json.loads(rows[3]["change"])["lines"]] == [1, 2]
    stored = clerk.run(clerk.connection.fetchrow("SELECT * FROM price_import"))
    assert stored is not None
    assert (stored["file"], stored["who"], len(stored["sha256"])) == ("list.csv", "ana", 64)


def test_all_or_nothing(clerk: Desk) -> None:
    before = clerk.counts(), clerk.rules()
    report = clerk.take("001,900,EUR,m3,net,15C,2026-07-01", "009,1,EUR,m3,net,15C,2026-07-01")
    assert report.state == "refused"
    assert [str(one) for one in report.problems] == [
        "line 3, product: '009' is not a product of this system"]
    assert clerk.take("001,900,EUR,m3,net,15C,2026-07-01", dry_run=True) == Report(
        "dry_run", report_of("001,900,EUR,m3,net,15C,2026-07-01"), None, 1, 1)
    assert clerk.take("001,9,EUR,m3,net,15C,2026-07-01", time_zone="Mars/Olympus").state == \
        "refused"
    many = clerk.take(*["009,1,EUR,m3,net,15C,2026-07-01"] * 300)
    assert (len(many.problems), many.more_problems) == (200, 100)
    assert (clerk.counts(), clerk.rules()) == before
    assert clerk.sql("SELECT count(*) FROM audit") == [0]


def report_of(*rows: str) -> str:
    """A list's SHA-256."""
    return hashlib.sha256("\n".join((HEAD, *rows, "")).encode()).hexdigest()


def test_the_same_list_twice_is_nothing_new(clerk: Desk) -> None:
    rows = ("001,900,EUR,m3,net,15C,2026-07-01", "002,905,EUR,m3,net,15C,2026-07-01")
    first = clerk.take(*rows)
    assert (first.state, first.import_id, first.added) == ("imported", 1, 2)
    before = clerk.counts(), clerk.rules()
    again = clerk.take(*rows)
    assert (again.state, again.import_id, again.unchanged) == ("unchanged", 1, 2)
    reordered = clerk.take(*rows[::-1])
    assert (reordered.state, reordered.import_id, reordered.unchanged) == ("unchanged", None, 2)
    assert (clerk.counts(), clerk.rules()) == before
    longer = clerk.take(*rows, "001,901,EUR,m3,net,15C,2026-07-02")
    assert (longer.state, longer.added, longer.unchanged) == ("imported", 1, 2)


def test_a_jump_is_to_be_confirmed(clerk: Desk) -> None:
    clerk.take("001,900,EUR,m3,net,15C,2026-07-01")
    low, high = "001,700,EUR,m3,net,15C,2026-07-02", "001,950,EUR,m3,net,15C,2026-07-03"
    report = clerk.take(low, high)
    assert [str(one) for one in report.problems] == [
        "line 2, price: 700 is -22.2 % from 900, the price of 2026-07-01 00:00 UTC",
        "line 3, price: 950 is +35.7 % from 700, the price of 2026-07-02 00:00 UTC"]
    assert clerk.take(low, jump_percent=Decimal(25), dry_run=True).state == "dry_run"
    assert clerk.take(low.replace("15C", "ambient")).state == "imported"  # a series of its own
    assert clerk.take(low, high, accept_jumps=True).state == "imported"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET at = now()", "DELETE FROM {}",
                                    "TRUNCATE {} CASCADE"])
def test_append_only(clerk: Desk, table: str, change: str) -> None:
    clerk.take("001,900,EUR,m3,net,15C,2026-07-01")
    clerk.put(spot())
    clerk.vat(2000)
    column = "price" if table == "base_price" else "who"
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        clerk.sql(change.format(table).replace("at = now()", f"{column} = {column}"))
    assert clerk.counts() == [1, 1, 1, 1]


def test_versions_keep_what_was_agreed(clerk: Desk) -> None:
    assert clerk.put(fixed("1")) == 1
    assert clerk.put(fixed("1")) == 1  # says the same
    assert clerk.put(fixed("2"), valid_from=AUGUST) == 2
    assert clerk.put(fixed("3"), contract="D", account_id=102) == 1
    stored = clerk.run(contracts_of(clerk.connection, 101))
    assert [(one.version, one.lines[0].amount, one.valid_from) for one in stored] == [
        (1, Decimal(1), JULY), (2, Decimal(2), AUGUST)]
    for version in (2, 4):
        with pytest.raises(asyncpg.UniqueViolationError):
            insert(clerk, version=version)


def insert(clerk: Desk, version: int = 1, contract: str = "C", lines: Any = None,
           end: datetime | None = None) -> None:
    """A contract as it would come in past the clerk's program."""
    default = [{"product": "001", "formula": "fixed", "amount": "1"}]
    clerk.sql("INSERT INTO price_contract (account_id, contract, version, currency, valid_from,"
              " valid_until, lines, who) VALUES (101, $1, $2, 'EUR', $3, $4, $5::text::jsonb, 'x')",
              contract, version, JULY, end, json.dumps(default if lines is None else lines))


def test_the_database_refuses_an_overlap(clerk: Desk) -> None:
    clerk.put(fixed("1"), fixed("1", "002", site="S1"), valid_until=AUGUST)
    with pytest.raises(asyncpg.ExclusionViolationError, match="overlaps contract C version 1"):
        insert(clerk, contract="D")
    with pytest.raises(asyncpg.ExclusionViolationError, match="names 001 twice"):
        insert(clerk, contract="E", lines=[{"product": "001"}, {"product": "001"}])
    with pytest.raises(asyncpg.CheckViolationError):
        insert(clerk, contract="E", end=JULY)
    assert "overlaps contract C version 1 on product 001" in clerk.refused(
        fixed("2"), contract="D", valid_from=AUGUST - timedelta.resolution)
    # what is not the same product, place, time or currency stands beside it
    assert clerk.put(fixed("2"), contract="D", valid_from=AUGUST) == 1
    assert clerk.put(fixed("2", "002"), fixed("2", site="S1"), contract="E") == 1
    assert clerk.put(fixed("2", "@fuel"), fixed("2", "*"), contract="F") == 1
    assert clerk.put(fixed("2"), contract="G", currency="CZK") == 1


def test_what_a_version_gives_up_another_contract_may_take(clerk: Desk) -> None:
    clerk.put(fixed("1"), fixed("1", "002"))
    assert "overlaps contract C version 1" in clerk.refused(fixed("2"), contract="D")
    clerk.put(fixed("1", "002"), valid_from=AUGUST)
    assert "overlaps contract C version 1" in clerk.refused(fixed("2"), contract="D")
    assert clerk.put(fixed("2"), contract="D", valid_from=AUGUST) == 1
    assert "overlaps contract D version 1" in clerk.refused(
        fixed("1"), valid_from=AUGUST + timedelta(days=1))


def test_two_clerks_at_once_do_not_overlap(clerk: Desk) -> None:
    async def both() -> list[Any]:
        connections = [await asyncpg.connect(clerk.url) for _ in range(6)]
        made = await asyncio.gather(*(
            put_contract(one, Contract(account_id=101, contract=f"C{number}", currency="EUR",
                                       valid_from=JULY, lines=(fixed("1"),)), "ana")
            for number, one in enumerate(connections)), return_exceptions=True)
        for one in connections:
            await one.close()
        return made

    made = clerk.run(both())
    assert sorted(str(type(one).__name__) for one in made) == ["BadTerms"] * 5 + ["int"]


def test_a_contract_names_what_there_is(clerk: Desk) -> None:
    clerk.take("001,900,EUR,m3,net,ambient,2026-07-01")
    said = clerk.refused(
        spot(), spot("009"), spot("@none"), fixed("1", "002", site="S9"),
        fixed("1", "002", region="east"), spot("002", base_product="008"), account_id=103)
    for text in ("account_id: 103 is not a fleet's account",
                 "line 1 (001): temperature: OMV quotes 001 at ambient, not at 15C",
                 "line 2 (009): product: 009 is not known", "line 3 (@none): product: @none",
                 "site: S9 is not known", "region: east is not known",
                 "base_product: 008 is not known"):
        assert text in said
    assert "temperature" in clerk.refused(spot("@fuel"))
    assert "temperature" in clerk.refused(spot("150", base_product="001"))
    assert "account_id" in clerk.refused(fixed("1"), account_id=999)
    assert "@fuel and @road at the same place have 001 in common" in clerk.refused(
        fixed("1", "@fuel"), fixed("1", "@road"))
    assert clerk.put(fixed("1", "@fuel"), fixed("1", "@road"), fixed("1")) == 1


def test_vat_rates_name_what_there_is(clerk: Desk) -> None:
    wrongs: tuple[dict[str, Any], ...] = (
        {"product": "009"}, {"product": "@none"}, {"product": "@"}, {"site": "S9"},
        {"country": "at"}, {"country": "AT", "site": "S1"})
    for wrong in wrongs:
        with pytest.raises(BadTerms):
            clerk.vat(2000, **wrong)
    for points in (-1, 10_001):
        with pytest.raises(BadTerms):
            clerk.vat(points)
    with pytest.raises(BadTerms):
        clerk.vat(2000, start=datetime(2026, 7, 1))  # noqa: DTZ001
    clerk.vat(None, "@fuel", site="S1")
    assert clerk.run(vat_rates(clerk.connection)) == (
        VatRate(product="@fuel", valid_from=JULY, basis_points=None, site="S1"),)


def run_command(clerk: Desk, capsys: pytest.CaptureFixture[str],
                ) -> Callable[..., tuple[int, str, str]]:
    """`authhost prices ...` in this process: exit code, output, errors."""
    def run(*words: str) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        commands.add(parser.add_subparsers(required=True))
        arguments = parser.parse_args(["prices", *words, "--database-url", clerk.url])
        try:
            code = arguments.command(arguments)
        except Failed as failed:
            return 1, "", str(failed)
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def test_the_clerk_s_commands(clerk: Desk, capsys: pytest.CaptureFixture[str],
                              tmp_path: Path) -> None:
    run = run_command(clerk, capsys)
    prices, contract = tmp_path / "omv.csv", tmp_path / "contract.json"
    prices.write_text(f"{HEAD}\r\n001;912,50;EUR;m3;net;15C;2026-07-01\r\n".replace(",", ";", 6))
    words = ("import", str(prices), "--source", "OMV", "--zone", "Europe/Vienna", "--who", "ben")
    assert run(*words, "--dry-run")[:2] == (
        0, "1 rows: 1 new, 0 corrected, 0 there already. A dry run: nothing was stored\n")
    code, out, _ = run(*words)
    assert (code, "Import 1, SHA-256" in out) == (0, True)
    assert run(*words)[:2] == (0, "nothing to do: all 1 rows stand already\n")
    prices.write_text(f"{HEAD}\n001,2000,EUR,m3,net,15C,2026-07-02\n")
    code, _, err = run(*words)
    assert (code, err.splitlines()[-1]) == (1, "refused: nothing was stored")
    assert run("vat", "--product", "*", "--percent", "20", "--from", "2026-07-01", "--zone",
               "Europe/Vienna", "--country", "AT")[0] == 0
    contract.write_bytes(msgspec.json.encode(
        Contract(account_id=101, contract="ACME-2026", currency="EUR",
                 valid_from=JULY - timedelta(hours=2), lines=(spot(),))))
    assert run("contract", str(contract), "--dry-run")[1] == (
        "contract ACME-2026 of account 101 would be version 1\n")
    assert clerk.counts()[2] == 0
    assert run("contract", str(contract))[0] == 0
    assert "ACME-2026 version 1, EUR" in run("list", "101")[1]
    contract.write_text('{"account_id": 101, "lines": 3}')
    assert "$.lines" in run("contract", str(contract))[2] or "missing" in run(
        "contract", str(contract))[2]
    code, out, _ = run("show", "101", "--product", "001", "--at", "2026-07-23T12:00", "--site",
                       "S1", "--quantity", "40")
    assert out == EXPLAINED
    assert clerk.sql("SELECT DISTINCT who FROM price_import") == ["ben"]
    assert "product 009 is not known" in run("show", "101", "--product", "009")[2]
    assert "no contract speaks of 002" in run("show", "101", "--product", "002")[1]
    assert "no contract: the pump" in run("show", "102", "--product", "001")[1]


EXPLAINED = """\
ACME (101), 001 at S1, 2026-07-23T12:00:00+02:00
contract ACME-2026 version 1, line for 001 everywhere: spot
base price OMV 001 at 15C: 912.50 EUR/m3 net, from 2026-07-01T00:00+02:00, version 1, import 1
  base price 912.50 EUR/m3 net, with 20 % VAT                  1.09500000
  +12 a m3 net, with 20 % VAT                                  1.10940000
holds from 2026-07-01T00:00+02:00 until something new is entered
price 1.109 EUR/L, VAT included, rounded half up to 3 decimals
40 L cost 4436 minor units of EUR
"""


def test_explanations_of_what_is_missing_or_capped(clerk: Desk) -> None:
    clerk.put(spot(site="S1"), Line(product="001", formula="pump", percent=Decimal("-2.5"),
                                    amount=Decimal("0.1"), never_above_pump=True))

    def told(site: str, **more: Any) -> str:
        return "\n".join(clerk.run(show(
            clerk.url, 101, "001", clock=CLOCK, at="2026-07-23T12:00", site=site, **more)))

    assert "base price OMV 001 at 15C in EUR: none in force" in told("S1")
    assert "no contract price: no base price of that source" in told("S1")
    assert "the pump price is not told" in told("S2")
    text = told("S2", pump=Decimal("1.599"), quantity=Decimal(10))
    for line in ("-2.5 %", "1.55902500", "1.65902500",
                 "price 1.599 EUR/L, VAT included, the pump's: the contract's would be 1.659",
                 "10 L cost 1599 minor units of EUR"):
        assert line in text
