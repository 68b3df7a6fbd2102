"""Routes of webhooks as a merchant's program uses them: dead letters, keys, tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authhost.doors.call import Call, Endpoint
from authhost.doors.merchant_call import MerchantDoor
from authhost.doors.problems import ProblemError
from authhost.doors.routes import Routes
from authhost.doors.webhooks import DESCRIBED, WebhookRoutes
from authhost.payments.model import Caller
from authhost.webhooks import bounds
from authhost.webhooks.desk import NotPossible
from authhost.webhooks.signing import secret_text
from tests.support.hearing import Heard, Reply
from tests.support.rig import Rig
from tests.support.webhook_shop import SECRET, WebhookShop, verified


class Known:
    """Stands in for the callers of a host: a token is a merchant's name, and its right."""

    async def caller(self, authorization: str, _: str | None) -> Caller | None:
        merchant, _, right = authorization.partition(" ")
        return Caller(merchant, "program-1", frozenset({right})) if merchant else None


class Program:
    """A merchant's program that uses the routes."""

    def __init__(self, shop: WebhookShop) -> None:
        self._shop = shop
        rows = WebhookRoutes(shop.desk, shop.telling).endpoints(
            MerchantDoor(Known()))  # type: ignore[arg-type]
        self.rows: list[Endpoint] = rows
        self._routes = Routes((one.method, one.path, one) for one in rows)

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "",
            token: str = "SHOP webhook") -> tuple[int, Any]:
        """(status, body) of an answer; ProblemError as the door would say it."""
        path, _, query = path.partition("?")
        found = self._routes.find(method, path)
        assert found is not None, path
        assert found.there is not None, method
        call = Call(method, found.values, json.dumps(body).encode(), query=query.encode(),
                    headers={"authorization": token, "idempotency-key": key})
        response = self._shop.rig.run(_answered(found.there, call))
        return response.status_code, json.loads(response.body)


async def _answered(endpoint: Endpoint, call: Call) -> Any:
    return await endpoint.handler(call)


@pytest.fixture
def shop(rig: Rig, tmp_path: Path) -> Iterator[WebhookShop]:
    made = WebhookShop(rig, tmp_path)
    yield made
    made.close()


@pytest.fixture
def program(shop: WebhookShop) -> Program:
    return Program(shop)


def refused(program: Program, *asked: Any, **more: Any) -> tuple[int, str]:
    """(status, where) of a problem."""
    with pytest.raises(ProblemError) as problem:
        program.ask(*asked, **more)
    return problem.value.status, problem.value.where


