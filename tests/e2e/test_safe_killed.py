"""A safe that is killed (SIGKILL) wherever it hurts: what lies in its cassette, the host has.

The host is the recording one of `tests/support/safe_host.py`, over real sockets; the safe is a
process, and the machine that holds the notes outlives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from terminals.safe.machine import MachineInSoftware
from tests.support import safe_process
from tests.support.processes import PROCESSES
from tests.support.safe_host import SafeHost

_DEPOSIT_MINOR = 20_600


class Room:
    """A back office: the safe's folder, its machine, and the host."""

    def __init__(self, folder: Path, host: SafeHost) -> None:
        self.folder, self.host = folder, host
        self.machine = MachineInSoftware(folder / "machine.json")

    async def run(self, story: str, point: str = "never") -> int:
        """A process that plays it; its exit code."""
        process = PROCESSES.Process(target=safe_process.main,
                                    args=(self.folder, self.host.port, story, point))
        process.start()
        await asyncio.to_thread(process.join, 10)
        process.kill()
        await asyncio.to_thread(process.join)
        return process.exitcode or 0

    def agrees(self) -> bool:
        """Every note that is inside was told once, and no other."""
        inside = sum(count.amount_minor for count in self.machine.drawers.cassette)
        told = [body for path, body in self.host.books.values() if path == "/deposits"]
        return (inside, self.machine.drawers.stacked, self.host.missing) == (
            self.host.money(), sum(bool(body["amount_minor"]) for body in told), [])


def play(folder: Path, story: Callable[[Room], Coroutine[Any, Any, None]]) -> None:
    """Run a story before a recording host."""
    async def run() -> None:
        async with SafeHost() as host:
            room = Room(folder, host)
            assert await room.run("ready") == 0
            await story(room)

    asyncio.run(asyncio.wait_for(run(), 40))


@pytest.mark.invariant(10)
@pytest.mark.parametrize("point", safe_process.POINTS)
def test_a_deposit_counts_once_whoever_dies(tmp_path: Path, point: str) -> None:
    async def story(at: Room) -> None:
        assert await at.run("deposit", point) == -9
        assert await at.run("settle") == 0
        assert not at.machine.held(), "no notes lie between"
        assert at.agrees()
        agreed = point not in ("in-hold", "after-hold")
        assert at.host.money() == agreed * _DEPOSIT_MINOR
        assert await at.run("deposit") == 0
        assert at.agrees()

    play(tmp_path, story)


@pytest.mark.invariant(10)
@pytest.mark.parametrize("point", [
    "after-decide", "before-return", "after-return", "after-release"])
def test_notes_that_go_back_are_no_deposit(tmp_path: Path, point: str) -> None:
    async def story(at: Room) -> None:
        assert await at.run("back", point) == -9
        assert await at.run("settle") == 0
        assert (at.machine.held(), at.machine.drawers.stacked) == (False, 0)
        assert at.host.booked("/deposits") == []
        assert len(at.host.booked("/cancellation")) == 1, "what was held is let go, once"
        assert at.agrees()

    play(tmp_path, story)


@pytest.mark.invariant(10)
def test_killed_twice_on_the_way_and_the_host_was_away(tmp_path: Path) -> None:
    async def story(at: Room) -> None:
        await at.host.stop()
        assert await at.run("deposit", "after-stack") == -9
        assert await at.run("deposit", "after-release") == -9
        await at.host.start()
        assert await at.run("settle", "before-forwarded") == -9
        assert await at.run("settle", "after-forwarded") == -9
        assert await at.run("settle") == 0
        assert at.agrees()
        assert at.host.money() == _DEPOSIT_MINOR, "it died again at the same one"
        assert list(at.host.books) == sorted(at.host.books)

    play(tmp_path, story)
