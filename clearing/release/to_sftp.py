"""Delivery to an SFTP server: its key pinned, ours from a file, nothing else tried.

Knows SSH; the order of the steps is handing's. Neither the agent nor the configuration of whoever
runs this is asked: what a route says is all that holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncssh

from clearing.release import handing
from clearing.release.ports import Parcel, Receipt, Undeliverable, Undelivered, Unknown
from clearing.release.targets import SftpTarget

CHUNK: Final = 1 << 20
CONNECT_S: Final = 20
KEEPALIVE_S: Final = 15  # a server that is gone without a word is noticed after three of them


class ToSftp:
    """A target that is an SFTP server, connected."""

    def __init__(self, target: SftpTarget, connection: asyncssh.SSHClientConnection,
                 sftp: asyncssh.SFTPClient) -> None:
        self._folder = target.folder.rstrip("/") or "/"
        self._connection = connection
        self._sftp = sftp

    @classmethod
    async def connect(cls, target: SftpTarget) -> ToSftp:
        """Undeliverable: a key is wrong, ours or theirs. Undelivered: anything else."""
        try:
            trusted = [asyncssh.import_public_key(key) for key in target.host_keys]
            ours = asyncssh.read_private_key(target.key_file)
        except (asyncssh.KeyImportError, OSError) as error:
            raise Undeliverable(f"a key for {target.host} cannot be read: {error}") from None
        try:
            connection = await asyncssh.connect(
                target.host, target.port, username=target.user, client_keys=[ours],
                known_hosts=(trusted, [], []), config=None, agent_path=None, gss_host=None,
                preferred_auth="publickey", connect_timeout=CONNECT_S, login_timeout=CONNECT_S,
                keepalive_interval=KEEPALIVE_S)
        except asyncssh.HostKeyNotVerifiable:
            raise Undeliverable(f"{target.host} has another host key than the route says") from None
        except asyncssh.PermissionDenied as error:
            raise Undeliverable(f"{target.host} does not let {target.user} in: {error.reason}") \
                from None
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise Undelivered(f"{target.host}:{target.port}: {_words(error)}") from None
        try:
            return cls(target, connection, await connection.start_sftp_client())
        except (asyncssh.Error, OSError) as error:
            connection.close()
            raise Undelivered(f"{target.host}: no SFTP: {_words(error)}") from None

    async def prepare(self, parcel: Parcel) -> Receipt | None:
        """As Delivery has it."""
        return await handing.prepare(self, parcel)

    async def settle(self) -> None:
        """Each file was made sure of where its server knows how."""

    async def hand_over(self, parcel: Parcel) -> Receipt:
        """As Delivery has it."""
        return await handing.hand_over(self, parcel)

    async def close(self) -> None:
        """As Delivery has it."""
        self._connection.close()
        with contextlib.suppress(asyncssh.Error, OSError):
            await self._connection.wait_closed()

    async def size(self, name: str) -> int | None:
        """As Store has it."""
        try:
            async with _errors(name):
                return (await self._sftp.stat(self._path(name))).size
        except _Missing:
            return None

    async def digest(self, name: str) -> str:
        """As Store has it: the whole file comes back."""
        found = hashlib.sha256()
        async with _errors(name), self._sftp.open(self._path(name), "rb",
                                                      encoding=None) as file:
            while chunk := await file.read(CHUNK):
                assert isinstance(chunk, bytes)  # without an encoding it is
                found.update(chunk)
        return found.hexdigest()

    async def put(self, name: str, source: str, offset: int) -> None:
        """As Store has it."""
        path = self._path(name)
        async with _errors(name):
            if "/" in name:
                await self._sftp.makedirs(path.rpartition("/")[0], exist_ok=True)
            async with self._sftp.open(path, "r+b" if offset else "wb",
                                       encoding=None) as file:
                await file.seek(offset)
                with await asyncio.to_thread(open, source, "rb") as from_:
                    from_.seek(offset)
                    while chunk := await asyncio.to_thread(from_.read, CHUNK):
                        await file.write(chunk)
                with contextlib.suppress(asyncssh.SFTPOpUnsupported):
                    await file.fsync()

    async def rename(self, name: str, to: str) -> None:
        """As Store has it. SFTP's own rename: it takes nobody else's file away (version 3, 6.5)."""
        try:
            async with _errors(to):
                await self._sftp.rename(self._path(name), self._path(to))
        except _Lost as error:
            raise Unknown(str(error)) from None

    async def remove(self, name: str) -> None:
        """As Store has it."""
        async with _errors(name):
            await self._sftp.remove(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"


class _Missing(Undelivered):
    """The server has no such file."""


class _Lost(Undelivered):
    """The connection is gone, and with it the answer."""


@asynccontextmanager
async def _errors(name: str) -> AsyncIterator[None]:
    try:
        yield
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        raise _Missing(f"{name}: the server has no such file") from None
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.ConnectionLost,
            ConnectionError, TimeoutError) as error:
        raise _Lost(f"{name}: {_words(error)}") from None
    except (asyncssh.Error, OSError) as error:
        raise Undelivered(f"{name}: {_words(error)}") from None


def _words(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(reason) or type(error).__name__
