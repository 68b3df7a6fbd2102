"""An agent logs in by phone: the browser begins, the phone signs, a session of that certificate."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from authhost.bootstrap import Host, make_host
from authhost.certificates.authority import pem
from authhost.embedded import Servers
from authhost.merchants.login_text import Login, LoginWord, login_text
from authhost.merchants.logins import WAITING
from authhost.merchants.sessions import LOGINS_KEPT
from tests.support.merchants import Shopfront, Till, wanted
from tests.support.payments import Root, Shop, Signer
from tests.support.phone_streams import Event
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def rig(servers: Servers, root: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    path = tmp_path_factory.mktemp("payers") / "ca.pem"
    path.write_bytes(pem(root.certificate))
    with running(servers, http=True, payer_ca=(path,)) as made:
        yield made


@pytest.fixture
def agent(front: Shopfront, shop: Shop) -> Signer:
    """An agent with an enrolled phone."""
    phone = shop.phone()
    front.user("agent", phone=phone.number)
    return phone


def begin(front: Shopfront, phone: str, browser: str = "Till 2") -> dict[str, Any]:
    """What the browser hears."""
    answer = front.send("POST", "/v1/logins", json={"phone": phone, "browser": browser})
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


def poll(front: Shopfront, begun: dict[str, Any]) -> dict[str, Any]:
    """What became of it."""
    answer = front.send("GET", f"/v1/logins/{begun['id']}")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def waiting(front: Shopfront, phone: Signer) -> list[Login]:
    """What the phone shows."""
    found = front.send("GET", f"/v1/phones/{phone.number}/logins")
    return msgspec.json.decode(found.content, type=list[Login])


def signed(phone: Signer, login: Login, decision: Any = "approve",
           at: datetime | None = None) -> dict[str, str]:
    """The phone's word."""
    word = LoginWord(decision=decision, phone=phone.number, serial=phone.serial, signature="",
                     signed_at=(at or datetime.now(UTC)).isoformat(timespec="seconds"))
    raw = phone.key.sign(login_text(login, word), ec.ECDSA(hashes.SHA256()))
    return {**msgspec.structs.asdict(word), "signature": base64.b64encode(raw).decode()}


def say(front: Shopfront, login: Login, word: dict[str, str]) -> Any:
    """Its answer."""
    return front.send("POST", f"/v1/logins/{login.id}/word", json=word)


def test_an_agent_logs_in_and_is_a_person_of_his_own(rig: Rig, front: Shopfront,
                                                     agent: Signer) -> None:
    begun = begin(front, agent.number)
    assert (begun["expires_in"], poll(front, begun)) == (120, {"id": begun["id"],
                                                               "state": "WAITING"})
    [login] = waiting(front, agent)
    assert (login.code, login.browser, login.merchant_id) == (begun["code"], "Till 2", "SHOP")
    word = signed(agent, login)
    assert say(front, login, word).json() == {"id": login.id, "state": "CONFIRMED"}
    assert say(front, login, word).json()["state"] == "CONFIRMED"
    told = poll(front, begun)
    assert (told["state"], told["user_id"]) == ("CONFIRMED", login.user_id)
    assert poll(front, begun) == {"id": begun["id"], "state": "USED"}
    till = Till(front, told["token"])
    made = till.post("/v1/payments", wanted()).json()
    assert till.get("/v1/session").json()["serial"] == agent.serial
    assert rig.sql("SELECT user_id FROM payment WHERE payment_id = $1",
                   made["id"])[0][0] == login.user_id
    assert rig.sql("SELECT who FROM audit WHERE subject = $1",
                   f"login/{login.id}")[0]["who"] == login.user_id
    assert not waiting(front, agent)


def test_the_session_ends_with_the_certificate(rig: Rig, front: Shopfront, agent: Signer) -> None:
    begun = begin(front, agent.number)
    [login] = waiting(front, agent)
    say(front, login, signed(agent, login))
    till = Till(front, poll(front, begun)["token"])
    assert till.get("/v1/session").status_code == 200
    rig.sql("UPDATE payer_certificate SET revoked_at = now() WHERE serial = $1", agent.serial)
    time.sleep(1.1)  # callers.AGE_S
    assert till.get("/v1/session").status_code == 401
    begin(front, agent.number)
    [again] = waiting(front, agent)
    refused = say(front, again, signed(agent, again))
    assert (refused.status_code, refused.json()["where"]) == (403, "serial")


