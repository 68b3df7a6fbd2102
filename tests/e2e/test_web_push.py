"""Phones that are woken: over TLS, by a push service that checks who sends, read by a browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from authhost.payments.life import State
from authhost.payments.model import Asked
from authhost.payments.ports import Told
from authhost.push import bounds
from authhost.push.pushing import Pushing
from authhost.push.subscription import read_subscription
from authhost.push.vapid import Vapid
from authhost.push.web_push import Came, WebPush
from authhost.webhooks.outgoing import Outgoing
from tests.support.hearing import Heard, Reply
from tests.support.payments import Shop, Signer
from tests.support.push_server import Browser, PushServer
from tests.support.rig import Rig


class Waking:
    """A push service, and a host that wakes by it. here: phones with an open stream."""

    def __init__(self, rig: Rig, directory: Path) -> None:
        self.rig = rig
        self.clock = rig.settings.clock
        self.vapid = Vapid(ec.generate_private_key(ec.SECP256R1()), "mailto:operator@example.com")
        self.server = PushServer(directory, self.vapid.public)
        rig.run(self.server.hearing.listen())
        self.outgoing = Outgoing(self.server.hearing.trusted, allow_private=True,
                                 look_up=_this_machine)
        self.push = WebPush(self.outgoing, self.vapid, self.clock.real_now_us)
        self.pool: asyncpg.Pool = rig.run(_pool(rig.database_url))
        self.here: set[str] = set()
        self.pushing = Pushing(self.pool, self.clock, self.push, self.here.__contains__,
                               allow_private=True)

    def close(self) -> None:
        """All of it."""
        self.rig.run(self.pushing.close())
        self.rig.run(self.outgoing.close())
        self.rig.run(self.server.hearing.close())
        self.rig.run(self.pool.close())

    def subscribe(self, phone: Signer) -> Browser:
        """The phone's browser, known to the host."""
        browser = self.server.subscribe()
        self.rig.sql("UPDATE payer SET push = $2::text::jsonb WHERE phone = $1", phone.number,
                     browser.told)
        return browser

    def subscribed(self, phone: Signer) -> Any:
        """What the host knows."""
        return self.rig.sql("SELECT push FROM payer WHERE phone = $1", phone.number)[0][0]

    def tell(self, *tolds: Told) -> None:
        """Tell the host, and wait until nobody is being woken."""
        self.rig.run(self._tell(tolds))

    async def _tell(self, tolds: tuple[Told, ...]) -> None:
        for told in tolds:
            self.pushing.tell(told)
        await asyncio.gather(*self.pushing._tasks.values(), return_exceptions=True)


@pytest.fixture
def waking(rig: Rig, tmp_path: Path) -> Iterator[Waking]:
    made = Waking(rig, tmp_path)
    yield made
    made.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PAUSES_S", (0.02, 0.03, 0.04))


def created(asked: Asked, state: State = State.CREATED, **more: Any) -> Told:
    """As the story tells it."""
    return Told(msgspec.structs.replace(asked, **more), state, "", 0, asked.payer_phone)


