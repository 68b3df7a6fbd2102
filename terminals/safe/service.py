"""`run`: the safe as a service, unattended: it forwards what waits, and tells how it is.

Knows signals; the work is the program's. Whoever stands before the safe has its screen: a store has
one program at a time.
"""

from __future__ import annotations

import asyncio
import logging
import signal

from terminals.safe.config import Config
from terminals.safe.program import SafeProgram


async def run(config: Config) -> int:
    """Until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    async with SafeProgram(config):
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        print(f"{config.terminal.id} runs", flush=True)
        await stopped.wait()
    return 0
