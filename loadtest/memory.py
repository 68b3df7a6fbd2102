"""What Valkey needs for a million cards with all their limits in use.

    python -m loadtest.memory [--cards 1000000] [--json]

Half of the cards are in one huge fleet, half in fleets of a hundred. Each has the twelve limits of
the portfolio, and every window was bought in: the rolling one in --purchases of its buckets. Every
field is written by the function itself, when the card buys once more after it was filled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import asyncpg
import uvloop

from authhost.clock import Clock
from authhost.counters import (
    SHARED_FIELDS,
    Counter,
    Row,
    counter_of,
    decode_limits,
    fold,
    pack_slots,
)
from authhost.embedded import Servers, embedded
from authhost.journal.migrate import migrate
from authhost.journal.reads import Reads
from authhost.journal.views import AccountView, TerminalView, Views
from authhost.model import NOTHING_TO_PROVE, CardRef, Kind, Part, Request
from authhost.packing import Holder, View, pack_view, zone_offsets
from authhost.reservations import Reservations
from authhost.state.accounts import Accounts, Stale
from authhost.state.client import StateClient
from loadtest.portfolio import MATRIX, statement

_SMALL_FLEET: Final = 100  # cards
_AT_ONCE: Final = 256
_TERMINAL: Final = "M00001"
_ZONE: Final = "Europe/Berlin"
_FENCE: Final = 1
_GROUPS: Final = {"fuel": (1, frozenset({"001", "012"}))}
_LIMITS: Final = {scope: decode_limits(json.dumps(limits)) for scope, limits in MATRIX.items()}


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--purchases", type=int, default=24, help="of each card, an hour apart")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memory-", dir=".") as directory, \
            embedded(Path(directory)) as servers:
        figures = uvloop.run(_run(arguments, servers))
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<20}{value}")
    return 0


async def _run(arguments: argparse.Namespace, servers: Servers) -> dict[str, object]:
    await migrate(servers.postgres.url)
    async with asyncpg.create_pool(servers.postgres.url, min_size=1, max_size=2) as pool:
        await pool.execute(statement("memory"), datetime.now(UTC).date(), _TERMINAL)
        client = StateClient(servers.valkey.url)
        try:
            return await _Fill(Reads(pool), client, arguments).measure()
        finally:
            await client.close()


class _Past:
    """The port that hydration reads: every field as its holder's purchases would sum to."""

    def __init__(self, purchases: int, clock: Clock) -> None:
        rows = [_row(clock.now_us() // 60_000_000 - 60 * (purchases - at), clock.now())
                for at in range(purchases)]
        self._fields = {
            scope[0]: pack_slots(fold(_counters(scope), rows)) for scope in _LIMITS}

    async def raise_fence(self, account_id: int) -> tuple[int, bytes]:
        return _FENCE, self._fields["a"]

    async def last_minute(self, account_id: int, fence: int) -> int:
        """Time went on since."""
        return 0

    async def field(self, account_id: int, fence: int, field: str) -> bytes:
        return self._fields[field[0]]

    async def roll_up(self, account_id: int) -> None:
        """Nothing to roll up."""

    async def pin_tries(self, account_id: int, fence: int, card_id: int) -> int:
        return 0


class _Fill:
    """Every card buys once, through the host's own rooms from reservation to state."""

    def __init__(self, reads: Reads, client: StateClient, arguments: argparse.Namespace) -> None:
        clock = Clock()
        self._client = client
        self._arguments = arguments
        self._views = Views(reads, clock)
        self._accounts = Accounts(client, _Past(arguments.purchases, clock), clock)
        self._reservations = Reservations(self._views, self._accounts, clock)
        self._offsets = zone_offsets(_ZONE, clock.now())

    async def measure(self) -> dict[str, object]:
        """Used memory after the last purchase, and what that is a card."""
        await self._accounts.load()
        terminal = await self._views.terminal(_TERMINAL)
        empty, started = await self._used(), time.perf_counter()
        cards = _cards(self._arguments.cards)
        while batch := list(islice(cards, _AT_ONCE)):
            await asyncio.gather(*(self._buy(terminal, *one) for one in batch))
        await self._accounts.flush_settled()
        used = await self._used()
        return {"used_memory_bytes": used,
                "bytes_per_card": round((used - empty) / self._arguments.cards),
                "used_memory_gib": round(used / 2**30, 3), "cards": self._arguments.cards,
                "limits_a_card": sum(map(len, _LIMITS.values())),
                "purchases": self._arguments.purchases + 1,
                "accounts": await self._client.call("DBSIZE"),
                "fill_s": round(time.perf_counter() - started, 1)}

    async def _buy(self, terminal: TerminalView, account_id: int, card_id: int) -> None:
        view = self._view(account_id, card_id)
        request = Request(
            key=f"280131/{_TERMINAL}/20/20260101/{card_id}", fingerprint=b"", kind=Kind.SALE,
            door="bench", terminal_id=_TERMINAL, deadline_us=0, amount_minor=4_321,
            currency="EUR", card=CardRef(card_id.to_bytes(32, "big"), "", ""), volume_ml=23_456,
            products=("012",), parts=(Part("012", 4_321, 23_456),))
        while True:
            try:
                ask = await self._reservations.ask(request, terminal, view)
                outcome = await self._reservations.decide(request, terminal, view, ask,
                                                          NOTHING_TO_PROVE)
            except Stale:
                continue  # the account was missing, and has been filled
            assert outcome.status == "approved", outcome
            self._accounts.settled(account_id, outcome.fence, outcome.reservation)
            return

    def _view(self, account_id: int, card_id: int) -> AccountView:
        fields = {"account": "a", "card": f"c{card_id}", "vehicle": f"v{card_id}",
                  "driver": f"d{card_id}"}
        rules = View(fence=_FENCE, account_status="active", groups=_GROUPS,
                     offsets=self._offsets, holders=tuple(
                         Holder(scope, fields[scope], limits)
                         for scope, limits in _LIMITS.items()))
        return AccountView(account_id, "fleet", "EUR", _FENCE, rules, pack_view(rules), card_id,
                           card_id, card_id)

    async def _used(self) -> int:
        info: bytes = await self._client.call("INFO", "memory")
        return int(info.decode().partition("used_memory:")[2].split("\r")[0])


def _cards(count: int) -> Iterator[tuple[int, int]]:
    """(account, card): half in account 1, half in fleets of a hundred."""
    for card in range(1, count + 1):
        yield (1, card) if card <= count // 2 else (2 + card // _SMALL_FLEET, card)


def _counters(scope: str) -> list[Counter]:
    return [counter_of(limit, scope[0] in SHARED_FIELDS, _GROUPS) for limit in _LIMITS[scope]
            if limit.kind]


def _row(minute: int, now: datetime) -> Row:
    """One purchase of diesel as a sum's row has it, in today's windows of the calendar."""
    day = now.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    return Row(minute, day, (day + 3) // 7, now.year * 12 + now.month - 1, False, "", 4_321,
               23_456, 1)


if __name__ == "__main__":
    raise SystemExit(main())
