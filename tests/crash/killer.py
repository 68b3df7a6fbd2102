"""Kills host, Valkey, PostgreSQL and HSM with -9, one or two at a time, and starts them again.

Between two kills the clients get at least `answers` answers, and all are up again. The order and
the moments are the seed's.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from authhost.embedded import HsmSim, Postgres, Servers, Valkey
from tests.crash.host import HostProcess
from tests.crash.record import Record

# Both at once: what waits for PostgreSQL was reserved in a Redis that has forgotten it since.
TARGETS: Final = ("host", "valkey", "postgres", "postgres+valkey", "hsm")
_LONGEST_DOWN_S: Final = 0.4
_STALL_S: Final = 60


class StalledError(Exception):
    """No answers came for a minute after a kill."""


class Killer:
    """answers: how many must come between two kills."""

    def __init__(self, servers: Servers, hosts: list[HostProcess], record: Record,
                 random: Random, answers: int) -> None:
        self._servers: dict[str, Postgres | Valkey | HsmSim] = {
            "valkey": servers.valkey, "postgres": servers.postgres, "hsm": servers.hsm}
        self._hosts = hosts
        self._record = record
        self._random = random
        self._answers = answers
        self._order: list[str] = []
        self.log: list[dict[str, object]] = []

    async def run(self, kills: int) -> None:
        """So many kills, each after enough answers; and enough answers after the last."""
        if not self.log:
            await self._until_answered(0)
        for target in self._next(kills):
            await asyncio.sleep(self._random.random() * 0.2)
            before = self._record.answers
            began = asyncio.get_running_loop().time()
            await self._kill(target)
            up = asyncio.get_running_loop().time()
            await self._until_answered(before)
            self.log.append({
                "target": target, "answers_before": before, "down_s": round(up - began, 2),
                "answered_again_s": round(asyncio.get_running_loop().time() - began, 2)})

    def _next(self, kills: int) -> list[str]:
        """Each target once a round, the rounds shuffled."""
        while len(self._order) < kills:
            self._order += self._random.sample(TARGETS, len(TARGETS))
        chosen, self._order = self._order[:kills], self._order[kills:]
        return chosen

    async def _kill(self, target: str) -> None:
        down_s = self._random.random() * _LONGEST_DOWN_S
        if target == "host":
            host = self._random.choice(self._hosts)
            await host.kill()
            await asyncio.sleep(down_s)
            await host.run()
            return
        servers = [self._servers[name] for name in target.split("+")]
        for server in servers:
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(down_s)
        for server in reversed(servers):
            await asyncio.to_thread(server.run)

    async def _until_answered(self, before: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _STALL_S
        while self._record.answers < before + self._answers:
            if loop.time() > deadline:
                raise StalledError(f"{self._record.answers - before} answers in {_STALL_S} s")
            await asyncio.sleep(0.01)
