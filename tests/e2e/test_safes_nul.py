"""U+0000 in what a safe says: refused with a problem, or as a format error, nothing of it kept; and
deposits that come in the same instant are answered as if it had not been there.

PostgreSQL's json keeps the escape and fails where it is read, in the statement that writes a batch.
"""

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.rig import running
from tests.support.safes import NOTE, Device
from tests.support.wire import Wire, stan

pytestmark = [pytest.mark.invariant(14)]
KEPT = Path(__file__).with_name("safes_kept.sql").read_text()
NUL = "a\0b"
ROUNDS = 4


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2", "iso87:binary2"), http=True) as made:
        yield made


@pytest.fixture(scope="module")
def devices(rig):
    made = [Device(rig) for _ in range(6)]
    for one in made:
        one.begin()
    return made


SUSPECT = {"value_minor": NOTE, "currency": "EUR", "category": "2"}
PIECE = {"value_minor": NOTE, "count": 1, "kind": "note", "category": "4a"}
# What is sent, and the part that is named.
BODIES = [
    *(({name: NUL}, name) for name in (
        "depositor", "cassette", "client", "account", "reference_model", "reference", "receipt",
        "shift", "currency", "kind", "local_time", "authorization")),
    *(({"denominations": [{**PIECE, name: NUL}]}, f"denominations[0].{name}")
      for name in ("category", "kind")),
    *(({"suspects": [{**SUSPECT, name: NUL}]}, f"suspects[0].{name}")
      for name in ("currency", "category", "serial")),
    ({"cheque": {"number": NUL}}, "cheque.number"),
    ({"cheque": {"number": "1", "bank": NUL}}, "cheque.bank"),
    ({"envelope": {"number": NUL}}, "envelope.number"), ({NUL: 1}, ""),
]
ELEMENTS = "DBLAHRE"


async def beside(devices, bad):
    """Send what is wrong among good deposits; (answers to the wrong, to the good)."""
    good = [one.door._send("POST", f"/v1/safes/{one.terminal_id}/deposits", json=one.cash(2),
                           headers={"Idempotency-Key": f"nul-{one.terminal_id}-{one.sequence}"})
            for _ in range(ROUNDS) for one in devices[1:]]
    middle = len(good) // 2
    answers = await asyncio.gather(*good[:middle], *bad, *good[middle:], return_exceptions=True)
    return answers[middle:middle + len(bad)], [*answers[:middle], *answers[middle + len(bad):]]


def all_credited(rig, devices, answers, parked):
    said = [answer.json() for answer in answers]
    assert [(one["decision"], one["withheld"]) for one in said] == [("approved", [])] * len(said)
    rows = rig.sql("SELECT count(*)::int FROM deposit WHERE key = ANY ($1)",
                   [one["key"] for one in said])
    assert rows[0][0] == len(said) == ROUNDS * (len(devices) - 1)
    assert rig.sql("SELECT count(*)::int FROM parked")[0][0] == parked


@pytest.mark.parametrize("path", ["/deposits", "/authorizations"])
def test_over_json(rig, devices, path):
    bodies = [(devices[0].cash(sequence=900 + number) | change, where)
              for number, (change, where) in enumerate(BODIES)
              if path == "/deposits" or "authorization" not in change]
    url = f"/v1/safes/{devices[0].terminal_id}{path}"
    bad = [devices[0].door._send("POST", url, content=json.dumps(body).encode(),
                                 headers={"Idempotency-Key": f"bad-{path}-{number}"})
           for number, (body, _) in enumerate(bodies)]
    parked = rig.sql("SELECT count(*)::int FROM parked")[0][0]
    refused, good = rig.run(beside(devices, bad))
    found = [(answer.status_code, answer.headers["content-type"], answer.json().get("where"))
             for answer in refused]
    assert found == [(422, "application/problem+json", where) for _, where in bodies]
    assert devices[0].rows() == []
    all_credited(rig, devices, good, parked)


def test_the_one_message_of_a_simple_device(rig, devices):
    before = rig.sql(KEPT)[0]["kept"]
    body = {"terminal_id": devices[0].terminal_id, "sequence": "1", "amount_minor": NOTE,
            "local_time": "2026-07-23T10:00:00", "currency": "EUR", "depositor": "ana",
            "denominations": [{"value_minor": NOTE, "kind": "note", "count": 1}]}
    for name in ("depositor", "cassette", "reference", "sequence"):
        answer = devices[0].door.post("/v1/deposits", json.dumps(body | {name: NUL}).encode())
        assert (answer.status_code, answer.json()["where"]) == (422, name), answer.text
    assert rig.sql(KEPT)[0]["kept"] == before


@pytest.mark.parametrize(("path", "more", "where"), [
    ("/sign-on", {"software": NUL}, "software"), ("/shifts", {"opened_by": NUL}, "opened_by"),
    ("/shifts/a%00b/close", {"closed_by": "ana", "totals": []}, "shift"),
    ("/swaps", {"out": "1", "guard": NUL}, "guard"), ("/swaps", {"out": "1", "seal": NUL}, "seal"),
    ("/status", {"software": NUL}, "software"),
    ("/alarms", {"code": "x", "severity": "info", "text": NUL}, "text")])
def test_messages(rig, devices, path, more, where):
    before = rig.sql(KEPT)[0]["kept"]
    shift = {"shift": "s9"} if path == "/shifts" else {}
    body = json.dumps(devices[0].body(sequence=800, **shift, **more)).encode()
    answer = devices[0].send(path, body)
    # A path that cannot be is not there.
    assert (answer.status_code, answer.json()["where"]) == (404 if "%" in path else 422, where)
    assert rig.sql(KEPT)[0]["kept"] == before


@pytest.mark.parametrize(("profile", "mti", "field"), [
    ("ifsf", "1220", 124), ("ifsf", "1100", 124), ("iso87", "0220", 122)])
def test_over_iso_8583(rig, devices, profile, mti, field):
    safe = devices[0]
    parts = [*(f"{letter}{NUL}" for letter in ELEMENTS), rf"M{NUL}\1", rf"M1\{NUL}", rf"Q{NUL}\1",
             rf"Q1\{NUL}", rf"X{NOTE}\EUR\2\{NUL}", rf"N{NOTE}\1\{NUL}", rf"C{NOTE}\1\{NUL}"]
    date = {12: "260723100000"} if profile == "ifsf" else {12: "100000", 13: "0723"}

    async def ask(number, part):
        wire = await Wire.connect(rig.ports[f"{profile}:0"], profile)
        try:
            answer = await wire.ask(mti, {
                3: "210000", 4: f"{NOTE:012d}", 11: stan(), **date, 32: "280131",
                41: safe.terminal_id, 49: "978", field: f"S{2000 + number}/{part}"})
            return answer.fields[39]
        finally:
            await wire.close()
    parked = rig.sql("SELECT count(*)::int FROM parked")[0][0]
    refused, good = rig.run(beside(devices, [ask(*one) for one in enumerate(parts)]))
    assert set(refused) == {"904" if profile == "ifsf" else "30"}, refused
    assert safe.rows() == []
    all_credited(rig, devices, good, parked)
