"""The nights beside a host: `authhost nights` as a process of its own, as long as the host runs.

Knows processes, and that one which ends is started again; must not know what a night is. A process,
not a task: a night has both its hands full, and a terminal waits for its answer in the host. Run on
several hosts one of them does the nights (clearing/days/scheduler.py), so each may have its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
STOP_S: Final = 20.0  # then it is killed: the next start goes on where it was
_log = structlog.get_logger()


class NightsWanted(msgspec.Struct, frozen=True):
    """Where the files go, and what the operator decides about nights (None: the defaults)."""

    out: Path
    settings: Path | None = None


def nights_command(database_url: str, wanted: NightsWanted, clock: str,
                   log_level: str) -> list[str]:
    """The process. Its standard input is the host's word that it lives: it ends when that does."""
    settings = ["--settings", str(wanted.settings)] if wanted.settings else []
    return [sys.executable, "-m", "authhost", "nights", "--database-url", database_url,
            "--out", str(wanted.out), *settings, "--clock", clock, "--log-level", log_level,
            "--until-input-ends"]


class NightsBeside:
    """The process, started by start() and by whoever finds it dead."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._watching: asyncio.Task[None] | None = None
        self.pid = 0  # of the process that runs now; 0 none

    def start(self) -> None:
        """Begin to look after it, in the loop that runs."""
        self._watching = asyncio.ensure_future(self._watch())

    async def stop(self) -> None:
        """Ask it to stop, and wait for it."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self) -> None:
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self._once()
            except OSError as error:  # no memory, no process: as good as one that has ended
                _log.error("nights_not_started", why=str(error))
            # Whatever has run for a while did not end by what it was started with.
            pause_s = FIRST_PAUSE_S if loop.time() - begun > LONGEST_PAUSE_S else pause_s
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _once(self) -> None:
        """From its start to its end."""
        # Ctrl-C at a terminal is meant for the host, which stops this one in its turn.
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, start_new_session=True)
        self.pid = process.pid
        try:
            code = await process.wait()
            _log.error("nights_ended", pid=process.pid, code=code)
        finally:
            self.pid = 0
            await _stopped(process)
            assert process.stdin is not None  # it was asked for
            process.stdin.close()
            with contextlib.suppress(OSError):  # its other end is gone already
                await process.stdin.wait_closed()


async def _stopped(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, and SIGKILL where that is not heard; at once where it has ended."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
