"""What a safe may send wrong: a problem that says what and where, and nothing of it is kept."""

from pathlib import Path

import httpx
import pytest

from authhost.settings import TlsFiles
from terminals.pki import Authority, client_context
from tests.support.rig import running
from tests.support.safes import Device, local

pytestmark = [pytest.mark.invariant(14)]
PATHS = ("/sign-on", "/sign-off", "/shifts", "/shifts/s1/close", "/authorizations", "/deposits",
         "/swaps", "/end-of-day", "/status", "/alarms")
KEPT = Path(__file__).with_name("safes_kept.sql").read_text()


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def safe(rig):
    made = Device(rig)
    made.begin()
    return made


@pytest.fixture
def unchanged(rig):
    """Nothing is kept of what a test sends."""
    before = rig.sql(KEPT)[0]["kept"]
    yield
    assert rig.sql(KEPT)[0]["kept"] == before


def refused(answer, status, where=""):
    assert (answer.status_code, answer.json()["where"]) == (status, where), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("body", "status", "where"), [
    (b"x" * 10_000_000, 413, ""), (b"\xff\xfe{}", 400, ""), (b"", 400, ""), (b"[]", 422, ""),
    (b'{"sequence": 0}', 422, "sequence"), (b'{"sequence": "7"}', 422, "sequence"),
    (b'{"sequence": 1.5}', 422, "sequence"), (b'{"local_time": "\\ud800"}', 400, ""),
    (b'{"sequence": 7, "local_time": "2026-11-22T10:00:00Z"}', 422, "local_time")])
def test_a_body_that_is_none(safe, unchanged, path, body, status, where):
    refused(safe.send(path, body), status, where)


@pytest.mark.parametrize(("change", "where"), [
    ({"amount_minor": -1}, "amount_minor"), ({"amount_minor": 1.5}, "amount_minor"),
    ({"amount_minor": 10**13}, "amount_minor"), ({"currency": "XXX"}, "currency"),
    ({"currency": "eur"}, "currency"), ({"kind": "gold"}, "kind"), ({"extra": 1}, ""),
    ({"local_time": "2026-02-30T10:00:00"}, "local_time"), ({"cassette": "a b"}, "cassette"),
    ({"depositor": "a\u0000"}, "depositor"), ({"depositor": "x" * 65}, "depositor"),
    ({"denominations": [{"value_minor": 0, "count": 1}]}, "denominations[0].value_minor"),
    ({"denominations": [{"value_minor": 1, "count": 0}]}, "denominations[0].count"),
    ({"denominations": [{"value_minor": 1, "count": 1, "kind": "gem"}]}, "denominations[0].kind"),
    ({"denominations": [{"value_minor": 1, "count": 1}] * 129}, "denominations"),
    ({"suspects": [{"value_minor": 1, "currency": "EUR"}]}, "suspects[0]"),
    ({"account": "at1"}, "account"), ({"order": {"signature": 7}}, "order.signature")])
@pytest.mark.parametrize("path", ["/authorizations", "/deposits"])
def test_a_part_of_a_deposit_that_is_wrong_is_named(safe, unchanged, path, change, where):
    refused(safe.send(path, {**safe.cash(sequence=900), **change}), 422, where)


@pytest.mark.parametrize(("path", "more", "where"), [
    ("/shifts", {"shift": "", "opened_by": "a"}, "shift"),
    ("/shifts", {"shift": "s/1", "opened_by": "a"}, "shift"),
    ("/shifts/s1/close", {"closed_by": "a", "totals": [{"currency": "EUR", "kind": "cash",
                                                        "count": -1, "amount_minor": 1}]},
     "totals[0].count"),
    ("/swaps", {"in": "1"}, ""), ("/swaps", {"out": "1 2"}, "out"),
    ("/alarms", {"code": "x", "severity": "loud"}, "severity"),
    ("/status", {"fill": {"notes": -1}}, "fill.notes"),
    ("/status", {"oldest_unsent_at": "2026-11-22T10:00:00"}, "oldest_unsent_at"),
    ("/end-of-day", {"totals": "many"}, "totals"), ("/sign-on", {}, "")])
def test_a_part_of_a_message_that_is_wrong_is_named(safe, unchanged, path, more, where):
    refused(safe.send(path, safe.body(sequence=900, **more)), 422, where)


