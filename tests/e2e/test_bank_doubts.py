"""An answer that is about something else moves nothing: another try, another amount."""

from __future__ import annotations

import asyncio

import pytest

from authhost.bank.banks import read_bank
from authhost.bank.counts import Counts
from authhost.bank.exchange import Exchange
from authhost.bank.links import Links
from authhost.bank.meanings import Meaning
from authhost.bank.notes import Notes
from authhost.bank.outbox import Credit, Outbox
from authhost.bank.payees import Payees
from authhost.clock import Clock
from terminals.bank.conduct import Rule
from tests.support.bank_scene import Scene, hurried, play
from tests.support.databases import fresh


@pytest.fixture(scope="module")
def shared_url(servers):
    with fresh(servers, "bank") as url:
        yield url


@pytest.fixture
def at(tmp_path, shared_url, papers, monkeypatch):
    with hurried(monkeypatch):
        yield lambda story, **more: play(tmp_path, shared_url, papers, story, **more)


class Host:
    """One host's side of a bank, step by step: it stands still between them as long as we like."""

    def __init__(self, scene: Scene, row: dict) -> None:
        payees = Payees(scene.pool, None)
        self.outbox = Outbox(scene.pool, scene.bank_id, payees.tell)
        self.notes = Notes(scene.pool, Clock(), payees.tell)
        bank = read_bank(row["bank_id"], row["status"], row["endpoint"], row["server_name"],
                         row["rails"], row["answer_s"])
        self.exchange = Exchange(bank, Links(bank.place, None), self.notes, Counts(), Clock(),
                                 payees)

    @staticmethod
    async def of(scene: Scene) -> Host:
        return Host(scene, await scene.pool.fetchrow("SELECT * FROM bank WHERE bank_id = $1",
                                                     scene.bank_id))

    async def take(self) -> Credit:
        exchange = self.exchange
        (credit,), _ = await self.outbox.take(1, exchange.objection, exchange.rail,
                                              exchange.real_now(), exchange.real_now())
        return credit


@pytest.mark.parametrize(("said", "word"), [
    (Meaning.NIGHT, "AM14"), (Meaning.LATER, "AB05"), (Meaning.NEVER, "AC04"),
    (Meaning.ASK, "")])
def test_an_answer_to_the_first_try_says_nothing_of_the_second(at, said, word):
    """A host stood still with an answer in its hand; another has asked, and has sent it again."""
    async def story(scene):
        (key,) = await scene.deposit()
        still, other = await Host.of(scene), await Host.of(scene)
        credit = await still.take()
        assert await other.outbox.overdue(other.exchange.real_now()) == 1
        (again,) = await other.outbox.due(9, other.exchange.real_now(), other.exchange.due())
        assert await other.outbox.resend([key], other.exchange.due(), "unheard") == {key}
        still.exchange.note(credit, said, word, credit.tries + 1)
        await still.notes.flush()
        assert await scene.credit(key) == "sent", "it may be paid in this moment"
        # What the second comes to holds, and a yes always does.
        other.exchange.note(again, Meaning.NIGHT, "AM14", again.tries + 1)
        await other.notes.flush()
        assert await scene.credit(key) == "night"
        assert (still.notes.late, other.notes.late) == (1, 0)

    at(story)


def test_a_yes_is_heard_of_whichever_try(at):
    async def story(scene):
        (key,) = await scene.deposit()
        still, other = await Host.of(scene), await Host.of(scene)
        credit = await still.take()
        await other.outbox.overdue(other.exchange.real_now())
        await other.outbox.resend([key], other.exchange.due(), "unheard")
        still.exchange.note(credit, Meaning.ACCEPT, "ACCC", credit.tries + 1)
        await still.notes.flush()
        assert await scene.credit(key) == "accepted"

    at(story)


def test_answers_are_written_in_the_order_of_keys(at):
    """As a count and a night lock deposits: whoever waits for one holds no later one."""
    async def story(scene):
        first, second = sorted(await scene.deposit(2))
        host = await Host.of(scene)
        taken = {credit.key: credit for credit in [await host.take(), await host.take()]}
        for key, said, word in ((second, Meaning.ACCEPT, "ACCC"), (first, Meaning.NEVER, "AC04")):
            host.exchange.note(taken[key], said, word, 1)
        lock = "SELECT FROM deposit WHERE key = $1 FOR UPDATE NOWAIT"
        async with scene.pool.acquire() as count:
            async with count.transaction():
                await count.execute(lock, first)
                writing = asyncio.create_task(host.notes.flush())
                await asyncio.sleep(0.3)
                await count.execute(lock, second)
            await writing
        assert [row["credit"] for row in await scene.deposits()] == ["refused", "accepted"]

    at(story)


def test_a_bank_that_answers_questions_and_takes_no_order_is_down(at, monkeypatch):
    """What it is asked about it has never heard of, for it takes nothing: that is no answer to an
    order, and what comes meanwhile goes by night."""
    monkeypatch.setattr("authhost.bank.bounds.DOWN_AFTER_S", 0.5)

    async def story(scene):
        await scene.behave(Rule(do="busy", on="payment"))
        async with scene.connector() as connector:
            await scene.deposit(2)
            await scene.until(lambda _: connector.down == 1)
            (late,) = await scene.deposit()
            await scene.until(lambda rows: rows[-1]["credit"] == "night")
            assert scene.bank.payments() == []
            await scene.behave()
            await scene.until(lambda rows: [row["credit"] for row in rows] == [
                "accepted", "accepted", "night"])
        assert await scene.credit(late) == "night"
        assert len(scene.paid()) == 2

    at(story)
