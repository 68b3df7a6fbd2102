"""One merchant asks one phone so often and no more, and hides nobody else's request from it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from authhost.certificates.authority import pem
from authhost.embedded import Servers
from authhost.payments import crowding
from authhost.payments.crowding import MOST
from tests.support.merchants import Shopfront, Till, wanted
from tests.support.payments import Root, Shop
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def rig(servers: Servers, root: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    path = tmp_path_factory.mktemp("payers") / "ca.pem"
    path.write_bytes(pem(root.certificate))
    with running(servers, http=True, payer_ca=(path,)) as made:
        made.sql("INSERT INTO merchant (merchant_id, name, status, account_id) VALUES "
                 "('RIVAL', 'Rival', 'active', 900001)")
        yield made


def ask(till: Till, number: str, key: str = "") -> int:
    """The status of a request for a phone."""
    return till.post("/v1/payments", wanted(payer_phone=number), key=key).status_code


def test_one_merchants_requests_to_one_phone_are_few(front: Shopfront, till: Till,
                                                     shop: Shop) -> None:
    mine, other = shop.phone(), shop.phone()
    assert [ask(till, mine.number, f"c{number}") for number in range(MOST)] == [201] * MOST
    answer = till.post("/v1/payments", wanted(payer_phone=mine.number))
    assert (answer.status_code, answer.json()["where"]) == (409, "payer_phone")
    assert ask(till, mine.number, "c0") == 201, "a repeat is no other request"
    assert ask(till, other.number) == 201
    assert ask(front.till(merchant="RIVAL"), mine.number) == 201
    assert till.post("/v1/payments", wanted()).status_code == 201
    made = till.post("/v1/payments", wanted(payer_phone=mine.number), key="c0").json()
    assert till.post(f"/v1/payments/{made['id']}/cancellation").status_code == 200
    assert [ask(till, mine.number) for _ in range(2)] == [201, 409]


def test_at_once_they_are_as_few(front: Shopfront, till: Till, shop: Shop) -> None:
    number = shop.phone().number
    answers = front.at_once(*[("POST", "/v1/payments", {
        "json": wanted(payer_phone=number),
        "headers": {**till.headers, "Idempotency-Key": f"once-{one}"}}) for one in range(40)])
    assert sorted(answer.status_code for answer in answers) == [201] * MOST + [409] * (40 - MOST)


def test_what_ended_elsewhere_or_was_never_written_is_not_counted(
        rig: Rig, till: Till, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    number = shop.phone().number
    for _ in range(MOST):
        ask(till, number)
    rig.sql("UPDATE payment SET state = 'cancelled' WHERE payment_id IN ("
            "SELECT payment_id FROM payment WHERE payer_phone = $1 LIMIT 4)", number)
    rig.sql("UPDATE payment SET expires_at = now() WHERE payment_id IN (SELECT payment_id "
            "FROM payment WHERE payer_phone = $1 AND state = 'created' LIMIT 1)", number)
    assert [ask(till, number) for _ in range(6)] == [201] * 5 + [409]
    monkeypatch.setattr(crowding, "_ON_ITS_WAY_S", 0.1)
    unknown = shop.phone().number
    for _ in range(MOST):
        till.post("/v1/payments", wanted(payer_phone=unknown, currency="CHF"))
    time.sleep(0.2)
    assert ask(till, unknown) == 201


def test_a_host_that_has_forgotten_reads_it_again(rig: Rig, till: Till, shop: Shop) -> None:
    """As another host does: it lets in a few, until it has counted so many itself."""
    number = shop.phone().number
    for one in range(MOST):
        ask(till, number, f"other-{one}")
    crowd = rig.host.paying.notices.crowd
    crowd._waiting.clear()
    assert [ask(till, number) for _ in range(MOST + 1)] == [201] * MOST + [409]
    crowd._waiting[("SHOP", number)] = {f"somebody-{one}": 0.0 for one in range(MOST)}
    assert ask(till, number, "other-0") == 201, "a repeat, by its row"
    assert ask(till, number) == 409, "by the rows"


def test_a_phones_list_has_the_newest_of_each_merchant(rig: Rig, front: Shopfront, till: Till,
                                                       shop: Shop) -> None:
    phone = shop.phone()
    first = front.till(merchant="RIVAL").post(
        "/v1/payments", wanted(payer_phone=phone.number)).json()["id"]
    ids = []
    for _ in range(MOST + 3):
        rig.host.paying.notices.crowd._waiting.clear()
        ids.append(till.post("/v1/payments", wanted(payer_phone=phone.number)).json()["id"])
    listed = [one["id"] for one in
              front.send("GET", f"/v1/phones/{phone.number}/payments").json()]
    assert sorted(listed) == sorted([first, *ids[3:]])