@pytest.mark.parametrize("path", PATHS)
def test_every_message_wants_a_key(safe, unchanged, path):
    answer = safe.door.post(f"/v1/safes/{safe.terminal_id}{path}", {}, key="")
    refused(answer, 400, "Idempotency-Key")


@pytest.mark.parametrize("path", [one for one in PATHS if one not in (
    "/authorizations", "/deposits")])
def test_a_stranger_is_no_safe(safe, unchanged, path):
    more = {"/sign-on": {"software": "1"}, "/shifts": {"shift": "s", "opened_by": "a"},
            "/shifts/s1/close": {"closed_by": "a", "totals": []}, "/swaps": {"out": ""},
            "/end-of-day": {"totals": []}, "/alarms": {"code": "a", "severity": "info"}}
    body = safe.body(sequence=1, **more.get(path, {}))
    for stranger in ("POS00001", "NOBODY", "a%00b"):
        refused(safe.door.post(f"/v1/safes/{stranger}{path}", body), 404, "terminal_id")


def test_the_cash_of_a_stranger_is_kept_and_not_credited(rig, safe):
    said = safe.door.post("/v1/safes/NOBODY/deposits", safe.cash(sequence=7)).json()
    assert (said["decision"], said["withheld"][0]) == ("approved", "terminal_unknown")
    asked = safe.door.post("/v1/safes/NOBODY/authorizations", safe.cash(sequence=8)).json()
    assert (asked["decision"], asked["reason"]) == ("declined", "terminal_unknown")


def test_a_blocked_safe_does_not_begin_and_its_cash_waits(rig):
    safe = Device(rig)
    safe.begin()
    rig.sql("UPDATE terminal SET status = 'blocked' WHERE terminal_id = $1", safe.terminal_id)
    rig.sql("UPDATE rules SET version = version + 1")
    refused(safe.send("/sign-on", safe.body(software="1")), 403, "terminal_id")
    assert safe.deposit()["withheld"] == ["terminal_blocked"]
    assert safe.tell("/alarms", code="x", severity="info")["warnings"] == []


def test_a_safe_that_proves_its_messages_does_not_speak_here(rig):
    safe = Device(rig)
    rig.sql("UPDATE terminal SET mac_required = true WHERE terminal_id = $1", safe.terminal_id)
    before = rig.sql(KEPT)[0]["kept"]
    refused(safe.send("/deposits", safe.cash()), 403, "terminal_id")
    assert rig.sql(KEPT)[0]["kept"] == before


@pytest.fixture(scope="module")
def secured(servers, tmp_path_factory):
    """A rig behind mutual TLS, and its authority."""
    authority = Authority.create(tmp_path_factory.mktemp("pki"))
    server = authority.server()
    files = TlsFiles(authority.certificate_path, server.certificate, server.key)
    with running(servers, http=True, tls=files) as rig:
        yield rig, authority


class Secured:
    """The door by a certificate that names somebody."""

    def __init__(self, rig, authority, name):
        self.rig = rig
        self._context = client_context(authority.certificate_path, authority.client(name))

    def post(self, path, body, key="k"):
        async def ask():
            async with httpx.AsyncClient(verify=self._context, trust_env=False) as client:
                return await client.post(f"https://127.0.0.1:{self.rig.ports['http']}{path}",
                                         json=body, headers={"Idempotency-Key": key})
        return self.rig.run(ask())


def test_a_certificate_speaks_for_its_own_safe(secured):
    rig, authority = secured
    safe = Device(rig, door=object())
    safe.door = Secured(rig, authority, safe.terminal_id)
    body = safe.body(software="1", cassette=safe.cassette)
    assert safe.send("/sign-on", body).status_code == 200
    before = rig.sql(KEPT)[0]["kept"]
    safe.door = Secured(rig, authority, "SAFE0001")
    for path in PATHS:
        refused(safe.send(path, safe.body(local_time=local())), 403)
    assert rig.sql(KEPT)[0]["kept"] == before
    found = rig.sql("SELECT who, role, what FROM audit WHERE subject = $1",
                    f"safe/{safe.terminal_id}")
    assert [tuple(row.values()) for row in found] == [("SAFE0001", "device", "refused: 403")]
