"""An SFTP server of a bank's: asyncssh's own, on a folder, that can fail where a test wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

from clearing.release.targets import SftpTarget

Hook = Callable[[str, str], None]  # what is done, to which name; may raise SFTPError


class _Server(asyncssh.SFTPServer):
    def __init__(self, channel: Any, root: Path, hook: Hook) -> None:
        super().__init__(channel, chroot=str(root).encode())
        self._hook = hook

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Reads and writes are two things to the hook."""
        self._hook("write" if pflags & asyncssh.FXF_WRITE else "read", path.decode())
        return super().open(path, pflags, attrs)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """SFTP's version 3 takes no file away."""
        if (Path(self.map_path(newpath).decode())).exists():
            raise asyncssh.SFTPFailure("there is one of this name")
        self._hook("rename", newpath.decode())
        super().rename(oldpath, newpath)
        self._hook("renamed", newpath.decode())


class Bank:
    """Keys and a folder; `hook` is told what the client does."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "bank"
        self.root.mkdir(parents=True)
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        client_key = asyncssh.generate_private_key("ssh-ed25519")
        self.key_file = folder / "key"
        client_key.write_private_key(str(self.key_file))
        self._authorized = asyncssh.import_authorized_keys(
            client_key.export_public_key().decode())
        self.hook: Hook = lambda *_: None

    def host_key_text(self) -> str:
        """As a route has it."""
        return self.host_key.export_public_key().decode().strip()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[SftpTarget]:
        """The target to reach it by."""
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[self.host_key],
            authorized_client_keys=self._authorized,
            sftp_factory=lambda channel: _Server(channel, self.root,
                                                 self.hook))
        try:
            yield SftpTarget(host="127.0.0.1", port=server.get_port(), user="authhost",
                             key_file=str(self.key_file), host_keys=(self.host_key_text(),))
        finally:
            server.close()
            await server.wait_closed()

    def files(self) -> dict[str, bytes]:
        """What the bank has, by name."""
        return {path.relative_to(self.root).as_posix(): path.read_bytes()
                for path in sorted(self.root.rglob("*")) if path.is_file()}
