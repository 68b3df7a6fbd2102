"""The OpenAPI document of the public door: every route is in it, and it holds together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from authhost.embedded import Servers
from tests.support.merchants import Shopfront, wanted
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def rig(servers: Servers) -> Iterator[Rig]:
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def described(front: Shopfront) -> dict[str, Any]:
    found: dict[str, Any] = front.send("GET", "/openapi-payments.json").json()
    return found


def test_every_route_is_described(rig: Rig, described: dict[str, Any]) -> None:
    served = {(one.method.lower(), one.path) for one in rig.host.http_door.public
              if one.path.startswith("/v1/")}
    told = {(method, path) for path, found in described["paths"].items() for method in found}
    assert told == served


def test_a_post_names_a_key_where_it_needs_one(rig: Rig, described: dict[str, Any]) -> None:
    for one in rig.host.http_door.public:
        if one.method == "POST":
            names = [parameter["name"] for parameter
                     in described["paths"][one.path]["post"]["parameters"]]
            assert ("Idempotency-Key" in names) is one.keyed, one.path


def test_nothing_is_referred_to_that_is_not_there(described: dict[str, Any]) -> None:
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert names
    assert names <= set(described["components"]["schemas"])


def test_what_is_answered_is_described(front: Shopfront, described: dict[str, Any]) -> None:
    till = front.till()
    made = till.post("/v1/payments", wanted())
    path = "/v1/payments/{id}"
    for answer, method, template in (
            (made, "post", "/v1/payments"), (till.post("/v1/payments", {}), "post", "/v1/payments"),
            (till.get("/v1/payments"), "get", "/v1/payments"),
            (till.get(f"/v1/payments/{made.json()['id']}"), "get", path),
            (till.get("/v1/payments/x"), "get", path),
            (front.send("GET", "/v1/payments"), "get", "/v1/payments"),
            (front.send("POST", "/v1/oauth/token"), "post", "/v1/oauth/token")):
        told = described["paths"][template][method]["responses"][str(answer.status_code)]
        assert answer.headers["content-type"] in told["content"]
