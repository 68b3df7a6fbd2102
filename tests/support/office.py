"""The admin API over a real HTTP door on a rig's servers, and who asks it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from authhost.admin.access import Role, operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.certificates.authority import Authority
from authhost.certificates.guard import CertificateGuard
from authhost.doors.admin import AdminRoutes
from authhost.settings import TlsFiles
from tests.support.doors import listening
from tests.support.rig import Rig

FAR = datetime(2099, 1, 1, tzinfo=UTC)
ROOT = "/v1/admin"
_numbers = itertools.count(1)


class Person:
    """Somebody with a token."""

    def __init__(self, office: Office, token: str, context: Any = False) -> None:
        self.office = office
        self.token = token
        self.context = context

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """One request; a POST has an Idempotency-Key of its own where none is given."""
        return self.office.rig.run(self.sending(method, path, body, **more))

    async def sending(self, method: str, path: str, body: Any = None, *, key: str = "",
                      seen: str = "", **query: Any) -> httpx.Response:
        """The same, to be awaited."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if method == "POST":
            headers["Idempotency-Key"] = key or f"o{next(_numbers)}"
        if seen:
            headers["If-Match"] = seen
        content: dict[str, Any] = {}
        if body is not None:
            content = {"content": body} if isinstance(body, bytes) else {"json": body}
        async with httpx.AsyncClient(base_url=self.office.url, trust_env=False, timeout=60,
                                     verify=self.context) as client:
            return await client.request(method, ROOT + path, headers=headers, params=query,
                                        **content)

    def get(self, path: str, **query: Any) -> httpx.Response:
        """GET."""
        return self.send("GET", path, **query)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """POST."""
        return self.send("POST", path, body, **more)

    def patch(self, path: str, body: Any, seen: str = "*") -> httpx.Response:
        """PATCH of any state, or of the one that was seen."""
        return self.send("PATCH", path, body, seen=seen)

    def made(self, path: str, body: Any) -> dict[str, Any]:
        """POST that creates."""
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


class Office:
    """One door; people are let in by the keyring."""

    def __init__(self, rig: Rig, keyring: Keyring) -> None:
        self.rig = rig
        self.url = ""
        self.keyring = keyring
        self.funded: list[tuple[Any, ...]] = []

    def person(self, role: str, **more: Any) -> Person:
        """Somebody new in this role."""
        return Person(self, self.access(role, **more)[1])

    def access(self, role: str, name: str = "", **more: Any) -> tuple[str, str]:
        """(name, token)."""
        name = name or f"{role}-{next(_numbers)}"
        wanted = NewAccess(name=name, role=Role(role), **{"expires_at": FAR, **more})
        return name, self.rig.run(self.keyring.add(operator("test"), wanted))[1]

    async def fund(self, *payment: Any) -> None:
        """Notes what was paid in."""
        self.funded.append(payment)


@contextmanager
def opened(rig: Rig, tls: TlsFiles | None = None, guard: CertificateGuard | None = None,
           authority: Authority | None = None) -> Iterator[Office]:
    """An office of this rig; with a guard of certificates, and an authority that signs them."""
    host = rig.host
    office = Office(rig, Keyring(host._pool))

    async def fund(*payment: Any) -> None:
        """Found anew each time: a test may put another in its place."""
        await office.fund(*payment)

    routes = AdminRoutes(pool=host._pool, pan_index=host.pan_index, clock=rig.settings.clock,
                         fund=fund, keyring=office.keyring, authority=authority)
    try:
        with listening(rig, routes.endpoints(), tls, guard) as office.url:
            yield office
    finally:
        rig.run(office.keyring.refusals.close())


def number_of(body: int, iin: str = "780131") -> str:
    """A card number of 16 digits with its check digit."""
    digits = f"{iin}{body:09d}"
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - place % 2)
        total += value // 10 + value % 10
    return digits + str(-total % 10)
