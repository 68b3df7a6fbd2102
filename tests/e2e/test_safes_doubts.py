"""Deposits that contradict what was said before: stored, each of them, and never credited twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from authhost.admin.refusals import Conflict
from authhost.custody.cases import Decision, Proposed
from authhost.custody.counting import Count
from authhost.safekeeping import Safekeeping
from tests.support.rig import running
from tests.support.safes import NOTE, Device, cassette, client, local
from tests.support.vault import ANNA, BEN


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture
def safe(rig):
    made = Device(rig)
    made.begin()
    return made


def asked(safe, notes=1, **more):
    said = safe.send("/authorizations", safe.cash(notes, **more)).json()
    assert said["decision"] == "approved", said
    return said["authorization"]


def decided(rig, safe, proposal):
    """The withheld deposit of a safe: proposed by one, decided by another."""
    cases = rig.host.cash.custody.cases
    [found] = rig.sql("SELECT case_id, state FROM cash_case WHERE kind = 'withheld'"
                      " AND terminal_id = $1", safe.terminal_id)
    if found["state"] == "open":
        rig.run(cases.propose(ANNA, found["case_id"], Proposed(proposal=proposal, why="seen")))
    rig.run(cases.decide(BEN, found["case_id"], Decision(approve=True, proposal=proposal)))


def test_a_confirm_for_another_client_than_was_asked_for(rig):
    safe = Device(rig, clients={"": client(rig), "two": client(rig)})
    safe.begin()
    done = safe.deposit(1, client="two", authorization=asked(safe))
    assert done["withheld"] == ["authorization"]
    [row] = safe.rows()
    assert (row["account_id"], row["credit"]) == (safe.clients["two"], "withheld")
    assert rig.taken(safe.clients["two"])[0] == NOTE


def test_what_lay_in_the_escrow_is_confirmed_once(rig, safe):
    name = asked(safe)
    assert safe.deposit(1, authorization=name)["withheld"] == []
    done = safe.deposit(1, authorization=name)
    assert done["withheld"] == ["authorization"]


def test_what_was_handed_back_is_not_credited(rig, safe):
    name = asked(safe)
    safe.tell(f"/authorizations/{name}/cancellation")
    done = safe.deposit(1, authorization=name)
    assert done["withheld"] == ["authorization"]


def test_a_confirm_of_what_was_held_is_compared_with_the_fence_too(rig, safe, monkeypatch):
    name = asked(safe)
    looked_at = Safekeeping.looked_at
    once = []

    async def looked_at_and_then(self, request, terminal):
        found = await looked_at(self, request, terminal)
        if not once:
            once.append(1)
            async with rig.host._pool.acquire() as connection, connection.transaction():
                for change in ("account SET standing = 'bad'", "fence SET fence = fence + 1"):
                    await connection.execute(f"UPDATE {change} WHERE account_id = $1",
                                             safe.account_id)
        return found

    monkeypatch.setattr(Safekeeping, "looked_at", looked_at_and_then)
    done = safe.deposit(1, authorization=name)
    assert done["withheld"] == ["standing"]


def test_another_currency_counts_nothing_once_it_is_decided(rig):
    safe = Device(rig, clients={"": client(rig, cap=3 * NOTE)})
    safe.begin()
    done = safe.deposit(1, currency="JPY", amount_minor=NOTE * 1_000,
                        denominations=[{"value_minor": NOTE, "count": 1_000}])
    assert done["withheld"][0] == "currency"
    decided(rig, safe, "reverse")
    rig.run(rig.host.cash.custody.settle_open())
    assert rig.taken(safe.account_id)[0] == 0
    assert safe.deposit(3)["withheld"] == []


def test_category_two_among_the_pieces_is_a_counterfeit(rig, safe):
    done = safe.deposit(2, amount_minor=NOTE, denominations=[
        {"value_minor": NOTE, "count": 1, "category": "4a"},
        {"value_minor": NOTE, "count": 2, "category": "2"}])
    assert done["withheld"] == []
    rig.run(rig.host.cash.custody.settle_open())
    [case] = rig.sql("SELECT kind, due_at FROM cash_case WHERE terminal_id = $1", safe.terminal_id)
    assert (case["kind"], case["due_at"] is None) == ("counterfeit", False)
    found = rig.sql("SELECT value_minor, category FROM counterfeit WHERE deposit_key = $1",
                    safe.rows()[0]["key"])
    assert [tuple(row.values()) for row in found] == [(NOTE, "2")] * 2


def test_an_envelope_is_never_credited_before_its_count(rig):
    safe = Device(rig)
    safe.begin()
    safe.deposit(0, kind="envelope", amount_minor=5 * NOTE, envelope={"number": "E1"},
                 depositor="eve")
    with pytest.raises(Conflict, match="nobody has counted it"):
        decided(rig, safe, "release")
    assert safe.rows()[0]["credit"] == "withheld"
    out = safe.cassette
    safe.tell("/swaps", out=out, **{"in": ""})
    custody = rig.host.cash.custody
    rig.run(custody.counts.take(ANNA, msgspec.convert({
        "cassette": out, "reference": f"C{out}",
        "counted_at": datetime.now(UTC) + timedelta(seconds=1), "items": [
            {"kind": "envelope", "number": "E1", "currency": "EUR", "amount_minor": 5 * NOTE}]},
        Count)))
    decided(rig, safe, "release")
    assert [(row["state"], row["credit"]) for row in safe.rows()] == [("verified", "night")]


@pytest.mark.parametrize("two_steps", [False, True])
def test_what_an_envelope_declares_holds_no_cash_back(rig, two_steps):
    safe = Device(rig, clients={"": client(rig, cap=2 * NOTE)})
    safe.begin()
    said = {"kind": "envelope", "amount_minor": 10**12, "envelope": {"number": "E1"}}
    more = {"authorization": asked(safe, 0, **said)} if two_steps else {}
    done = safe.deposit(0, **said, **more)
    assert (done["withheld"], done["amount_minor"]) == ([], 10**12)
    assert [(row["credit"], row["amount_minor"]) for row in safe.rows()] == [("none", 10**12)]
    assert safe.deposit(2)["withheld"] == []
    assert rig.taken(safe.account_id)[0] == 2 * NOTE


def test_a_suspect_among_the_pieces_is_no_shortage_of_its_count(rig, safe):
    safe.deposit(2, amount_minor=NOTE, denominations=[
        {"value_minor": NOTE, "count": 1, "category": "4a"},
        {"value_minor": NOTE, "count": 1, "category": "2"}])
    out = safe.cassette
    safe.tell("/swaps", out=out, **{"in": ""})
    taken = rig.run(rig.host.cash.custody.counts.take(ANNA, msgspec.convert({
        "cassette": out, "reference": f"C{out}",
        "counted_at": datetime.now(UTC) + timedelta(seconds=1),
        "pieces": [{"currency": "EUR", "value_minor": NOTE, "count": 1}],
        "counterfeits": [{"currency": "EUR", "value_minor": NOTE, "serial": "X"}]}, Count)))
    assert taken.stay == "settled"
    assert rig.sql("SELECT kind FROM cash_case WHERE terminal_id = $1 AND kind = 'difference'"
                   " OR terminal_id = $1 AND amount_minor <> 0", safe.terminal_id) == []


def test_a_strangers_deposit_is_not_the_terminals_own(rig):
    safe = Device(rig)
    rig.sql("UPDATE terminal SET account_id = $2 WHERE terminal_id = $1", safe.terminal_id,
            client(rig))
    rig.sql("UPDATE rules SET version = version + 1")
    safe.begin()
    safe.deposit(1, client="9")
    name = asked(safe)
    safe.deposit(1, client="9", authorization=name)
    assert [(row["account_id"], row["credit"]) for row in safe.rows()] == [(None, "withheld")] * 2


def test_a_key_that_a_device_uses_twice_loses_no_deposit(rig, safe):
    path = f"/v1/safes/{safe.terminal_id}/deposits"
    first, second = safe.cash(1), safe.cash(2)
    for body in (first, second, first, second):
        said = safe.door.post(path, body, key="the same").json()
        assert (said["decision"], said["amount_minor"]) == ("approved", body["amount_minor"])
    assert [row["amount_minor"] for row in safe.rows()] == [NOTE, 2 * NOTE]


def test_confirms_and_a_cancellation_at_once_credit_one_of_them(rig):
    """At two hosts: whoever comes first, an escrow is credited once, or was handed back."""
    ports, other = rig.ports, rig.start()
    urls = [f"http://127.0.0.1:{one['http']}" for one in (ports, rig.ports)]
    try:
        for _ in range(6):
            race(rig, urls)
    finally:
        rig.run(other.stop())
        rig.ports = ports


def race(rig, urls):
    safe = Device(rig)
    safe.begin()
    name = asked(safe)
    words = [("/deposits", safe.cash(1, authorization=name)) for _ in range(4)]
    words.insert(2, (f"/authorizations/{name}/cancellation", safe.body()))

    async def all_at_once():
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            return await asyncio.gather(*(
                http.post(f"{urls[number % 2]}/v1/safes/{safe.terminal_id}{path}", json=body,
                          headers={"Idempotency-Key": f"{body['sequence']}"})
                for number, (path, body) in enumerate(words)))

    assert {answer.status_code for answer in rig.run(all_at_once())} == {200}
    given = [row["credit"] for row in safe.rows()]
    assert len(given) == 4
    state = rig.sql("SELECT state FROM claim WHERE key LIKE $1", f"%/{safe.terminal_id}/10/%")
    assert [row["state"] for row in state] in ([3], [4])
    assert sorted(given) == ["night"] * (state[0]["state"] == 3) + ["withheld"] * (
        3 if state[0]["state"] == 3 else 4)
    assert rig.taken(safe.account_id)[0] == 4 * NOTE


def test_what_comes_after_a_swap_lies_where_its_number_says(rig, safe):
    late = safe.cash(2)
    del late["cassette"]
    safe.tell("/swaps", out=safe.cassette, **{"in": cassette()})
    assert safe.send("/deposits", late).json()["withheld"] == []
    [row] = safe.rows()
    assert row["stay_id"] == safe.stays()[0]["stay_id"]


def test_a_device_of_one_message_fills_its_cassette_too(rig, safe):
    body = {"terminal_id": safe.terminal_id, "sequence": "1", "local_time": local(),
            "amount_minor": 2 * NOTE + 600, "currency": "EUR", "depositor": "ana",
            "denominations": [{"value_minor": NOTE, "kind": "note", "count": 2},
                              {"value_minor": 200, "kind": "coin", "count": 3}]}
    said = safe.door.post("/v1/deposits", body)
    assert (said.status_code, said.json()["flags"]) == (200, [])
    [row] = safe.rows()
    assert (row["notes"], row["coins"]) == (2, 3)
