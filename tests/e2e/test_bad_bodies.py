"""Whatever comes in over HTTP: a problem that says where; nobody else notices (invariant 14)."""

import asyncio
import json

import pytest

from authhost.doors.load import Load
from tests.support import web
from tests.support.rig import running
from tests.support.web import Web

pytestmark = [pytest.mark.invariant(14)]


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture
def card(rig):
    return rig.card()


@pytest.fixture
def good(rig, card):
    """A client beside, who must get an answer before and after."""
    assert Web(rig).post("/v1/sales", web.sale(card, 1)).json()["decision"] == "approved"
    yield
    assert Web(rig).post("/v1/sales", web.sale(card, 1)).json()["decision"] == "approved"


@pytest.mark.parametrize(("body", "status", "where"), [
    (b"x" * 10_000_000, 413, ""), (b"\xff\xfe{}", 400, ""), (b"", 400, ""), (b"[", 422, ""),
    (b"[]", 422, ""), (b'{"terminal_id": 7}', 422, "terminal_id"), (b'"\xc3("', 422, ""),
    (b"[" * 50_000, 422, ""), (b'{"terminal_id": "\\ud800"}', 400, ""),
])
def test_a_body_that_is_none(rig, good, body, status, where):
    answer = Web(rig).post("/v1/sales", body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().get("where", "") == where


@pytest.mark.parametrize(("change", "where"), [
    ({"amount_minor": "1"}, "amount_minor"), ({"amount_minor": -1}, "amount_minor"),
    ({"amount_minor": 10**15}, "amount_minor"), ({"amount_minor": 1.5}, "amount_minor"),
    ({"currency": "XXX"}, "currency"), ({"currency": "eur"}, "currency"),
    ({"local_time": "2026-02-30T10:00"}, "local_time"), ({"local_time": "today"}, "local_time"),
    ({"sequence": "1\n"}, "sequence"), ({"terminal_id": "POS00001\n"}, "terminal_id"),
    ({"extra": 1}, ""), ({"card": {"pan": "4", "expiry": "3012"}}, "card.pan"),
    ({"items": [{"product": "1", "quantity": "1", "unit_price": "1e99", "amount_minor": 1}]},
     "items[0].unit_price"),
    ({"items": [{"product": "1", "quantity": "NaN", "unit_price": "1", "amount_minor": 1}]},
     "items[0].quantity"),
    ({"items": 7}, "items"),
])
def test_a_part_of_a_body_that_is_wrong_is_named(rig, card, good, change, where):
    answer = Web(rig).post("/v1/sales", json.dumps(web.sale(card, 1) | change).encode())
    assert answer.status_code == 422
    assert answer.json().get("where", "").replace("[...]", "[0]") == where


@pytest.mark.parametrize("path", ["/v1/links/%00", "/v1/links/AAAA",
                                  "/v1/phones/%00/payments", "/v1/links/%ff%fe"])
def test_a_path_that_names_nothing(rig, good, path):
    assert Web(rig).get(path).status_code == 404


@pytest.mark.invariant(16)
def test_bodies_that_do_not_come_hold_no_place(rig, card, good, monkeypatch):
    """As many as the cap allows: headers, and then nothing."""
    monkeypatch.setattr(rig.host.http_door, "_load", Load(most=3))
    head = (b"POST /v1/sales HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\n"
            b"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{")

    async def stall():
        held = [await asyncio.open_connection("127.0.0.1", rig.ports["http"]) for _ in range(6)]
        for _, writer in held:
            writer.write(head)
            await writer.drain()
        await asyncio.sleep(0.1)
        answer = await Web(rig)._send("POST", "/v1/sales", json=web.sale(card, 1),
                                      headers={"Idempotency-Key": "beside them"})
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        return answer

    assert rig.run(stall()).status_code == 200
