"""The cash cycle's office: statements of banks, what couriers ask, categories of notes, how fees
are settled; and that all master data around safes can be changed by the API."""

import asyncio
import itertools
import json
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import asyncpg
import pytest

from authhost import cli
from authhost.admin.nouns import NOUNS
from authhost.admin.statements import statement as text_of
from authhost.doors.admin_statements import MOST_BYTES
from clearing.run import clear
from tests.support.portfolio import DAY
from tests.support.statement import IBAN, entry, statement, transaction

DEPOSIT = (Path(__file__).parents[1] / "support" / "deposit_row.sql").read_text()
DAYS = Path(__file__).with_name("admin_days.sql").read_text()
OTHER = "FR7630006000011234567890189"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def banks(boss):
    """Two banks; each debits an account of its own."""
    for name, iban in (("ONE", IBAN), ("TWO", OTHER)):
        boss.made("/banks", {"bank_id": name, "name": name, "endpoint": "https://bank.example/in",
                             "rails": [{"currency": "EUR", "rail": "instant", "debtor": {
                                 "name": "Operator", "iban": iban, "bic": "BKAUATWW"}}]})


def told(opening=0, closing=-500, entries=(), **more):
    return statement(list(entries) or [entry(closing - opening, transaction("WHO-KNOWS"))],
                     opening=opening, closing=closing, **more)


def kept(rig):
    return rig.sql("SELECT (SELECT count(*) FROM bank_statement), (SELECT count(*) FROM cash_case),"
                   " (SELECT count(*) FROM audit WHERE subject LIKE 'statement/%')")[0][:]


def test_a_statement_is_compared_and_a_repeat_changes_nothing(rig, boss, banks):
    content = told(reference="API1", closing=-500)
    first = boss.post("/statements", content)
    assert first.status_code == 200, first.text
    assert first.json() == {"statements": [{
        "reference": "API1", "iban": IBAN, "page": 1, "known": False,
        "outcomes": {"unexpected": 1}, "missing": 0, "cases": 1}]}
    before = kept(rig)
    assert boss.post("/statements", content).json()["statements"][0]["known"] is True
    assert kept(rig) == before
    audited = rig.sql("SELECT who, role, change::text FROM audit WHERE subject = $1",
                      f"statement/{IBAN}/API1/1")[0]
    assert audited["role"] == "administrator"
    assert json.loads(audited["change"])["outcomes"] == [None, {"unexpected": 1}]
    page = boss.get("/statements", iban=IBAN).json()["data"]
    assert [(row["reference"], row["told_by"], row["differing"]) for row in page] == [
        ("API1", audited["who"], 1)]
    other = boss.post("/statements", told(reference="API1", closing=-501))
    assert (other.status_code, other.json()["where"]) == (409, "Stmt API1")
    assert kept(rig) == before


def test_a_bank_tells_of_what_collects_there(rig, office, boss):
    """The account that its rail collects on, and one that codes are paid to."""
    rail, code = "DE02120300000000202051", "DE02500105170137075030"
    debtor = {"name": "Operator", "iban": "DE02100500000054540402", "bic": "BYLADEM1001"}
    bank = {"bank_id": "THREE", "name": "THREE", "endpoint": "https://bank.example/in",
            "rails": [{"currency": "EUR", "rail": "instant", "debtor": debtor,
                       "collects": debtor | {"iban": rail}}]}
    made = boss.made("/banks", bank)
    assert made["rails"][0]["collects"]["iban"] == rail
    teller = office.person("bank", bank_id="THREE")
    assert teller.post("/statements", told(reference="C1", iban=rail)).status_code == 200
    assert teller.post("/statements", told(reference="C1", iban=code)).status_code == 404
    rig.sql("INSERT INTO collecting_account (iban, bank_id, currency, name) VALUES"
            " ($1, 'THREE', 'EUR', 'Payments Ltd')", code)
    assert teller.post("/statements", told(reference="C1", iban=code)).status_code == 200


def test_two_at_once_store_it_once(rig, boss, banks):
    content = told(reference="API2", opening=-500, closing=-700)

    async def both():
        return await asyncio.gather(*(boss.sending("POST", "/statements", content)
                                      for _ in range(4)))
    answers = [one.json()["statements"][0]["known"] for one in rig.run(both())]
    assert sorted(answers) == [False, True, True, True]


def test_a_bank_tells_of_its_own_accounts_alone(rig, office, banks):
    bank = office.person("bank", bank_id="TWO")
    before = kept(rig)
    foreign = bank.post("/statements", told(reference="B1", closing=-1))
    assert (foreign.status_code, foreign.json()["where"]) == (404, "Stmt B1, Acct")
    assert kept(rig) == before
    assert bank.post("/statements", told(reference="B1", closing=-1, iban=OTHER)).status_code == 200
    assert [row["iban"] for row in bank.get("/statements").json()["data"]] == [OTHER]
    for role in ("analyst", "monitoring"):
        assert office.person(role).post("/statements", told()).status_code == 403
    assert office.person("monitoring").get("/statements").status_code == 403


