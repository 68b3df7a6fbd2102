"""Who takes nothing from whom: payers, phones and merchants that are blocked, each by its route.

What is blocked is declined from that commit on, also what was asked before, whatever views hosts
have in their memory; and it is told with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from authhost.admin.keyring import Keyring
from authhost.certificates.authority import pem
from authhost.embedded import Servers
from tests.support.merchants import Shopfront, Till, wanted
from tests.support.office import Office
from tests.support.payments import Root, Shop, Signer
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def rig(servers: Servers, root: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    path = tmp_path_factory.mktemp("payers") / "ca.pem"
    path.write_bytes(pem(root.certificate))
    with running(servers, http=True, payer_ca=(path,), phone_region="SI") as made:
        yield made


@pytest.fixture(scope="module")
def boss(rig: Rig) -> dict[str, str]:
    """An administrator's headers."""
    token = Office(rig, Keyring(rig.host._pool)).access("administrator")[1]
    return {"Authorization": f"Bearer {token}"}


def approves(rig: Rig, till: Till, phone: Signer, *, named: bool = True) -> Any:
    """What a payer's yes comes to: asked over HTTP, answered over HTTP."""
    asked = till.post("/v1/payments", wanted(**({"payer_phone": phone.number} if named else {})))
    assert asked.status_code == 201, asked.text
    return lambda: said(rig, till, phone, asked.json()["id"])


def said(rig: Rig, till: Till, phone: Signer, payment_id: str) -> tuple[str, str]:
    """(state, reason) that the phone hears."""
    asked = rig.run(rig.host.paying.payments.asked(payment_id))
    word = phone.word(asked.shown)
    answer = till.front.send("POST", f"/v1/payments/{payment_id}/word", json={
        name: getattr(word, name) for name in word.__struct_fields__})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["state"], body["reason"]


def put(till: Till, phone: str, **body: Any) -> httpx.Response:
    return till.front.send("PUT", f"/v1/blocked-phones/{phone}", json=body, headers=till.headers)


@pytest.mark.parametrize("named", [True, False])
def test_a_merchant_blocks_a_phone(rig: Rig, front: Shopfront, till: Till, shop: Shop,
                                   named: bool) -> None:
    phone = shop.phone()
    assert approves(rig, till, phone, named=named)() == ("SIGNED", "")
    before = approves(rig, till, phone, named=named)
    made = put(till, phone.number, reason="three returns")
    assert made.status_code == 200, made.text
    assert put(till, phone.number, reason="another").json() == made.json()
    assert before() == ("DECLINED", "payer_refused_by_merchant")
    [row] = [one for one in till.get("/v1/blocked-phones").json()["data"]
             if one["phone"] == phone.number]
    assert row == made.json()
    assert row["reason"] == "three returns"
    gone = till.delete(f"/v1/blocked-phones/{phone.number}")
    assert gone.status_code == 204
    assert till.delete(f"/v1/blocked-phones/{phone.number}").status_code == 404
    assert approves(rig, till, phone, named=named)() == ("SIGNED", "")
    assert [row["what"] for row in rig.sql(
        "SELECT what FROM audit WHERE subject = $1 ORDER BY id",
        f"merchant/SHOP/blocked/{phone.number}")] == [
        f"phone {phone.number} is blocked by SHOP",
        f"phone {phone.number} is blocked no more by SHOP"]


def test_it_is_that_merchants_alone(rig: Rig, front: Shopfront, till: Till, shop: Shop) -> None:
    rig.sql("INSERT INTO merchant (merchant_id, name, status, account_id) VALUES "
            "('RIVAL', 'Rival', 'active', 900001) ON CONFLICT DO NOTHING")
    rival, phone = front.till(merchant="RIVAL"), shop.phone()
    assert put(till, phone.number).status_code == 200
    assert approves(rig, rival, phone)() == ("SIGNED", "")
    assert rival.delete(f"/v1/blocked-phones/{phone.number}").status_code == 404
    assert phone.number not in rival.get("/v1/blocked-phones").text


