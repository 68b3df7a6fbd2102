"""An HSM on its lines: host ports, console, the chores of each second, an orderly end."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path

import msgspec

from hsm_sim.bootstrap import Hsm
from hsm_sim.console import Console, private_socket, serve_console
from hsm_sim.dispatch import Dispatcher
from hsm_sim.server import HostServer, tls_context


class Listen(msgspec.Struct, frozen=True):
    """Where it listens. No certificate, no TLS."""

    host: str
    port: int | None
    tls_port: int
    certificate: Path | None
    key: Path | None
    ca: Path | None
    console: Path


async def serve(hsm: Hsm, listen: Listen) -> None:
    """Serve until SIGTERM or Ctrl-C, then drain. Prints one line of JSON when it is ready."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = HostServer(Dispatcher(hsm.unit))
    ports = {}
    if listen.port is not None:
        ports["tcp"] = await server.listen(listen.host, listen.port)
    if listen.certificate is not None and listen.key is not None:
        context = tls_context(listen.certificate, listen.key, listen.ca)
        ports["tls"] = await server.listen(listen.host, listen.tls_port, context)
    console = await serve_console(
        Console(hsm, lambda: {**server.figures(), **hsm.unit.figures()}),
        private_socket(listen.console))
    hsm.audit("started", ports=ports, pid=os.getpid())
    gc.collect()
    gc.freeze()
    print(json.dumps({"event": "ready", "ports": ports, "pid": os.getpid()}), flush=True)
    chore = asyncio.create_task(_each_second(hsm, server))
    await stop.wait()
    chore.cancel()
    console.close()
    await server.close()
    listen.console.unlink(missing_ok=True)
    hsm.audit("stopped", answers=sum(server.dispatcher.counts.values()))


async def _each_second(hsm: Hsm, server: HostServer) -> None:
    while True:
        await asyncio.sleep(1)
        server.sweep()
        try:
            for activity in hsm.unit.authority.ended():
                hsm.audit("authority ended", activity=activity)
            hsm.audit.sync()
        except OSError as error:  # a full disk: commands that need a record are answered 41
            print(json.dumps({"event": "audit log", "error": str(error)}), file=sys.stderr,
                  flush=True)
