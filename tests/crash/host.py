"""A host process that can be killed: started as an operator would, on a port that stays its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec

_START_TIMEOUT_S: Final = 30
_STOP_TIMEOUT_S: Final = 20


class HostError(Exception):
    """The host did not start, or did not end well; the end of its log says why."""


class Urls(msgspec.Struct, frozen=True):
    """What a host is started against."""

    database: str
    redis: str
    hsm: str
    data_dir: Path


class HostProcess:
    """One `serve`. planted: the name of a variant in tests/planted, '' for the code as it is."""

    def __init__(self, number: int, port: int, urls: Urls, planted: str = "") -> None:
        self.name = f"host{number}"
        self.port = port
        self.log = urls.data_dir / f"{self.name}.log"
        module = f"tests.planted.{planted}" if planted else "authhost"
        self._command = [
            sys.executable, "-m", module, "serve", "--database-url", urls.database,
            "--redis-url", urls.redis, "--hsm", urls.hsm,
            "--iso", f"ifsf:binary2:127.0.0.1:{port}", "--log-level", "warning"]
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        """Start, and wait until it says that it is ready. It waits for its servers itself: a host
        that finds PostgreSQL or Valkey away ends, and is started again, as a supervisor would."""
        deadline = asyncio.get_running_loop().time() + _START_TIMEOUT_S
        while not await self._start():
            if asyncio.get_running_loop().time() > deadline:
                raise HostError(f"{self.name} did not become ready:\n{self.tail()}")
            await asyncio.sleep(0.1)

    async def _start(self) -> bool:
        with self.log.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=errors, start_new_session=True)
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            await self.kill()
            return False
        if line and json.loads(line).get("event") == "ready":
            return True
        await self.kill()
        return False

    async def kill(self) -> None:
        """kill -9."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._process = None

    async def stop(self) -> None:
        """SIGTERM, and it must end with 0. HostError otherwise."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                status = await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise HostError(f"{self.name} did not stop:\n{self.tail()}") from None
        self._process = None
        if status != 0:
            raise HostError(f"{self.name} ended with {status}:\n{self.tail()}")

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:]
