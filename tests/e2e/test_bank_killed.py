"""A connector that is killed between any two steps: every deposit is credited, and none twice.

The bank's own books are what is compared; both lives of the connector are of the code under test.
"""

from __future__ import annotations

import asyncio

import pytest

from terminals.bank.conduct import Rule
from tests.support.bank_process import POINTS, main
from tests.support.bank_scene import hurried, play
from tests.support.databases import fresh
from tests.support.processes import PROCESSES


@pytest.fixture(scope="module")
def shared_url(servers):
    with fresh(servers, "bank") as url:
        yield url


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    with hurried(monkeypatch):
        yield


async def one_life(scene, point):
    """A connector that lives until it dies of itself at that point."""
    process = PROCESSES.Process(target=main, args=(scene.database_url, scene.papers.host, point))
    process.start()
    try:
        await asyncio.to_thread(process.join, 15)
        assert process.exitcode == -9, f"it did not come to {point}: {process.exitcode}"
    finally:
        process.kill()
        process.join()


@pytest.mark.invariant(10)
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_begun_again(tmp_path, shared_url, papers, point):
    async def story(scene):
        await scene.deposit(7)
        if point in {"asking", "asked", "in-resend", "resent"}:
            # Something has to be unknown: the first payments never came, or nobody heard.
            await scene.behave(Rule(do="swallow", times=3), Rule(do="lose", times=2))
        await one_life(scene, point)
        await scene.settle("accepted")
        payments = scene.bank.payments()
        assert len(payments) == 7
        assert all(payment.paid for payment in payments)
        rows = await scene.deposits()
        assert {(row["state"], row["credit"]) for row in rows} == {("provisional", "accepted")}
        for row in rows:
            events = [event for event, _ in await scene.changes(row["key"])]
            assert events.count("accept") == events.count("credited") == 1

    play(tmp_path, shared_url, papers, story)
