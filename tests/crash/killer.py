"""Kills one of host, Valkey and PostgreSQL with -9, starts it again, and again.

Between two kills the clients get at least `answers` answers, and all three are up again. The order
and the moments are the seed's.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from authhost.embedded import Postgres, Servers, Valkey
from tests.crash.host import HostProcess
from tests.crash.record import Record

TARGETS: Final = ("host", "valkey", "postgres")
_LONGEST_DOWN_S: Final = 0.4
_STALL_S: Final = 60


class StalledError(Exception):
    """No answers came for a minute after a kill."""


def order(random: Random, kills: int) -> list[str]:
    """Each target as often as the others (one more at most), shuffled in rounds."""
    targets: list[str] = []
    while len(targets) < kills:
        targets += random.sample(TARGETS, len(TARGETS))
    return targets[:kills]


class Killer:
    """answers: how many must come between two kills."""

    def __init__(self, servers: Servers, hosts: list[HostProcess], record: Record,
                 random: Random, answers: int) -> None:
        self._servers: dict[str, Postgres | Valkey] = {"valkey": servers.valkey,
                                            "postgres": servers.postgres}
        self._hosts = hosts
        self._record = record
        self._random = random
        self._answers = answers
        self.log: list[dict[str, object]] = []

    async def run(self, kills: int) -> None:
        """All kills, each after enough answers; and enough answers after the last."""
        await self._until_answered(0)
        for target in order(self._random, kills):
            await asyncio.sleep(self._random.random() * 0.2)
            before = self._record.answers
            began = asyncio.get_running_loop().time()
            await self._kill(target)
            up = asyncio.get_running_loop().time()
            await self._until_answered(before)
            self.log.append({
                "target": target, "answers_before": before, "down_s": round(up - began, 2),
                "answered_again_s": round(asyncio.get_running_loop().time() - began, 2)})

    async def _kill(self, target: str) -> None:
        down_s = self._random.random() * _LONGEST_DOWN_S
        if target == "host":
            host = self._random.choice(self._hosts)
            await host.kill()
            await asyncio.sleep(down_s)
            await host.run()
            return
        server = self._servers[target]
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(down_s)
        await asyncio.to_thread(server.run)

    async def _until_answered(self, before: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _STALL_S
        while self._record.answers < before + self._answers:
            if loop.time() > deadline:
                raise StalledError(f"{self._record.answers - before} answers in {_STALL_S} s")
            await asyncio.sleep(0.01)
