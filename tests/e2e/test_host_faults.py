"""Valkey emptied or away, PostgreSQL away, commits whose result is lost, too much at once."""

import asyncio
from contextlib import contextmanager

import msgspec
import pytest

from authhost import limits
from authhost.asks import Ask
from authhost.authorize import Busy, Silence
from authhost.journal.lane import Lane
from authhost.model import Action, Kind
from authhost.packing import encode
from authhost.states import State
from tests.support.rig import approved, many


@contextmanager
def away(server):
    """The server stops and comes back; Valkey with nothing in its memory."""
    server.kill()
    try:
        yield
    finally:
        server.run()


@pytest.mark.invariant(12)
@pytest.mark.parametrize("loss", ["FLUSHALL", "DEL"])
def test_a_state_that_is_lost_approves_nothing_more(rig, loss):
    card = rig.card(limits=[("day", "money", 1_000), ("month", "volume", 9_000)],
                    account_limits=[("week", "count", 4)], vehicle=[("total", "money", 950)])
    rig.sale(card, 600, volume_ml=500)
    held = rig.request(Kind.PREAUTHORIZATION, card, 200)
    rig.ask(held)
    rig.ask(rig.about(Kind.COMPLETION, held, 100, card))
    before = [rig.counted(card, field) for field in ("a", f"c{card.card_id}")]
    rig.redis(*(["DEL", f"{{{card.account_id}}}"] if loss == "DEL" else ["FLUSHALL"]))
    assert rig.sale(card, 400).reason == "limit:vehicle:total:money"
    assert [rig.counted(card, field) for field in ("a", f"c{card.card_id}")] == before
    assert rig.sale(card, 250).action == "000"
    assert rig.sale(card, 1).reason == "limit:vehicle:total:money"


@pytest.mark.invariant(12)
def test_a_state_that_is_lost_again_and_again_under_load_never_lets_a_limit_pass(rig):
    card = rig.card(limits=[("day", "money", 3_000)])
    other = rig.start()

    async def storm():
        async def lose():
            for _ in range(15):
                await asyncio.sleep(0.02)
                await rig.host.state.call("DEL", f"{{{card.account_id}}}")
        losing = asyncio.create_task(lose())
        requests = [rig.request(Kind.SALE, card, 100) for _ in range(100)]
        answers = await many([rig.host, other], requests)
        await losing
        return answers

    answers = rig.run(storm())
    rig.run(other.stop())
    assert rig.taken(card.account_id)[0] <= 3_000
    assert len(approved(answers)) * 100 <= 3_000


@pytest.mark.invariant(9)
def test_the_commit_itself_refuses_what_comes_after_its_deadline(rig):
    card = rig.card(limits=[("day", "money", 1_000)])
    request = rig.request(Kind.SALE, card, 1_000, deadline_us=rig.settings.clock.real_now_us() - 1)
    with pytest.raises(Silence):
        rig.ask(request)
    assert rig.sql("SELECT state FROM claim WHERE key = $1", request.key)[0]["state"] == State.LATE
    assert rig.taken(card.account_id) == (0, 0, 0)
    again = rig.ask(rig.request(Kind.SALE, card, 1_000, key=request.key))
    assert again.action == Action.TIMED_OUT
    # What was reserved for it is given back at once, not after a minute.
    assert rig.sale(card, 1_000).action == "000"


@pytest.mark.invariant(6)
def test_a_commit_whose_result_is_lost_is_found_out(rig):
    """Backends are killed in the midst of commits; the counters must still be what was posted."""
    cards = [rig.card(limits=[("total", "money", 10**9)]) for _ in range(4)]
    requests = [rig.request(Kind.SALE, cards[number % 4], 100) for number in range(800)]

    async def storm():
        async def kill():
            async with rig.host._pool.acquire() as connection:
                for _ in range(12):
                    await asyncio.sleep(0.03)
                    await connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                        "application_name = 'authhost' AND datname = current_database()")
        killing = asyncio.create_task(kill())
        answers = []
        for start in range(0, 800, 100):
            answers += await many([rig.host], requests[start:start + 100])
        await killing
        return answers

    answers = rig.run(storm())
    assert all(answer.action == "000" for answer in answers)
    rows = rig.sql("SELECT key, approval_code FROM journal WHERE key = ANY ($1)",
                   [request.key for request in requests])
    assert {row["key"]: row["approval_code"] for row in rows} == {
        request.key: answer.approval_code
        for request, answer in zip(requests, answers, strict=True)}
    assert len(rows) == 800
    for card in cards:
        assert rig.taken(card.account_id) == (20_000, 0, 200)
        assert rig.counted(card, f"c{card.card_id}") == {"total:money": 20_000}


