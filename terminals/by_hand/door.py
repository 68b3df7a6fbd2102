"""What the clients of the JSON door share at the command line: where it is, what it answered.

Knows arguments, TLS files and exit codes; knows no client.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from terminals import pki
from terminals.json_door import JsonDoor, NoAnswer, Posted, Problem
from terminals.settings import TlsSettings


def http_parser(module: str) -> argparse.ArgumentParser:
    """The arguments that every client of the JSON door has."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("--url", default="http://127.0.0.1:8580")
    parser.add_argument("--tls", nargs="+", type=Path, metavar="FILE",
                        help="the authority, and for mutual TLS certificate and key")
    return parser


def with_door(options: argparse.Namespace,
              run: Callable[[JsonDoor], Awaitable[Posted | None]]) -> int:
    """Run against the door of the arguments; 0 where it approved, or there was nothing to."""
    async def whole() -> int:
        door = JsonDoor(options.url, tls=context(options.tls))
        try:
            posted = await run(door)
        except (NoAnswer, Problem) as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            await door.close()
        if posted is None:
            return 0
        print(posted.raw.decode())
        return 0 if posted.decision.approved else 1

    return asyncio.run(whole())


def context(tls: list[Path] | None) -> ssl.SSLContext | None:
    """TLS of `--tls`: the authority, and for mutual TLS certificate and key."""
    if not tls:
        return None
    identity = pki.Identity(tls[1], tls[2]) if len(tls) > 2 else None
    return pki.client_context(tls[0], identity)


def tls_of(tls: list[Path] | None) -> TlsSettings | None:
    """The same as settings of a program."""
    if not tls:
        return None
    certificate, key = tls[1:3] if len(tls) > 2 else (None, None)
    return TlsSettings(authority=tls[0], certificate=certificate, key=key)
