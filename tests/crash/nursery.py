"""Where hosts and nights are born: a process that has imported all of them, and forks.

To import a host takes two seconds, and a run starts a hundred. Knows processes, pipes and files;
what a child does is its caller's. Whoever started the nursery is told of each birth and death by a
line of JSON; when he is gone, so are the children.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import select
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

_LOOK_S: Final = 0.01
_LINE_BYTES: Final = 64 * 1024
_BIRTH_S: Final = 60.0


class Order(msgspec.Struct, frozen=True):
    """A child: its command, and the files of what it says and of its log."""

    command: list[str]
    out: str
    log: str


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """A birth; with a status a death, negative: by that signal."""

    pid: int
    status: int | None = None


def bear(main: Callable[[list[str]], int]) -> int:
    """Fork what is ordered on standard input, until it ends."""
    gc.freeze()
    children: set[int] = set()
    waiting = b""
    while True:
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], _LOOK_S)
        if readable:
            more = os.read(sys.stdin.fileno(), _LINE_BYTES)
            if not more:
                break
            *lines, waiting = (waiting + more).split(b"\n")
            for line in lines:
                children.add(pid := _fork(msgspec.json.decode(line, type=Order), main))
                _say(Word(pid))
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            children.discard(pid)
            _say(Word(pid, os.waitstatus_to_exitcode(status)))
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    return 0


def _say(word: Word) -> None:
    os.write(sys.stdout.fileno(), msgspec.json.encode(word) + b"\n")


def _fork(order: Order, main: Callable[[list[str]], int]) -> int:
    Path(order.out).write_bytes(b"")  # before anybody reads in it what another said
    if pid := os.fork():
        return pid
    status = 1
    try:
        for descriptor, path, how in ((0, os.devnull, os.O_RDONLY),
                                      (1, order.out, os.O_WRONLY),
                                      (2, order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)):
            opened = os.open(path, how, 0o600)
            os.dup2(opened, descriptor)
            os.close(opened)
        random.seed()  # not its sister's
        status = main(order.command)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # nothing of the nursery's is done twice


class Child:
    """One of them. status: None while it lives."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.status: int | None = None
        self.ended = asyncio.Event()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal; nothing where it is dead."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def wait(self) -> int:
        """Its status."""
        await self.ended.wait()
        assert self.status is not None, "it has ended"
        return self.status


class Nursery:
    """The process, from outside. Births come in the order of the orders."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._children: dict[int, Child] = {}
        self._awaited: deque[asyncio.Future[Child]] = deque()
        self._reader: asyncio.Task[None] | None = None

    async def start(self, *command: str, log: Path) -> None:
        """Start it; what is ordered waits until all is imported."""
        with log.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *command, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=errors)
        self._reader = asyncio.create_task(self._read())

    async def order(self, order: Order) -> Child:
        """A child. TimeoutError where the nursery is dead."""
        assert self._process is not None, "started"
        assert self._process.stdin is not None
        born: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._awaited.append(born)
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        async with asyncio.timeout(_BIRTH_S):
            return await born

    async def stop(self) -> None:
        """And all children with it."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        if self._reader is not None:
            await self._reader

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            word = msgspec.json.decode(line, type=Word)
            if word.status is None:
                child = self._children[word.pid] = Child(word.pid)
                if (born := self._awaited.popleft()).done():
                    child.kill()  # who ordered it has gone
                else:
                    born.set_result(child)
                continue
            child = self._children.pop(word.pid)
            child.status = word.status
            child.ended.set()
