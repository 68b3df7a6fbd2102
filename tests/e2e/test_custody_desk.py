"""Custody for people over HTTP: rights, counts and files, cases, pick-ups, comparing, bad input."""

from datetime import UTC, datetime, timedelta

import pytest

from authhost.safes.life import end_to_end_id
from authhost.safes.moves import move
from tests.support.office import Person
from tests.support.vault import ANNA, Vault, desk

FIFTY, TWENTY = 5_000, 2_000
HEAD = "cassette;reference;counted_at;kind;currency;value;count\n"


@pytest.fixture(scope="module")
def vault(rig):
    return Vault(rig, 2)


@pytest.fixture(scope="module")
def office(rig, vault):
    with desk(rig, vault.custody) as made:
        yield made


@pytest.fixture(scope="module")
def boss(office):
    return office.person("administrator")


def left(vault, *pieces):
    """A cassette that has left with these deposits, of one client after the other."""
    keys = [vault.deposit(one, vault.accounts[number % 2]) for number, one in enumerate(pieces)]
    cassette = vault.cassette
    return vault.swap(), cassette, keys


def count_of(cassette, reference, *pieces, **more):
    return {"cassette": cassette, "reference": reference,
            "counted_at": (datetime.now(UTC) + timedelta(seconds=1)).isoformat(),
            "pieces": [{"currency": "EUR", "value_minor": value, "count": count}
                       for value, count in pieces], **more}


def test_from_the_count_to_the_closed_case(vault, office, boss):
    stay, cassette, _ = left(vault, ((FIFTY, 2),), ((TWENTY, 1),))
    body = count_of(cassette, "D-1", (FIFTY, 1), (TWENTY, 1))
    told = boss.post("/counts", body)
    assert (told.status_code, told.json()["stay"]) == (201, "counted"), told.text
    again = boss.post("/counts", body)
    assert (again.status_code, again.json()["known"]) == (200, True)
    other = boss.post("/counts", {**body, "pieces": []})
    assert (other.status_code, other.json()["where"]) == (409, "reference")
    assert boss.get("/counts", cassette=cassette).json()["data"][0]["reference"] == "D-1"
    [case] = boss.get("/cases", safe=vault.terminal).json()["data"]
    path = f"/cases/{case['case_id']}"
    proposed = boss.post(f"{path}/proposal", {"proposal": "adjust", "why": "short"}).json()
    assert proposed["proposed_minor"] == -FIFTY
    decision = {"approve": True, "proposal": "adjust", "amount_minor": -FIFTY}
    assert boss.post(f"{path}/decision", decision).status_code == 403
    second = office.person("administrator")
    wrong = second.post(f"{path}/decision", {**decision, "amount_minor": -1})
    assert (wrong.status_code, wrong.json()["where"]) == (412, "proposal")
    assert second.post(f"{path}/decision", decision).json()["state"] == "decided"
    vault.settle()
    assert boss.get(path).json()["state"] == "closed"
    shown = boss.get(f"/stays/{stay}").json()
    assert (shown["state"], shown["cases"]) == ("settled", [])
    assert [(one["account_id"], one["amount_minor"], one["state"]) for one in shown["deposits"]] \
        == [(vault.accounts[0], 10_000, "adjusted"), (vault.accounts[1], TWENTY, "verified")]


def test_everybody_sees_his_own(vault, office, boss):
    stay, cassette, _ = left(vault, ((FIFTY, 2),), ((FIFTY, 1),))
    boss.post("/counts", count_of(cassette, "D-2", (FIFTY, 2)))
    mine, other = (office.person("client", account_id=account) for account in vault.accounts)
    bank, foreign = office.person("bank", bank_id="B1"), office.person("bank", bank_id=bank_of(
        office, "B9"))
    courier = office.person("courier", courier_id="CIT")
    watching, cashier = office.person("monitoring"), office.person(
        "cashier", account_id=vault.accounts[0])
    number = boss.get("/cases", safe=vault.terminal).json()["data"][0]["case_id"]
    for person, status in ((mine, 404), (other, 404), (foreign, 404), (courier, 403),
                           (watching, 403), (cashier, 403)):
        assert person.get(f"/cases/{number}").status_code == status
    second = office.person("administrator")
    for person in (mine, bank, courier, watching):
        assert person.post(f"/cases/{number}/proposal",
                           {"proposal": "dismiss", "why": "x"}).status_code == 403
    assert [one["amount_minor"] for one in mine.get(f"/stays/{stay}").json()["deposits"]] \
        == [10_000]
    assert foreign.get(f"/stays/{stay}").status_code == 404
    assert foreign.get("/stays").json()["data"] == []
    seen = watching.get(f"/stays/{stay}").json()
    assert {name for one in seen["deposits"] for name in one} == {
        "currency", "kind", "state", "credit", "deposits"}
    assert bank.get("/counts", stay=stay).json()["data"][0]["reference"] == "D-2"
    assert foreign.get("/counts", stay=stay).json()["data"] == []
    assert watching.get("/counts").status_code == 403
    boss.post(f"/cases/{number}/proposal", {"proposal": "dismiss", "why": "ours"})
    second.post(f"/cases/{number}/decision", {"approve": True, "proposal": "dismiss"})