GROWS = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
GOOD = told(reference="BAD", closing=-1)
BODY = GOOD.partition(b"\n")[2]


@pytest.mark.parametrize(("content", "status", "where"), [
    (b"", 422, "line 1"), (b"{}", 422, "line 1"), (GOOD[:-9], 422, "line 2"),
    (b"\xff\x00\xfe", 422, "line 1"), (GOOD.replace(b"WHO", b"W\xffO"), 422, "line 2"),
    (GOOD.replace(b"camt.053", b"camt.054"), 422, ""),
    (GOOD.replace(b">-", b">").replace(b"0.01", b"0.02", 1), 422, "Stmt BAD"),
    (GOOD.replace(b"2026-07-24</Dt></BookgDt>", b"0001-01-01</Dt></BookgDt>"), 422,
     "Stmt BAD, Ntry 1"),
    (told(reference="R" * 36, closing=-1), 422, "Stmt, Id"),
    (told(closing=-1, reference="BAD", entries=[entry(-1, transaction("E" * 40))]), 422,
     "Stmt BAD, Ntry 1, TxDtls 1, Refs/EndToEndId"),
    (b'<!DOCTYPE d [<!ENTITY a0 "ha">' + GROWS + b"]>" + BODY.replace(b"WHO", b"&a11;"), 422,
     "line 1"),
    (b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + BODY.replace(b"WHO", b"&x;"),
     422, "line 1"),
    (b'<!DOCTYPE d SYSTEM "http://127.0.0.1:1/d.dtd">' + BODY, 422, "line 1"),
    ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE d [<!ENTITY x "y">]>'.encode("utf-16")
     + BODY.decode().encode("utf-16-le"), 422, "line 1"),
    (b"<a>" * 500_000, 422, "line 1"),
    (GOOD + b" " * MOST_BYTES, 413, ""),
    (GOOD.replace(b"</Stmt>", b"<!--" + escape("x" * 10_000_000).encode() + b"--></Stmt>"), 413,
     ""),
])
def test_what_is_no_statement_is_said_and_nothing_is_kept(rig, boss, banks, content, status, where):
    before = kept(rig)
    answer = boss.post("/statements", content)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"]
    assert problem["where"].startswith(where)
    assert kept(rig) == before


def test_the_command_does_the_same(rig, banks, tmp_path, capsys):
    path = tmp_path / "statement.xml"
    path.write_bytes(told(reference="CLI", opening=-700, closing=-900))
    command = ["statement", str(path), "--database-url", rig.database_url]
    assert cli.main(command) == 0
    assert "CLI: 1 unexpected; missing 0, cases 1" in capsys.readouterr().out
    audited = rig.sql("SELECT who, role FROM audit WHERE subject = $1", f"statement/{IBAN}/CLI/1")
    assert [row[:] for row in audited] == [("operator", "operator")]
    assert cli.main(command) == 0
    path.write_bytes(GOOD[:-9])
    assert cli.main(command) != 0
    assert "line 2" in capsys.readouterr().err


def test_what_a_courier_asks_is_a_version_of_a_day(rig, boss, office):
    for name in ("U1", "U2"):
        boss.made("/couriers", {"courier_id": name, "name": name})

    def add(**more):
        return boss.post("/courier-fees", {
            "courier_id": "U1", "valid_from": DAY.isoformat(), "currency": "EUR",
            "per_pickup_minor": 400, "per_count_minor": 100, **more})
    first, second = add(), add(per_pickup_minor=450)
    assert (first.status_code, first.json()["version"], second.json()["version"]) == (201, 1, 2)
    assert second.json()["per_pickup_minor"] == 450
    shown = [(row["version"], row["per_pickup_minor"], row["per_count_minor"]) for row in
             office.person("courier", courier_id="U1").get("/courier-fees").json()["data"]]
    assert shown == [(2, 450, 100), (1, 400, 100)]
    assert office.person("courier", courier_id="U2").get("/courier-fees", courier="U1").json()[
        "data"] == []
    assert office.person("client", account_id=900_001).get("/courier-fees").status_code == 403
    for wrong, status, where in (({"valid_from": "2026-07-22"}, 422, "valid_from"),
                                 ({"courier_id": "U9"}, 404, "courier_id"),
                                 ({"currency": "XXX"}, 422, "currency"),
                                 ({"per_count_minor": -1}, 422, "per_count_minor"),
                                 ({"nonsense": 1}, 422, "")):
        answer = add(**wrong)
        assert (answer.status_code, answer.json()["where"]) == (status, where), answer.text
    boss.patch("/couriers/U2", {"status": "closed"})
    assert add(courier_id="U2").status_code == 409
    again = boss.post("/courier-fees", {"courier_id": "U1", "valid_from": "2099-01-01",
                                        "currency": "EUR"}, key="same")
    assert boss.post("/courier-fees", {"courier_id": "U1", "valid_from": "2099-01-01",
                                       "currency": "EUR"}, key="same").json() == again.json()
    assert len(rig.sql("SELECT FROM audit WHERE subject = 'courier_fee/U1'")) == 3


