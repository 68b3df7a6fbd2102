"""OAuth 2 over HTTP: tokens for a secret, their scope and end, and who asks with a wrong one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest

from authhost.admin.access import operator
from authhost.embedded import Servers
from authhost.merchants import sessions
from authhost.merchants.callers import hashed
from tests.support.merchants import Shopfront, Till, wanted
from tests.support.rig import Rig, running

PATH = "/v1/oauth/token"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def rig(servers: Servers) -> Iterator[Rig]:
    with running(servers, http=True) as made:
        yield made


def basic(user_id: str, secret: str) -> dict[str, str]:
    """The header of client_secret_basic, both parts form-encoded."""
    text = f"{quote_plus(user_id)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_both_ways_to_prove_who_it_is(front: Shopfront) -> None:
    user_id, secret = front.user()
    for more in ({"headers": basic(user_id, secret), "data": GRANT},
                 {"data": {**GRANT, "client_id": user_id, "client_secret": secret}}):
        answer = front.send("POST", PATH, **more)
        said = answer.json()
        assert (said["token_type"], said["expires_in"], said["scope"]) == (
            "Bearer", 3_600, "payment refund report")
        assert answer.headers["cache-control"] == "no-store"
        assert Till(front, said["access_token"]).get("/v1/session").json()["user_id"] == user_id


def test_a_secret_is_never_kept(rig: Rig, front: Shopfront) -> None:
    user_id, secret = front.user()
    token = front.token(user_id, secret)
    for table in ("merchant_user", "merchant_session", "audit", "admin_request"):
        rows = str([dict(row) for row in rig.sql(f"SELECT * FROM {table}")])
        assert secret not in rows
        assert token not in rows


def test_the_scope_is_what_was_asked_of_what_there_is(front: Shopfront) -> None:
    user_id, secret = front.user(rights=("payment", "report"))
    reader = Till(front, front.token(user_id, secret, scope="report"))
    assert reader.post("/v1/payments", wanted()).status_code == 403
    answer = front.send("POST", PATH, auth=(user_id, secret), data={**GRANT, "scope": "refund"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_rights_that_were_taken_are_gone_from_tokens(rig: Rig, front: Shopfront) -> None:
    user_id, secret = front.user()
    till = Till(front, front.token(user_id, secret))
    rig.sql("UPDATE merchant_user SET rights = '{report}' WHERE user_id = $1", user_id)
    rig.host.paying.callers.forget()
    assert till.post("/v1/payments", wanted()).status_code == 403


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"data": GRANT}, 401, "invalid_client"), ({}, 400, "invalid_request"),
    ({"data": {**GRANT, "client_id": "nobody", "client_secret": "x"}}, 401, "invalid_client"),
    ({"headers": {"Authorization": "Basic !!"}, "data": GRANT}, 401, "invalid_client"),
    ({"headers": {"Authorization": "Bearer x"}, "data": GRANT}, 401, "invalid_client"),
    ({"json": GRANT}, 400, "invalid_request"),
    ({"content": b"%ff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 400,
     "invalid_request"),
    ({"content": b"a=1&a=2", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
     400, "invalid_request"),
    ({"content": b"&".join(b"a%d=1" % one for one in range(99)),
      "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 400, "invalid_request"),
    ({"data": {**GRANT, "client_id": "a\0b", "client_secret": "x"}}, 401, "invalid_client")]


@pytest.mark.parametrize(("more", "status", "error"), WRONG)
def test_what_is_wrong_is_said_in_the_standards_words(front: Shopfront, more: dict[str, Any],
                                                      status: int, error: str) -> None:
    answer = front.send("POST", PATH, **more)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert answer.headers["cache-control"] == "no-store"


def test_a_grant_that_we_do_not_have(front: Shopfront) -> None:
    user_id, secret = front.user()
    for data, error in (({}, "invalid_request"), ({"grant_type": ""}, "invalid_request"),
                        ({"grant_type": "password"}, "unsupported_grant_type")):
        answer = front.send("POST", PATH, data={**data, "client_id": user_id,
                                                "client_secret": secret})
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    both = front.send("POST", PATH, headers=basic(user_id, secret),
                      data={**GRANT, "client_secret": secret})
    assert both.json()["error"] == "invalid_request"


def test_wrong_secrets_are_slowed_down_and_the_right_one_is_not(front: Shopfront) -> None:
    user_id, secret = front.user()
    answers = [front.send("POST", PATH, auth=(user_id, "wrong"), data=GRANT)
               for _ in range(sessions.WRONG + 1)]
    assert [one.status_code for one in answers] == [401] * sessions.WRONG + [429]
    assert answers[-1].json()["error"] == "slow_down"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert front.token(user_id, secret)


def test_a_token_ends_where_its_holder_says_so(front: Shopfront) -> None:
    user_id, secret = front.user()
    till = Till(front, front.token(user_id, secret))
    stranger, other = front.user()
    path = "/v1/oauth/revocation"
    data = {"token": till.token}
    assert front.send("POST", path, auth=(stranger, other), data=data).status_code == 200
    assert till.get("/v1/session").status_code == 200
    assert front.send("POST", path, auth=(user_id, "wrong"), data=data).status_code == 401
    assert front.send("POST", path, auth=(user_id, secret), data=data).status_code == 200
    assert till.get("/v1/session").status_code == 401
    assert front.send("POST", path, auth=(user_id, secret),
                      data={"token": "none"}).status_code == 200
    left = Till(front, front.token(user_id, secret))
    assert left.delete("/v1/session").status_code == 204
    assert left.get("/v1/session").status_code == 401


def test_the_end_of_a_token_costs_no_other_a_read(rig: Rig, front: Shopfront) -> None:
    ends, stays = front.till(), front.till()
    for till in (ends, stays):
        assert till.get("/v1/session").status_code == 200
    assert ends.delete("/v1/session").status_code == 204
    known = rig.host.paying.callers._kept
    assert (hashed(ends.token) in known, hashed(stays.token) in known) == (False, True)


def test_a_token_is_over_in_time_and_few_are_in_force(rig: Rig, front: Shopfront,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    user_id, secret = front.user()
    monkeypatch.setattr(sessions, "TOKENS", 2)
    tills = [Till(front, front.token(user_id, secret)) for _ in range(3)]
    assert [till.get("/v1/session").status_code for till in tills] == [401, 200, 200]
    rig.sql("UPDATE merchant_session SET expires_at = now() WHERE user_id = $1", user_id)
    rig.host.paying.callers.forget()
    assert tills[2].get("/v1/session").status_code == 401


def test_who_is_blocked_is_out_and_comes_back_without_the_old_tokens(rig: Rig,
                                                                     front: Shopfront) -> None:
    user_id, secret = front.user()
    till = Till(front, front.token(user_id, secret))
    users = rig.host.paying.users
    boss = operator("operator")
    rig.run(users.move(boss, user_id, "blocked"))
    assert till.get("/v1/session").status_code == 401
    assert front.send("POST", PATH, auth=(user_id, secret), data=GRANT).status_code == 401
    rig.run(users.move(boss, user_id, "active"))
    assert till.get("/v1/session").status_code == 401
    assert front.token(user_id, secret)
    row = rig.run(users.renew_secret(boss, user_id, None))
    assert front.send("POST", PATH, auth=(user_id, secret), data=GRANT).status_code == 401
    assert front.token(user_id, row["secret"])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5",
                                    "Bearer " + "x" * 500, "Bearer \u00e9"])
def test_who_is_not_known_is_told_nothing(front: Shopfront, header: str) -> None:
    headers = [(b"authorization", header.encode("latin-1"))] if header else []
    answer = front.send("GET", "/v1/payments", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["title"] == "Not identified"
