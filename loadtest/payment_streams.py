"""Phones that wait: open streams over TLS, each with a certificate of its own, and what they cost.

Knows TLS contexts, the head of a stream's answer and a process's memory; nothing of payments.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from loadtest.payment_phones import PhonePapers
from terminals import pki

_AT_ONCE: Final = 64  # handshakes on their way
_OPENS_S: Final = 60.0
_REST_S: Final = 5.0  # until what the handshakes took is given back


async def measure(pid: int, port: int, authority: pki.Authority,
                  phones: Sequence[PhonePapers]) -> dict[str, object]:
    """Open a stream for each phone at the host `pid`, and look at its memory."""
    before = resident_bytes(pid)
    begun_s = time.monotonic()
    streams: list[asyncio.StreamWriter] = []
    unopened: list[str] = []
    room = asyncio.Semaphore(_AT_ONCE)
    with tempfile.TemporaryDirectory(prefix="phones-") as folder:
        async def opened(number: int, phone: PhonePapers) -> None:
            async with room:
                try:
                    async with asyncio.timeout(_OPENS_S):
                        streams.append(await _open(port, authority, phone,
                                                   Path(folder) / f"{number}.pem"))
                except (OSError, TimeoutError, EOFError, ValueError) as error:
                    unopened.append(f"{phone.number}: {error!r}")

        await asyncio.gather(*(opened(*one) for one in enumerate(phones)))
    opened_s = time.monotonic() - begun_s
    await asyncio.sleep(_REST_S)
    after = resident_bytes(pid)
    for writer in streams:
        writer.transport.abort()
    return {
        "streams": len(streams), "unopened": len(unopened),
        "bytes_per_stream": round((after - before) / max(len(streams), 1)),
        "streams_mib": round(after / 2**20, 1), "streams_opened_s": round(opened_s, 1),
        "first_unopened": unopened[0] if unopened else ""}


async def _open(port: int, authority: pki.Authority, phone: PhonePapers,
                file: Path) -> asyncio.StreamWriter:
    context = _context(authority, phone, file)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context,
                                                   server_hostname="localhost", limit=4096)
    writer.write(f"GET /v1/phones/{phone.number.replace('+', '%2B')}/events HTTP/1.1\r\n"
                 "host: localhost\r\naccept: text/event-stream\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(head[:200])
    return writer


def _context(authority: pki.Authority, phone: PhonePapers, file: Path) -> ssl.SSLContext:
    """The phone's own. OpenSSL reads a certificate from a file alone."""
    file.write_bytes(phone.pem())
    context = ssl.create_default_context(cafile=str(authority.certificate_path))
    context.load_cert_chain(file)
    return context


def resident_bytes(pid: int) -> int:
    """A process's memory, as the kernel counts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("a process has memory")
