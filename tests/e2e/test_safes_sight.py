"""Every read of safes by every role, byte by byte: whose names and amounts are in it."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from authhost.admin.access import Role, operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.custody.counting import Count
from authhost.translate.json_door import public_id
from tests.support.rig import running
from tests.support.safes import Device, cassette, client
from tests.support.vault import ANNA

FAR = datetime(2099, 1, 1, tzinfo=UTC)
NOTE = 77_700  # nothing else here is such a number, nor twice, three or five times it
ROOTS = ("/v1/admin/", "/v1/safes/{terminal_id}/forecast", "/v1/forecasts", "/v1/deposits")
NAMES = ("Minealba", "Theirbela", "Thirdcora", "Shiftdora", "Placeemil", "Reffanny", "Alarmgina",
         "Guardhana")
IDS = {"stays": "stay_id FROM cassette_stay", "cases": "case_id FROM cash_case",
       "counterfeits": "counterfeit_id FROM counterfeit", "safes": "terminal_id FROM safe",
       "cassettes": "cassette_id FROM cassette", "accounts": "account_id FROM account",
       "depositors": "depositor_id FROM depositor", "banks": "bank_id FROM bank",
       "couriers": "courier_id FROM courier", "deposits": "key FROM deposit"}
MORE = {"monitoring": {}, "client": "account", "cashier": "account", "bank": {"bank_id": "B1"},
        "courier": {"courier_id": "U1"}}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def mine(rig):
    """Two clients of two banks share a safe; a third has one of his own, with another courier.
    The account of the first; all that the others have is not his to see."""
    mine, theirs, third = client(rig), client(rig), client(rig)
    rig.sql("INSERT INTO bank (bank_id, name) VALUES ('B1', 'One'), ('B2', 'Two')")
    rig.sql("INSERT INTO courier (courier_id, name) VALUES ('U1', 'One'), ('U2', 'Two')")
    for account_id, name, bank in ((mine, "Minealba", "B1"), (theirs, "Theirbela", "B2"),
                                   (third, "Thirdcora", "B2")):
        rig.sql("UPDATE account SET bank_id = $2, name = $3::text, contact = jsonb_build_object("
                "'name', $3::text, 'email', 'a@example.com') WHERE account_id = $1",
                account_id, bank, name)
        rig.sql("UPDATE depositor SET name = $2 || code WHERE account_id = $1", account_id, name)
    used(rig, Device(rig, clients={"": mine, "two": theirs}), "U1")
    used(rig, Device(rig, clients={"": third}), "U2")
    return mine


def used(rig, safe, courier):
    """Two cassettes of a safe: one is counted; in the other lies a deposit of the last client."""
    rig.sql("UPDATE safe SET courier_id = $2, shift_by = 'Shiftdora',"
            " placement = '{\"notes\": \"ask Placeemil\"}' WHERE terminal_id = $1",
            safe.terminal_id, courier)
    safe.begin()
    first, last = next(iter(safe.clients)), list(safe.clients)[-1]
    put_in(safe, 1 if courier == "U1" else 2, client=first, reference="Reffanny")
    put_in(safe, 2, client=last, depositor="eve")
    put_in(safe, 3, client=last, kind="envelope", envelope={"number": "E1"})
    safe.deposit(0, suspects=[{"value_minor": NOTE, "currency": "EUR", "category": "2",
                               "serial": "S1"}])
    safe.tell("/alarms", code="door", severity="alarm", text="Alarmgina opened, 155400 inside")
    custody = rig.host.cash.custody
    rig.run(custody.settle_open())
    safe.tell("/swaps", out=safe.cassette, courier=courier, guard="Guardhana", seal="Z",
              **{"in": ""})
    rig.run(custody.counts.take(ANNA, msgspec.convert({
        "cassette": safe.cassette, "reference": f"Count{courier}",
        "counted_at": datetime.now(UTC) + timedelta(seconds=1),
        "pieces": [{"currency": "EUR", "value_minor": 2 * NOTE, "count": 1}]}, Count)))
    safe.cassette = cassette()
    safe.tell("/swaps", out="", **{"in": safe.cassette})
    put_in(safe, 5, client=last)
    rig.run(custody.pickups.ask(safe.terminal_id, "asked", None, who="Guardhana",
                                note="ask Placeemil"))


def put_in(safe, times, **more):
    pieces = [] if "kind" in more else [{"value_minor": times * NOTE, "count": 1}]
    safe.deposit(1, amount_minor=times * NOTE, denominations=pieces, **more)


def everything(rig, role, mine):
    """{path: text} of all that somebody in a role can read."""
    more = {"account_id": mine} if MORE[role] == "account" else MORE[role]
    wanted = NewAccess(name=f"{role}-{next(_numbers)}", role=Role(role), expires_at=FAR, **more)
    token = rig.run(Keyring(rig.host._pool).add(operator("test"), wanted))[1]
    return rig.run(_read(rig, token, paths(rig)))


def paths(rig):
    """Every path that is read, with every id that there is."""
    found = []
    for route in rig.host.http_door.endpoints:
        if route.method != "GET" or not route.path.startswith(ROOTS):
            continue
        noun = re.search(r"/([a-z-]+)/\{[a-z_]+\}", route.path)
        if noun is None:
            found.append(route.path)
        elif noun[1] in IDS and route.path.count("{") == 1:
            ids = [str(row[0]) for row in rig.sql(f"SELECT {IDS[noun[1]]}")]
            found += [re.sub(r"\{[a-z_]+\}", public_id(one) if noun[1] == "deposits" else one,
                             route.path) for one in ids]
    return found


async def _read(rig, token, paths):
    found = {}
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{rig.ports['http']}", timeout=20,
                                 trust_env=False, headers=headers) as http:
        for path in paths:
            answer = await http.get(path)
            assert answer.status_code in {200, 403, 404, 409, 422}, (path, answer.text)
            if answer.status_code == 200:
                found[path] = answer.text
    return found


def leaks(found, *words):
    return sorted({(path, word) for path, text in found.items() for word in words
                   if re.search(word, text)})


def amount(*times):
    return rf"(?<![0-9.])({'|'.join(str(one * NOTE) for one in times)})(?![0-9])"


def test_who_watches_reads_no_name_and_no_amount(rig, mine):
    found = everything(rig, "monitoring", mine)
    assert {"/v1/admin/stays", "/v1/admin/pickups", "/v1/admin/safe-status"} <= found.keys()
    assert leaks(found, *NAMES, amount(1, 2, 3, 5), "AT6119", '"account_id"') == []


@pytest.mark.parametrize("role", ["client", "cashier", "bank"])
def test_of_a_shared_safe_everybody_reads_his_own(rig, mine, role):
    found = everything(rig, role, mine)
    assert leaks(found, amount(1)) != []
    words = {path: text for path, text in found.items() if path != "/v1/admin/safe-alarms"}
    assert leaks(words, "Theirbela", "Thirdcora", "CountU2", amount(2, 3, 5)) == []


def test_a_courier_reads_of_his_own_safes(rig, mine):
    found = everything(rig, "courier", mine)
    assert leaks(found, "CountU1", "Placeemil", amount(2)) != []
    assert leaks(found, "Thirdcora", "CountU2", "Reffanny") == []


@pytest.mark.parametrize(("place", "role"), [
    ("stays._seen_by", "monitoring"), ("pickups._seen_by", "monitoring"), ("counts", "client")])
def test_a_planted_leak_is_seen(rig, mine, monkeypatch, place, role):
    if place == "counts":
        read = rig.host.cash.custody.counts.listed
        monkeypatch.setattr(rig.host.cash.custody.counts, "listed",
                            lambda actor, **asked: read(ANNA, **asked))
    else:
        monkeypatch.setattr(f"authhost.custody.{place}", lambda actor, row: dict(row))
    found = everything(rig, role, mine)
    words = ("CountU2",) if role == "client" else ("Guardhana", "Placeemil")
    assert leaks(found, *words) != []
