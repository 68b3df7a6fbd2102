"""A key has one answer: over any connection, door, restart and cut-over; other content has none."""

import asyncio
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from authhost.authorize import Busy
from authhost.keys import alias_key
from authhost.model import Action, Kind
from authhost.state.client import StateUnavailable
from tests.support.portfolio import DAY
from tests.support.rig import ask, raw

CUT_OVER = "UPDATE rules SET fuel_date = $1, version = version + 1"
COUNT = "SELECT count(*) FROM journal WHERE business_date = $1"


def send(rig, request, host=None):
    return rig.run(raw(host or rig.host, request))


def cut_over(rig, to):
    rig.sql("SELECT journal_month($1)", to)
    rig.sql(CUT_OVER, to)


@pytest.mark.invariant(3)
@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("meanwhile",
                         ["nothing", "flushed", "restarted", "another_host", "cut_over"])
def test_a_repeat_gets_the_same_bytes_and_counts_once(rig, marked, meanwhile):
    card = rig.card(limits=[("day", "money", 1_500)])
    request = rig.request(Kind.SALE, card, 1_000)
    first = send(rig, request)
    host = rig.host
    if meanwhile == "flushed":
        rig.redis("FLUSHALL")
    elif meanwhile == "restarted":
        rig.restart()
        host = rig.host
    elif meanwhile == "another_host":
        host = rig.start()
    elif meanwhile == "cut_over":
        today = rig.sql("SELECT fuel_date FROM rules")[0]["fuel_date"]
        cut_over(rig, today + timedelta(days=1))
    assert send(rig, msgspec.structs.replace(request, repeat=marked), host) == first
    assert rig.taken(card.account_id) == (1_000, 0, 1)
    assert rig.sale(card, 500).action == "000"
    if host is not rig.host:
        rig.run(host.stop())


@pytest.mark.invariant(3)
def test_many_of_the_same_at_once_count_once(rig):
    card = rig.card(limits=[("day", "money", 100_000)])
    request = rig.request(Kind.SALE, card, 1_000)
    other = rig.start()

    async def storm():
        return await asyncio.gather(*(raw(host, request) for host in [rig.host, other] * 20))

    answers = rig.run(storm())
    rig.run(other.stop())
    assert len(set(answers)) == 1
    assert rig.taken(card.account_id) == (1_000, 0, 1)
    assert rig.counted(card, f"c{card.card_id}") == {"day:money": 1_000}


@pytest.mark.invariant(3)
def test_repeats_that_wait_for_a_busy_one_still_count_once(rig, monkeypatch):
    """The first ends without a row while two more wait for it: those must not run side by side."""
    card = rig.card(limits=[("day", "money", 100_000)])
    request = rig.request(Kind.SALE, card, 1_000)
    rig.sale(card, 1)
    reserve, run, calls = rig.host.accounts.reserve, rig.host.append._work.run, []

    async def once_away(*args, **how):
        calls.append(args)
        await asyncio.sleep(0.05)
        if len(calls) == 1:
            raise StateUnavailable("away for a moment")
        return await reserve(*args, **how)

    async def slowly(*args):
        await asyncio.sleep(0.2)
        return await run(*args)

    monkeypatch.setattr(rig.host.accounts, "reserve", once_away)
    monkeypatch.setattr(rig.host.append._work, "run", slowly)

    async def three():
        beside = asyncio.create_task(ask(rig.host, rig.request(Kind.OFFLINE_SALE, None, 1)))
        answers = await asyncio.gather(*(raw(rig.host, request) for _ in range(3)),
                                       return_exceptions=True)
        await beside
        return answers

    answers = rig.run(three())
    assert isinstance(answers[0], Busy)
    assert answers[1] == answers[2]
    assert [row["money"] for row in rig.journal(request.key)] == [1_000]
    assert rig.taken(card.account_id) == (1_001, 0, 2)


@pytest.mark.invariant(4)
def test_the_same_key_with_other_content_is_refused_and_the_first_stays(rig):
    card = rig.card()
    request = rig.request(Kind.SALE, card, 1_000)
    first = send(rig, request)
    other = rig.request(Kind.SALE, card, 2_000, key=request.key)
    answer = rig.ask(other)
    assert (answer.action, answer.reason) == (Action.DUPLICATE, "duplicate_with_other_content")
    assert rig.ask(msgspec.structs.replace(other, repeat=True)).action == Action.DUPLICATE
    assert send(rig, request) == first
    assert rig.taken(card.account_id) == (1_000, 0, 1)


