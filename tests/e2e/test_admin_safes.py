"""Safes for people: master data and its fences, and what each role sees of deposits and alarms."""

import base64
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from authhost.admin import access, safe_reads
from authhost.admin.access import Role
from authhost.completeness import missing
from authhost.translate.json_door import public_id

SUPPORT = Path(__file__).parents[1] / "support"
DEPOSIT = (SUPPORT / "deposit_row.sql").read_text()
TOLD = (SUPPORT / "safe_told.sql").read_text()
DAY = {"from": "2026-07-23", "until": "2026-07-23"}
DEBTOR = {"name": "Operator", "iban": "AT611904300234573201", "bic": "BKAUATWW"}
RAIL = {"currency": "EUR", "rail": "instant", "from": "08:00", "debtor": DEBTOR}
CASSETTE = "376000000000000006"
NAMES = ("Ana Baker", "Kim", "Bela")
AMOUNTS = (5_000, 7_000, 9_000, 12_000)


@pytest.fixture(scope="module")
def scene(rig, boss):
    """Two banks, two couriers, two safes; a shared safe and one of its own for the first client."""
    for number in (1, 2):
        boss.made("/banks", {"bank_id": f"B{number}", "name": "Bank", "status": "active",
                             "endpoint": "https://bank.example/in", "rails": [RAIL]})
        boss.made("/couriers", {"courier_id": f"U{number}", "name": "Courier"})
    boss.made("/terminals", {"terminal_id": "SAFE0002", "kind": "safe", "acquirer_id": "280131",
                             "merchant_id": "SHOP", "site_id": "S1"})
    for number, terminal in ((1, "SAFE0001"), (2, "SAFE0002")):
        boss.made("/safes", {"terminal_id": terminal, "courier_id": f"U{number}",
                             "note_capacity": 1_000, "placement": {"notes": "ask Kim"}})
    clients = [boss.made("/accounts", {
        "kind": "safe_client", "name": NAMES[0], "currency": "EUR", "bank_id": f"B{number}",
        "credit_rule": "instant", "iban": DEBTOR["iban"], "credit_line": 500_000,
        "address": {"town": "Linz", "country": "AT"},
        "contact": {"name": "Kim", "phone": "+43 1"}})["account_id"] for number in (1, 2)]
    for terminal, client, reference in (("SAFE0001", 0, ""), ("SAFE0001", 1, "two"),
                                        ("SAFE0002", 0, "")):
        put = boss.send("PUT", f"/safes/{terminal}/clients/{clients[client]}",
                        {"reference": reference})
        assert put.status_code == 200, put.text
    rig.sql("UPDATE safe SET shift_by = 'Bela', last_seen_at = now() WHERE terminal_id = $1",
            "SAFE0001")
    stay = rig.sql("INSERT INTO cassette_stay (cassette_id, terminal_id, opened_at)"
                   " VALUES ($1, 'SAFE0001', now()) RETURNING stay_id", CASSETTE)[0][0]
    rig.sql("UPDATE safe SET cassette_id = $1 WHERE terminal_id = 'SAFE0001'", CASSETTE)
    for number, (client, terminal, amount, more) in enumerate((
            (0, "SAFE0001", 5_000, {"notes": 400}),
            (1, "SAFE0001", 7_000, {"notes": 410, "credit": "withheld", "withheld": "suspects"}),
            (0, "SAFE0002", 9_000, {"credit": "booked", "state": "provisional"}),
            (1, "SAFE0001", 1_000, {"state": "reversed", "credit": "none"}))):
        rig.sql(DEPOSIT, json.dumps({
            "key": f"280131/{terminal}/21//{number:06d}", "terminal": terminal, "day": "2026-07-23",
            "account": clients[client], "bank": f"B{client + 1}", "amount": amount,
            "stay": stay if terminal == "SAFE0001" else None,
            "detail": {"kind": "cash", "depositor": "Ana Baker", "reference": "R-77",
                       "shift": "20260723-1", "denominations": [
                           {"value_minor": amount, "count": 1, "kind": "note"}]}, **more}))
    return clients