@pytest.mark.invariant(6)
@pytest.mark.invariant(1)
@pytest.mark.parametrize("kind", [Kind.SALE, Kind.COMPLETION])
def test_a_row_that_was_committed_before_its_connection_broke_stays_counted(rig, monkeypatch, kind):
    card = rig.card(limits=[("total", "money", 1_000)], account_limits=[("total", "money", 5_000)])
    held = rig.request(Kind.PREAUTHORIZATION, card, 100)
    rig.ask(held)
    lane: Lane = rig.host.append if kind is Kind.SALE else rig.host.settle
    run = lane._work.run

    async def committed_but_unknown(connection, items):
        await run(connection, items)
        monkeypatch.undo()
        raise ConnectionResetError("after the commit, before its result")

    monkeypatch.setattr(lane._work, "run", committed_but_unknown)
    request = rig.request(kind, card, 900) if kind is Kind.SALE \
        else rig.about(kind, held, 1_000, card)
    assert rig.ask(request).action == "000"
    assert rig.taken(card.account_id)[0] == 1_000
    assert rig.sale(card, 1).reason == "limit:card:total:money"
    assert rig.counted(card, f"c{card.card_id}") == {"total:money": 1_000}


@pytest.mark.invariant(13)
def test_without_valkey_nothing_is_reserved_and_the_answer_is_busy(rig):
    card = rig.card(limits=[("day", "money", 1_000)])
    assert rig.sale(card, 600).action == "000"
    with away(rig.servers.valkey):
        request = rig.request(Kind.SALE, card, 100)
        with pytest.raises((Busy, Silence)):  # the connection's end, then no other
            rig.ask(request)
        with pytest.raises(Busy):
            rig.ask(request)
        assert not rig.run(rig.host.ready())
        assert rig.journal(request.key) == []
    assert rig.sale(card, 401).reason == "limit:card:day:money"
    assert rig.ask(request).action == "000"
    assert rig.taken(card.account_id) == (700, 0, 2)


@pytest.mark.invariant(2)
@pytest.mark.invariant(13)
def test_without_postgresql_nothing_is_approved_and_what_was_stays(rig):
    card = rig.card(limits=[("day", "money", 1_000)])
    kept = rig.request(Kind.SALE, card, 600)
    first = rig.ask(kept)
    with away(rig.servers.postgres):
        now_us = rig.settings.clock.real_now_us()
        lost = rig.request(Kind.SALE, card, 100, deadline_us=now_us + 700_000)
        with pytest.raises((Busy, Silence)):
            rig.ask(lost)
        assert not rig.run(rig.host.ready())
    assert rig.ask(kept) == first
    assert rig.sale(card, 401).reason == "limit:card:day:money"
    assert rig.taken(card.account_id) == (600, 0, 1)


def test_an_orphan_of_another_time_makes_the_account_sum_again(rig):
    """A reservation that no row ever followed holds for a minute, then the journal is asked."""
    card = rig.card(limits=[("day", "money", 1_000)])
    rig.sale(card, 100)
    rig.run(rig.host.accounts.flush_settled())
    view = rig.run(rig.host.views.card(card.ref.pan_hmac))
    rig.run(rig.host.accounts.reserve(card.account_id, view.fence, view.packed, Ask(money=900),
                                      site="S1"))
    assert rig.sale(card, 500).reason == "limit:card:day:money"
    fence, server, last_ms, number, reservations = _meta(rig, card)
    old = {key: value - limits.OPEN_RESERVATION_MS - 1 for key, value in reservations.items()}
    rig.redis("HSET", f"{{{card.account_id}}}", "m", encode([fence, server, last_ms, number, old]))
    assert rig.sale(card, 500).action == "000"


def test_what_has_its_row_is_told_even_when_a_field_had_to_be_filled(rig):
    """A card's first sale asks twice; what was settled before it must not be forgotten."""
    first = rig.card(limits=[("day", "money", 1_000)])
    second = rig.card(account=first.account_id, limits=[("day", "money", 1_000)])
    assert rig.sale(first, 100).action == "000"
    assert rig.sale(second, 100).action == "000"
    rig.run(rig.host.accounts.flush_settled())
    assert not _meta(rig, first)[4]


def _meta(rig, card):
    packed = rig.redis("HGET", f"{{{card.account_id}}}", "m")
    return msgspec.msgpack.decode(packed, strict=False)
