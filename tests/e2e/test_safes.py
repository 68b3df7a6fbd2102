"""A safe at the JSON door: its day, its cassettes, its deposits; checks before credit."""

import asyncio
import json
import re

import httpx
import pytest

from authhost.safes import balancing
from tests.support.rig import running
from tests.support.safes import NOTE, Device, cassette, client, local
from tests.support.web import Web

DESCRIBED = ("/v1/safes/", "/v1/receipts/", "/v1/forecasts", "/v1/deposits/", "/v1/terminals/")


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture
def safe(rig):
    made = Device(rig)
    made.begin()
    return made


def total(count, amount, kind="cash"):
    return {"currency": "EUR", "kind": kind, "count": count, "amount_minor": amount}


def pieces(count, value=NOTE):
    return {"currency": "EUR", "value_minor": value, "kind": "note", "count": count}


def test_every_route_is_described(rig, safe):
    described = safe.door.get("/openapi-safes.json").json()
    routes = {(one.method, one.path) for one in rig.host.http_door.endpoints
              if one.path.startswith(DESCRIBED)}
    assert {(method.upper(), path) for path, one in described["paths"].items()
            for method in one} == routes
    text, schemas = json.dumps(described), described["components"]["schemas"]
    assert set(re.findall('"#/components/schemas/([^"]+)"', text)) == set(schemas)


def test_a_day_of_a_safe(rig):
    safe = Device(rig)
    on = safe.tell("/sign-on", software="1.0", model="S-200", cassette=safe.cassette)
    assert (on["cassette"], on["shift"], on["missing"], on["warnings"]) == (
        safe.cassette, "", [], [])
    assert on["clients"] == [{"reference": "", "name": "Fleet", "currency": "EUR"}]
    assert safe.tell("/shifts", shift="s1", opened_by="ana", float=[pieces(2)])["shift"] == "s1"
    safe.shift = "s1"
    asked = safe.send("/authorizations", safe.cash(4)).json()
    assert (asked["decision"], asked["amount_minor"]) == ("approved", 4 * NOTE)
    done = safe.deposit(4, authorization=asked["authorization"])
    assert (done["decision"], done["withheld"]) == ("approved", [])
    safe.deposit(3)
    assert rig.taken(safe.account_id)[0] == 7 * NOTE
    closed = safe.tell("/shifts/s1/close", closed_by="ana", totals=[total(2, 7 * NOTE)])
    assert (closed["state"], closed["shift"], closed["host"]) == (
        "balanced", "", [total(2, 7 * NOTE)])
    ended = safe.tell("/end-of-day", totals=[total(2, 7 * NOTE)], denominations=[pieces(7)])
    assert (ended["state"], ended["inside"], ended["warnings"]) == ("balanced", [pieces(7)], [])
    following = cassette()
    rig.sql("INSERT INTO cassette (cassette_id) VALUES ($1)", following)
    rig.sql("INSERT INTO courier (courier_id, name) VALUES ('CIT', 'Cash in transit')")
    out = safe.tell("/swaps", out=safe.cassette, courier="CIT", guard="G7", seal="Z1",
                    counters=[pieces(7)], **{"in": following})
    assert (out["state"], out["cassette"], out["warnings"]) == ("balanced", following, [])
    assert {(row["state"], row["withheld"]) for row in safe.rows()} == {("picked_up", "")}
    left, inside = safe.stays()
    assert (left["state"], left["courier_id"], left["guard"], left["seal"]) == (
        "picked_up", "CIT", "G7", "Z1")
    assert (inside["state"], inside["cassette_id"]) == ("in_safe", following)
    assert safe.door.get(f"/v1/safes/{safe.terminal_id}/balance").json()["pieces"] == []
    safe.tell("/sign-off")
    assert [row["kind"] for row in safe.said()] == [
        "sign_on", "shift_open", "shift_close", "end_of_day", "swap", "sign_off"]


def test_an_authorization_holds_and_is_given_back(rig, safe):
    asked = safe.send("/authorizations", safe.cash(2)).json()
    assert rig.taken(safe.account_id)[0] == 2 * NOTE
    path = f"/authorizations/{asked['authorization']}/cancellation"
    body = safe.body()
    first = safe.send(path, body)
    assert first.json()["decision"] == "cancelled"
    assert safe.send(path, body).content == first.content
    assert rig.taken(safe.account_id)[0] == 0
    assert safe.send("/authorizations/xx/cancellation", safe.body()).status_code == 404