@pytest.fixture(scope="module")
def people(office, scene):
    return {"administrator": office.person("administrator"), "analyst": office.person("analyst"),
            "client": office.person("client", account_id=scene[0]),
            "cashier": office.person("cashier", account_id=scene[0]),
            "other": office.person("client", account_id=scene[1]),
            "bank": office.person("bank", bank_id="B1"),
            "courier": office.person("courier", courier_id="U2"),
            "monitoring": office.person("monitoring")}


def fence(rig, account_id):
    return rig.sql("SELECT fence FROM fence WHERE account_id = $1", account_id)[0]["fence"]


def version(rig):
    return rig.sql("SELECT version FROM rules")[0]["version"]


def data(person, path, **query):
    answer = person.get(path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_a_change_at_a_safe_raises_the_fences_of_all_its_clients(rig, boss, scene, people):
    def raised(act):
        before = [fence(rig, client) for client in scene]
        answer = act()
        assert answer.status_code in {200, 201, 204}, answer.text
        return [fence(rig, client) - old for client, old in zip(scene, before, strict=True)]
    assert raised(lambda: boss.patch("/safes/SAFE0001", {"fill_percent": 70})) == [1, 1]
    assert raised(lambda: boss.patch("/safes/SAFE0001", {"fill_percent": 70})) == [0, 0]
    assert raised(lambda: boss.patch("/safes/SAFE0002", {"fill_percent": 85})) == [1, 0]
    assert raised(lambda: boss.post("/cassettes", {"cassette_id": CASSETTE})) == [1, 1]
    assert raised(lambda: boss.patch(f"/cassettes/{CASSETTE}", {"status": "closed"})) == [1, 1]
    assert raised(lambda: boss.patch(f"/cassettes/{CASSETTE}", {"status": "active"})) == [1, 1]
    body = {"account_id": scene[1], "code": "17", "name": "Bela", "terminals": ["SAFE0001"]}
    made = boss.post("/depositors", body)
    path = f"/depositors/{made.json()['depositor_id']}"
    assert raised(lambda: boss.patch(path, {"status": "blocked"})) == [0, 1]
    assert raised(lambda: boss.patch(f"/accounts/{scene[0]}", {"standing": "watch"})) == [1, 0]
    rules = version(rig)
    client = f"/safes/SAFE0002/clients/{scene[1]}"
    assert raised(lambda: boss.send("PUT", client, {"reference": "x"})) == [1, 1]
    assert raised(lambda: boss.send("PUT", client, {"reference": "x"})) == [0, 0]
    assert raised(lambda: boss.send("DELETE", client)) == [1, 1]
    assert version(rig) == rules + 2
    assert boss.send("DELETE", client).status_code == 404
    again = boss.post("/depositors", body)
    assert (again.status_code, again.json()["where"]) == (409, "code")
    other = boss.post("/depositors", body | {"code": "18", "terminals": ["SAFE0002"]})
    assert (other.status_code, other.json()["where"]) == (422, "terminals")


def test_who_may_be_a_safes_client(boss, scene):
    def put(account, reference="q"):
        answer = boss.send("PUT", f"/safes/SAFE0002/clients/{account}", {"reference": reference})
        return answer.status_code, answer.json()["where"]
    dollars = boss.made("/accounts", {"kind": "safe_client", "name": "D", "currency": "USD"})
    closed = boss.made("/accounts", {"kind": "safe_client", "name": "C", "currency": "EUR"})
    assert boss.post(f"/accounts/{closed['account_id']}/closing").status_code == 200
    assert put(900_001) == (422, "account_id")
    assert put(7) == (404, "account_id")
    assert put(closed["account_id"]) == (409, "account_id")
    assert put(dollars["account_id"]) == (409, "currency")
    assert put(scene[1], "") == (409, "reference")
    assert boss.send("PUT", "/safes/NOBODY/clients/1", {}).status_code == 404
    assert boss.get("/safes/NOBODY/clients").status_code == 404


def test_a_clients_new_fields_are_kept_and_shown(rig, boss, scene, people):
    key = base64.b64encode(bytes(range(32))).decode()
    changed = boss.patch(f"/accounts/{scene[0]}", {
        "deposit_key": key, "posting": {"by": "deposit", "reference": "Takings"},
        "billing": "monthly", "tolerance_minor": 100, "standing": "bad"})
    assert changed.status_code == 200, changed.text
    row = boss.get(f"/accounts/{scene[0]}").json()
    assert (row["deposit_key"], row["posting"], row["billing"], row["tolerance_minor"]) == (
        key, {"by": "deposit", "reference": "Takings", "fees": "net"}, "monthly", 100)
    kept = rig.sql("SELECT deposit_key FROM account WHERE account_id = $1", scene[0])[0][0]
    assert kept == bytes(range(32))
    same = boss.patch(f"/accounts/{scene[0]}", {"deposit_key": key})
    assert same.headers["etag"] == boss.get(f"/accounts/{scene[0]}").headers["etag"]
    assert "standing" not in people["client"].get(f"/accounts/{scene[0]}").json()
    shown = people["bank"].get(f"/accounts/{scene[0]}").json()
    assert "iban" in shown
    assert not {"standing", "credit_line", "deposit_key", "limits", "contact"} & shown.keys()
    gone = boss.patch(f"/accounts/{scene[0]}", {"deposit_key": None, "standing": "good"})
    assert gone.json()["deposit_key"] is None


def test_what_is_missing_is_named(rig, scene):
    def kept(account_id):
        row = dict(rig.sql("SELECT * FROM account WHERE account_id = $1", account_id)[0])
        return {**row, **{name: json.loads(row[name]) for name in ("address", "contact")}}
    assert missing(kept(scene[0])) == ()
    rig.sql("UPDATE account SET iban = NULL, contact = '{}' WHERE account_id = $1", scene[1])
    assert missing(kept(scene[1])) == ("iban", "contact.name", "contact.email")
    bare = {"name": "", "iban": "X", "bank_id": None, "address": {}, "contact": {"name": "K",
                                                                              "email": "k@x.y"}}
    assert missing(bare) == ("name", "bank_id", "address.town", "address.country")


def test_a_devices_own_word_does_not_spoil_the_tag(rig, boss, scene):
    seen = boss.get("/safes/SAFE0001").headers["etag"]
    rig.sql("UPDATE safe SET last_seen_at = now(), fill = '{\"notes\": 5}', shift = 'x'"
            " WHERE terminal_id = 'SAFE0001'")
    assert boss.patch("/safes/SAFE0001", {"model": "M"}, seen).status_code == 200
    assert boss.patch("/safes/SAFE0001", {"model": "N"}, seen).status_code == 412
    told = boss.patch("/safes/SAFE0001", {"cassette_id": CASSETTE})
    assert told.status_code == 422, "that is the safe's own to tell"
    assert "sequence_seen" not in boss.get("/safes/SAFE0001").json()


def test_fees_are_versions_of_a_day_and_never_changed(rig, boss, scene, people):
    def add(**more):
        return boss.post("/safe-fees", {"account_id": scene[0], "valid_from": "2026-07-23",
                                        "terms": {"per_note": "0.010", "monthly_minor": 900},
                                        **more})
    first, second = add(), add()
    assert (first.status_code, first.json()["version"], second.json()["version"]) == (201, 1, 2)
    assert first.json()["terms"]["per_note"] == "0.01"
    own = data(people["client"], "/safe-fees")
    assert [one["version"] for one in own] == [2, 1]
    assert data(people["other"], "/safe-fees") == []
    assert data(people["other"], "/safe-fees", account=scene[0]) == []
    for wrong, where in (({"valid_from": "2026-07-22"}, "valid_from"),
                         ({"account_id": 7}, "account_id"),
                         ({"account_id": 900_001}, "account_id"),
                         ({"terms": {"per_note": "-1"}}, "terms.per_note"),
                         ({"terms": {"per_note": 1}}, "terms.per_note"),
                         ({"terms": {"largest_minor": 1, "smallest_minor": 2}},
                          "terms.largest_minor"),
                         ({"terms": {"nonsense": 1}}, "terms")):
        answer = add(**wrong)
        assert answer.status_code in {404, 422}, answer.text
        assert answer.json()["where"] == where


def test_a_client_keeps_his_own_depositors(rig, scene, people):
    client = people["client"]
    made = client.made("/depositors", {"code": "5", "name": "Ana Baker"})
    assert made["account_id"] == scene[0]
    assert client.post("/depositors", {"code": "6", "name": "A", "account_id": scene[1]}
                       ).status_code == 404
    assert client.post("/depositors", {"code": "6", "name": "A", "depositor_id": 5}
                       ).status_code == 403
    path = f"/depositors/{made['depositor_id']}"
    assert people["other"].get(path).status_code == 404
    assert people["other"].patch(path, {"status": "closed"}).status_code == 404
    assert people["administrator"].patch(path, {"status": "blocked"}).status_code == 200
    lifted = client.patch(path, {"status": "active"})
    assert (lifted.status_code, lifted.json()["where"]) == (403, "depositor.change.status")
    assert people["administrator"].patch(path, {"status": "active"}).status_code == 200
    assert client.patch(path, {"status": "blocked"}).status_code == 200
    assert client.patch(path, {"status": "active"}).status_code == 200
    refused = client.patch(f"/accounts/{scene[0]}", {"credit_line": 1})
    assert refused.json()["where"] == "account.change.credit_line"
    assert client.patch(f"/accounts/{scene[0]}", {"contact": {"name": "Kim", "phone": "+43 2"}}
                        ).status_code == 200


def test_a_bank_says_that_it_is_down_and_no_more(people):
    bank = people["bank"]
    assert bank.patch("/banks/B1", {"status": "down"}).status_code == 200
    assert bank.patch("/banks/B1", {"status": "active"}).status_code == 200
    assert bank.patch("/banks/B1", {"status": "closed"}).status_code == 403
    assert bank.patch("/banks/B1", {"endpoint": "https://x.example"}).status_code == 403
    assert bank.patch("/banks/B2", {"status": "down"}).status_code == 404
    assert people["administrator"].patch("/banks/B1", {"status": "down"}).status_code == 200
    assert bank.patch("/banks/B1", {"status": "active"}).status_code == 403
    assert people["administrator"].patch("/banks/B1", {"status": "active"}).status_code == 200
    assert [row["bank_id"] for row in data(bank, "/banks")] == ["B1"]


def test_each_sees_the_safes_that_are_his(people, scene):
    seen = {who: [row["terminal_id"] for row in data(person, "/safes")]
            for who, person in people.items()}
    both = ["SAFE0001", "SAFE0002"]
    assert seen == {"administrator": both, "analyst": both, "client": both, "cashier": both,
                    "other": ["SAFE0001"], "bank": both, "courier": ["SAFE0002"],
                    "monitoring": both}
    assert {who: [row["terminal_id"] for row in data(person, "/safe-status")]
            for who, person in people.items()} == seen
    boss = people["administrator"]
    assert [row["terminal_id"] for row in data(boss, "/safes", bank="B2")] == ["SAFE0001"]
    assert data(people["courier"], "/safes", courier="U1") == []
    assert people["other"].get("/safes/SAFE0002").status_code == 404
    assert people["other"].get("/safes/SAFE0002/clients").status_code == 404
    assert [row["account_id"] for row in data(people["other"], "/safes/SAFE0001/clients")] == [
        scene[1]]
    assert len(data(boss, "/safes/SAFE0001/clients")) == 2
    assert [row["account_id"] for row in data(people["bank"], "/accounts")] == [scene[0]]
    assert data(people["courier"], "/cassettes") == []


def test_deposits_go_to_whom_they_belong(people):
    amounts = {who: [row.get("amount_minor") for row in data(person, "/deposits", **DAY)]
               for who, person in people.items() if who != "courier"}
    everything = [1_000, 9_000, 7_000, 5_000]
    assert amounts == {
        "administrator": everything, "analyst": everything, "client": [9_000, 5_000],
        "cashier": [9_000, 5_000], "other": [1_000, 7_000], "bank": [9_000, 5_000],
        "monitoring": [None] * 4}
    assert people["courier"].get("/deposits").status_code == 403
    boss = people["administrator"]

    def found(**query):
        return [row["amount_minor"] for row in data(boss, "/deposits", **DAY, **query)]
    assert found(safe="SAFE0002") == [9_000]
    assert found(state="reversed") == [1_000]
    assert found(withheld=1) == [7_000]
    assert found(credit="booked", bank="B1") == [9_000]
    assert found(cassette=CASSETTE, least_minor=5_000) == [7_000, 5_000]
    assert found(depositor="Ana Baker", most_minor=5_000) == [1_000, 5_000]
    assert found(reference="R-77", shift="20260723-1", currency="EUR", kind="cash") == everything
    assert found(site="S1") == [9_000]
    page = boss.get("/deposits", **DAY, limit=3).json()
    assert [row["amount_minor"] for row in boss.get(
        "/deposits", **DAY, limit=3, after=page["next"]).json()["data"]] == [5_000]
    for query in ({"from": "2020-01-01"}, {"until": "0001-01-02"}, {"after": "x"}, {"nonsense": 1},
                  {"least_minor": "x"}, {"account": "-1"}):
        assert boss.get("/deposits", **query).status_code == 422, query


def watched(person):
    """All that a role can read of safes, as one text."""
    paths = ["/safes", "/safe-status", "/safe-alarms", "/cassettes", "/safes/SAFE0001"]
    texts = [person.get(path).text for path in paths]
    deposits = person.get("/deposits", **DAY)
    texts += [deposits.text, *(person.get(f"/deposits/{row['id']}").text
                               for row in deposits.json()["data"])]
    return "".join(texts)


def test_who_watches_sees_states_and_alarms_and_never_a_name_or_an_amount(rig, people):
    rig.sql(TOLD, "SAFE0001", 1, "alarm", json.dumps({
        "code": "door_open", "severity": "alarm", "text": "Bela opened, 5000 inside"}),
        timedelta(hours=1))
    person = people["monitoring"]
    text = watched(person)
    assert "door_open" in text
    assert "suspects" in text
    leaks = [*NAMES, "R-77", "standing", "account_id", "denominations", '"who"', '"placement"',
             '"shift_by"', *(rf"(?<![0-9.]){amount}(?![0-9])" for amount in AMOUNTS)]
    assert [leak for leak in leaks if re.search(leak, text)] == []
    for query in ({"depositor": "Ana Baker"}, {"least_minor": 1}, {"most_minor": 9},
                  {"account": 1}, {"currency": "EUR"}, {"reference": "R-77"}):
        assert person.get("/deposits", **query).status_code == 403, query
    assert people["analyst"].get("/deposits", depositor="Ana Baker").status_code == 403
    assert person.get("/safe-totals").status_code == 403
    assert person.get("/audit").status_code == 403


@pytest.mark.parametrize("bug", ["columns", "amounts", "words"])
def test_a_planted_leak_is_seen(rig, people, monkeypatch, bug):
    if bug == "columns":
        monkeypatch.setattr("authhost.admin.desk.seen", lambda role, noun, row: dict(row))
    elif bug == "amounts":
        monkeypatch.setitem(access.PERMISSIONS, "deposit.amounts", frozenset(Role))
    else:
        monkeypatch.setattr(safe_reads, "_sees_words", lambda actor: True)
    rig.sql("DELETE FROM safe_message")
    with pytest.raises(AssertionError):
        test_who_watches_sees_states_and_alarms_and_never_a_name_or_an_amount(rig, people)


def test_how_safes_are(rig, people, scene):
    rig.sql("DELETE FROM safe_message")
    rig.sql("UPDATE safe SET last_seen_at = NULL, fill = '{}'")
    boss = people["administrator"]

    def states(**query):
        return {row["terminal_id"]: (row["state"], row["percent"], row["deposits"])
                for row in data(boss, "/safe-status", **query)}
    assert states() == {"SAFE0001": ("silent", 81, 2), "SAFE0002": ("silent", 0, 0)}
    now = rig.settings.clock.now()
    rig.sql("UPDATE safe SET last_seen_at = $1, fill = '{\"notes\": 800}', fill_percent = 81", now)
    assert states()["SAFE0001"] == ("full", 81, 2), "by our count"
    assert states(state="ok") == {"SAFE0002": ("ok", 80, 0)}
    rig.sql("UPDATE safe SET fill = '{\"notes\": 810}' WHERE terminal_id = 'SAFE0002'")
    assert states()["SAFE0002"] == ("full", 81, 0), "by its own word"
    rig.sql("UPDATE safe SET fill = '{\"notes\": \"many\"}' WHERE terminal_id = 'SAFE0002'")
    rig.sql(TOLD, "SAFE0002", 7, "alarm", '{"code": "jam", "severity": "alarm"}',
            timedelta(hours=25))
    assert states()["SAFE0002"][0] == "ok", "that was long ago"
    rig.sql(TOLD, "SAFE0002", 8, "alarm", '{"code": "jam", "severity": "alarm"}',
            timedelta(hours=1))
    assert states(state="alarm").keys() == {"SAFE0002"}
    boss.patch("/terminals/SAFE0002", {"status": "blocked"})
    assert states()["SAFE0002"][0] == "blocked"
    boss.patch("/terminals/SAFE0002", {"status": "active"})
    other = data(people["other"], "/safe-status")[0]
    assert (other["deposits"], other["withheld"], other["amounts"], other["notes"]) == (
        1, 1, {"EUR": 7_000}, 810)
    assert states(courier="U2").keys() == states(site="S1").keys() == {"SAFE0002"}
    assert boss.get("/safe-status", state="tired").status_code == 422
    page = boss.get("/safe-status", limit=1).json()
    assert [row["terminal_id"] for row in data(boss, "/safe-status", limit=1,
                                               after=page["next"])] == ["SAFE0002"]


def test_the_feed_of_alarms_goes_on_where_it_ended(rig, people):
    rig.sql("DELETE FROM safe_message")
    for number, (terminal, severity) in enumerate((("SAFE0001", "info"), ("SAFE0002", "alarm"),
                                                   ("SAFE0001", "alarm"))):
        rig.sql(TOLD, terminal, number + 1, "alarm", json.dumps(
            {"code": f"c{number}", "severity": severity, "text": "t"}),
            timedelta(minutes=30 - number))
    boss = people["administrator"]
    page = boss.get("/safe-alarms", limit=2).json()
    assert [row["code"] for row in page["data"]] == ["c0", "c1"]
    rest = boss.get("/safe-alarms", after=page["next"]).json()
    assert [row["code"] for row in rest["data"]] == ["c2"]
    assert boss.get("/safe-alarms", after=rest["next"]).json() == {"data": [],
                                                                   "next": rest["next"]}
    assert [row["code"] for row in data(boss, "/safe-alarms", severity="alarm",
                                        safe="SAFE0001")] == ["c2"]
    assert [row["code"] for row in data(people["courier"], "/safe-alarms")] == ["c1"]
    assert [row["code"] for row in data(people["other"], "/safe-alarms")] == ["c0", "c2"]
    assert boss.get("/safe-alarms", severity="x").status_code == 422


def test_totals_of_a_day_and_what_the_safe_told(rig, people):
    told = [{"currency": "EUR", "kind": "cash", "count": 2, "amount_minor": 12_000}]
    rig.sql(TOLD, "SAFE0001", 99, "end_of_day", json.dumps({"totals": told}), timedelta(0))

    def totals(who, **query):
        return [(row["terminal_id"], row["count"], row["amount_minor"], row["credited_minor"],
                 row["withheld_minor"], row["reversed"], row.get("told"))
                for row in data(people[who], "/safe-totals", **DAY, **query)]
    assert totals("administrator") == [("SAFE0001", 2, 12_000, 0, 7_000, 1, told),
                                       ("SAFE0002", 1, 9_000, 9_000, 0, 0, None)]
    assert totals("other") == [("SAFE0001", 1, 7_000, 0, 7_000, 1, None)]
    assert totals("bank", safe="SAFE0001") == [("SAFE0001", 1, 5_000, 0, 0, 0, None)]


def test_a_deposit_with_all_that_has_happened_to_it(rig, people):
    key = "280131/SAFE0001/21//000000"
    for event, before, after in (("send", "reported/queued", "reported/sent"),
                                 ("accept", "reported/sent", "reported/accepted")):
        rig.sql("INSERT INTO deposit_change (key, event, before, after, who)"
                " VALUES ($1, $2, $3, $4, 'Bela')", key, event, before, after)
    path = f"/deposits/{public_id(key)}"
    row = people["client"].get(path).json()
    assert [(one["event"], one["after"], one["who"]) for one in row["changes"]] == [
        ("send", "reported/sent", "Bela"), ("accept", "reported/accepted", "Bela")]
    assert row["depositor"] == "Ana Baker"
    assert row["denominations"][0]["value_minor"] == 5_000
    assert "who" not in people["bank"].get(path).json()["changes"][0]
    for person, wrong in (("other", path), ("client", "/deposits/nothing"),
                          ("client", f"/deposits/{public_id('280131/NO/21//1')}"),
                          ("client", "/deposits/AA")):
        assert people[person].get(wrong).status_code == 404
