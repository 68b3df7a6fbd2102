"""Ports that stay ours while the host that listens on them is dead.

A socket that is bound and does not listen keeps its port from everybody who takes any, and from
none who names it: whoever was killed starts again where its clients look for it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def kept_ports(count: int) -> Iterator[list[int]]:
    """So many ports of the loopback, ours as long as the block runs."""
    with contextlib.ExitStack() as kept:
        sockets = [kept.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            # As a server's does: two such sockets may have one port, where one of them listens.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
        yield [one.getsockname()[1] for one in sockets]