def test_a_confirm_may_be_less_or_more_than_was_asked(rig, safe):
    for asked_for, put_in in ((5, 3), (2, 6)):
        before = rig.taken(safe.account_id)[0]
        asked = safe.send("/authorizations", safe.cash(asked_for)).json()
        done = safe.deposit(put_in, authorization=asked["authorization"])
        assert (done["decision"], done["amount_minor"]) == ("approved", put_in * NOTE)
        assert rig.taken(safe.account_id)[0] - before == put_in * NOTE
        assert safe.rows()[-1]["amount_minor"] == put_in * NOTE


@pytest.mark.parametrize(("reason", "more"), [
    ("depositor", {"depositor": "eve"}), ("depositor_blocked", {"depositor": "bob"}),
    ("client_unknown", {"client": "9"}), ("account", {"account": "AT1"}),
    ("denominations_sum", {"amount_minor": 1}), ("shift_closed", {"shift": "s0"}),
    ("cassette_unknown", {"cassette": "BAG1"}), ("currency", {"currency": "USD"}),
    ("category", {"denominations": [
        {"value_minor": NOTE, "count": 1, "kind": "note", "category": "z"}]})])
def test_what_fails_a_check_is_refused_in_escrow_and_withheld_inside(rig, safe, reason, more):
    asked = safe.send("/authorizations", safe.cash(**more)).json()
    assert (asked["decision"], asked["reason"], "authorization" in asked) == (
        "declined", reason, False)
    done = safe.deposit(**more)
    assert (done["decision"], done["withheld"][0]) == ("approved", reason)
    assert done["withheld"][1:] == (["account_unknown"] if reason == "client_unknown" else [])
    [row] = safe.rows()
    assert (row["credit"], row["state"]) == ("withheld", "reported")
    assert row["withheld"].split(",") == done["withheld"]
    [case] = rig.sql("SELECT kind, state FROM cash_case WHERE deposit_key = $1", row["key"])
    assert tuple(case.values()) == ("withheld", "open")


def test_money_is_put_in_while_a_shift_is_open(safe):
    assert safe.deposit()["withheld"] == []
    safe.tell("/shifts/s1/close", closed_by="ana", totals=[total(1, NOTE)])
    assert safe.deposit()["withheld"] == ["shift_closed"]
    safe.tell("/shifts", shift="s2", opened_by="ana")
    assert safe.deposit(shift="s2")["withheld"] == []
    # One that was told late is looked at by its own number.
    assert safe.deposit(sequence=safe.sequence + 2, shift="s2")["withheld"] == []


def test_a_change_over_one_host_is_seen_by_another(rig, safe):
    ports = rig.ports
    other = rig.start()
    try:
        there = Web(rig)
        path = f"/v1/safes/{safe.terminal_id}/deposits"
        assert there.post(path, safe.cash()).json()["withheld"] == []
        safe.tell("/swaps", out=safe.cassette, **{"in": ""})
        assert there.post(path, safe.cash()).json()["withheld"] == ["cassette"]
        safe.tell("/shifts/s1/close", closed_by="ana", totals=[total(2, 2 * NOTE)])
        assert there.post(path, safe.cash()).json()["withheld"] == ["shift_closed", "cassette"]
    finally:
        rig.run(other.stop())
        rig.ports = ports


def test_the_clients_cap_of_credit_that_is_not_counted(rig):
    safe = Device(rig, clients={"": client(rig, cap=3 * NOTE)})
    safe.begin()
    assert safe.deposit(3)["withheld"] == []
    asked = safe.send("/authorizations", safe.cash(1)).json()
    assert (asked["decision"], asked["reason"]) == ("declined", "limit:account:balance:money")
    assert safe.deposit(1)["withheld"] == ["limit:account:balance:money"]


def test_two_clients_share_a_safe(rig):
    safe = Device(rig, clients={"": client(rig), "chf": client(rig, currency="CHF")})
    safe.begin()
    rig.sql("UPDATE safe SET currencies = '{EUR,CHF}' WHERE terminal_id = $1", safe.terminal_id)
    rig.sql("UPDATE fence SET fence = fence + 1 WHERE account_id = ANY ($1)",
            list(safe.clients.values()))
    assert safe.deposit(1)["withheld"] == []
    assert safe.deposit(2, client="chf", currency="CHF")["withheld"] == []
    assert [rig.taken(one)[0] for one in safe.clients.values()] == [NOTE, 2 * NOTE]

    async def balance():
        async with rig.host._pool.acquire() as connection:
            return await balancing.inside(connection, safe.terminal_id)
    both = rig.run(balance())
    assert [(line.currency, line.count) for line in both.pieces] == [("CHF", 2), ("EUR", 1)]
    assert [(line.currency, line.amount_minor) for line in both.totals] == [
        ("CHF", 2 * NOTE), ("EUR", NOTE)]
    assert [(row["account_id"], row["currency"], row["amount_minor"]) for row in safe.rows()] == [
        (safe.clients[""], "EUR", NOTE), (safe.clients["chf"], "CHF", 2 * NOTE)]


