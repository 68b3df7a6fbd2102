"""The press: many sheets typeset at once, in processes of their own, in the order they came.

Knows processes and a bounded queue; must not know what is on a sheet. Processes are spawned, never
forked: the typesetter has threads. A few sheets are not worth a process, and are typeset here.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final

from clearing.documents.typesetting import Sheet, typeset
from clearing.errors import ClearingError

FEW: Final = 8  # sheets that one thread has done before a process has begun
_WAITING: Final = 4  # sheets a worker that are on their way, so that memory holds no night


async def pressed(sheets: AsyncIterable[Sheet],
                  workers: int | None = None) -> AsyncIterator[tuple[Sheet, bytes]]:
    """Each sheet with its PDF, in the order given. workers: processes; one a processor if None.

    ClearingError names the first document that cannot be typeset, or that a worker died over.
    """
    source = aiter(sheets)
    first: list[Sheet] = []
    async for sheet in source:
        first.append(sheet)
        if len(first) > FEW:
            break
    workers = (workers or os.cpu_count() or 1) if len(first) > FEW else 1
    pool: Executor = (
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if len(first) > FEW
        else ThreadPoolExecutor(1))
    try:
        async for made in _through(pool, _all(first, source), workers * _WAITING):
            yield made
    finally:
        pool.shutdown(cancel_futures=True)


async def _through(pool: Executor, sheets: AsyncIterable[Sheet],
                   most: int) -> AsyncIterator[tuple[Sheet, bytes]]:
    under_way: deque[tuple[Sheet, Future[bytes]]] = deque()
    async for sheet in sheets:
        under_way.append((sheet, pool.submit(typeset, sheet)))
        if len(under_way) >= most:
            yield await _done(*under_way.popleft())
    while under_way:
        yield await _done(*under_way.popleft())


async def _done(sheet: Sheet, future: Future[bytes]) -> tuple[Sheet, bytes]:
    try:
        return sheet, await asyncio.wrap_future(future)
    except BrokenProcessPool as error:
        raise ClearingError(f"{sheet.name}: a process of the press has died: {error}") from error


async def _all(first: list[Sheet], rest: AsyncIterator[Sheet]) -> AsyncIterator[Sheet]:
    for sheet in first:
        yield sheet
    async for sheet in rest:
        yield sheet
