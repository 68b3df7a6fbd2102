"""Merchants' people at the administrators' desk over HTTP: made, shown, blocked, a new secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from authhost.admin.access import Role, operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.embedded import Servers
from tests.support.merchants import Shopfront, Till
from tests.support.office import FAR
from tests.support.rig import Rig, running

ROOT = "/v1/admin/merchant-users"
CLIENT = {"merchant_id": "SHOP", "kind": "client", "name": "Web shop"}


@pytest.fixture(scope="module")
def rig(servers: Servers) -> Iterator[Rig]:
    with running(servers, http=True) as made:
        yield made


class Desk:
    """Somebody in a role."""

    def __init__(self, front: Shopfront, role: Role) -> None:
        self._front = front
        keyring = Keyring(front.rig.host._pool)
        self._token = front.rig.run(keyring.add(operator("test"), NewAccess(
            name=f"desk-{role}", role=role, expires_at=FAR)))[1]
        self._keys = iter(range(1, 1_000))

    def send(self, method: str, path: str, body: Any = None, key: str = "") -> httpx.Response:
        """One request."""
        headers = {"Authorization": f"Bearer {self._token}",
                   "Idempotency-Key": key or f"u{next(self._keys)}"}
        return self._front.send(method, ROOT + path, headers=headers, json=body)


@pytest.fixture(scope="module")
def boss(front: Shopfront) -> Desk:
    return Desk(front, Role.ADMINISTRATOR)


def test_a_client_is_made_and_its_secret_told_once(front: Shopfront, boss: Desk) -> None:
    body = CLIENT | {"user_id": "web"}
    made = boss.send("POST", "", body, key="make")
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    secret = made.json()["secret"]
    assert front.token("web", secret)
    again = boss.send("POST", "", body, key="make").json()
    assert again == made.json() | {"secret": ""}
    assert boss.send("POST", "", body | {"name": "Other"}, key="make").status_code == 409
    assert boss.send("POST", "", body).status_code == 409
    shown = boss.send("GET", "/web")
    assert "secret" not in shown.text
    assert shown.json()["created_by"] == "desk-administrator"


def test_a_client_gets_another_secret(front: Shopfront, boss: Desk) -> None:
    first = boss.send("POST", "", CLIENT | {"user_id": "renewed"}).json()["secret"]
    till = Till(front, front.token("renewed", first))
    assert till.get("/v1/session").status_code == 200
    second = boss.send("POST", "/renewed/secret", key="next").json()["secret"]
    assert till.get("/v1/session").status_code == 401, "a token ends with its secret"
    assert boss.send("POST", "/renewed/secret", key="next").json()["secret"] == ""
    assert front.token("renewed", second)
    assert front.send("POST", "/v1/oauth/token", auth=("renewed", first),
                      data={"grant_type": "client_credentials"}).status_code == 401
    assert boss.send("POST", "/nobody/secret").status_code == 404


def test_who_is_closed_is_out_for_good(front: Shopfront, boss: Desk) -> None:
    boss.send("POST", "", CLIENT | {"user_id": "gone"})
    assert boss.send("POST", "/gone/blocking").json()["status"] == "blocked"
    assert boss.send("POST", "/gone/closing").json()["status"] == "closed"
    assert boss.send("POST", "/gone/unblocking").status_code == 404
    trail = front.rig.sql("SELECT who FROM audit WHERE subject = 'merchant_user/gone'")
    assert [row["who"] for row in trail] == ["desk-administrator"] * 3


def test_pages_are_by_id(boss: Desk) -> None:
    for number in range(3):
        boss.send("POST", "", CLIENT | {"user_id": f"page-{number}"})
    first = boss.send("GET", "?limit=2&after=page&merchant=SHOP").json()
    assert [one["user_id"] for one in first["data"]] == ["page-0", "page-1"]
    rest = boss.send("GET", f"?limit=2&after={first['next']}&merchant=SHOP").json()["data"]
    assert rest[0]["user_id"] == "page-2"


@pytest.mark.parametrize(("more", "status", "where"), [
    ({"user_id": "a b"}, 422, "user_id"), ({"merchant_id": "NOBODY"}, 422, "merchant_id"),
    ({"kind": "agent"}, 422, "phone"), ({"phone": "+38640123456"}, 422, "phone"),
    ({"secret": False}, 422, "certificate"), ({"certificate": "+38640123456"}, 422, "certificate"),
    ({"rights": ["everything"]}, 422, "rights[0]"), ({"name": "a\nb"}, 422, "name"),
    ({"more": 1}, 422, "")])
def test_who_cannot_be_made(boss: Desk, more: dict[str, Any], status: int, where: str) -> None:
    answer = boss.send("POST", "", CLIENT | {"user_id": "wrong"} | more)
    assert (answer.status_code, answer.json()["where"]) == (status, where), answer.text
    assert boss.send("GET", "/wrong").status_code == 404


def test_only_an_administrator_makes_and_blocks(front: Shopfront, boss: Desk) -> None:
    analyst = Desk(front, Role.ANALYST)
    assert analyst.send("GET", "").status_code == 200
    assert analyst.send("POST", "", CLIENT | {"user_id": "x"}).status_code == 403
    assert analyst.send("POST", "/web/blocking").status_code == 403
    assert front.send("GET", ROOT).status_code == 401
