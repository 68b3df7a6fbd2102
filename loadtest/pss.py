"""The memory of a process and all that it has started: the sum of their proportional set sizes.

Knows /proc (Linux). A page that several processes share is counted once in all, by parts: so that
PostgreSQL's buffers are not counted for each of its processes.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Final, Self

from authhost.embedded import children_of

_PSS: Final = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)
_EVERY_S: Final = 0.5


class PeakMemory:
    """Looks twice a second for as long as the block runs; `mib` is the most that was seen."""

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
        while not self._ended.wait(_EVERY_S):
            self.mib = max(self.mib, memory_mib(os.getpid()))


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
