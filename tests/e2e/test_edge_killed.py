"""An edge that is killed (SIGKILL) wherever it hurts: everything counts once, nothing is lost.

The host is the recording one of `tests/support/edge.py`, over real sockets; the edge is a process.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.support.cards import SERIAL
from tests.support.edge import StationHost
from tests.support.edge_yard import Yard


def play(folder: Path, story: Callable[[Yard], Coroutine[Any, Any, None]]) -> None:
    """Run a story before a recording host."""
    async def run() -> None:
        async with StationHost() as host:
            await story(Yard(folder, host))

    asyncio.run(asyncio.wait_for(run(), 40))


@pytest.mark.parametrize("point", ["after-begin", "in-begin"])
def test_killed_before_anything_left(tmp_path: Path, point: str) -> None:
    async def story(at: Yard) -> None:
        await at.killed("sale", point)
        assert at.host.kinds() == []
        (line,) = await at.said("sale")
        number = {"after-begin": "000002", "in-begin": "000001"}[point]
        assert line == f"sold {number} approved", "a number that was given is not given again"
        assert at.host.booked("1200") == [number]

    play(tmp_path, story)


def test_killed_after_it_was_sent(tmp_path: Path) -> None:
    async def story(at: Yard) -> None:
        at.host.decide = lambda message: None if message.mti[:3] == "120" else "000"
        async with at.edge("sale") as process:
            await at.host.until(lambda: "1200" in at.host.kinds())
            process.kill()
            await asyncio.to_thread(process.join)
        assert at.states() == [("sale", "000001", "sent")]
        await at.settle()
        assert at.states() == [("sale", "000001", "reversed"),
                               ("reversal", "000002", "forwarded")]
        assert (at.host.last.text(56) or "").startswith("1200000001")
        assert len(at.host.booked("1420")) == 1

    play(tmp_path, story)


def test_killed_between_the_answer_and_its_note(tmp_path: Path) -> None:
    async def story(at: Yard) -> None:
        await at.killed("sale", "after-answer")
        assert at.host.booked("1200") == ["000001"]
        await at.settle()
        assert at.host.booked("1420") == ["000002"], "nobody got a receipt: it is given back"
        assert at.host.kinds("1420", "1421") == ["1420"]

    play(tmp_path, story)


def test_killed_while_it_forwards(tmp_path: Path) -> None:
    async def story(at: Yard) -> None:
        numbers = await at.sold_offline()
        for _ in range(2):
            await at.killed("forward", "before-forwarded")
            assert {state for kind, _, state in at.states()
                    if kind == "offline_sale"} == {"stored"}
        await at.settle()
        assert at.host.booked("1220") == numbers, "in order, each once"
        told = [one.text(11) for one in at.host.seen if one.mti[:3] == "122"]
        assert told == [numbers[0]] * 2 + numbers
        assert at.host.kinds("1220", "1221") == ["1220"] + ["1221"] * 2 + ["1220"] * 2

    play(tmp_path, story)


def test_killed_while_it_waits_for_the_host(tmp_path: Path) -> None:
    async def story(at: Yard) -> None:
        numbers = await at.sold_offline()
        at.host.decide = lambda message: None if message.text(11) == numbers[1] else "000"
        async with at.edge("forward") as process:
            await at.host.until(lambda: numbers[1] in {one.text(11) for one in at.host.seen}, 10)
            process.kill()
            await asyncio.to_thread(process.join)
        at.host.decide = lambda _: "000"
        await at.settle()
        assert at.host.booked("1220") == numbers

    play(tmp_path, story)


def test_killed_while_it_takes_a_catalogue(tmp_path: Path) -> None:
    async def story(at: Yard) -> None:
        at.host.catalogues.offer()
        await at.said("catalogue")
        changed = at.host.catalogues.content(2)["sections"] | {
            "blocklist": {"put": {SERIAL.hex(): "lost"}}}
        at.host.catalogues.offer(2, sections=changed)
        await at.killed("catalogue", "in-catalogue")
        with sqlite3.connect(at.folder / "edge.db") as store:
            versions = store.execute("SELECT max(version) FROM catalogue").fetchone()
            sizes = dict(store.execute(
                "SELECT section, count(*) FROM catalogue_entry GROUP BY section").fetchall())
        store.close()
        assert versions == (1,)
        assert sizes == {"products": 3, "prices": 1, "cards": 1, "rules": 3}
        fetched, *sold = await at.said("offline")
        assert fetched == "catalogue "
        assert [line.split()[-1] for line in sold] == ["refused"] * 3, "it knows that it is lost"

    play(tmp_path, story)