def one_after_another(*answers: int | Reply) -> Callable[[Any], int | Reply]:
    """The push service says these, and the last for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def test_a_payment_that_waits_wakes_its_phone(shop: Shop, waking: Waking) -> None:
    phone = shop.phone()
    browser = waking.subscribe(phone)
    asked = shop.ask(phone, amount=98_765)
    waking.tell(created(asked))
    assert waking.server.refused == []
    [pushed] = waking.server.taken
    assert pushed.browser is browser
    assert json.loads(pushed.payload) == {"payment": asked.payment_id}
    assert (pushed.headers["urgency"], pushed.headers["topic"]) == ("high", asked.payment_id)
    assert 170 <= int(pushed.headers["ttl"]) <= 180
    [heard] = waking.server.hearing.heard
    assert b"98765" not in heard.body


def test_who_is_here_or_has_no_subscription_is_not_woken(shop: Shop, waking: Waking) -> None:
    here, without, blocked, stranger = (shop.phone() for _ in range(4))
    for phone in (here, blocked):
        waking.subscribe(phone)
    shop.rig.sql("UPDATE payer SET status = 'blocked' WHERE phone = $1", blocked.number)
    waking.here.add(here.number)
    tolds = [created(shop.ask(phone)) for phone in (here, without, blocked)]
    asked = shop.ask(stranger)
    tolds += [created(asked, state) for state in State if state is not State.CREATED]
    waking.tell(*tolds, created(shop.ask()))
    assert waking.server.hearing.heard == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_has_ended_is_forgotten(
        shop: Shop, waking: Waking, status: int) -> None:
    phone = shop.phone()
    waking.subscribe(phone)
    waking.server.answer = lambda _: status
    waking.tell(created(shop.ask(phone)))
    assert waking.subscribed(phone) is None
    waking.tell(created(shop.ask(phone)))
    assert len(waking.server.hearing.heard) == 1


def test_one_that_is_made_meanwhile_stays(shop: Shop, waking: Waking) -> None:
    phone = shop.phone()
    waking.subscribe(phone)
    stale = waking.subscribed(phone)
    waking.subscribe(phone)
    shop.rig.run(waking.pushing._end(phone.number, stale))
    assert waking.subscribed(phone) is not None
    waking.tell(created(shop.ask(phone)))
    assert len(waking.server.taken) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_is_busy_is_asked_again(shop: Shop, waking: Waking, status: int) -> None:
    phone = shop.phone()
    waking.subscribe(phone)
    waking.server.answer = one_after_another(status, status, 201)
    waking.tell(created(shop.ask(phone)))
    assert (len(waking.server.taken), len(waking.server.hearing.heard)) == (1, 3)
    waking.server.answer = one_after_another(status)
    waking.tell(created(shop.ask(phone)))
    assert len(waking.server.hearing.heard) == 3 + len(bounds.PAUSES_S) + 1
    assert waking.subscribed(phone) is not None


@pytest.mark.usefixtures("quick")
def test_what_is_too_large_is_sent_empty(shop: Shop, waking: Waking) -> None:
    phone = shop.phone()
    waking.subscribe(phone)
    waking.server.answer = lambda heard: 413 if heard.body else 201
    waking.tell(created(shop.ask(phone)))
    assert [pushed.payload for pushed in waking.server.taken] == [b""]


@pytest.mark.usefixtures("quick")
def test_nobody_is_woken_for_what_is_over(shop: Shop, waking: Waking) -> None:
    phone = shop.phone()
    waking.subscribe(phone)
    waking.server.answer = one_after_another(Reply(429, (("Retry-After", "100000"),)), 201)
    asked = shop.ask(phone)
    waking.tell(created(asked))
    over = waking.clock.now() - timedelta(seconds=1)
    waking.tell(created(asked, expires_at=over))
    assert (len(waking.server.hearing.heard), waking.server.taken) == (1, [])


def test_an_answer_ends_the_waking(shop: Shop, waking: Waking) -> None:
    phone = shop.phone()
    waking.subscribe(phone)
    waking.server.answer = lambda _: 500
    asked = shop.ask(phone)

    async def answered() -> None:
        waking.pushing.tell(created(asked))
        while not waking.server.hearing.heard:  # noqa: ASYNC110  # the server has no event
            await asyncio.sleep(0.01)
        waking.pushing.tell(created(asked, State.SENT))
        assert waking.pushing.depth == 1
        waking.pushing.tell(created(asked, State.CANCELLED))
        await asyncio.sleep(0.05)

    shop.rig.run(answered())
    assert (waking.pushing.depth, len(waking.server.hearing.heard)) == (0, 1)


def test_beyond_its_bound_phones_fetch_by_themselves(
        shop: Shop, waking: Waking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MESSAGES", 2)
    phone = shop.phone()
    waking.subscribe(phone)
    waking.tell(*(created(shop.ask(phone)) for _ in range(3)))
    assert (len(waking.server.taken), waking.pushing.outcomes["dropped"]) == (2, 1)


def test_a_service_that_hangs_leaves_the_others_room(
        shop: Shop, waking: Waking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PER_SERVICE", 1)
    phone = shop.phone()
    waking.subscribe(phone)
    freed, reply = asyncio.Event(), waking.server.hearing.reply

    async def hangs(heard: Heard) -> Reply:
        await freed.wait()
        return await reply(heard)

    waking.server.hearing.reply = hangs
    tolds = [created(shop.ask(phone)) for _ in range(3)]

    async def told() -> None:
        for one in tolds:
            waking.pushing.tell(one)
        while waking.pushing.depth > 1:  # noqa: ASYNC110  # the others are dropped
            await asyncio.sleep(0.01)
        freed.set()

    shop.rig.run(told())
    waking.tell()
    assert (len(waking.server.taken), waking.pushing.outcomes["dropped"]) == (1, 2)


def test_a_service_that_says_later_keeps_no_places(
        shop: Shop, waking: Waking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it say for how long: a minute at most."""
    monkeypatch.setattr(bounds, "MESSAGES", 2)
    monkeypatch.setattr(bounds, "ASKED_PAUSE_S", 1)
    monkeypatch.setattr(bounds, "PAUSES_S", (0.01, 0.01))
    others, mine = shop.phone(), shop.phone()
    waking.subscribe(others)
    waking.subscribe(mine)
    waking.server.answer = one_after_another(
        *[Reply(503, (("Retry-After", "80000"),))] * 2, 201)
    asks = [shop.ask(others, expires_in_s=86_400) for _ in range(2)]
    theirs, my = [created(one) for one in asks], created(shop.ask(mine))

    async def told() -> None:
        for one in theirs:
            waking.pushing.tell(one)
        while len(waking.server.hearing.heard) < 2:  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        waking.pushing.tell(my)
        await asyncio.sleep(0.5)
        assert len(waking.server.taken) == 1, "there is no place for it"

    shop.rig.run(told())
    waking.tell()
    assert len(waking.server.taken) == 3


