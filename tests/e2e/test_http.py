"""The JSON door: sales, deposits, keys, problems; one message through two doors."""

import json
import re

import pytest

from tests.support import web
from tests.support.portfolio import SAFE_ACCOUNT
from tests.support.rig import running
from tests.support.web import Web
from tests.support.wire import Wire, fields_of
from tests.support.wire import stan as wire_stan


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2",), http=True) as made:
        yield made


@pytest.fixture(scope="module")
def door(rig):
    return Web(rig)


def test_the_description_is_served_and_every_post_wants_a_key(door):
    document = door.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    posts = [(path, one["post"]) for path, one in document["paths"].items() if "post" in one]
    assert len(posts) == 7
    for path, operation in posts:
        assert {"name": "Idempotency-Key", "required": True} in [
            {"name": one["name"], "required": one["required"]} for one in operation["parameters"]]
        answer = door.post(path, {}, key="")
        assert (answer.status_code, answer.json()["where"]) == (400, "Idempotency-Key")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("name", "beginning"), [("stations", "/v1/stations/"),
                                                 ("admin", "/v1/admin/")])
def test_what_stations_and_offices_ask_is_described_route_by_route(rig, door, name, beginning):
    described = door.get(f"/openapi-{name}.json").json()
    routes = {(one.method, one.path) for one in rig.host.http_door.endpoints
              if one.path.startswith(beginning)}
    assert {(method.upper(), path) for path, one in described["paths"].items()
            for method in one} == routes
    text, schemas = json.dumps(described), described["components"]["schemas"]
    assert set(re.findall('"#/components/schemas/([^"]+)"', text)) == set(schemas)
    for path, one in described["paths"].items():
        for method, operation in one.items():
            assert operation["summary"], path
            told = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert told == set(re.findall(r"{(\w+)}", path)), (method, path)


@pytest.mark.invariant(3)
@pytest.mark.invariant(4)
def test_a_key_has_one_answer(rig, door):
    card = rig.card(limits=[("day", "money", 1_500)])
    body = web.sale(card, 1_000)
    first = door.post("/v1/sales", body, key="one")
    assert first.json()["decision"] == "approved"
    assert door.post("/v1/sales", body, key="one").content == first.content
    assert door.post("/v1/sales", body, key="two").content == first.content
    other = door.post("/v1/sales", {**body, "amount_minor": 900}, key="one")
    assert other.status_code == 422
    assert door.post("/v1/sales", {**body, "sequence": "9"}, key="one").status_code == 422
    assert door.post("/v1/sales", body, key="one").content == first.content
    assert rig.taken(card.account_id) == (1_000, 0, 1)


@pytest.mark.invariant(3)
@pytest.mark.parametrize("doors", [("json", "iso") * 2, ("iso", "json") * 2])
def test_one_message_through_two_doors_counts_once(rig, door, doors):
    card = rig.card(limits=[("day", "money", 1_000)])
    stan = wire_stan()
    body, fields = web.sale(card, 1_000, sequence=stan), fields_of(card, 1_000, stan=stan)

    async def over_iso():
        wire = await Wire.connect(rig.ports["ifsf:0"])
        answer = await wire.ask("1200", fields)
        await wire.close()
        return answer

    answers = [door.post("/v1/sales", body, key=stan).json() if name == "json"
               else rig.run(over_iso()) for name in doors]
    assert answers[:2] == answers[2:]
    said, told = answers[:2] if doors[0] == "json" else answers[1::-1]
    assert said["approval_code"] == told.fields[38]
    assert (said["action_code"], told.fields[39]) == ("000", "000")
    assert rig.taken(card.account_id) == (1_000, 0, 1)


def test_preauthorization_completion_and_reversal(rig, door):
    card = rig.card()
    hold = web.sale(card, 5_000)
    code = door.post("/v1/preauthorizations", hold).json()["approval_code"]
    done = web.sale(card, 3_000, approval_code=code, items=[
        {"product": "001", "quantity": "20.00", "unit_price": "1.50", "amount_minor": 3_000}])
    assert door.post("/v1/completions", done).json()["amount_minor"] == 3_000
    assert rig.taken(card.account_id) == (3_000, 20_000, 1)
    back = door.post("/v1/reversals", web.reversal(done, "completion", amount_minor=1_000)).json()
    assert (back["action_code"], back["amount_minor"]) == ("400", 1_000)
    assert rig.taken(card.account_id)[0] == 2_000


def test_part_of_an_amount(rig, door):
    card = rig.card(limits=[("day", "money", 700)])
    answer = door.post("/v1/sales", web.sale(card, 1_000, partial=True)).json()
    assert (answer["decision"], answer["amount_minor"]) == ("partial", 700)
    assert answer["reason"] == "limit:card:day:money"


@pytest.mark.invariant(10)
def test_a_deposit_counts_once_whatever_the_key(rig, door):
    before = rig.taken(SAFE_ACCOUNT)[0]
    body = web.deposit(30_000)
    answers = {door.post("/v1/deposits", body, key=key).content for key in ("d1", "d1", "d2")}
    assert len(answers) == 1
    assert rig.taken(SAFE_ACCOUNT)[0] - before == 30_000
    parked = door.post("/v1/deposits", {**body, "amount_minor": 40_000, "denominations": [
        {"value_minor": 40_000, "kind": "note", "count": 1}]}, key="d3").json()
    assert parked["reason"] == "parked"
    wrong = door.post("/v1/deposits", {**web.deposit(5_000), "amount_minor": 6_000})
    assert (wrong.status_code, wrong.json()["where"]) == (422, "denominations")
    # The cash is inside: no device takes that back.
    back = door.post("/v1/reversals", web.reversal(body, "deposit")).json()
    assert (back["action_code"], back["reason"]) == ("481", "deposit_stays")
    assert rig.taken(SAFE_ACCOUNT)[0] - before == 30_000


def test_what_lives_answers(door):
    assert door.get("/healthz").json() == {"alive": True}
    assert door.get("/readyz").json() == {"ready": True}
    text = door.get("/metrics").text
    assert 'authhost_answer_seconds_count{door="json",outcome="approved"}' in text
    assert "authhost_append_rows_total" in text


def test_a_wrong_path_or_method_is_a_problem_too(door):
    for answer, status in ((door.get("/v1/nothing"), 404), (door.get("/v1/sales"), 405)):
        assert answer.status_code == status == answer.json()["status"]
        assert answer.headers["content-type"] == "application/problem+json"