def bank_of(office, name):
    office.rig.sql("INSERT INTO bank (bank_id, name) VALUES ($1, $1) ON CONFLICT DO NOTHING", name)
    return name


def test_a_count_is_told_by_who_carries_or_banks_it(vault, office, rig):
    _, cassette, _ = left(vault, ((FIFTY, 1),))
    body = count_of(cassette, "U-1", (FIFTY, 1))
    rig.sql("INSERT INTO courier (courier_id, name) VALUES ('OTHER', 'Others')"
            " ON CONFLICT DO NOTHING")
    for role, scope in (("courier", {"courier_id": "OTHER"}),
                        ("bank", {"bank_id": bank_of(office, "B9")})):
        told = office.person(role, **scope).post("/counts", body)
        assert (told.status_code, told.json()["where"]) == (404, "cassette")
    courier = office.person("courier", courier_id="CIT")
    assert courier.post("/counts", body).status_code == 201
    # The carrier is one teller, whoever of his people types; another teller's numbers are his own.
    again = office.person("courier", courier_id="CIT").post("/counts", body)
    assert (again.status_code, again.json()["known"]) == (200, True)
    bank = office.person("bank", bank_id="B1")
    assert bank.post("/counts", body).json()["known"] is False
    assert office.person("client", account_id=vault.account).post("/counts",
                                                                  body).status_code == 403


@pytest.mark.parametrize(("change", "status", "where"), [
    ({"cassette": "123"}, 422, "cassette"),
    ({"cassette": "340000000000000001"}, 422, "cassette"),
    ({"reference": ""}, 422, "reference"),
    ({"counted_at": "2026-11-22T10:00:00"}, 422, "counted_at"),
    ({"counted_at": "2226-11-22T10:00:00Z"}, 422, "counted_at"),
    ({"pieces": [{"currency": "EUR", "value_minor": 0, "count": 1}]}, 422,
     "pieces[0].value_minor"),
    ({"pieces": [{"currency": "QQQ", "value_minor": 5, "count": 1}]}, 422, "pieces[0].currency"),
    ({"pieces": [{"currency": "EUR", "value_minor": 5, "count": 1}] * 2}, 422, "pieces[1]"),
    ({"counterfeits": [{"currency": "EUR", "value_minor": 5, "serial": "A1"}] * 2}, 422,
     "counterfeits[1].serial"),
    ({"pieces": 5}, 422, "pieces"), ({"what": 1}, 422, ""),
])
def test_a_count_that_cannot_be_is_a_problem(vault, boss, change, status, where):
    answer = boss.post("/counts", {**count_of(vault.cassette, "X-1"), **change})
    assert (answer.status_code, answer.json().get("where")) == (status, where), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert vault.rig.sql("SELECT count(*) FROM cash_count WHERE reference = 'X-1'")[0][0] == 0


@pytest.mark.parametrize(("body", "status"), [
    (b"\xff\xfe", 400), (b"{", 400), (b"[" * 100_000, 422), (b"x" * (5 * 1024 * 1024), 413),
    (b'{"cassette": "\xc3\x28"}', 400), (b'{"pieces": ' + b"[" * 100_000, 422)])
def test_a_body_that_is_none_is_a_problem(boss, body, status):
    assert boss.post("/counts", body).status_code == status