@pytest.mark.parametrize("bound", ["LATER", "LATER_PER_SERVICE"])
def test_those_that_wait_for_another_try_are_few(
        shop: Shop, waking: Waking, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(bounds, "PAUSES_S", (0.2,))
    monkeypatch.setattr(bounds, bound, 1)
    phone = shop.phone()
    waking.subscribe(phone)
    waking.server.answer = one_after_another(503, 503, 201)
    waking.tell(*(created(shop.ask(phone)) for _ in range(2)))
    assert (len(waking.server.taken), waking.pushing.outcomes["dropped"]) == (1, 1)


def test_one_phone_has_few_messages_on_their_way(
        shop: Shop, waking: Waking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PER_PHONE", 2)
    one, other = shop.phone(), shop.phone()
    waking.subscribe(one)
    waking.subscribe(other)
    waking.tell(*(created(shop.ask(phone)) for phone in (one, one, one, other)))
    assert (len(waking.server.taken), waking.pushing.outcomes["dropped"]) == (3, 1)
    waking.tell(created(shop.ask(one)))
    assert len(waking.server.taken) == 4


def test_what_is_stored_and_is_no_subscription_is_forgotten(shop: Shop, waking: Waking) -> None:
    phone = shop.phone()
    shop.rig.sql("UPDATE payer SET push = '{\"endpoint\": 1}' WHERE phone = $1", phone.number)
    waking.tell(created(shop.ask(phone)))
    assert waking.subscribed(phone) is None


def test_a_sender_that_the_browser_did_not_subscribe_for_is_refused(
        shop: Shop, waking: Waking) -> None:
    """Which shows that the service looks: another key, another service's token, an old one."""
    browser = waking.server.subscribe()
    to = read_subscription(browser.told, allow_private=True)
    other = Vapid(ec.generate_private_key(ec.SECP256R1()), "https://example.com")
    real_now_us = waking.clock.real_now_us
    outcomes = [shop.rig.run(WebPush(waking.outgoing, other, real_now_us).send(to, b"x", 60)),
                shop.rig.run(WebPush(waking.outgoing, waking.vapid, lambda: 0).send(to, b"x", 60))]
    assert [one.came for one in outcomes] == [Came.REFUSED, Came.REFUSED]
    assert waking.server.refused == ["vapid: another sender", "vapid: exp"]
    assert shop.rig.run(waking.push.send(to, b"x", 60)).came is Came.SENT


async def _this_machine(_: str, __: int) -> list[str]:
    return ["127.0.0.1"]


async def _pool(url: str) -> asyncpg.Pool:
    return await asyncpg.create_pool(url, min_size=1, max_size=2)
