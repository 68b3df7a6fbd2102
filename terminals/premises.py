"""What the programs of a site run on: a clock, its pauses, if the host is there, parts that run on.

Knows time and silence; knows no program.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

Clock = Callable[[], datetime]  # aware, in the terminal's own zone
Pause = Callable[[float], Awaitable[None]]  # for so many seconds of the clock's own time


class Contact:
    """Whether the host answers. up: None until it was tried. log: of the program that asks."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self.up: bool | None = None
        self.work = asyncio.Event()  # set: something waits, or the host has come back

    def answered(self) -> None:
        """It did."""
        if self.up is not True:
            self._log.info("the host answers")
            self.work.set()
        self.up = True

    def silent(self) -> None:
        """It did not."""
        if self.up is not False:
            self._log.warning("the host does not answer")
        self.up = False


async def alive(run: Callable[[], Coroutine[Any, Any, None]], log: logging.Logger) -> None:
    """For ever: a part of a program that falls is told of and set up again."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("%s fell, and starts again", run)
            await asyncio.sleep(1)