def test_suspects_lie_inside_and_are_never_credited(rig, safe):
    suspect = {"value_minor": NOTE, "currency": "EUR", "category": "2", "serial": "X1"}
    done = safe.deposit(2, suspects=[suspect])
    assert (done["withheld"], done["amount_minor"]) == ([], 2 * NOTE)
    assert safe.deposit(2, suspects=[suspect], amount_minor=3 * NOTE)["withheld"] == ["suspects"]
    assert safe.deposit(0, suspects=[suspect])["withheld"] == []
    said = safe.door.get(f"/v1/safes/{safe.terminal_id}/balance").json()
    assert [(one["count"], one["category"]) for one in said["suspects"]] == [(3, "2")]
    assert [one["count"] for one in said["pieces"]] == [4]
    assert [row["credit"] for row in safe.rows()] == ["night", "withheld", "none"]


def test_envelopes_and_cheques_are_kinds_of_their_own(safe):
    for kind, more in (("envelope", {"envelope": {"number": "E1"}}),
                       ("cheque", {"cheque": {"number": "77", "bank": "B"}})):
        said = safe.deposit(0, kind=kind, amount_minor=12_345, **more)
        assert (said["decision"], said["withheld"]) == ("approved", [])
    assert [(row["kind"], row["credit"], row["amount_minor"]) for row in safe.rows()] == [
        ("envelope", "none", 12_345), ("cheque", "none", 12_345)]
    closed = safe.tell("/shifts/s1/close", closed_by="ana",
                       totals=[total(1, 12_345, "cheque"), total(1, 12_345, "envelope")])
    assert closed["state"] == "balanced"


def test_more_than_fits_cannot_be_inside(rig):
    safe = Device(rig, note_capacity=5)
    safe.begin()
    assert safe.deposit(5)["withheld"] == []
    rig.host.cash.safes.views.forget(safe.terminal_id)  # as after half a minute
    assert safe.deposit(1)["withheld"] == ["capacity"]


def test_sums_that_differ_are_named(safe):
    safe.deposit(2)
    closed = safe.tell("/shifts/s1/close", closed_by="ana", totals=[total(3, 3 * NOTE)])
    assert closed["state"] == "differs"
    assert closed["differences"] == [{"currency": "EUR", "kind": "cash", "told_count": 3,
                                      "told_minor": 3 * NOTE, "host_count": 1,
                                      "host_minor": 2 * NOTE}]
    out = safe.tell("/swaps", out=safe.cassette, counters=[pieces(1)], **{"in": ""})
    assert (out["state"], out["inside"]) == ("differs", [pieces(2)])
    assert out["piece_differences"] == [{"currency": "EUR", "value_minor": NOTE, "kind": "note",
                                         "told_count": 1, "host_count": 2}]


def test_days_follow_each_other_by_their_numbers(safe):
    safe.deposit(1)
    assert safe.tell("/end-of-day", totals=[total(1, NOTE)])["state"] == "balanced"
    safe.deposit(2)
    ended = safe.tell("/end-of-day", totals=[total(1, 2 * NOTE)], denominations=[pieces(2)])
    assert (ended["state"], ended["inside"]) == ("balanced", [pieces(3)])
    assert ended["warnings"] == ["shift_not_closed"]


def test_a_cassette_that_should_not_have_been_inside_is_a_case(rig, safe):
    safe.deposit(1)
    stranger, following = cassette(), cassette()
    out = safe.tell("/swaps", out=stranger, courier="nobody", **{"in": following})
    assert out["warnings"] == ["cassette_out", "courier_unknown", "cassette_unknown"]
    [case] = rig.sql("SELECT content ->> 'told' AS told, content ->> 'expected' AS expected"
                     " FROM cash_case WHERE kind = 'unknown_cassette' AND terminal_id = $1",
                     safe.terminal_id)
    assert tuple(case.values()) == (stranger, safe.cassette)
    assert [row["state"] for row in safe.rows()] == ["picked_up"]
    assert safe.deposit(1, cassette=following)["withheld"] == ["cassette_unknown"]
    assert safe.rows()[-1]["stay_id"] == safe.stays()[-1]["stay_id"]