def test_a_phone_that_is_no_payers_yet(rig: Rig, till: Till) -> None:
    assert put(till, "040 999 111").json()["phone"] == "+38640999111"
    pages, after = [], ""
    while after is not None:
        page = till.get("/v1/blocked-phones", limit=1, after=after).json()
        pages += [one["phone"] for one in page["data"]]
        after = page["next"]
    assert pages == sorted(pages)
    assert "+38640999111" in pages


@pytest.mark.parametrize(("phone", "body", "where"), [
    ("12", {}, "phone"), ("x", {}, "phone"), ("+999123456789", {}, "phone"),
    ("%00", {}, "phone"), ("040999222", {"reason": "r" * 141}, "reason"),
    ("040999222", {"reason": "a\nb"}, "reason"), ("040999222", {"why": ""}, "")])
def test_a_block_that_cannot_be_is_said_and_stores_nothing(
        rig: Rig, till: Till, phone: str, body: dict[str, Any], where: str) -> None:
    before = rig.sql("SELECT count(*) FROM merchant_blocked_phone")[0][0]
    answer = put(till, phone, **body)
    assert (answer.status_code, answer.json()["where"]) == (422, where), answer.text
    assert rig.sql("SELECT count(*) FROM merchant_blocked_phone")[0][0] == before


def test_who_may_not_ask_may_not_block(front: Shopfront) -> None:
    reader = front.till(rights=("report",))
    for answer in (put(reader, "+38640999333"), reader.get("/v1/blocked-phones"),
                   reader.delete("/v1/blocked-phones/+38640999333")):
        assert (answer.status_code, answer.json()["where"]) == (403, "payment")


def test_a_payer_refuses_a_merchant(rig: Rig, front: Shopfront, till: Till, shop: Shop,
                                    boss: dict[str, str]) -> None:
    phone = shop.phone()
    before = approves(rig, till, phone)
    path = f"/v1/admin/payers/{phone.number}/refused-merchants"

    def refuse(*merchants: str) -> httpx.Response:
        return front.send("PUT", path, json={"merchants": merchants}, headers=boss)

    assert refuse("SHOP").json()["refuses"] == ["SHOP"]
    assert before() == ("DECLINED", "merchant_refused_by_payer")
    unknown = refuse("SHOP", "NOBODY")
    assert (unknown.status_code, unknown.json()["where"]) == (422, "merchants")
    assert refuse().json()["refuses"] == []
    assert approves(rig, till, phone)() == ("SIGNED", "")


def test_the_operator_blocks_a_payer(rig: Rig, front: Shopfront, till: Till, shop: Shop,
                                     boss: dict[str, str]) -> None:
    phone = shop.phone()
    before = approves(rig, till, phone)
    path = f"/v1/admin/payers/{phone.number}"
    headers = {**boss, "Idempotency-Key": "block"}
    assert front.send("POST", f"{path}/block", headers=headers).json()["status"] == "blocked"
    assert before() == ("DECLINED", "payer_blocked")
    assert front.send("POST", f"{path}/unblock", headers=headers).json()["status"] == "active"
    assert approves(rig, till, phone)() == ("SIGNED", "")


def test_the_operator_blocks_a_merchant(rig: Rig, front: Shopfront, shop: Shop,
                                        boss: dict[str, str]) -> None:
    rig.sql("INSERT INTO merchant (merchant_id, name, status, account_id) VALUES "
            "('FLOWERS', 'Flowers', 'active', 900001) ON CONFLICT DO NOTHING")
    till, phone = front.till(merchant="FLOWERS"), shop.phone()
    before = approves(rig, till, phone)

    def become(status: str) -> None:
        answer = front.send("PATCH", "/v1/admin/merchants/FLOWERS", json={"status": status},
                            headers={**boss, "If-Match": "*"})
        assert answer.status_code == 200, answer.text

    become("blocked")
    assert before() == ("DECLINED", "merchant_blocked")
    asked = till.post("/v1/payments", wanted())
    assert asked.status_code in {401, 403}, asked.text
    become("active")