def test_a_file_is_taken_whole_or_not_at_all(vault, boss):
    first, second = left(vault, ((FIFTY, 1),))[1], left(vault, ((TWENTY, 2),))[1]
    at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    good = HEAD + f"{first};F-1;{at};note;EUR;50;1\n{second};F-2;{at};note;EUR;20,00;2\n"
    bad = good + f"{first};F-1;{at};note;EUR;5,001;1\n"

    def send(text, **query):
        return boss.post("/counts.csv", text.encode(), **query)

    answer = send(bad)
    assert (answer.status_code, [(one["line"], one["column"]) for one in
                                 answer.json()["problems"]]) == (422, [(4, "value")])
    dry = send(good, dry_run="1").json()
    assert (dry["state"], dry["counts"], dry["taken"]) == ("dry_run", 2, [])
    assert boss.get("/counts", cassette=first).json()["data"] == []
    assert send(good, dry_run="yes").status_code == 422
    taken = send(good).json()
    assert (taken["state"], taken["known"], [one["stay"] for one in taken["taken"]]) == (
        "taken", 0, ["settled", "settled"])
    again = send(good).json()
    assert (again["state"], again["known"]) == ("taken", 2)
    other = send(good.replace("20,00;2", "20,00;1"))
    assert (other.status_code, [(one["line"], one["column"]) for one in
                                other.json()["problems"]]) == (422, [(3, "reference")])
    assert send("").status_code == 422


def test_a_pick_up_goes_to_its_courier(vault, office, boss, rig):
    vault.deposit(((FIFTY, 2),))
    needed = datetime(2026, 12, 1, tzinfo=UTC)
    made = rig.run(vault.custody.pickups.ask(vault.terminal, "threshold", needed, who="host",
                                             fill={"notes": 900}))
    again = rig.run(vault.custody.pickups.ask(vault.terminal, "forecast", needed - timedelta(1),
                                              who="host"))
    assert (again["pickup_id"], again["reason"], again["needed_by"]) == (
        made["pickup_id"], "threshold", needed - timedelta(1))
    courier = office.person("courier", courier_id="CIT")
    path = f"/pickups/{made['pickup_id']}"
    [seen] = courier.get("/pickups", safe=vault.terminal).json()["data"]
    content = seen["content"]
    assert (content["site"], content["placement"]["room"]) == ("North", "office")
    assert content["expected"][0]["amount_minor"] == 10_000
    assert content["pieces"] == [{"currency": "EUR", "kind": "note", "value_minor": FIFTY,
                                  "count": 2}]
    assert content["contacts"][0]["contact"]["name"] == "Ana"
    for role, scope in (("monitoring", {}), ("client", {"account_id": vault.account})):
        [row] = office.person(role, **scope).get("/pickups", safe=vault.terminal).json()["data"]
        assert {"expected", "pieces", "contacts"} & set(row["content"]) == set()
    assert courier.post(f"{path}/acceptance").json()["state"] == "accepted"
    assert courier.post(f"{path}/acceptance").json()["state"] == "accepted"
    client = office.person("client", account_id=vault.account)
    assert client.post(f"{path}/completion").status_code == 403
    assert courier.post(f"{path}/completion").json()["state"] == "done"
    assert courier.post(f"{path}/cancellation").status_code == 409
    asked = client.post("/pickups", {"terminal_id": vault.terminal, "note": "please"})
    assert (asked.status_code, asked.json()["content"]["note"]) == (201, "please")
    assert client.post("/pickups", {"terminal_id": Vault(rig).terminal}).status_code == 404
    assert client.post(f"/pickups/{asked.json()['pickup_id']}/cancellation").json()["state"] \
        == "cancelled"
    assert boss.post("/pickups", {"terminal_id": "NONE"}).status_code == 404
    assert boss.get("/pickups", state="lost").json()["where"] == "state"


