"""Doors of one's own on a rig's servers: any routes, and who asks them.

Knows how a host puts its HTTP door together; the routes are the caller's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from authhost.admin.access import Role, operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.certificates.guard import CertificateGuard
from authhost.doors.call import Endpoint
from authhost.doors.http import HttpDoor
from authhost.doors.http_server import HttpServer
from authhost.settings import TlsFiles
from authhost.translate.json_door import JsonTranslator
from tests.support.rig import Rig

_FAR = datetime(2099, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


class Door:
    """One door; people are let in by the keyring."""

    def __init__(self, rig: Rig, keyring: Keyring) -> None:
        self.rig = rig
        self.url = ""
        self._keyring = keyring

    def token(self, role: str, **more: Any) -> str:
        """Somebody new in this role."""
        wanted = NewAccess(name=f"{role}-p{next(_numbers)}", role=Role(role),
                           **{"expires_at": _FAR, **more})
        return self.rig.run(self._keyring.add(operator("test"), wanted))[1]

    def send(self, method: str, path: str, body: Any = None, *, token: str = "",
             key: str = "") -> httpx.Response:
        """One request; a POST has an Idempotency-Key of its own where none is given."""
        return self.rig.run(self._sending(method, path, body, token, key))

    async def _sending(self, method: str, path: str, body: Any, token: str,
                       key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if method == "POST":
            headers["Idempotency-Key"] = key or f"p{next(_numbers)}"
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
            return await client.request(method, path, headers=headers, json=body)


@contextmanager
def door(rig: Rig, keyring: Keyring, endpoints: Sequence[Endpoint]) -> Iterator[Door]:
    """A door of this rig with these routes, and the people whom the keyring lets in."""
    made = Door(rig, keyring)
    with listening(rig, endpoints) as made.url:
        yield made


@contextmanager
def listening(rig: Rig, endpoints: Sequence[Endpoint], tls: TlsFiles | None = None,
              guard: CertificateGuard | None = None) -> Iterator[str]:
    """The URL of a door of this rig with these routes beside its own, while the block runs."""
    host = rig.host
    http = HttpDoor(translator=JsonTranslator(host.pan_index.fingerprint_key),
                    pan_index=host.pan_index, authorizer=host.authorizer,
                    clock=rig.settings.clock, metrics=host.metrics, load=host.load, hold_us=1,
                    ready=host.ready, more=list(endpoints))
    server = HttpServer(http.endpoints, "127.0.0.1", 0, tls.context() if tls else None, guard)
    port = rig.run(server.listen())
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        rig.run(server.close())
