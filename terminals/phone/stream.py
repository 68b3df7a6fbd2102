"""The stream of a phone's events: connected, lost, connected again with growing pauses.

Knows HTTP and pauses; must not know what an event means. Each time that it is connected it says so
with an event of its own, for what happened meanwhile is fetched, not told again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Final

import httpx

from terminals.json_door import ASK_AGAIN, Problem
from terminals.phone.events import Event, Parser, TooLong

CONNECTED: Final = Event("connected", "")
PAUSE_S: Final = 0.5  # after the first failure; then twice as long each time
MOST_PAUSE_S: Final = 30.0
SILENCE_S: Final = 65.0  # the host says something every 20 s: three missed are a dead line


async def events(client: httpx.AsyncClient, path: str, chance: Callable[[], float], *,
                 pause_s: float = PAUSE_S) -> AsyncGenerator[Event, None]:
    """For ever. chance: from 0 to 1, spreads the pauses of many phones. Problem: refused."""
    last_id, failures = "", 0
    asked_s = 0.0
    while True:
        parser = Parser(last_id)
        async with contextlib.aclosing(_one(client, path, parser)) as connection:
            try:
                async for event in connection:
                    failures = 0
                    yield event
            except (httpx.TransportError, TooLong):
                pass
        last_id = parser.last_id
        if parser.retry_ms is not None:
            asked_s = min(parser.retry_ms / 1000, MOST_PAUSE_S)
        pause = min(pause_s * 2**min(failures, 16), MOST_PAUSE_S)
        failures += 1
        await asyncio.sleep(max(asked_s, pause) * (0.5 + chance() / 2))


async def _one(client: httpx.AsyncClient, path: str, parser: Parser) -> AsyncGenerator[Event, None]:
    """One connection, to its end."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if parser.last_id:
        headers["Last-Event-ID"] = parser.last_id
    timeout = httpx.Timeout(10.0, read=SILENCE_S)
    async with client.stream("GET", path, headers=headers, timeout=timeout) as response:
        if response.status_code in ASK_AGAIN:
            return
        if response.status_code != 200:
            raise Problem(response.status_code, await response.aread())
        yield CONNECTED
        async for data in response.aiter_raw():
            for event in parser.feed(data):
                yield event
