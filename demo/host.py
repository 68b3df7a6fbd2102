"""The host as a process of its own, started as an operator would start it.

Knows its command line and its one line of JSON; knows nothing of what it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from authhost.clock import Clock
from iso import get
from terminals import pki

_START_TIMEOUT_S: Final = 20
_STOP_TIMEOUT_S: Final = 20


class HostError(Exception):
    """The host did not start, or did not stop as it was asked to; its log says why."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What the host is started with."""

    database_url: str
    redis_url: str
    hsm_url: str
    iso_ports: Mapping[str, int]  # by profile
    http_port: int
    public_port: int  # for shops and phones
    authority: pki.Authority
    identity: pki.Identity
    bank_identity: pki.Identity  # by which banks know it
    phones: Path  # directory of the authority of payers' phones
    passphrase: Path  # that opens it
    operator: Path  # who runs the safes, for receipts
    clock: Clock

    def arguments(self) -> list[str]:
        """The command line."""
        return [
            sys.executable, "-m", "authhost", "serve",
            "--database-url", self.database_url, "--redis-url", self.redis_url,
            "--hsm", self.hsm_url,
            *(word for profile, port in self.iso_ports.items() for word in (
                "--iso", f"{profile}:{get(profile).framing.name}:127.0.0.1:{port}:tls")),
            "--http", f"127.0.0.1:{self.http_port}:tls",
            "--tls-ca", str(self.authority.certificate_path),
            "--tls-cert", str(self.identity.certificate), "--tls-key", str(self.identity.key),
            "--bank-ca", str(self.authority.certificate_path),
            "--bank-cert", str(self.bank_identity.certificate),
            "--bank-key", str(self.bank_identity.key), "--operator", str(self.operator),
            "--public", f"127.0.0.1:{self.public_port}",
            "--authority", str(self.phones), "--authority-passphrase", str(self.passphrase),
            "--clock", str(self.clock), "--log-level", "warning",
        ]


@asynccontextmanager
async def running(command: Command, log: Path) -> AsyncIterator[None]:
    """The host, ready, for as long as the block runs; then SIGTERM, and it must end well.

    HostError when it does not become ready, or does not end with 0.
    """
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *command.arguments(), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=errors)
    try:
        await _ready(process, log)
        yield
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            status = await process.wait()
        if status != 0:
            raise HostError(f"the host ended with {status}:\n{_tail(log)}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _ready(process: asyncio.subprocess.Process, log: Path) -> None:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            line = await process.stdout.readline()
        event = json.loads(line)
    except (TimeoutError, ValueError):
        raise HostError(f"the host did not become ready:\n{_tail(log)}") from None
    if event.get("event") != "ready":
        raise HostError(f"the host said {event}, not that it is ready")


def free_port() -> int:
    """A port of the loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]
