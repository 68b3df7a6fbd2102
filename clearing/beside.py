"""Many calls at once, in processes of their own, their results in the order of the calls.

Knows processes and a bounded queue; must not know what is called. A little work is done here: a
process has hardly begun by then. Processes are spawned, never forked: a fork would have the
parent's connections and threads.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import aclosing
from multiprocessing import get_context
from typing import Final, TypeVar

from clearing.collecting import collect_seldom
from clearing.errors import ClearingError

_T = TypeVar("_T")
_WAITING: Final = 4  # calls a worker that are on their way, so that memory holds no night


async def beside(calls: AsyncGenerator[tuple[int, Callable[[], _T]], None], here: int,
                 what: str) -> AsyncIterator[_T]:
    """The results of calls, each with its size; those after the first `here` of size by processes,
    one a processor. What a call raises is raised in its place; ClearingError: a process has died.
    """
    under_way: deque[Future[_T]] = deque()
    pool: ProcessPoolExecutor | None = None
    workers, done = os.cpu_count() or 1, 0
    try:
        async with aclosing(calls) as source:
            async for size, call in source:
                if done < here:
                    yield call()
                    done += size
                    continue
                pool = pool or ProcessPoolExecutor(workers, mp_context=get_context("spawn"),
                                                   initializer=collect_seldom)
                under_way.append(pool.submit(call))
                if len(under_way) >= workers * _WAITING:
                    yield await asyncio.wrap_future(under_way.popleft())
        while under_way:
            yield await asyncio.wrap_future(under_way.popleft())
    except BrokenProcessPool as error:
        raise ClearingError(f"{what}: a process of its own has died: {error}") from error
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
