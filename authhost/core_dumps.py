"""A process that is never written to a disk as it is: no core dump, no reading of its memory.

Card numbers are in the clear in the memory of a host while their messages live (invariant 15).
Knows the operating system; nothing of what is in the memory.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # prctl(2)


def forbid_core_dumps() -> None:
    """Forbid them for this process and, as far as files go, for the children that it starts.

    The limit alone does not hold where the system pipes dumps into a program (core(5)); a process
    that is not dumpable has none, and of its own user only root may attach to it or read its
    memory, so a profiler needs root. A child that runs another program is dumpable again.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Refused nowhere, and without it the limit still stands: its result is not looked at.
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, *map(ctypes.c_ulong, (0, 0, 0, 0)))
