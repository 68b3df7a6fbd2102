"""The streams of a day side by side: the first in this process, each other in one of its own.

Knows that streams share nothing but the chain of the ledger, and how a process is told and heard.
What stops one stream does not hold the others; the first of those that stopped is named.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from authhost.streams import STREAMS, Stream
from clearing.collecting import collect_seldom
from clearing.errors import ClearingError
from clearing.night import Night
from clearing.run import Counted, Progress, clear
from clearing.settings import Settings
from clearing.summary import Summary


async def clear_together(database_url: str, business_date: date, out_dir: Path,
                         settings: Settings | None, who: str, *,
                         progress: Progress | None = None, counted: Counted | None = None,
                         streams: Sequence[Stream] = STREAMS, engine: str | None = None) -> Night:
    """As clear does, in about half of the time where there are two cores.

    ClearingError: of the first of the streams that stopped; what others have released stays so.
    """
    collect_seldom()
    here, *others = streams
    with ExitStack() as processes:
        beside = [processes.enter_context(_process(progress, counted)) for _ in others]
        loop = asyncio.get_running_loop()
        ended = await asyncio.gather(
            clear(database_url, business_date, out_dir, settings, progress, [here], who, counted,
                  engine=engine),
            *(loop.run_in_executor(pool, _cleared, database_url, business_date, out_dir, settings,
                                   who, stream, engine)
              for pool, stream in zip(beside, others, strict=True)),
            return_exceptions=True)
    runs: list[Summary] = []
    for stream, one in zip(streams, ended, strict=True):
        if isinstance(one, BrokenProcessPool):
            raise ClearingError(f"the process of {stream} has died: the night can be started "
                                "again") from None
        if isinstance(one, BaseException):
            raise one
        runs += one.runs
    return Night(business_date, tuple(runs))


@contextmanager
def _process(progress: Progress | None, counted: Counted | None) -> Iterator[ProcessPoolExecutor]:
    """A process whose steps are told here."""
    # Spawned, not forked: a fork would have the parent's connections.
    spawned = get_context("spawn")
    hears, tells = spawned.Pipe(duplex=False)
    listener = threading.Thread(target=_listen, args=(hears, progress, counted), daemon=True)
    listener.start()
    with ProcessPoolExecutor(1, mp_context=spawned, initializer=_open, initargs=(tells,)) as pool:
        try:
            yield pool
        finally:
            tells.close()
    listener.join(timeout=5)


_tells: list[Connection] = []  # of the other process: its way to this one


def _open(tells: Connection) -> None:
    collect_seldom()
    _tells.append(tells)


def _cleared(database_url: str, business_date: date, out_dir: Path, settings: Settings | None,
             who: str, stream: Stream, engine: str | None) -> Night:
    tells = _tells[0]
    return asyncio.run(clear(
        database_url, business_date, out_dir, settings, lambda step: tells.send((step,)), [stream],
        who, lambda *step: tells.send(step), engine=engine))


def _listen(hears: Connection, progress: Progress | None, counted: Counted | None) -> None:
    while True:
        try:
            told = hears.recv()
        except (EOFError, OSError):
            return
        if len(told) == 1 and progress is not None:
            progress(*told)
        elif len(told) == 3 and counted is not None:
            counted(*told)
