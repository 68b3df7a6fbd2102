"""The floor: the same Redis calls and journal batches from a bare loop, no sockets, ISO or logic.

What remains between this and the host's own figure is what the host adds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import asyncpg

from authhost import limits
from authhost.asks import Ask
from authhost.clock import Clock
from authhost.journal.append import Append, Posting
from authhost.journal.entry import Entry, Verdict
from authhost.journal.lane import Lane
from authhost.journal.reads import Reads
from authhost.journal.sums import JournalSums
from authhost.journal.views import AccountView, Views
from authhost.model import Outcome, Part
from authhost.pan_index import PanIndex
from authhost.parts import to_text
from authhost.state.accounts import Accounts, Stale
from authhost.state.client import StateClient
from loadtest.portfolio import Party

_ASK = Ask(money=3119, volume=20125, products=("012",), shares=(Part("012", 3119, 20125),))
_DETAIL = ('{"stan":"000001","odometer":"120500","items":[{"product":"012","unit":"L","quantity":'
           '"20.125","unit_price":"1.55","amount_minor":3119}]}')


async def measure(database_url: str, redis_url: str, pan_index: PanIndex, parties: Sequence[Party],
                  workers: int, seconds: float) -> float:
    """Durable decisions a second of the bare loop."""
    clock = Clock()
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=8)
    reads = Reads(pool)
    client = StateClient(redis_url)
    accounts = Accounts(client, JournalSums(pool, clock), clock)
    await accounts.load()
    views = Views(reads, clock)
    lane: Lane[Posting] = Lane(database_url, Append(), limits.BATCH_ROWS, clock.real_now_us)
    lane.start()
    loaded = [await _ready(views, accounts, await pan_index.of(party.pan)) for party in parties]
    rules_version = (await views.terminal("none")).rules_version
    until = time.perf_counter() + seconds
    done = [0]

    async def work(number: int) -> None:
        at, sequence = number, 0
        while time.perf_counter() < until:
            at = (at + workers) % len(loaded)
            sequence += 1
            view = loaded[at]
            outcome = await accounts.reserve(
                view.account_id, view.fence, view.packed, _ASK, site="S1")
            entry = _entry(f"floor/L{number:05d}/20/20260723/{sequence:06d}", view, outcome,
                           rules_version, clock.real_now_us())
            result = await lane.put(Posting((entry,), 0))
            assert result.verdict is Verdict.NEW, result
            accounts.settled(view.account_id, outcome.fence, outcome.reservation)
            done[0] += 1

    started = time.perf_counter()
    await asyncio.gather(*(work(number) for number in range(workers)))
    rate = done[0] / (time.perf_counter() - started)
    await lane.close()
    await client.close()
    await pool.close()
    return rate


async def _ready(views: Views, accounts: Accounts, pan_hmac: bytes) -> AccountView:
    """A view whose account is in the state."""
    while True:
        view = await views.card(pan_hmac)
        assert view is not None, "seeded"
        try:
            await accounts.reserve(view.account_id, view.fence, view.packed, Ask(money=0, count=0),
                                   site="S1", refused="warm")
        except Stale:
            continue
        return view


def _entry(key: str, view: AccountView, outcome: Outcome, rules_version: int, now_us: int) -> Entry:
    return Entry(
        key, 0, b"0123456789abcdef", b"0" * 110, "ifsf", 1, 3119, 0, "123456", "", "sale", True,
        "000", "approved", 3119, 3119, 3119, "EUR", "L00001", "M1", "S1", "", "",
        "780131*********0010", outcome.decided_at_ms, rules_version, now_us + 8_000_000,
        view.account_id, outcome.fence, view.card_id, view.vehicle_id, view.driver_id,
        outcome.day, outcome.week, outcome.month, 3119, 20125, 1, _DETAIL, 0, outcome.minute,
        to_text(_ASK.shares), stream="fuel")
