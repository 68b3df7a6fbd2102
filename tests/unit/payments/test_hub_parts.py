"""Listeners by name, and what is gathered: the hub's parts, without any server."""

from __future__ import annotations

import asyncio

import pytest

from authhost.journal.entry import JournalUnavailable
from authhost.payments.gathering import Gathering
from authhost.payments.topics import Subscription, Topics


class Ear:
    """Remembers."""

    def __init__(self):
        self.heard = []
        self.is_cut = False

    def put(self, piece):
        self.heard.append(piece)
        return not self.is_cut

    def cut(self):
        self.is_cut = True


def test_a_name_has_one_listener_or_more():
    topics = Topics(3)
    first, second = Ear(), Ear()
    assert topics.of("a") == topics.of(None) == ()
    topics.add("a", first)
    assert (topics.of("a"), "a" in topics, "b" in topics, len(topics)) == ((first,), True, False, 1)
    topics.add("a", second)
    assert topics.of("a") == (first, second)
    topics.remove("a", first)
    assert topics.of("a") == (second,)
    topics.remove("a", first)
    topics.remove("a", second)
    topics.remove("a", second)
    assert (topics.of("a"), len(topics)) == ((), 0)


@pytest.mark.invariant(16)
def test_the_oldest_makes_room():
    topics = Topics(2)
    ears = [Ear() for _ in range(4)]
    for ear in ears:
        topics.add("a", ear)
    assert topics.of("a") == tuple(ears[2:])
    assert [ear.is_cut for ear in ears] == [True, True, False, False]
    topics.remove("a", ears[0])  # its connection has ended by now
    assert topics.of("a") == tuple(ears[2:])


def test_a_subscription_tells_that_it_has_begun():
    topics, begun, ear = Topics(2), [], Ear()
    subscription = Subscription(topics, "a", lambda name: begun.append((name, topics.of(name))))
    subscription.begin(ear)
    assert begun == [("a", (ear,))]
    subscription.end(ear)
    assert "a" not in topics


def gathered(work, **more):
    return Gathering("test", work, **{"most": 10, "at_once": 4, **more})


def test_what_comes_in_one_turn_is_one_round():
    rounds = []

    async def work(values):
        rounds.append(dict(values))
        await asyncio.sleep(0.01)

    async def story():
        gathering = gathered(work)
        for number in range(3):
            gathering.put(number, "first")
        gathering.put(1, "second")
        gathering.drop(2)
        await asyncio.sleep(0.005)
        for number in range(3, 9):
            gathering.put(number, "later")
        assert gathering.get(3) == "later"
        await gathering.close()
        gathering.put(9, "last")
        await gathering.close()

    asyncio.run(story())
    assert rounds == [{0: "first", 1: "second"}, dict.fromkeys(range(3, 7), "later"),
                      {7: "later", 8: "later"}, {9: "last"}]


def test_a_round_waits_for_others():
    rounds = []

    async def work(values):
        rounds.append(list(values))

    async def story():
        gathering = gathered(work, wait_s=0.05)
        gathering.put(1, "")
        await asyncio.sleep(0.02)
        assert rounds == []
        gathering.put(2, "")
        await asyncio.sleep(0.06)
        gathering.put(3, "")
        gathering.drop(3)
        await gathering.close()

    asyncio.run(story())
    assert rounds == [[1, 2]]


@pytest.mark.invariant(16)
def test_beyond_the_bound_it_is_lost_and_counted():
    done = []

    async def work(values):
        done.extend(values)

    async def story():
        gathering = gathered(work)
        for number in range(15):
            gathering.put(number, "")
        gathering.put(9, "again")
        await gathering.close()
        return gathering.lost

    assert asyncio.run(story()) == 5
    assert done == list(range(10))


@pytest.mark.parametrize("error", [JournalUnavailable("away"), RuntimeError("a bug")])
def test_a_round_that_fails_is_lost_and_the_next_is_done(error):
    done = []

    async def work(values):
        if "bad" in values:
            raise error
        done.extend(values)

    async def story():
        gathering = gathered(work, at_once=1)
        gathering.put("bad", "")
        gathering.put("good", "")
        await gathering.close()
        return gathering.lost

    assert asyncio.run(story()) == 1
    assert done == ["good"]
