"""The served descriptions, held against the host: schemathesis asks all of it, over a socket.

Each route is asked with what its description allows and with what it does not, by a merchant's
token and by nobody, for what is there and what is not. Nothing may fail, and no answer may be one
that is not described: neither its status, nor its media type, nor its content.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from authhost.admin.keyring import Keyring
from authhost.certificates.authority import pem
from authhost.doors.described import Described
from authhost.doors.openapi_paying import PAYING
from authhost.doors.openapi_payments import TABLE
from authhost.embedded import Servers
from tests.support.merchants import Shopfront, Till, wanted
from tests.support.office import Office
from tests.support.payments import Root, Shop
from tests.support.rig import Rig, running

pytestmark = pytest.mark.invariant(14)
EXAMPLES: Final = 10  # of a route, each way that it is asked
RIGHTS: Final = ("payment", "refund", "report", "webhook")
HELD: Final = [not_a_server_error, status_code_conformance, content_type_conformance,
               response_schema_conformance, response_headers_conformance]
ONE: Final = "/v1/payments/{id}"
# Method, path and body of what must work, once, as it is described.
WORKS: Final[dict[str, Any]] = {
    "POST /v1/payments": wanted(), "GET /v1/payments": None, f"GET {ONE}": None,
    f"POST {ONE}/cancellation": None, f"GET {ONE}/changes": None, f"GET {ONE}/evidence": None,
    f"POST {ONE}/captures": {"amount_minor": 7}, f"POST {ONE}/refunds": {"amount_minor": 5},
    f"GET {ONE}/refunds": None, "GET /v1/refunds/{id}": None, "GET /v1/settlements": None,
    f"GET {ONE}/qr.txt": None, f"GET {ONE}/qr.svg": None, f"GET {ONE}/qr.png": None,
    "GET /v1/links/{id}": None, "GET /v1/session": None, "DELETE /v1/session": None,
    "POST /v1/logins": {"phone": "+38640111222"}, "GET /v1/phones/{phone}/logins": None,
    "GET /v1/phones/{phone}/payments": None, "POST /v1/webhooks/keys": None,
    "GET /v1/webhooks/keys": None, "GET /v1/webhooks/dead": None, "GET /v1/blocked-phones": None,
    "PUT /v1/blocked-phones/{phone}": {"reason": "returns"},
    "DELETE /v1/blocked-phones/{phone}": None}
# A signature, a secret or a night decides: chance has none, and other tests say what is said then.
PROVED: Final = frozenset({
    "POST /v1/oauth/token", "POST /v1/oauth/revocation", "GET /v1/logins/{id}",
    "POST /v1/logins/{id}/word", f"POST {ONE}/word", f"POST {ONE}/opened",
    "POST /v1/phones/enrolments", "POST /v1/phones/{phone}/certificates",
    "POST /v1/phones/{phone}/certificates/{serial}/revocation", "PUT /v1/phones/{phone}/push",
    "DELETE /v1/phones/{phone}/push", "POST /v1/webhooks/{id}/retry", "POST /v1/webhooks/test",
    "GET /v1/settlements/{number}"})
# They do not end: no more than the head is looked at.
STREAMS: Final = frozenset({f"GET {ONE}/events", "GET /v1/payments/events",
                            "GET /v1/phones/{phone}/events"})
EVERY: Final = sorted(f"{one.method} {one.path}" for one in TABLE)


def asked_ways(table: tuple[Described, ...]) -> list[Any]:
    """Every route with what it allows, and with what it does not: that can be told of a body or a
    query alone."""
    return [pytest.param(f"{one.method} {one.path}", mode, id=f"{one.method} {one.path}-{mode}")
            for one in table for mode in GenerationMode
            if mode.is_positive or one.body is not None or one.query]


class Asking:
    """One host with something of everything, and those who ask it."""

    def __init__(self, rig: Rig, root: Root) -> None:
        self.rig = rig
        self.front = Shopfront(rig)
        self.shop = Shop(rig, root)
        self.till = self.front.till(rights=RIGHTS)
        self.boss = Office(rig, Keyring(rig.host._pool)).access("administrator")[1]
        self.phone = self.shop.phone()
        self.paid = self._paid()
        self.refund = self.till.post(f"/v1/payments/{self.paid}/refunds",
                                     {"amount_minor": 1}).json()["id"]
        self.till.front.send("PUT", "/v1/blocked-phones/+38640999888", json={},
                             headers=self.till.headers)
        self.documents = {name: schemathesis.openapi.from_dict(
            self.front.send("GET", f"/openapi-{name}.json").json())
            for name in ("payments", "admin")}
        self.session = requests.Session()
        self.session.trust_env = False

    def _paid(self) -> str:
        """A payment whose merchant may do everything with it."""
        asked = self.shop.ask(self.phone, 1_000_000, capture="manual")
        self.shop.say(asked, self.phone.word(asked.shown))
        self.rig.run(self.shop.payments.paid(asked, self.phone.account_id, "ACSC"))
        return asked.payment_id

    def operation(self, document: str, route: str) -> Any:
        """As its description has it."""
        method, _, path = route.partition(" ")
        return self.documents[document][path][method]

    def there(self, route: str) -> dict[str, str]:
        """Names in the path of what is there; new where it is used up."""
        if "blocked-phones/" in route:
            return {"phone": "+38640999888"}
        if "{phone}" in route:
            return {"phone": self.phone.number}
        if "/refunds/{id}" in route:
            return {"id": self.refund}
        if any(end in route for end in ("/qr.", "/links/", "/cancellation")):
            return {"id": self.till.post("/v1/payments", wanted()).json()["id"]}
        return {"id": self.paid} if "{id}" in route else {}

    def beside(self, work: Callable[[], Any]) -> Any:
        """Do it in a thread, while the host goes on."""
        return self.rig.run(asyncio.to_thread(work))

    def hold(self, operation: Any, mode: GenerationMode, headers: dict[str, str],
             **fixed: Any) -> None:
        """Ask by what schemathesis makes up, and compare."""
        @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
                  phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode, **fixed))
        def asked(case: Any) -> None:
            case.call_and_validate(base_url=self.front.url, session=self.session, headers=headers,
                                   checks=HELD, timeout=20)

        self.beside(asked)


@pytest.fixture(scope="module")
def asking(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    root = Root()
    path = tmp_path_factory.mktemp("payers") / "ca.pem"
    path.write_bytes(pem(root.certificate))
    with running(servers, http=True, payer_ca=(path,), phone_region="SI",
                 public_url="https://pay.example") as rig:
        made = Asking(rig, root)
        yield made
        made.session.close()
        made.shop.close()


# First of all: the others use up what there is.
@pytest.mark.parametrize("route", WORKS)
def test_what_works_answers_as_described(asking: Asking, route: str) -> None:
    till: Till = asking.front.till() if route == "DELETE /v1/session" else asking.till
    operation = asking.operation("payments", route)
    more = {} if WORKS[route] is None else {
        "body": WORKS[route], "media_type": "application/json"}
    case = operation.Case(path_parameters=asking.there(route), **more)
    headers = till.headers | {"Idempotency-Key": route.replace(" ", "-")[:64]}
    answer = asking.beside(lambda: case.call_and_validate(
        base_url=asking.front.url, session=asking.session, headers=headers, checks=HELD))
    assert answer.status_code in {200, 201, 204}, answer.text


@pytest.mark.parametrize(("route", "mode"), asked_ways(TABLE))
def test_no_answer_to_a_merchant_is_undescribed(asking: Asking, route: str,
                                                mode: GenerationMode) -> None:
    till: Till = asking.front.till() if route == "DELETE /v1/session" else asking.till
    operation = asking.operation("payments", route)
    if route != "GET /v1/payments/events":
        asking.hold(operation, mode, till.headers)
    if route not in STREAMS and (names := asking.there(route)):
        asking.hold(operation, mode, till.headers, path_parameters=names)


@pytest.mark.parametrize("route", EVERY)
def test_no_answer_to_nobody_is_undescribed(asking: Asking, route: str) -> None:
    asking.hold(asking.operation("payments", route), GenerationMode.POSITIVE, {})


@pytest.mark.parametrize("route", sorted(STREAMS))
def test_a_stream_begins_as_described(asking: Asking, route: str) -> None:
    operation = asking.operation("payments", route)
    path = operation.path.format(**asking.there(route))

    def begun() -> None:
        with asking.session.get(asking.front.url + path, headers=asking.till.headers, stream=True,
                                timeout=20) as answer:
            media = operation.definition.raw["responses"][str(answer.status_code)]["content"]
            assert (answer.status_code, answer.headers["content-type"]) == (200, *media)

    asking.beside(begun)


def test_every_route_is_asked_for_what_works() -> None:
    assert sorted([*WORKS, *PROVED, *STREAMS]) == EVERY


@pytest.mark.parametrize(("route", "mode"), asked_ways(PAYING))
def test_offices_hear_no_fault(asking: Asking, route: str, mode: GenerationMode) -> None:
    operation = asking.operation("admin", route)
    asking.hold(operation, mode, {"Authorization": f"Bearer {asking.boss}"})
    if names := asking.there(route):
        asking.hold(operation, mode, {"Authorization": f"Bearer {asking.boss}"},
                    path_parameters=names)


def test_the_archives_filters_answer_with_rows_as_described(asking: Asking) -> None:
    """Alone and together: what fits comes, whole; what does not stays away."""
    made = asking.till.post("/v1/payments", wanted(
        4_242, reference="filter", payer_phone=asking.phone.number)).json()
    fits = {"state": "CREATED,SENT", "from": made["created_at"], "to": "2999-01-01T00:00:00+01:00",
            "amount_minor": 4_242, "reference": "filter", "phone": asking.phone.number,
            "limit": 1_000}
    misses = {"state": "PAID", "from": "2999-01-01T00:00:00Z", "to": made["created_at"],
              "amount_minor": 4_243, "reference": "filte", "phone": "+38640999999"}
    operation = asking.operation("payments", "GET /v1/payments")

    def found(query: dict[str, Any]) -> list[dict[str, Any]]:
        case = operation.Case(query=query)
        answer = asking.beside(lambda: case.call_and_validate(
            base_url=asking.front.url, session=asking.session, headers=asking.till.headers,
            checks=HELD))
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["data"]
        return rows

    for query in ({}, fits, *({name: value} for name, value in fits.items())):
        [row] = [one for one in found(query) if one["id"] == made["id"]]
        assert {**row, "state": "", "version": 0, "changed_at": ""} == {
            **made, "state": "", "version": 0, "changed_at": ""}, query
    for name, value in misses.items():
        assert made["id"] not in [one["id"] for one in found({name: value})], name
        assert not [one for one in found(fits | {name: value}) if one["id"] == made["id"]], name
