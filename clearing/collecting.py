"""How often a night's processes look for objects that hold each other.

Knows the collector of CPython. A night makes millions of short-lived values and hardly a cycle; at
its usual pace the collector walks through what is alive a thousand times for nothing.
"""

from __future__ import annotations

import gc
from typing import Final

_YOUNG_OBJECTS: Final = 50_000


def collect_seldom() -> None:
    """From now on, in this process."""
    gc.set_threshold(_YOUNG_OBJECTS, 20, 50)
