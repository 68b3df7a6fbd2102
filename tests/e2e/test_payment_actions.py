"""Captures, refunds, disputes, plans and settlements over the host's own door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from authhost.admin.access import Role, operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.embedded import Servers
from clearing.run import clear
from tests.support.after_payment import PaidShop
from tests.support.merchants import Shopfront, Till
from tests.support.office import FAR
from tests.support.portfolio import DAY
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def rig(servers: Servers) -> Iterator[Rig]:
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def shop(rig: Rig) -> Iterator[PaidShop]:
    made = PaidShop(rig)
    yield made
    made.close()


@pytest.fixture(scope="module")
def till(front: Shopfront) -> Till:
    return front.till(rights=["payment", "refund", "report"])


@pytest.fixture(scope="module")
def admin(rig: Rig, front: Shopfront) -> Till:
    _, token = rig.run(Keyring(rig.host.reads._pool).add(operator("operator"), NewAccess(
        name="olga", role=Role.ADMINISTRATOR, expires_at=FAR)))
    return Till(front, token)


def put(admin: Till, path: str, body: Any) -> Any:
    return admin.front.send("PUT", path, headers=admin.headers, json=body)


def test_captured_refunded_and_read(shop: PaidShop, till: Till) -> None:
    asked = shop.paid(10_000, capture="manual")
    path = f"/v1/payments/{asked.payment_id}"
    first = till.post(f"{path}/captures", {"amount_minor": 6_000}, key="c-1")
    assert (first.status_code, first.json()["state"]) == (201, "PAID")
    assert till.post(f"{path}/captures", {"amount_minor": 6_000}, key="c-1").json() == first.json()
    other = till.post(f"{path}/captures", {"amount_minor": 6_001}, key="c-1")
    assert (other.status_code, other.json()["where"]) == (422, "Idempotency-Key")
    final = till.post(f"{path}/captures", {"amount_minor": 1_000, "final": True})
    assert (final.json()["captured_minor"], final.json()["refunded_minor"]) == (7_000, 3_000)
    refund = till.post(f"{path}/refunds", {"amount_minor": 2_000, "reason": "wilted",
                                           "reference": "C-7"})
    assert (refund.status_code, refund.json()["amount_minor"]) == (201, 2_000)
    assert till.get(f"/v1/refunds/{refund.json()['id']}").json()["reference"] == "C-7"
    assert [one["amount_minor"] for one in till.get(f"{path}/refunds").json()["data"]] == [
        3_000, 2_000]
    assert till.get(path).json()["state"] == "PARTLY_REFUNDED"


BAD: list[tuple[str, Any, str]] = [
    ("captures", {"amount_minor": 0}, "amount_minor"),
    ("captures", {"amount_minor": -5}, "amount_minor"),
    ("captures", {"amount_minor": "5"}, "amount_minor"), ("captures", {"amount": 5}, ""),
    ("refunds", {}, ""), ("refunds", {"amount_minor": 1.5}, "amount_minor"),
    ("refunds", {"amount_minor": 10**15}, "amount_minor"),
    ("refunds", {"amount_minor": 1, "reason": "x" * 141}, "reason"),
    ("refunds", {"amount_minor": 1, "reference": "a\x07"}, "reference"),
    ("refunds", {"amount_minor": 10_001}, "amount_minor")]


@pytest.mark.parametrize(("what", "body", "where"), BAD)
def test_a_bad_body_names_its_part(shop: PaidShop, till: Till, what: str, body: Any,
                                   where: str) -> None:
    asked = shop.paid(10_000)
    answer = till.post(f"/v1/payments/{asked.payment_id}/{what}", body)
    assert (answer.status_code // 100, answer.headers["content-type"]) == (
        4, "application/problem+json")
    assert answer.json()["where"] == where or answer.status_code == 409
    assert shop.standing(asked) == ("captured", 10_000, 0)


def test_a_right_is_needed(shop: PaidShop, front: Shopfront) -> None:
    asked = shop.paid(10_000)
    path = f"/v1/payments/{asked.payment_id}"
    shy = front.till(rights=["report"])
    assert shy.post(f"{path}/refunds", {"amount_minor": 1}).status_code == 403
    assert shy.post(f"{path}/captures", {}).status_code == 403
    refund = front.till().post(f"{path}/refunds", {"amount_minor": 1}).json()["id"]
    assert shy.get(f"{path}/refunds").status_code == 403
    assert shy.get(f"/v1/refunds/{refund}").status_code == 403
    clerk = front.till(rights=["payment"])
    assert clerk.get("/v1/settlements").status_code == 403
    assert clerk.get(f"{path}/refunds").status_code == 200
    assert clerk.get(f"/v1/refunds/{refund}").status_code == 200
    assert front.send("GET", "/v1/settlements").status_code == 401
    stranger = front.till(merchant="STATION", rights=["payment", "refund"])
    assert stranger.post(f"{path}/refunds", {"amount_minor": 1}).status_code == 404
    assert stranger.get(f"{path}/refunds").status_code == 404


def test_a_last_capture_gives_back_and_needs_that_right_too(shop: PaidShop, till: Till,
                                                            front: Shopfront) -> None:
    asked = shop.paid(10_000, capture="manual")
    path = f"/v1/payments/{asked.payment_id}/captures"
    clerk = front.till(rights=["payment"])
    answer = clerk.post(path, {"amount_minor": 1, "final": True})
    assert (answer.status_code, answer.json()["where"]) == (403, "refund")
    assert shop.standing(asked) == ("paid", 0, 0)
    assert clerk.post(path, {"amount_minor": 1}).status_code == 201
    assert till.post(path, {"amount_minor": 1, "final": True}).status_code == 201


def test_a_dispute(shop: PaidShop, till: Till, admin: Till) -> None:
    asked = shop.paid(10_000)
    path = f"/v1/admin/payments/{asked.payment_id}/dispute"
    opened = admin.post(path, {"reason": "not mine", "evidence": "a letter"}, key="d-1")
    assert (opened.status_code, opened.json()["state"]) == (201, "DISPUTED")
    again = admin.post(path, {"reason": "not mine", "evidence": "a letter"}, key="d-1")
    assert again.json() == opened.json()
    assert till.post(f"/v1/payments/{asked.payment_id}/refunds",
                     {"amount_minor": 1}).status_code == 409
    assert admin.post(path, {"reason": "", "evidence": "x"}).status_code == 422
    assert admin.post(path, {"reason": "again", "evidence": "x"}).status_code == 409
    assert admin.post(f"{path}/resolution", {"outcome": "drawn"}).status_code == 422
    lost = admin.post(f"{path}/resolution", {"outcome": "lost"}).json()
    assert lost["state"] == "REFUNDED"
    assert till.get(f"/v1/refunds/{lost['refund']}").json()["amount_minor"] == 10_000
    assert admin.post(f"{path}/resolution", {"outcome": "won"}).status_code == 409
    assert till.post(path, {"reason": "r", "evidence": "e"}).status_code == 401


def test_a_plan_and_its_settlement(rig: Rig, shop: PaidShop, till: Till, admin: Till,
                                   tmp_path_factory: pytest.TempPathFactory) -> None:
    path = "/v1/admin/merchant-plans/standard"
    plan = {"valid_from": DAY.isoformat(), "fees": {"phone": {"percent": "1.5"}},
            "settlement": {"every": "week", "weekday": 5}}
    answer = put(admin, path, plan)
    assert (answer.status_code, answer.json()["version"]) == (200, 1), answer.text
    assert put(admin, path, plan).json() == answer.json()
    assert [row["valid_from"] for row in admin.get(path).json()["data"]] == [
        DAY.isoformat(), "2000-01-01"]
    for body, where in (({"fees": {}}, ""), (plan | {"valid_from": "2026-01-01"}, "valid_from"),
                        (plan | {"fees": {"phone": {"percent": "1.23456"}}}, "fees.phone.percent"),
                        (plan | {"settlement": {"holdback_percent": "5"}},
                         "settlement.holdback_days"), (plan | {"fee": 1}, "")):
        refused = put(admin, path, body)
        assert (refused.status_code, refused.json()["where"]) == (422, where)
    assert admin.get("/v1/admin/merchant-plans/none").status_code == 404
    assert put(till, path, plan).status_code == 401
    shop.paid(2_000)
    rig.run(clear(rig.database_url, DAY, tmp_path_factory.mktemp("night")))
    [row] = till.get("/v1/settlements", **{"from": DAY.isoformat(), "to": DAY.isoformat()}
                     ).json()["data"]
    assert (row["payout_minor"], row["not_paid_because"], row["payout_date"]) == (
        0, "not_due", "2026-07-27")
    whole = till.get(f"/v1/settlements/{row['number']}", limit=1).json()
    assert whole["settlement"] == row
    assert [fee["kind"] for fee in whole["fees"]] == ["phone", "refund"]
    seen = list(whole["lines"])
    while whole["next"]:
        whole = till.get(f"/v1/settlements/{row['number']}", limit=1, after=whole["next"]).json()
        seen += whole["lines"]
    assert sum(line["amount_minor"] for line in seen) == row["gross_minor"] - row["refunds_minor"]
    assert len({line["id"] for line in seen}) == len(seen) > 1
    assert till.get("/v1/settlements", **{"from": "yesterday"}).json()["where"] == "from"
    assert till.get("/v1/settlements", since="x").status_code == 422
    assert till.get(f"/v1/settlements/{row['number']}", after="x").status_code == 422
    assert till.get("/v1/settlements/S1").status_code == 404
    assert till.get("/v1/settlements", after=row["number"]).json() == {"data": [], "next": None}
