"""`run`: the edge as a service, unattended: stores, forwards, beats, and lets the till sell.

Knows signals and the loopback port; the work is the edge's and the till's.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from terminals.edge.config import Config
from terminals.edge.edge import Edge
from terminals.edge.reader import card_reader
from terminals.edge.till import Till
from terminals.settings import secret

LOOPBACK: Final = "127.0.0.1"


class _Server(uvicorn.Server):
    """One that leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(config: Config) -> int:
    """Until SIGTERM or SIGINT. What is under way is seen through first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    edge = Edge(config)
    reader = card_reader(config.reader, edge.clock)
    token = secret(config.till.token) if config.till.token is not None else ""
    async with edge:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        if not token:
            print(f"{config.terminal.id} runs; no [till] token, so no till can ask", flush=True)
            await stopped.wait()
            return 0
        server = _Server(uvicorn.Config(
            Till(edge, token, reader).app(), host=LOOPBACK, port=config.till.port,
            log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        print(f"{config.terminal.id} runs; the till's door is http://{LOOPBACK}:"
              f"{config.till.port}", flush=True)
        await asyncio.wait({serving, asyncio.create_task(stopped.wait())},
                           return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    return 0
