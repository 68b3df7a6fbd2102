"""The streams of a day side by side: fuel in this process, cash and payments in another.

Knows that streams share nothing but the chain of the ledger, and how a process is told and heard.
What stops one stream does not hold the other process; the first to stop is the one that is named.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

from authhost.streams import STREAMS, Stream
from clearing.errors import ClearingError
from clearing.night import Night
from clearing.run import Counted, Progress, clear
from clearing.settings import Settings

_HERE: tuple[Stream, ...] = ("fuel",)  # about as much work as the two others


async def clear_together(database_url: str, business_date: date, out_dir: Path,
                         settings: Settings | None, who: str, *,
                         progress: Progress | None = None, counted: Counted | None = None,
                         streams: Sequence[Stream] = STREAMS, engine: str | None = None) -> Night:
    """As clear does, in about two thirds of the time where there are two cores.

    ClearingError: of the first of the two that stopped; what the other has released stays so.
    """
    here = [stream for stream in streams if stream in _HERE]
    there = [stream for stream in streams if stream not in _HERE]
    if not here or not there:
        return await clear(database_url, business_date, out_dir, settings, progress, streams, who,
                           counted, engine=engine)
    hears, tells = multiprocessing.get_context("spawn").Pipe(duplex=False)
    listener = threading.Thread(target=_listen, args=(hears, progress, counted), daemon=True)
    listener.start()
    # Spawned, not forked: a fork would have the parent's connections.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"),
                             initializer=_open, initargs=(tells,)) as pool:
        try:
            ours, theirs = await asyncio.gather(
                clear(database_url, business_date, out_dir, settings, progress, here, who, counted,
                      engine=engine),
                asyncio.get_running_loop().run_in_executor(
                    pool, _cleared, database_url, business_date, out_dir, settings, who, there,
                    engine),
                return_exceptions=True)
        finally:
            tells.close()
    listener.join(timeout=5)
    for one in (ours, theirs):
        if isinstance(one, BrokenProcessPool):
            raise ClearingError(f"the process of {', '.join(there)} has died: the night can be "
                                "started again") from None
        if isinstance(one, BaseException):
            raise one
    assert isinstance(ours, Night)
    assert isinstance(theirs, Night)
    runs = {run.stream: run for run in (*ours.runs, *theirs.runs)}
    return Night(business_date, tuple(runs[stream] for stream in streams))


_tells: list[Connection] = []  # of the other process: its way to this one


def _open(tells: Connection) -> None:
    _tells.append(tells)


def _cleared(database_url: str, business_date: date, out_dir: Path, settings: Settings | None,
             who: str, streams: Sequence[Stream], engine: str | None) -> Night:
    tells = _tells[0]
    return asyncio.run(clear(
        database_url, business_date, out_dir, settings, lambda step: tells.send((step,)), streams,
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
