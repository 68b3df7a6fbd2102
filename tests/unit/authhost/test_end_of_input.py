"""Whoever stops with its standard input stops once, and ends what it has begun."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from authhost.cli_night import cancel_at_end
from authhost.cli_options import Misused


async def _works_until(ended: list[str]) -> None:
    """Has three things to put away when it is cancelled, and waits for each."""
    try:
        await asyncio.Event().wait()
    finally:
        for name in ("lock", "connection", "engine"):
            await asyncio.sleep(0.01)
            ended.append(name)


def test_the_end_of_input_leaves_the_night_its_time_to_put_things_away() -> None:
    async def run() -> tuple[list[str], bool]:
        ended: list[str] = []
        reads, writes = os.pipe()
        task = asyncio.ensure_future(_works_until(ended))
        cancel_at_end(task, reads)
        os.write(writes, b"nothing that ends it")
        await asyncio.sleep(0.05)
        assert not task.cancelling()
        os.close(writes)
        await asyncio.wait([task], timeout=10)
        os.close(reads)
        return ended, task.cancelled()

    assert asyncio.run(run()) == (["lock", "connection", "engine"], True)


def test_an_input_without_an_end_to_wait_for_is_refused_in_words() -> None:
    async def run() -> None:
        task = asyncio.ensure_future(asyncio.sleep(0))
        with open(os.devnull, "rb") as nothing:  # noqa: ASYNC230  # a device, opened at once
            cancel_at_end(task, nothing.fileno())

    with pytest.raises(Misused, match="--until-input-ends: standard input is neither a pipe nor"):
        asyncio.run(run())


def test_the_command_says_so_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "authhost", "nights", "--database-url",
         "postgresql://nobody@127.0.0.1:1/none", "--until-input-ends"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "neither a pipe nor" in done.stderr) == (2, True), done.stderr
