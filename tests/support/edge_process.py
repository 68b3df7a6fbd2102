"""An edge in a process of its own, told to die (SIGKILL) at one planted point.

folder has edge.toml and all that it names; story is what it does; point is when it dies, `never`
for not at all. It says each step in a file, a line each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from terminals.edge.config import load
from terminals.edge.edge import Edge
from terminals.edge.reader import card_reader
from terminals.edge.shelf import Shelf
from terminals.edge.states import State
from terminals.edge.station_door import StationAway
from terminals.edge.store import Store
from terminals.line import Line
from terminals.purchase import Card
from tests.support.cards import PIN
from tests.support.edge import FAST, NOW, PAN
from tests.support.edge_sale import sale
from tests.support.processes import die


def plant(point: str) -> None:
    """Die at this point."""
    if point == "after-begin":
        _around(Store, "begin", after=die)
    elif point == "after-answer":
        _around(Store, "note", before=lambda _, row, state, *__, **___: die()
                if state is State.ANSWERED else None)
    elif point == "before-forwarded":
        _around(Store, "note", before=lambda _, row, state, *__, **___: die()
                if state is State.FORWARDED else None)
    elif point == "in-catalogue":
        _around(Shelf, "_put", after=die)
    elif point == "in-begin":
        _around(Store, "_put", after=die)


def _around(owner: type, name: str, *, before: Callable[..., Any] = lambda *_, **__: None,
            after: Callable[..., Any] = lambda *_: None) -> None:
    plain = getattr(owner, name)

    def planted(*args: Any, **kwargs: Any) -> Any:
        before(*args, **kwargs)
        result = plain(*args, **kwargs)
        after(result)
        return result

    setattr(owner, name, planted)


async def play(folder: Path, story: str, say: Callable[[str], None]) -> None:
    """One story: sale, offline, catalogue or forward."""
    config = load(folder / "edge.toml")
    line, begun = Line(), time.monotonic()

    def clock() -> datetime:
        # Ten times as fast as ours, so that a heartbeat is soon due.
        return NOW + timedelta(seconds=10 * (time.monotonic() - begun))

    edge = Edge(config, clock=clock, timing=FAST, chance=lambda: 0.0, line=line,
                pause=lambda _: asyncio.sleep(0.01))
    await edge.start(background=story == "forward")
    if story == "sale":
        ticket = await edge.sell(sale(card=Card(PAN, "2912")))
        say(f"sold {ticket.row.sequence if ticket.row else ''} {ticket.outcome}")
    elif story == "offline":
        say(f"catalogue {await edge.fetch_catalogue()}")
        await line.cut()
        reader = card_reader(config.reader, clock)
        assert reader is not None
        await edge.echo()
        for amount in (1_000, 2_000, 3_000):
            with reader.visit() as visit:
                visit.pin_at_pad(PIN)
                ticket = await edge.sell(sale(amount), visit=visit)
            say(f"sold {ticket.row.sequence if ticket.row else ''} {ticket.outcome}")
    elif story == "catalogue":
        try:
            say(f"catalogue {await edge.fetch_catalogue()}")
        except StationAway as away:
            say(f"away {away}")
    else:
        await asyncio.Event().wait()
    await edge.stop()


def main(folder: Path, story: str, point: str, said: Path) -> None:
    """The process: `said` is the file that it says its steps in."""
    plant(point)
    with said.open("w", buffering=1) as file:
        asyncio.run(play(folder, story, lambda text: print(text, file=file)))
