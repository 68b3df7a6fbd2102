"""Processes that a test starts and that die where it says.

All are forked from one process that has imported everything: starting Python takes a second each.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import Any

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([
    "tests.support.bank_process", "tests.support.edge_process", "tests.support.safe_process",
    "tests.support.night_process"])


def die(*_: Any) -> None:
    """At once, like a machine whose power is cut."""
    os.kill(os.getpid(), signal.SIGKILL)
