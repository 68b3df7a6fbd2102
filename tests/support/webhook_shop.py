"""A merchant who is told by webhook: a server that hears, rows that are due, a clock that is moved.

Knows the tables of webhooks, and the room that tells; the merchant verifies by himself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from authhost.webhooks.desk import Desk
from authhost.webhooks.outbox import Outbox
from authhost.webhooks.outgoing import Outgoing
from authhost.webhooks.telling import Telling
from tests.support.hearing import Heard, Hearing
from tests.support.leaping import LeapingClock
from tests.support.rig import Rig

NAMES = ("shop.example", "slow.example", "other.example")
SECRET = bytes(range(32))
_payments = itertools.count(1)


class MovedClock(LeapingClock):
    """As fast as ours."""

    rate = 1


class WebhookShop:
    """On a rig. addresses: what names lead to; this machine where nothing is said."""

    def __init__(self, rig: Rig, directory: Path) -> None:
        self.rig = rig
        rig.run(_silence(rig))
        self.clock: Any = MovedClock()
        self.addresses: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.server = Hearing(directory, NAMES)
        rig.run(self.server.listen())
        self.outgoing = self.way_out()
        self.pool: asyncpg.Pool = rig.run(_pool(rig.database_url))
        self.desk = Desk(self.pool, self.clock, self.outgoing, b"s" * 32)
        self.telling = self.another()
        rig.sql("DELETE FROM webhook")
        rig.sql("DELETE FROM webhook_key")
        self.key("SHOP")

    def way_out(self, *, allow_private: bool = True) -> Outgoing:
        """Connections that trust the server's authority."""
        return Outgoing(self.server.trusted, allow_private=allow_private, look_up=self._look_up)

    def another(self, outgoing: Outgoing | None = None) -> Telling:
        """One more host that tells; chance is always the middle, so that pauses are exact."""
        return Telling(Outbox(self.pool, self.clock), outgoing or self.outgoing, self.clock,
                       lambda most: most // 2, poll_s=0.05)

    def close(self) -> None:
        """All of it."""
        self.rig.run(self.outgoing.close())
        self.rig.run(self.server.close())
        self.rig.run(self.pool.close())

    def key(self, merchant: str, secret: bytes = SECRET, key_id: str = "k1") -> None:
        """A key of a merchant, who is made where there is none."""
        self.rig.sql("INSERT INTO merchant (merchant_id, name) VALUES ($1, $1) "
                     "ON CONFLICT DO NOTHING", merchant)
        self.rig.sql("INSERT INTO webhook_key (merchant_id, key_id, secret) VALUES ($1, $2, $3)",
                     merchant, key_id, secret)

    def url(self, name: str = "shop.example", path: str = "/hook") -> str:
        """Of the server, under a name."""
        return f"https://{name}:{self.server.port}{path}"

    def due(self, *, version: int = 2, url: str = "", merchant: str = "SHOP",
            payment: str = "") -> tuple[int, str]:
        """(id, payment) of a webhook that is to be told now."""
        payment = payment or f"payment{next(_payments)}"
        now = self.clock.now()
        [row] = self.rig.sql(
            "INSERT INTO webhook (payment_id, merchant_id, version, url, content, created_at,"
            " next_at) VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING webhook_id", payment, merchant,
            version, url or self.url(), json.dumps({"id": payment, "version": version}), now)
        return row[0], payment

    def row(self, webhook_id: int) -> asyncpg.Record:
        """As the table has it."""
        return self.rig.sql("SELECT * FROM webhook WHERE webhook_id = $1", webhook_id)[0]

    def until(self, so: Callable[[], Any], *tellings: Telling, within_s: float = 10) -> None:
        """Hosts tell until something is so, and are stopped then."""
        self.rig.run(self._until(so, tellings or (self.telling,), within_s))

    def told(self, webhook_id: int, *tellings: Telling) -> asyncpg.Record:
        """Tell until a webhook has had its try, or needs none; its row."""
        tries = self.row(webhook_id)["tries"]
        self.rig.run(self._noted(webhook_id, tries, tellings or (self.telling,)))
        return self.row(webhook_id)

    async def _noted(self, webhook_id: int, tries: int, tellings: tuple[Telling, ...]) -> None:
        async def noted() -> bool:
            found = await self.pool.fetchrow(
                "SELECT state, tries FROM webhook WHERE webhook_id = $1", webhook_id)
            assert found is not None, "there is one"
            return bool(found["state"] != "waiting" or found["tries"] > tries)
        tasks = [asyncio.create_task(one.run()) for one in tellings]
        try:
            async with asyncio.timeout(10):
                while not await noted():  # noqa: ASYNC110  # a row says it, and no event
                    await asyncio.sleep(0.01)
        finally:
            await _stop(tasks)

    async def _until(self, so: Callable[[], Any], tellings: tuple[Telling, ...],
                     within_s: float) -> None:
        tasks = [asyncio.create_task(one.run()) for one in tellings]
        try:
            async with asyncio.timeout(within_s):
                while not so():  # noqa: ASYNC110  # whatever a test wants to know
                    await asyncio.sleep(0.01)
        finally:
            await _stop(tasks)

    async def _look_up(self, host: str, _: int) -> list[str]:
        self.asked.append(host)
        return self.addresses.get(host, ["127.0.0.1"])


def verified(heard: Heard, *secrets: bytes) -> dict[str, Any]:
    """What a merchant's own program makes of it: the content, if a signature is right."""
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.".encode()
    given = heard.headers["webhook-signature"].split(" ")
    for secret in secrets:
        mac = hmac.new(secret, signed + heard.body, hashlib.sha256).digest()
        assert f"v1,{base64.b64encode(mac).decode()}" in given, "no signature of this key"
    content: dict[str, Any] = json.loads(heard.body)
    return content


async def _silence(rig: Rig) -> None:
    """The rig's host tells nobody: it would look for the names in the world."""
    loop = rig.host.paying.notices._loop
    assert loop is not None, "the host runs"
    await _stop([loop])


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _pool(url: str) -> asyncpg.Pool:
    return await asyncpg.create_pool(url, min_size=1, max_size=4)