def test_a_swap_marks_the_pick_up_done(rig, safe):
    rig.sql("INSERT INTO pickup_request (terminal_id, reason, content) VALUES ($1, 'asked', '{}')",
            safe.terminal_id)
    safe.tell("/swaps", out=safe.cassette, **{"in": ""})
    [row] = rig.sql("SELECT state, changed_by FROM pickup_request WHERE terminal_id = $1",
                    safe.terminal_id)
    assert tuple(row.values()) == ("done", f"safe:{safe.terminal_id}")


def test_no_deposit_slips_by_a_swap(rig, safe):
    """Deposits and the swap at once: what lies in the cassette that left has been picked up, or
    came after it and is looked at."""
    following = cassette()
    rig.sql("INSERT INTO cassette (cassette_id) VALUES ($1)", following)
    for _ in range(3):
        safe.deposit()
    bodies = [safe.cash() for _ in range(40)]
    swap = safe.body(out=safe.cassette, **{"in": following})

    async def send(http, path, body):
        answer = await http.post(f"/v1/safes/{safe.terminal_id}{path}", json=body,
                                 headers={"Idempotency-Key": str(body["sequence"])})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def all_at_once():
        async with httpx.AsyncClient(base_url=safe.door.url, trust_env=False, timeout=20) as http:
            work = [send(http, "/deposits", body) for body in bodies[:20]]
            work.append(send(http, "/swaps", swap))
            work += [send(http, "/deposits", body) for body in bodies[20:]]
            return await asyncio.gather(*work)

    answers = rig.run(all_at_once())
    assert sum(one.get("decision") == "approved" for one in answers) == 40
    left = safe.stays()[0]["stay_id"]
    # Numbered before the swap: in that cassette, whenever it came, and nothing speaks against it.
    assert {(row["stay_id"], row["withheld"]) for row in safe.rows()} == {(left, "")}
    moved = rig.sql("SELECT count(*) AS n FROM deposit_change c JOIN deposit d USING (key)"
                    " WHERE d.stay_id = $1 AND c.event = 'picked_up'", left)[0]["n"]
    stayed = [row for row in safe.rows() if row["state"] == "reported"]
    assert moved >= 3
    assert moved + len(stayed) == 43
    swapped_at = rig.sql("SELECT recorded_at FROM safe_message WHERE terminal_id = $1"
                         " AND kind = 'swap'", safe.terminal_id)[0]["recorded_at"]
    assert all(row["recorded_at"] > swapped_at for row in stayed)


def test_status_and_alarms_are_kept(rig, safe):
    fill = {"notes": 7, "coins": 1, "by": [{"cassette": safe.cassette, "pieces": 8}]}
    safe.tell("/status", fill=fill, software="1.1", unsent=3,
              oldest_unsent_at="2026-11-22T09:00:00+01:00", link_age_s=60)
    safe.tell("/alarms", code="door", severity="alarm", text="open")
    [row] = rig.sql("SELECT fill ->> 'notes' AS notes, software, last_seen_at FROM safe"
                    " WHERE terminal_id = $1", safe.terminal_id)
    assert (row["notes"], row["software"]) == ("7", "1.1")
    assert row["last_seen_at"] is not None
    [alarm] = rig.sql("SELECT content ->> 'severity' AS severity FROM safe_message"
                      " WHERE terminal_id = $1 AND kind = 'alarm'", safe.terminal_id)
    assert alarm["severity"] == "alarm"


def test_who_may_put_money_in_is_told_to_the_safe(rig, safe):
    said = safe.door.get(f"/v1/safes/{safe.terminal_id}/depositors").json()
    assert [(one["client"], one["code"]) for one in said["depositors"]] == [("", "ana")]
    again = safe.tell("/sign-on", software="1.0", cassette=safe.cassette)
    assert again["depositors_version"] == said["version"]
    rig.sql("UPDATE depositor SET status = 'active' WHERE account_id = $1", safe.account_id)
    assert safe.tell("/sign-on", software="1.0", cassette=safe.cassette)["depositors_version"] \
        != said["version"]


def test_another_cassette_than_is_known_here(safe):
    said = safe.tell("/sign-on", software="1.0", cassette=cassette(), local_time=local(minutes=5))
    assert (said["warnings"], said["cassette"]) == (["cassette"], safe.cassette)
