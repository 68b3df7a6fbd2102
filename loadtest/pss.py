"""The memory of a process and all that it has started: the sum of their proportional set sizes.

Knows /proc (Linux). A page that several processes share is counted once in all, by parts: so that
PostgreSQL's buffers are not counted for each of its processes.
"""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path
from typing import Final, Self

from authhost.embedded import children_of

_PSS: Final = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)
_LEAST_S: Final = 0.5
_REST: Final = 60  # times as long as a look has taken: the kernel counts page by page


class PeakMemory:
    """Looks now and then for as long as the block runs; `mib` is the most that was seen."""

    def __init__(self) -> None:
        self.mib = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        rest_s = _LEAST_S
        while not self._ended.wait(rest_s):
            begun = time.perf_counter()
            self.mib = max(self.mib, memory_mib(os.getpid()))
            rest_s = max(_LEAST_S, _REST * (time.perf_counter() - begun))


def memory_mib(pid: int) -> int:
    """Of a process and its descendants, in MiB; who ends meanwhile counts nothing."""
    waiting, total = [pid], 0
    while waiting:
        one = waiting.pop()
        waiting += children_of(one)
        try:
            found = _PSS.search(Path(f"/proc/{one}/smaps_rollup").read_bytes())
        except OSError:
            continue
        total += int(found[1]) if found else 0
    return total >> 10
