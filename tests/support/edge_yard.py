"""The folder of an edge that is a process: settings, keys, a chip card; started, killed, looked at.

Knows multiprocessing and the edge's files; the story is the test's.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.process import BaseProcess as Process
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chip.memory import CardFile
from chip.records import Contents
from tests.support import edge_process
from tests.support.cards import CONTENTS, Issuer
from tests.support.edge import StationHost, settings
from tests.support.processes import PROCESSES

TOML = """
catalogue_keys = {{ 1 = "{point}" }}
[terminal]
id = "T0101"
merchant = "{merchant}"
acquirer = "280131"
[host]
host = "127.0.0.1"
port = {port}
tls = false
[station]
url = "http://127.0.0.1:{http_port}"
heartbeat_s = 1
[store]
path = "edge.db"
key = "store.key"
[reader]
kind = "virtual"
key = "terminal.key"
certificates = ["terminal.cvc"]
issuers = {{ 1 = "{issuer}" }}
card = "chip.card"
"""


class Yard:
    """Before a host; port: of another one than that which writes everything down."""

    def __init__(self, folder: Path, host: StationHost, *, port: int = 0,
                 merchant: str = "STATION01", contents: Contents = CONTENTS) -> None:
        self.folder, self.host = folder, host
        self._pan = contents.identity.pan
        issuer = Issuer()
        settings(folder, host)  # makes the store's key
        (folder / "key").write_bytes(bytes(32))
        issuer.issued(contents, memory=CardFile(folder / "chip.card", bytes(32)))
        credential = issuer.terminal()
        self._private("terminal.key", credential.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "terminal.cvc").write_text(credential.certificates[0].encode().hex())
        (folder / "edge.toml").write_text(TOML.format(
            point=host.catalogues.point, port=port or host.port, merchant=merchant,
            http_port=host.http_port,
            issuer=issuer.signer.point.hex()))

    def _private(self, name: str, content: bytes) -> None:
        (self.folder / name).touch(mode=0o600)
        (self.folder / name).write_bytes(content)

    @asynccontextmanager
    async def edge(self, story: str, point: str = "never") -> AsyncIterator[Process]:
        """A process that plays the story and dies at the point."""
        process = PROCESSES.Process(target=edge_process.main, args=(
            self.folder, story, point, self.folder / "said"))
        process.start()
        try:
            yield process
        finally:
            process.kill()
            await asyncio.to_thread(process.join)

    async def killed(self, story: str, point: str) -> None:
        """It ran into its planted point."""
        async with self.edge(story, point) as process:
            await asyncio.to_thread(process.join, 10)
            assert process.exitcode == -9

    async def said(self, story: str) -> list[str]:
        """What it says when nothing is planted."""
        async with self.edge(story) as process:
            await asyncio.to_thread(process.join, 10)
            assert process.exitcode == 0
        return (self.folder / "said").read_text().splitlines()

    async def sold_offline(self) -> list[str]:
        """Three sales while the line is out; their numbers."""
        self.host.catalogues.offer()
        fetched, *sold = await self.said("offline")
        self.host.catalogues.pending = None
        assert fetched == "catalogue "
        assert [line.split()[2] for line in sold] == ["offline"] * 3
        files = b"".join(path.read_bytes() for path in await asyncio.to_thread(
            lambda: list(self.folder.glob("edge.db*"))))
        assert self._pan[-4:].encode() in files
        assert self._pan.encode() not in files, "no card number lies in clear on its disk"
        return [line.split()[1] for line in sold]

    async def settle(self) -> None:
        """A process that lives until nothing waits any more."""
        async with self.edge("forward"):
            told = len(self.host.requests)
            await self.host.until(lambda: any(
                path.endswith("heartbeats") and body["unsent"] == 0
                for _, path, body in self.host.requests[told:]), 10)

    def states(self) -> list[tuple[Any, ...]]:
        """(kind, sequence, state) of all messages, as they lie there."""
        with sqlite3.connect(self.folder / "edge.db") as store:
            rows = store.execute("SELECT kind, sequence, state FROM message ORDER BY id").fetchall()
        store.close()
        return rows