def test_a_number_that_is_nobodys_answers_alike(rig: Rig, front: Shopfront, agent: Signer,
                                                shop: Shop) -> None:
    before = rig.sql("SELECT count(*) FROM merchant_login")[0][0]
    for number in ("+38640999999", shop.phone().number):  # nobody's, and a payer's only
        begun = begin(front, number)
        known = begin(front, agent.number)
        assert [(name, len(str(value))) for name, value in begun.items()] == [
            (name, len(str(value))) for name, value in known.items()]
        assert poll(front, begun)["state"] == poll(front, known)["state"] == "WAITING"
    assert rig.sql("SELECT count(*) FROM merchant_login")[0][0] == before + 2


def test_ids_that_nobody_was_given(front: Shopfront, agent: Signer) -> None:
    begun = begin(front, agent.number)
    [login] = waiting(front, agent)
    for name in ("x", "%00", login.id, begun["id"][:-2] + "AA", "A" * len(begun["id"])):
        assert front.send("GET", f"/v1/logins/{name}").status_code == 404
    # What the browser polls with is not what the phone signs.
    assert front.send("POST", f"/v1/logins/{begun['id']}/word",
                      json=signed(agent, login)).status_code == 404


def test_a_word_that_proves_nothing(front: Shopfront, agent: Signer, shop: Shop) -> None:
    begun = begin(front, agent.number)
    [login] = waiting(front, agent)
    other = shop.phone()
    good = signed(agent, login)
    for word, status, where in (
            (good | {"decision": "refuse"}, 403, "signature"),
            (good | {"signature": "AAAA"}, 403, "signature"),
            (good | {"serial": "abc"}, 403, "serial"),
            (signed(agent, login, at=datetime(2020, 1, 1, tzinfo=UTC)), 403, "signed_at"),
            (good | {"signed_at": "0001-01-01T00:00:00+14:00"}, 403, "signed_at"),
            (good | {"signed_at": "2026-07-23\n10:00:00Z"}, 422, "signed_at"),
            (signed(other, login) | {"phone": agent.number}, 403, "serial"),
            (signed(other, login), 404, "id"),
            (signed(agent, msgspec.structs.replace(login, code="0000")), 403, "signature"),
            (good | {"more": "1"}, 422, "")):
        answer = say(front, login, word)
        assert (answer.status_code, answer.json()["where"]) == (status, where), answer.text
    assert poll(front, begun)["state"] == "WAITING"


def test_the_first_word_stands(front: Shopfront, agent: Signer) -> None:
    begun = begin(front, agent.number)
    [login] = waiting(front, agent)
    assert say(front, login, signed(agent, login, "refuse")).json()["state"] == "REFUSED"
    late = say(front, login, signed(agent, login))
    assert (late.status_code, late.json()["detail"]) == (409, "the login is REFUSED")
    assert poll(front, begun)["state"] == "REFUSED"


