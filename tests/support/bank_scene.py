"""A bank, a database with deposits, and connectors between them: what the bank's tests play in.

Knows the rows that a connector reads and the bank's own books; the safes are left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from authhost.bank.connector import BankConnector
from authhost.clock import Clock
from authhost.settings import TlsFiles
from terminals.bank.books import Payment
from terminals.bank.conduct import Conduct, Rule
from terminals.bank.server import BankServer
from terminals.pki import Authority, server_context

SQL = Path(__file__).parents[1] / "e2e"
DEBTOR = {"name": "Operator", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX",
          "address": {"town": "Frankfurt", "country": "DE"}}
EUR = {"currency": "EUR", "rail": "instant", "debtor": DEBTOR}
CHF = {"currency": "CHF", "rail": "transfer", "most_minor": 500_000,
       "debtor": {**DEBTOR, "iban": "CH9300762011623852957", "bic": "UBSWCHZH80A"}}
_stories = itertools.count(1)


def sql(name: str) -> str:
    """The text of tests/e2e/<name>.sql."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Papers:
    """Certificates of one test: the bank's server, and the host as its client."""

    authority: Authority
    server: ssl.SSLContext
    host: TlsFiles

    @staticmethod
    def made(folder: Path) -> Papers:
        """A new authority and both certificates."""
        authority = Authority.create(folder)
        host, server = authority.client("authhost"), authority.server()
        return Papers(authority, server_context(authority.certificate_path, server),
                      TlsFiles(authority.certificate_path, host.certificate, host.key))


class Scene:
    """One bank with deposits and clients of its own, in a database that others have used."""

    def __init__(self, pool: asyncpg.Pool, bank: BankServer, papers: Papers,
                 database_url: str) -> None:
        self.pool = pool
        self.bank = bank
        self.papers = papers
        self.database_url = database_url
        story = next(_stories)
        self.bank_id = f"B{story}"
        self.first_account = story * 10
        self._number = story * 10_000

    async def deposit(self, count: int = 1, *, account: int = 1, currency: str = "EUR",
                      amount: int = 12_345) -> list[str]:
        """New deposits whose credit waits; their keys."""
        rows = await self.pool.fetch(sql("bank_deposits"), self.bank_id, self._number, count,
                                     self.first_account + account, currency, amount)
        self._number += count
        return [row["key"] for row in rows]

    @asynccontextmanager
    async def connector(self, tls: ssl.SSLContext | None = None, *,
                        secure: bool = True,
                        screening: Path | None = None) -> AsyncIterator[BankConnector]:
        """A connector that runs; stopped as a host stops it."""
        context = tls or (self.papers.host.client_context() if secure else None)
        connector = BankConnector(self.pool, Clock(), context, poll_s=0.05,
                                  screening=screening)
        task = asyncio.create_task(connector.run())
        try:
            yield connector
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def settle(self, *credits_: str) -> None:
        """Run a connector until all deposits are in one of these."""
        async with self.connector():
            await self.until(lambda rows: all(row["credit"] in credits_ for row in rows))

    async def until(self, good: Callable[[list[asyncpg.Record]], bool],
                    within_s: float = 12) -> list[asyncpg.Record]:
        """Wait for the deposits to be so."""
        rows: list[asyncpg.Record] = []
        try:
            async with asyncio.timeout(within_s):
                while True:
                    rows = await self.deposits()
                    if good(rows):
                        return rows
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(Counter((row["credit"], row["tries"], row["bank_reason"])
                                         for row in rows)) from None

    async def deposits(self) -> list[asyncpg.Record]:
        """All of this story, by key."""
        return await self.pool.fetch("SELECT * FROM deposit WHERE bank_id = $1 ORDER BY key",
                                     self.bank_id)

    async def credit(self, key: str) -> str:
        """Where one is."""
        return str(await self.pool.fetchval("SELECT credit FROM deposit WHERE key = $1", key))

    async def changes(self, key: str) -> list[tuple[str, str]]:
        """(event, why) of one, in order."""
        rows = await self.pool.fetch(
            "SELECT event, why FROM deposit_change WHERE key = $1 ORDER BY id", key)
        return [(row["event"], row["why"]) for row in rows]

    async def shut(self, connector: BankConnector) -> None:
        """The bank is down, and the connector has seen its connections go: on a busy machine it
        would still write orders down as sent over them, and these wait for the bank."""
        await self.bank.shut()
        async with asyncio.timeout(5):
            while True:
                if not any(line.talk.links.open for line, _ in connector._lines.values()):
                    return
                await asyncio.sleep(0.01)

    async def behave(self, *rules: Rule, **more: Any) -> None:
        """The bank's conduct from now on."""
        await self.bank.behave(Conduct(rules=rules, **more))

    def paid(self) -> list[Payment]:
        """What the bank has credited."""
        return [payment for payment in self.bank.payments() if payment.paid]


async def _played(folder: Path, database_url: str, papers: Papers, rails: list[dict[str, Any]],
                  answer_s: int, story: Callable[[Scene], Any]) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=8) as pool, \
            BankServer(folder / "bank.sqlite", papers.server) as bank:
        scene = Scene(pool, bank, papers, database_url)
        await pool.execute(sql("bank_parties"), scene.bank_id, bank.url, json.dumps(rails),
                           answer_s, scene.first_account)
        await story(scene)
        await pool.execute(sql("bank_over"), scene.bank_id)


def play(folder: Path, database_url: str, papers: Papers, story: Callable[[Scene], Any], *,
         rails: list[dict[str, Any]] | None = None, answer_s: int = 1) -> None:
    """One story from its beginning."""
    asyncio.run(asyncio.wait_for(
        _played(folder, database_url, papers, rails or [EUR, CHF], answer_s, story), 40))


@contextmanager
def hurried(monkeypatch: Any, down_after_s: float = 60) -> Iterator[None]:
    """The room's waits, shortened; how soon a bank that fails is taken for down."""
    for name, value in (("DOWN_AFTER_S", down_after_s), ("TRIAL_S", 0.4), ("LATER_S", 0.05),
                        ("ASK_FIRST_S", 0.1), ("BANKS_S", 0.1), ("ANSWER_MARGIN_S", 0.2),
                        ("RECONNECT_MOST_S", 0.1)):
        monkeypatch.setattr(f"authhost.bank.bounds.{name}", value)
    yield
