"""How soon a card is known again that Redis does not have, and an account that it has lost.

    python -m loadtest.hydrate [--cards 100000] [--rows 10000000] [--json]

A fleet with so many cards and journal rows, in embedded PostgreSQL and Valkey, and the real path:
views, reservation, hydration. p50_ms and p99_ms: the first reservation of a card, its vehicle and
driver in a fleet that is there. account_*: of a fleet whose hash is gone, with card, department and
site. bytes_per_card is what Valkey keeps of a card that was brought.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import uvloop

from authhost.clock import Clock
from authhost.embedded import Servers, embedded
from authhost.journal.migrate import migrate
from authhost.journal.reads import READS_AT_ONCE, Reads
from authhost.journal.sums import JournalSums
from authhost.journal.views import Views
from authhost.model import NOTHING_TO_PROVE, CardRef, Kind, Part, Request
from authhost.reservations import Reservations
from authhost.state.accounts import Accounts, Stale
from authhost.state.client import StateClient
from loadtest import fleet

_DEPARTMENT = 500  # cards, as sql/hydrate_fleet.sql makes them


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--tail", type=int, default=5_000, help="rows since the last roll-up")
    parser.add_argument("--samples", type=int, default=2_000, help="cards that are brought")
    parser.add_argument("--losses", type=int, default=200, help="times that the account is lost")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # The working directory's file system, not a temporary one that may be memory.
    with tempfile.TemporaryDirectory(prefix="hydrate-", dir=".") as directory, \
            embedded(Path(directory)) as servers:
        figures = uvloop.run(_run(arguments, servers))
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<18}{value}")
    return 0


async def _run(arguments: argparse.Namespace, servers: Servers) -> dict[str, object]:
    started = time.perf_counter()
    await migrate(servers.postgres.url)
    await fleet.seed(servers.postgres.url, arguments.cards, arguments.rows, arguments.tail)
    seeded = time.perf_counter()
    async with asyncpg.create_pool(servers.postgres.url, min_size=READS_AT_ONCE,
                                   max_size=READS_AT_ONCE, reset=_as_it_is) as pool:
        client = StateClient(servers.valkey.url)
        try:
            bench = _Bench(pool, client)
            await bench.accounts.load()
            figures = await bench.measure(arguments)
        finally:
            await client.close()
    return {**figures, "cards": arguments.cards, "rows": arguments.rows, "tail": arguments.tail,
            "samples": arguments.samples, "losses": arguments.losses,
            "seed_s": round(seeded - started, 1)}


async def _as_it_is(_: asyncpg.Connection) -> None:
    """The host's own pool resets nothing either: what the driver does by default is a statement."""


class _Bench:
    """The host's own rooms from views to state, without doors, proofs or rows."""

    def __init__(self, pool: asyncpg.Pool, client: StateClient) -> None:
        clock = Clock()
        self._clock = clock
        self._client = client
        self._sums = JournalSums(pool, clock)
        self.accounts = Accounts(client, self._sums, clock)
        self._views = Views(Reads(pool), clock)
        self._reservations = Reservations(self._views, self.accounts, clock)

    async def measure(self, arguments: argparse.Namespace) -> dict[str, object]:
        """Everything, after the roll-up that a host would have made."""
        started = time.perf_counter()
        await self._sums.roll_up(fleet.ACCOUNT)
        rolled_s = time.perf_counter() - started
        stride = max(1, arguments.cards // (arguments.samples + arguments.losses))
        cards = iter(range(1, arguments.cards + 1, stride))
        lost = [await self._lost(next(cards)) for _ in range(arguments.losses)]
        # Every department and site is there, as on any busy day; the cards are not.
        departments = [await self._first(card) for card in
                       range(_DEPARTMENT, arguments.cards, _DEPARTMENT)]
        before = await self._used_memory()
        first = [await self._first(card) for card in cards if card % _DEPARTMENT]
        after = await self._used_memory()
        return {**_figures("", first), **_figures("account_", lost),
                **_figures("department_", departments),
                "bytes_per_card": round((after - before) / len(first)),
                "used_memory_bytes": after, "roll_up_s": round(rolled_s, 1)}

    async def _lost(self, card: int) -> float:
        await self._client.call("DEL", f"{{{fleet.ACCOUNT}}}")
        return await self._first(card)

    async def _first(self, card: int) -> float:
        """Seconds from a request of a card to the decision about it."""
        request = Request(
            key=f"280131/{fleet.TERMINAL}/20/20260101/{card}", fingerprint=b"", kind=Kind.SALE,
            door="bench", terminal_id=fleet.TERMINAL, deadline_us=0, amount_minor=1,
            currency="EUR", card=CardRef(fleet.pan_hmac(card), "780131*********0000", "3012"),
            volume_ml=1, products=("012",), parts=(Part("012", 1, 1),))
        started = time.perf_counter()
        while True:
            terminal = await self._reservations.terminal(request)
            view = await self._reservations.view(request, terminal)
            assert view is not None, "seeded"
            try:
                ask = await self._reservations.ask(request, terminal, view)
                outcome = await self._reservations.decide(request, terminal, view, ask,
                                                          NOTHING_TO_PROVE)
            except Stale:
                await self._reservations.reload(request, view)
                continue
            seconds = time.perf_counter() - started
            assert outcome.status == "approved", outcome
            self.accounts.settled(fleet.ACCOUNT, outcome.fence, outcome.reservation)
            return seconds

    async def _used_memory(self) -> int:
        info: bytes = await self._client.call("INFO", "memory")
        return int(info.decode().partition("used_memory:")[2].split("\r")[0])


def _figures(name: str, seconds: Iterable[float]) -> dict[str, object]:
    """Half and ninety-nine in a hundred, in milliseconds."""
    ordered = sorted(seconds)
    count = len(ordered)
    return {f"{name}p50_ms": round(ordered[count // 2] * 1000, 3),
            f"{name}p99_ms": round(ordered[min(count - 1, count * 99 // 100)] * 1000, 3)}


if __name__ == "__main__":
    raise SystemExit(main())