def test_who_asks_for_the_head_takes_no_token(front: Shopfront, agent: Signer) -> None:
    begun = begin(front, agent.number)
    [login] = waiting(front, agent)
    say(front, login, signed(agent, login))
    answer = front.send("HEAD", f"/v1/logins/{begun['id']}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert poll(front, begun)["state"] == "CONFIRMED"


def test_only_one_browser_gets_the_token(front: Shopfront, agent: Signer) -> None:
    begun = begin(front, agent.number)
    [login] = waiting(front, agent)
    say(front, login, signed(agent, login))
    told = front.at_once(*[("GET", f"/v1/logins/{begun['id']}", {})] * 5)
    assert sorted(one.json()["state"] for one in told) == ["CONFIRMED", *["USED"] * 4]


def test_a_login_is_over_in_time(rig: Rig, front: Shopfront, agent: Signer) -> None:
    begin(front, agent.number)
    [login] = waiting(front, agent)
    rig.sql("UPDATE merchant_login SET expires_at = now() WHERE login_id = $1", login.id)
    assert not waiting(front, agent)
    late = say(front, login, signed(agent, login))
    assert (late.status_code, late.json()["detail"]) == (409, "the login is EXPIRED")
    rig.run(rig.host.paying.sessions.sweep())
    assert rig.sql("SELECT state FROM merchant_login WHERE login_id = $1",
                   login.id)[0][0] == "expired"


def test_the_newest_login_takes_the_oldest_ones_place(front: Shopfront, agent: Signer) -> None:
    """A stranger's do not lock out the agent; and none of them hears that it had to go."""
    begun = [begin(front, agent.number, "stranger") for _ in range(4)]
    mine = begin(front, agent.number, "my own till")
    shown = waiting(front, agent)
    assert [one.code for one in shown] == [one["code"] for one in (*begun[2:], mine)]
    assert {poll(front, one)["state"] for one in begun} == {"WAITING"}
    assert say(front, shown[-1], signed(agent, shown[-1])).status_code == 200
    assert poll(front, mine)["state"] == "CONFIRMED"


def test_of_many_at_once_three_wait(rig: Rig, front: Shopfront, agent: Signer) -> None:
    front.at_once(*[("POST", "/v1/logins", {"json": {"phone": agent.number}})] * 60)
    assert rig.sql("SELECT count(*) FROM merchant_login WHERE phone = $1 AND state = 'waiting'",
                   agent.number)[0][0] == WAITING


def test_who_refuses_again_and_again_is_left_alone_for_longer_each_time(
        rig: Rig, front: Shopfront, agent: Signer) -> None:
    rests = []
    for _ in range(9):
        begun = begin(front, agent.number)
        [login] = waiting(front, agent)
        say(front, login, signed(agent, login, "refuse"))
        assert poll(front, begun)["state"] == "REFUSED"
        rest = rig.sql("SELECT rests_until - clock_timestamp() FROM merchant_user "
                       "WHERE phone = $1", agent.number)[0][0]
        rests.append(round(rest.total_seconds(), -1) if rest is not None else None)
        if rest is not None:
            assert poll(front, begin(front, agent.number))["state"] == "WAITING"
            assert not waiting(front, agent), "it rests"
        rig.sql("UPDATE merchant_user SET rests_until = clock_timestamp() WHERE phone = $1",
                agent.number)
    assert rests == [None, 30, 60, 120, 240, 480, 900, 900, 900]
    begin(front, agent.number)
    [login] = waiting(front, agent)
    say(front, login, signed(agent, login))
    assert tuple(rig.sql("SELECT refusals, rests_until FROM merchant_user WHERE phone = $1",
                         agent.number)[0]) == (0, None)


def test_old_logins_are_forgotten(rig: Rig, front: Shopfront, agent: Signer) -> None:
    begun = [begin(front, agent.number) for _ in range(3)]
    old, used, young = waiting(front, agent)
    say(front, used, signed(agent, used))
    assert poll(front, begun[1])["state"] == "CONFIRMED"
    for login, hours in ((old, 1), (used, 1), (young, -1)):
        rig.sql("UPDATE merchant_login SET expires_at = $2 WHERE login_id = $1", login.id,
                rig.settings.clock.now() - LOGINS_KEPT - timedelta(hours=hours))
    for _ in range(2):  # it is over first, and then forgotten
        rig.run(rig.host.paying.sessions.sweep())
    assert [row[0] for row in rig.sql("SELECT login_id FROM merchant_login WHERE phone = $1",
                                      agent.number)] == [young.id]


@pytest.mark.parametrize(("body", "where"), [
    ({"phone": "12"}, "phone"), ({"phone": "+38640123456", "browser": "a\nb"}, "browser"),
    ({"phone": "+38640123456", "browser": "x" * 71}, "browser"), ({}, "")])
def test_a_login_that_cannot_begin(front: Shopfront, body: dict[str, str], where: str) -> None:
    answer = front.send("POST", "/v1/logins", json=body)
    assert (answer.status_code, answer.json()["where"]) == (422, where)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_phones_stream_tells_of_a_login(rig: Rig, front: Shopfront, agent: Signer,
                                            elsewhere: bool) -> None:
    """At once, also where the browser speaks to another host."""
    host, ports = rig.run(started(rig)) if elsewhere else (None, rig.ports)
    try:
        event = rig.run(first_told(front, agent, f"http://127.0.0.1:{ports['http']}"))
        [login] = waiting(front, agent)
        assert (event.kind, event.event_id) == ("login", login.id)
        assert msgspec.convert(event.data, Login) == login
    finally:
        if host is not None:
            rig.run(host.stop())


async def started(rig: Rig) -> tuple[Host, dict[str, Any]]:
    """One more host, and its doors."""
    host = await make_host(rig.settings)
    return host, await host.start()


async def first_told(front: Shopfront, agent: Signer, url: str) -> Event:
    """What an agent's stream tells once a login has begun at another door."""
    path = f"/v1/phones/{agent.number}/events"
    async with (httpx.AsyncClient(base_url=front.url, trust_env=False, timeout=20) as client,
                client.stream("GET", path) as stream):
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        answer = await client.post(f"{url}/v1/logins", json={
            "phone": agent.number, "browser": "Till 2"})
        assert answer.status_code == 201, answer.text
        fields: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in lines:
                name, _, value = line.partition(": ")
                fields[name] = value
                if name == "data":
                    return Event(fields["id"], fields["event"], json.loads(value))
    raise AssertionError("the stream has ended")
