"""Webhooks, told to a real server over TLS: signatures, tries, order, keys, and who hangs."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from authhost.payments.bodies import said_at
from authhost.webhooks import bounds
from authhost.webhooks.outbox import Note
from tests.support.hearing import Heard, Reply
from tests.support.payments import Shop
from tests.support.rig import Rig
from tests.support.webhook_shop import SECRET, WebhookShop, verified

THREE_DAYS_S = 3 * 24 * 3_600


@pytest.fixture
def shop(rig: Rig, tmp_path: Path) -> Iterator[WebhookShop]:
    made = WebhookShop(rig, tmp_path)
    yield made
    made.close()


def answers(shop: WebhookShop, *statuses: int, **headers: str) -> None:
    """The server says these, one after another, and then the last for ever."""
    left = list(statuses)

    async def reply(_: Heard) -> Reply:
        return Reply(left.pop(0) if len(left) > 1 else left[0], tuple(headers.items()))

    shop.server.reply = reply


def test_a_payment_is_told_signed_as_it_becomes(rig: Rig, shop: WebhookShop) -> None:
    payments = Shop(rig)
    phone = payments.phone()
    asked = payments.ask(phone, callback_url=shop.url())
    payments.say(asked, phone.word(asked.shown))
    rig.run(payments.payments.paid(asked, phone.account_id, "ACSC"))
    shop.until(lambda: len(shop.server.heard) == 2)
    payments.close()
    contents = [verified(heard, SECRET) for heard in shop.server.heard]
    assert [(one["id"], one["state"], one["version"]) for one in contents] == [
        (asked.payment_id, "SIGNED", 2), (asked.payment_id, "CAPTURED", 3)]
    first = shop.server.heard[0]
    assert (first.method, first.path, first.server_name) == ("POST", "/hook", "shop.example")
    assert first.headers["content-type"] == "application/json"
    assert abs(int(first.headers["webhook-timestamp"]) - time.time()) < 10


def test_a_try_that_fails_is_tried_again_under_its_id(shop: WebhookShop) -> None:
    answers(shop, 500, 302, 404, 200)
    webhook, _ = shop.due()
    pauses = []
    for tries, said in ((1, "500"), (2, "302"), (3, "404")):
        row = shop.told(webhook)
        assert (row["state"], row["tries"], row["last_said"]) == ("waiting", tries, said)
        pauses.append(round((row["next_at"] - shop.clock.now()).total_seconds() + .5))
        shop.clock.leap_ms(bounds.PAUSES_S[tries - 1] * 1_000)
    assert pauses == [5, 30, 120]
    row = shop.told(webhook)
    assert (row["state"], row["tries"], row["last_said"], row["next_at"]) == (
        "told", 4, "200", None)
    assert {heard.headers["webhook-id"] for heard in shop.server.heard} == {f"wh_{webhook}"}
    for heard in shop.server.heard:
        verified(heard, SECRET)


def test_after_three_days_it_is_dead_and_the_next_version_is_told(shop: WebhookShop) -> None:
    answers(shop, 500)
    webhook, payment = shop.due(version=2)
    later, _ = shop.due(version=3, payment=payment)
    began = shop.clock.now()
    while (row := shop.told(webhook))["state"] == "waiting":
        assert shop.row(later)["tries"] == 0, "it waits for the one before it"
        shop.clock.leap_ms(round((row["next_at"] - shop.clock.now()).total_seconds() * 1_000) + 1)
    assert (row["state"], row["tries"], row["next_at"]) == ("dead", len(bounds.PAUSES_S) + 1, None)
    lasted_s = (shop.clock.now() - began).total_seconds()
    assert THREE_DAYS_S * .9 < lasted_s < THREE_DAYS_S
    answers(shop, 200)
    assert shop.told(later)["state"] == "told"


def test_versions_of_a_payment_are_told_in_their_order(shop: WebhookShop) -> None:
    answers(shop, 500, 200)
    _, payment = shop.due(version=4)
    for version in (2, 3):
        shop.due(version=version, payment=payment)
    other, _ = shop.due(version=9)
    shop.until(lambda: len(shop.server.heard) >= 2)  # the other payment waits for nobody
    assert shop.row(other)["tries"] == 1
    shop.clock.leap_ms(6_000)
    shop.until(lambda: len(shop.server.heard) >= 5)
    told = [verified(heard, SECRET) for heard in shop.server.heard]
    assert [one["version"] for one in told if one["id"] == payment][-3:] == [2, 3, 4]


def test_gone_ends_the_url_and_a_retry_opens_it_again(shop: WebhookShop) -> None:
    answers(shop, 410, 200)
    first, _ = shop.due()
    assert shop.told(first)["state"] == "dead"
    second, _ = shop.due()
    elsewhere, _ = shop.due(url=shop.url(path="/other"))
    assert (shop.told(second)["state"], shop.told(elsewhere)["state"]) == ("dead", "told")
    assert [heard.path for heard in shop.server.heard] == ["/hook", "/other"], "not asked again"
    letters = shop.rig.run(shop.desk.dead("SHOP", 0, 10))
    assert [(one.id, one.last_said) for one in letters] == [
        (f"wh_{first}", "410"), (f"wh_{second}", "410")]
    assert shop.rig.run(shop.desk.dead("OTHER", 0, 10)) == []
    letter = shop.rig.run(shop.desk.retry("SHOP", f"wh_{first}"))
    assert (letter.state, letter.tries) == ("waiting", 0)
    third, _ = shop.due()
    assert (shop.told(first)["state"], shop.told(third)["state"]) == ("told", "told")
    assert shop.rig.run(shop.desk.retry("SHOP", f"wh_{first}")).state == "told", "it stays told"


def test_retry_after_is_heeded(shop: WebhookShop) -> None:
    answers(shop, 429, **{"Retry-After": "90"})
    webhook, _ = shop.due()
    row = shop.told(webhook)
    assert 80 < (row["next_at"] - shop.clock.now()).total_seconds() <= 90


def test_who_dies_after_the_post_has_told_and_another_tells_again(
        shop: WebhookShop, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook, _ = shop.due()

    async def dies(_: list[Note]) -> None:
        await asyncio.sleep(3_600)

    monkeypatch.setattr(shop.telling._outbox, "note", dies)
    monkeypatch.setattr(bounds, "DRAIN_S", 0)
    shop.until(lambda: shop.server.heard)
    assert shop.row(webhook)["state"] == "waiting"
    other = shop.another()
    shop.rig.run(_looks(other))
    assert len(shop.server.heard) == 1, "the lease holds"
    shop.clock.leap_ms(bounds.LEASE_S * 1_000)
    assert shop.told(webhook, other)["state"] == "told"
    assert [heard.headers["webhook-id"] for heard in shop.server.heard] == [f"wh_{webhook}"] * 2


async def _looks(telling: object) -> None:
    assert await telling.look() == 0  # type: ignore[attr-defined]


def test_several_hosts_tell_each_once(shop: WebhookShop) -> None:
    ids = [shop.due()[0] for _ in range(60)]
    hosts = [shop.another() for _ in range(3)]
    shop.until(lambda: len(shop.server.heard) >= 60, *hosts)
    assert sorted(heard.headers["webhook-id"] for heard in shop.server.heard) == sorted(
        f"wh_{one}" for one in ids)


def test_who_hangs_holds_up_nobody_else(shop: WebhookShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "AT_ONCE", 24)
    monkeypatch.setattr(bounds, "MOST", 48)
    monkeypatch.setattr(bounds, "SLOW_AT_ONCE", 30)
    monkeypatch.setattr(bounds, "SLOW_S", 0.3)
    monkeypatch.setattr(bounds, "ANSWER_S", 8.0)
    monkeypatch.setattr(bounds, "DRAIN_S", 0)
    hanging = asyncio.Event()
    most = 0

    async def reply(heard: Heard) -> Reply:
        nonlocal most
        if heard.path.startswith("/hang"):
            most = max(most, sum(one.path == heard.path for one in shop.server.heard))
            await hanging.wait()
        return Reply()

    shop.server.reply = reply
    merchants = [f"HANG{number}" for number in range(35)]
    for merchant in merchants:
        shop.key(merchant)
        for _ in range(3):
            shop.due(merchant=merchant, url=shop.url("slow.example", f"/hang{merchant}"))
    quick = [shop.due()[0] for _ in range(40)]
    began = time.monotonic()
    shop.until(lambda: sum(one.path == "/hook" for one in shop.server.heard) >= len(quick))
    assert time.monotonic() - began < 4, "before the first of those that hang has timed out"
    assert most == 1, "of one that has never answered"


def test_the_old_key_signs_for_a_day_and_then_no_more(shop: WebhookShop) -> None:
    key = shop.rig.run(shop.desk.new_key("SHOP", "rotation-1"))
    assert shop.rig.run(shop.desk.new_key("SHOP", "rotation-1")) == key, "the same request again"
    new = _secret(key.secret)
    shop.told(shop.due()[0])
    verified(shop.server.heard[-1], SECRET, new)
    listed = shop.rig.run(shop.desk.keys("SHOP"))
    assert [(one.id, one.secret, one.ended_at is None) for one in listed] == [
        (key.id, "", True), ("k1", "", False)]
    shop.clock.leap_ms(bounds.ROTATION_S * 1_000)
    shop.told(shop.due()[0])
    verified(shop.server.heard[-1], new)
    with pytest.raises(AssertionError, match="no signature"):
        verified(shop.server.heard[-1], SECRET)
    assert [one.id for one in shop.rig.run(shop.desk.keys("SHOP"))] == [key.id]


def test_without_a_key_it_waits_for_one(shop: WebhookShop) -> None:
    shop.rig.sql("DELETE FROM webhook_key")
    webhook, _ = shop.due()
    row = shop.told(webhook)
    assert row["state"] == "waiting"
    assert row["last_said"].startswith("no key")
    key = shop.rig.run(shop.desk.new_key("SHOP", "first"))
    assert shop.told(webhook)["state"] == "told"
    verified(shop.server.heard[0], _secret(key.secret))


def _secret(text: str) -> bytes:
    return base64.b64decode(text.removeprefix("whsec_"))


def test_instants_are_in_utc_whatever_zone_the_database_is_in(rig: Rig, shop: WebhookShop) -> None:
    [name] = rig.sql("SELECT current_database() AS name")[0]
    rig.sql(f"ALTER DATABASE {name} SET timezone TO 'Asia/Kathmandu'")
    payments = Shop(rig)  # its connections are new
    try:
        phone = payments.phone()
        asked = payments.ask(phone, callback_url=shop.url(), key="in Kathmandu")
        payments.say(asked, phone.word(asked.shown))
        rig.run(payments.payments.paid(asked, phone.account_id, "ACSC"))
    finally:
        payments.close()
        rig.sql(f"ALTER DATABASE {name} RESET timezone")
    rows = rig.sql("SELECT w.content, c.at FROM webhook w JOIN payment_change c"
                   " USING (payment_id, version) WHERE payment_id = $1", asked.payment_id)
    assert len(rows) == 2
    for row in rows:
        assert json.loads(row["content"])["changed_at"] == said_at(row["at"].astimezone(UTC))


def test_what_was_told_is_forgotten_after_its_days_and_what_is_dead_is_not(
        rig: Rig, shop: WebhookShop) -> None:
    answers(shop, 200)
    young, old, dead = (shop.due()[0] for _ in range(3))
    shop.until(lambda: len(shop.server.heard) == 3)
    now = rig.settings.clock.now()
    rig.sql("UPDATE webhook SET state = 'dead' WHERE webhook_id = $1", dead)
    for webhook, hours in ((young, -1), (old, 1), (dead, 9_999)):
        rig.sql("UPDATE webhook SET told_at = $2 WHERE webhook_id = $1", webhook,
                now - timedelta(days=bounds.KEPT_DAYS, hours=hours))
    [chore] = [work for every_s, work in rig.host.paying.chores() if every_s == bounds.FORGET_S]
    rig.run(chore())
    assert {row["webhook_id"] for row in rig.sql(
        "SELECT webhook_id FROM webhook WHERE webhook_id = ANY ($1::bigint[])",
        [young, old, dead])} == {young, dead}
