"""The HSM dies: what is at hand is served, the rest is told to come again, nothing is approved.

The HSM is the session's own and is back when a test ends.
"""

import asyncio
from contextlib import contextmanager

import pytest

from authhost.authorize import Busy
from authhost.model import Evidence, Kind, PinBlock
from iso import Message
from tests.support.rig import running
from tests.support.web import Web, sale
from tests.support.wire import Wire, fields_of, stan

ARRIVED = "SELECT count(*) FROM claim WHERE key LIKE '%/' || $1"


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2",), http=True) as made:
        yield made


@contextmanager
def hsm_away(rig):
    rig.servers.hsm.kill()
    try:
        yield
    finally:
        rig.servers.hsm.run()

        async def back():
            while not rig.host.hsm_pool.healthy:  # noqa: ASYNC110 - its pause is the pool's own
                await asyncio.sleep(0.01)
        rig.run(back())


def ask(rig, mti, fields):
    """One message on a connection of its own; None where the host is silent."""
    async def go():
        wire = await Wire.connect(next(iter(rig.ports.values())))
        try:
            await wire.send(wire.frame(mti, fields))
            async with asyncio.timeout(0.7):
                body = await wire.body()
        except TimeoutError:
            return None
        finally:
            await wire.close()
        return wire.codec.decode(body)
    answer = rig.run(go())
    return answer.fields[39] if isinstance(answer, Message) else None


def rows(rig, number):
    return rig.sql(ARRIVED, number)[0]["count"]


@pytest.mark.invariant(13)
def test_known_cards_are_served_and_an_unknown_one_comes_again(rig):
    known, unknown = rig.card(), rig.card()
    assert ask(rig, "1200", fields_of(known, 100)) == "000"
    number = stan()
    with hsm_away(rig):
        assert ask(rig, "1200", fields_of(known, 200)) == "000"
        assert ask(rig, "1200", fields_of(unknown, 300, stan=number)) == "907"
        assert rows(rig, number) == 0
        assert rig.taken(unknown.account_id) == (0, 0, 0)
    assert ask(rig, "1200", fields_of(unknown, 300, stan=number)) == "000"
    assert rig.taken(unknown.account_id) == (300, 0, 1)
    assert rig.taken(known.account_id)[0] == 300


@pytest.mark.invariant(10)
@pytest.mark.invariant(13)
def test_an_advice_of_an_unknown_card_hears_nothing_and_is_taken_when_it_comes_again(rig):
    card, number = rig.card(), stan()
    fields = fields_of(card, 500, stan=number)
    with hsm_away(rig):
        assert ask(rig, "1220", fields) is None
        assert rows(rig, number) == 0
    assert ask(rig, "1221", fields) == "000"
    assert rig.taken(card.account_id) == (500, 0, 1)


@pytest.mark.invariant(13)
def test_the_json_door_says_busy_and_readiness_and_metrics_tell_it(rig):
    web, card = Web(rig), rig.card()
    body = sale(card, 100)
    assert web.get("/readyz").status_code == 200
    with hsm_away(rig):
        busy = web.post("/v1/sales", body)
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "1")
        assert web.get("/readyz").status_code == 503
        assert "authhost_hsm_healthy 0.0" in web.get("/metrics").text
    assert web.post("/v1/sales", body).json()["decision"] == "approved"
    text = web.get("/metrics").text
    assert "authhost_hsm_healthy 1.0" in text
    assert 'authhost_hsm_calls_total{command="LQ",outcome="00"}' in text
    assert 'authhost_hsm_calls_total{command="LQ",outcome="unavailable"}' in text
    assert "authhost_hsm_seconds_bucket" in text
    assert card.pan not in text


@pytest.fixture(scope="module")
def with_pin(rig):
    """(a card whose PIN nobody knows, its block as its terminal's PIN pad makes it)."""
    card, keys, hsm = rig.card(), rig.host.keys, rig.host.hsm
    account = card.pan[-13:-1]

    async def made():
        pvk = await keys.ensure(hsm, "program/HOUSE/pvk", "V2", "T", "C")
        tpk = await keys.ensure(hsm, "terminal/POS00001/tpk", "P0", "T", "B")
        pin = await hsm.random_pin(account)
        block = await hsm.ask(b"JG" + tpk.block.encode() + b"01" + account.encode() + pin.encode())
        return await hsm.pvv(pvk.block, 1, pin, account), bytes.fromhex(block.decode())
    value, block = rig.run(made())
    rig.sql("INSERT INTO program (program_id, pin_method, pin_required)"
            " VALUES ('HOUSE', 'pvv', true)")
    rig.sql("UPDATE card SET program_id = 'HOUSE', pin_value = $2 WHERE card_id = $1",
            card.card_id, value)
    return card, Evidence(card.pan, card.expiry, PinBlock(block, "01", "terminal", 1))


@pytest.mark.invariant(13)
def test_a_pin_that_cannot_be_verified_approves_nothing(rig, with_pin):
    card, evidence = with_pin
    assert rig.sale(card, 100, evidence=evidence).action == "000"
    request = rig.request(Kind.SALE, card, 200, evidence=evidence)
    with hsm_away(rig), pytest.raises(Busy):
        rig.ask(request)
    assert rig.sql("SELECT count(*) FROM claim WHERE key = $1", request.key)[0]["count"] == 0
    assert rig.taken(card.account_id)[0] == 100
    assert rig.ask(request).action == "000"
    assert rig.sale(card, 1, evidence=None).reason == "pin_missing"