@pytest.mark.invariant(4)
@pytest.mark.invariant(10)
def test_an_advice_with_other_content_is_parked_and_accepted(rig):
    card = rig.card()
    request = rig.request(Kind.OFFLINE_SALE, card, 1_000)
    first = send(rig, request)
    other = rig.request(Kind.OFFLINE_SALE, card, 2_000, key=request.key)
    for _ in range(2):
        answer = rig.ask(other)
        assert (answer.action, answer.reason) == ("000", "parked")
    assert len(rig.parked(request.key)) == 1
    assert send(rig, request) == first
    assert rig.taken(card.account_id) == (1_000, 0, 1)


@pytest.mark.invariant(5)
def test_a_decline_sticks_after_the_limit_was_raised(rig):
    card = rig.card(limits=[("day", "money", 500)])
    request = rig.request(Kind.SALE, card, 1_000)
    first = send(rig, request)
    rig.portfolio.set_limits(card, [("day", "money", 5_000)])
    assert send(rig, request) == first
    assert send(rig, msgspec.structs.replace(request, repeat=True)) == first
    assert rig.sale(card, 1_000).action == "000"


@pytest.mark.invariant(3)
def test_another_door_tells_the_same_decision(rig):
    card = rig.card(limits=[("day", "money", 1_500)])
    request = rig.request(Kind.SALE, card, 1_000, partial_ok=True)
    first = rig.ask(request)
    elsewhere = msgspec.structs.replace(request, door="elsewhere")
    again = rig.ask(elsewhere)
    assert (again.action, again.amount_minor, again.approval_code, again.decided_at_ms) == (
        first.action, first.amount_minor, first.approval_code, first.decided_at_ms)
    assert send(rig, elsewhere) == send(rig, elsewhere)


@pytest.mark.invariant(4)
def test_an_idempotency_key_stands_for_one_message(rig):
    card = rig.card()
    alias = alias_key("POS00001", "once")
    request = rig.request(Kind.SALE, card, 1_000, alias=alias)
    first = send(rig, request)
    assert send(rig, request) == first
    # The same content under the next sequence number is another sale.
    other = rig.request(Kind.SALE, card, 1_000, alias=alias)
    assert rig.ask(other).action == Action.DUPLICATE
    assert rig.ask(msgspec.structs.replace(other, repeat=True)).action == Action.DUPLICATE
    assert rig.taken(card.account_id) == (1_000, 0, 1)


@pytest.mark.invariant(4)
def test_two_messages_at_once_under_one_idempotency_key_are_one(rig):
    card = rig.card()
    alias = alias_key("POS00001", "at once")
    requests = [rig.request(Kind.SALE, card, 1_000, alias=alias) for _ in range(2)]
    rig.sale(card, 1)

    async def both():
        return await asyncio.gather(*(ask(rig.host, request) for request in requests))

    assert sorted(answer.action for answer in rig.run(both())) == ["000", Action.DUPLICATE]
    assert rig.taken(card.account_id) == (1_001, 0, 2)


@pytest.mark.invariant(4)
def test_a_refused_duplicate_does_not_lend_its_idempotency_key_the_first_answer(rig):
    card = rig.card()
    request = rig.request(Kind.SALE, card, 1_000, alias=alias_key("POS00001", "first"))
    rig.ask(request)
    other = rig.request(Kind.SALE, card, 2_000, key=request.key,
                        alias=alias_key("POS00001", "second"))
    for marked in (False, True, True):
        answer = rig.ask(msgspec.structs.replace(other, repeat=marked))
        assert answer.action == Action.DUPLICATE


def test_no_batch_lands_in_a_closed_day(rig):
    """Sales without end while the day is closed: what commits after the close has the new date."""
    cut_over(rig, DAY)
    card = rig.card()
    closed = DAY + timedelta(days=1)
    rig.sql("SELECT journal_month($1)", closed)

    async def load():
        connection = await asyncpg.connect(rig.database_url)
        done = asyncio.Event()

        async def sales():
            while not done.is_set():
                await ask(rig.host, rig.request(Kind.SALE, card, 1))

        workers = [asyncio.create_task(sales()) for _ in range(10)]
        await asyncio.sleep(0.1)
        await connection.execute(CUT_OVER, closed)
        before = await connection.fetchval(COUNT, DAY)
        await asyncio.sleep(0.1)
        done.set()
        await asyncio.gather(*workers)
        counts = [await connection.fetchval(COUNT, day) for day in (DAY, closed)]
        await connection.close()
        return before, *counts

    before, after, later = rig.run(load())
    assert before == after
    assert min(after, later) > 0