def client(boss, terminal, **more):
    made = boss.made("/accounts", {
        "kind": "safe_client", "name": "Baker", "currency": "EUR", "iban": IBAN,
        "address": {"town": "Linz", "country": "AT"}, "contact": {"name": "Kim", "phone": "+43 1"},
        **more})["account_id"]
    boss.made("/terminals", {"terminal_id": terminal, "kind": "safe", "acquirer_id": "280131",
                             "merchant_id": "SHOP"})
    boss.made("/safes", {"terminal_id": terminal})
    assert boss.send("PUT", f"/safes/{terminal}/clients/{made}", {}).status_code == 200
    return made


def test_a_category_of_notes_is_data_and_raises_its_clients(rig, boss, office):
    account = client(boss, f"SC{next(_numbers)}")

    def fence():
        return rig.sql("SELECT fence FROM fence WHERE account_id = $1", account)[0][0]
    before = fence()
    boss.made("/note-categories", {"category": "5", "name": "polymer", "kept": True,
                                   "credited": True, "reported": False, "source": "ours"})
    assert fence() == before + 1
    assert boss.patch("/note-categories/3", {"credited": False}).json()["credited"] is False
    assert fence() == before + 2
    assert boss.patch("/note-categories/3", {"credited": True}).status_code == 200
    assert boss.patch("/note-categories/3", {"category": "9"}).status_code == 422
    assert office.person("monitoring").get("/note-categories/2").json()["reported"] is True
    assert office.person("courier", courier_id="U1").patch(
        "/note-categories/3", {"credited": False}).status_code == 403


def test_fees_are_settled_as_the_client_has_it(rig, boss, tmp_path):
    """The same fees of two clients: taken off the next credit of one, owed by the other."""
    accounts = {}
    for settle in ("net", "invoice"):
        terminal = f"SF{next(_numbers)}"
        accounts[settle] = account = client(boss, terminal)
        changed = boss.patch(f"/accounts/{account}", {"posting": {"by": "client", "fees": settle}})
        assert changed.json()["posting"]["fees"] == settle
        boss.made("/safe-fees", {"account_id": account, "valid_from": DAY.isoformat(),
                                 "terms": {"per_deposit_minor": 30, "vat_basis_points": 2000}})
        rig.sql(DEPOSIT, json.dumps({
            "key": f"280131/{terminal}/21//000001", "terminal": terminal, "day": DAY.isoformat(),
            "account": account, "bank": None, "amount": 10_000, "credit": "night", "detail": {}}))
    wrong = boss.patch(f"/accounts/{account}", {"posting": {"fees": "gross"}})
    assert (wrong.status_code, wrong.json()["where"]) == (422, "posting.fees")
    rig.run(clear(rig.database_url, DAY, tmp_path))
    found = {}
    for settle, account in accounts.items():
        found[settle] = rig.sql(
            "SELECT f.settle, f.gross_minor, c.amount_minor FROM fee_statement f"
            " JOIN clearing_credit c USING (run_id, account_id) WHERE account_id = $1",
            account)[0][:]
    assert found == {"net": ("net", 36, 9_964), "invoice": ("invoice", 36, 10_000)}


# Columns that no body names: what a device tells, what an action of its own sets, keys of ours.
TOLD = {
    "account": {"status", "account_id"}, "site": set(), "merchant": set(), "terminal": set(),
    "bank": set(), "courier": set(), "cassette": set(), "depositor": set(), "note_category": set(),
    "safe": {"cassette_id", "shift", "shift_by", "software", "signed_on_at", "signed_off",
             "last_seen_at", "fill", "sequence_seen"},
}


@pytest.mark.parametrize("table", sorted(TOLD))
def test_every_column_of_master_data_can_be_said_by_the_api(rig, table):
    """SAFE-57: nothing of it is coded, nor changed by hand in the database alone."""
    noun = next(one for one in NOUNS if one.name == table)
    columns = {row[0] for row in rig.sql(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1", table)}
    assert columns - set(noun.body.__struct_fields__) - TOLD[table] == set()


@pytest.mark.parametrize(("name", "index"), [
    ("deposits", "deposit_day"), ("safe_totals", "deposit_day"),
    ("safe_totals_told", "safe_message_day_end")])
def test_a_day_of_all_safes_is_read_by_its_own_index(database_url, name, index):
    """However many days there are beside it."""
    day = date(2026, 3, 1)
    values = {"deposits": (day, day, None, None, 100, None, None),
              "safe_totals": (day, day, None, None, ""), "safe_totals_told": (day, day, "")}[name]
    text = text_of(name, conditions="true") if name == "deposits" else text_of(name)

    async def plan():
        connection = await asyncpg.connect(database_url)
        try:
            await connection.execute(DAYS)
            return await connection.fetch(f"EXPLAIN {text}", *values)
        finally:
            await connection.close()
    assert index in "".join(row[0] for row in asyncio.run(plan()))