def test_dead_letters_are_read_page_by_page_and_told_again(
        shop: WebhookShop, program: Program) -> None:
    ids = [shop.due(url="https://10.0.0.1:22/")[0] for _ in range(5)]
    shop.key("OTHER")
    foreign, _ = shop.due(url="https://10.0.0.1:22/", merchant="OTHER")
    for one in [*ids, foreign]:
        assert shop.told(one)["state"] == "dead"
    read, after = [], ""
    while True:
        status, page = program.ask("GET", f"/v1/webhooks/dead?limit=2{after}")
        assert (status, len(page["data"]) <= 2) == (200, True)
        read += page["data"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [one["id"] for one in read] == [f"wh_{one}" for one in ids]
    assert (read[0]["last_said"], read[0]["tries"]) == (
        "refused: port 22: 443, or 1024 and above", 1)
    assert read[0]["content"] == {"id": read[0]["payment_id"], "version": 2}
    shop.rig.sql("UPDATE webhook SET url = $1 WHERE webhook_id = $2", shop.url(), ids[0])
    status, letter = program.ask("POST", f"/v1/webhooks/wh_{ids[0]}/retry", key="r1")
    assert (status, letter["state"]) == (200, "waiting")
    assert shop.told(ids[0])["state"] == "told"
    for stranger in (f"wh_{foreign}", "wh_0", "wh_x", "7", "wh_" + "9" * 30, "wh_²"):
        assert refused(program, "POST", f"/v1/webhooks/{stranger}/retry") == (404, "id")
    assert shop.row(foreign)["state"] == "dead"


def test_keys_are_told_once_and_listed_without_secrets(
        shop: WebhookShop, program: Program) -> None:
    status, key = program.ask("POST", "/v1/webhooks/keys", key="n1")
    assert (status, key["secret"][:6], len(key["secret"])) == (201, "whsec_", 50)
    assert program.ask("POST", "/v1/webhooks/keys", key="n1") == (201, key)
    _, listed = program.ask("GET", "/v1/webhooks/keys")
    assert [one["id"] for one in listed["data"]] == [key["id"], "k1"]
    assert "secret" not in json.dumps(listed)
    assert listed["data"][1]["ended_at"] is not None
    _, other = program.ask("POST", "/v1/webhooks/keys", key="n2")
    assert other["secret"] not in {key["secret"], secret_text(SECRET)}
    for number in range(3, bounds.KEYS):
        program.ask("POST", "/v1/webhooks/keys", key=f"n{number}")
    assert refused(program, "POST", "/v1/webhooks/keys", key="n9")[0] == 409
    assert refused(program, "POST", "/v1/webhooks/keys", key="n1", token="NOBODY webhook")[0] == 404
    stored = shop.rig.sql("SELECT count(*) FROM webhook_key")[0][0]
    assert stored == bounds.KEYS


def test_the_key_of_an_old_request_is_not_told_once_it_has_ended(
        shop: WebhookShop, program: Program) -> None:
    _, key = program.ask("POST", "/v1/webhooks/keys", key="old")
    shop.rig.sql("UPDATE webhook_key SET ended_at = $2 WHERE key_id = $1", key["id"],
                 shop.rig.settings.clock.now())
    assert refused(program, "POST", "/v1/webhooks/keys", key="old") == (409, "Idempotency-Key")


def test_one_merchants_tests_leave_room_for_others(
        shop: WebhookShop, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "TESTS", 2)
    monkeypatch.setattr(bounds, "TESTS_PER_MERCHANT", 1)
    freed = asyncio.Event()

    async def hangs(_: Heard) -> Reply:
        await freed.wait()
        return Reply()

    shop.server.reply = hangs

    async def came(merchant: str) -> int | str:
        try:
            tested = await shop.desk.test(merchant, shop.url())
        except NotPossible as problem:
            return problem.status
        return tested.said

    async def work() -> None:
        first = asyncio.create_task(came("SHOP"))
        while not shop.server.heard:  # noqa: ASYNC110  # the server has no event
            await asyncio.sleep(0.01)
        assert await came("SHOP") == 503
        assert await came("NOBODY") == 409, "it has a place, and no key"
        freed.set()
        assert (await first, await came("SHOP")) == ("204", "204")

    shop.rig.run(work())


def test_a_test_event_says_what_became_of_it(shop: WebhookShop, program: Program) -> None:
    status, tested = program.ask("POST", "/v1/webhooks/test", {"url": shop.url()})
    assert (status, tested["told"], tested["status"]) == (200, True, 204)
    content = verified(shop.server.heard[0], SECRET)
    assert (content["type"], content["id"]) == ("test", tested["id"])
    assert shop.server.heard[0].headers["webhook-id"] == tested["id"]

    async def reply(_: Heard) -> Reply:
        return Reply(503, body=b"the inside of somebody's server")

    shop.server.reply = reply
    _, tested = program.ask("POST", "/v1/webhooks/test", {"url": shop.url()})
    assert (tested["told"], tested["status"], tested["said"]) == (False, 503, "503")
    shop.addresses["other.example"] = ["0.0.0.0"]
    _, tested = program.ask("POST", "/v1/webhooks/test", {"url": shop.url("other.example")})
    assert (tested["told"], tested["status"]) == (False, 0)
    for url in ("http://user@shop.example/", "https://shop.example:22/", "", "x"):
        assert refused(program, "POST", "/v1/webhooks/test", {"url": url}) == (422, "url")
    for body in ({}, {"url": 1}, {"url": shop.url(), "more": 1}, []):
        assert refused(program, "POST", "/v1/webhooks/test", body)[0] == 422
    shop.rig.sql("DELETE FROM webhook_key")
    assert refused(program, "POST", "/v1/webhooks/test", {"url": shop.url()})[0] == 409


def test_a_test_that_is_taken_opens_a_url_that_had_ended(
        shop: WebhookShop, program: Program) -> None:
    async def gone(_: Heard) -> Reply:
        return Reply(410)

    shop.server.reply = gone
    row = shop.told(shop.due()[0])
    assert (row["state"], row["last_said"]) == ("dead", "410")
    program.ask("POST", "/v1/webhooks/test", {"url": shop.url()})
    assert shop.told(shop.due()[0])["last_said"] == "410", "the test was not taken"

    async def there(_: Heard) -> Reply:
        return Reply()

    shop.server.reply = there
    program.ask("POST", "/v1/webhooks/test", {"url": shop.url()})
    row = shop.told(shop.due()[0])
    assert (row["state"], row["last_said"]) == ("told", "204")


@pytest.mark.parametrize("query", ["after=5", "after=wh_", "limit=0", "limit=x", "limt=2",
                                   "after=wh_1%00"])
def test_a_question_that_is_none(program: Program, query: str) -> None:
    assert refused(program, "GET", f"/v1/webhooks/dead?{query}")[0] == 422


def test_every_route_needs_its_right_and_is_described(program: Program) -> None:
    bodies = {"/v1/webhooks/test": {"url": "https://shop.example/"}}
    for row in program.rows:
        path = row.path.replace("{id}", "wh_1")
        assert refused(program, row.method, path, bodies.get(path),
                       token="SHOP payment") == (403, "webhook")
    assert [(one.method, one.path) for one in DESCRIBED] == [
        (one.method, one.path) for one in program.rows]