def test_what_the_bank_has_booked_is_compared(rig, boss, office):
    vault = Vault(rig, rule="instant")
    keys = [vault.deposit(((FIFTY, count),), receipt=f"R{count}") for count in (1, 2)]

    async def credited():
        async with rig.host._pool.acquire() as connection:
            for event in ("send", "accept"):
                assert await move(connection, keys, event, who="bank") == sorted(keys)

    rig.run(credited())
    rows = rig.sql("SELECT business_date, journal_id, amount_minor FROM deposit WHERE key ="
                   " ANY ($1) ORDER BY amount_minor", keys)
    day = rows[0]["business_date"].isoformat()
    entries = [{"reference": end_to_end_id(row["business_date"], row["journal_id"]),
                "amount_minor": row["amount_minor"]} for row in rows]
    body = {"account_id": vault.account, "currency": "EUR", "from_day": day, "until_day": day}

    def compare(**more):
        answer = boss.post("/comparisons", {**body, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert compare(booked=entries)["agrees"] is True
    assert compare(booked_minor=15_000)["agrees"] is True
    assert compare(receipts=[{"reference": f"R{count}", "terminal_id": vault.terminal,
                              "amount_minor": count * FIFTY} for count in (1, 2)])["agrees"]
    found = compare(booked=entries[:1])
    assert (found["agrees"], found["difference_minor"]) == (False, -10_000)
    assert found["differs"] == [{"reference": entries[1]["reference"], "ours_minor": 10_000,
                                 "theirs_minor": None}]
    assert compare(booked=entries[:1])["case_id"] == found["case_id"]
    twice = compare(booked=[*entries, entries[0]])
    assert (twice["difference_minor"], twice["case_id"] != found["case_id"]) == (FIFTY, True)
    assert boss.get(f"/cases/{found['case_id']}").json()["kind"] == "compare"
    assert boss.post("/comparisons", body).json()["where"] == "booked"
    assert boss.post("/comparisons", {**body, "until_day": "2025-01-01", "booked_minor": 1}) \
        .json()["where"] == "until_day"
    foreign = office.person("bank", bank_id=bank_of(office, "B9"))
    assert foreign.post("/comparisons", {**body, "booked_minor": 1}).status_code == 404
    assert office.person("bank", bank_id="B1").post(
        "/comparisons", {**body, "booked_minor": 15_000}).json()["agrees"] is True


def test_a_counterfeit_is_reported_over_the_door(vault, office, boss):
    _, cassette, _ = left(vault, ((FIFTY, 1),), ((FIFTY, 1),))
    boss.post("/counts", count_of(cassette, "K-1", (FIFTY, 1), counterfeits=[
        {"currency": "EUR", "value_minor": FIFTY, "serial": "QX1"}]))
    rows = boss.get("/counterfeits", unreported="1", limit=1_000).json()["data"]
    [piece] = [row for row in rows if row["serial"] == "QX1"]
    page = boss.get(f"/counterfeits/{piece['counterfeit_id']}").json()
    # It cannot be told whose it is: the report names both.
    assert (page["holder_known"], [one["account_id"] for one in page["holders"]]) == (
        False, vault.accounts)
    path = f"/counterfeits/{piece['counterfeit_id']}/report"
    assert boss.post(path, {"report": "NB-1"}).json()["report"] == "NB-1"
    assert boss.post(path, {"report": "NB-2"}).status_code == 409
    assert office.person("bank", bank_id="B1").post(path, {"report": "x"}).status_code == 403
    assert boss.get("/counterfeits/0").status_code == 404


def test_a_bank_sees_the_cases_of_its_clients(vault, office):
    _, cassette, _ = left(vault, ((FIFTY, 2),), ((TWENTY, 1),))
    vault.counted(cassette, ((FIFTY, 1), (TWENTY, 1)), actor=ANNA)
    mine = office.person("client", account_id=vault.accounts[0])
    [case] = mine.get("/cases", kind="difference").json()["data"]
    assert [part["account_id"] for part in case["content"]["parts"]] == [vault.accounts[0]]
    other = office.person("client", account_id=vault.accounts[1])
    assert other.get("/cases", kind="difference").json()["data"] == []
    bank = office.person("bank", bank_id="B1")
    assert case["case_id"] in [one["case_id"] for one in bank.get("/cases").json()["data"]]
    foreign = office.person("bank", bank_id=bank_of(office, "B9"))
    assert foreign.get("/cases").json()["data"] == []
    assert mine.get("/cases", kind="x").json()["where"] == "kind"
    assert mine.get("/cases", after="x").json()["where"] == "after"


def test_a_refused_call_has_its_route_in_the_trail(vault, office):
    name, token = office.access("cashier", account_id=vault.accounts[0])
    person = Person(office, token)
    answers = [person.get("/cases", misspelt="1"), person.get("/cases/0"),
               person.post("/pickups/7/completion", {})]
    rows = office.rig.sql("SELECT subject, what FROM audit WHERE who = $1 ORDER BY id", name)
    assert [(row["subject"], row["what"].split()[1]) for row in rows] == [
        (f"{method} /v1/admin/{path}", str(answer.status_code)) for (method, path), answer in zip(
            [("GET", "cases"), ("GET", "cases/0"), ("POST", "pickups/7/completion")], answers,
            strict=True)]
    assert all(answer.status_code in {403, 404, 422} for answer in answers)
