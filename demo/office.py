"""The operator's office, or a bank's desk: the admin API with a token and a certificate.

Knows paths and bodies; decides nothing. What the host refuses is an OfficeError.
"""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import httpx
import msgspec

from authhost.admin.access import Role, operator
from authhost.admin.keyring import Keyring, NewAccess

NAME: Final = "office"
SECOND: Final = "vault"  # who decides what the office proposes
_PAGE: Final = 1_000
_TIMEOUT_S: Final = 20.0


class OfficeError(Exception):
    """What was asked for was not done; in the host's words."""


class Office:
    """url: of the host's HTTP door. tls: with the certificate of NAME."""

    def __init__(self, url: str, tls: ssl.SSLContext, token: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{url}/v1/admin", verify=tls, timeout=_TIMEOUT_S, trust_env=False,
            headers={"Authorization": f"Bearer {token}"})

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def post(self, path: str, body: object, *, key: str = "") -> dict[str, Any]:
        """Make or do something; key: the same one again does it once."""
        return await self._ask("POST", path, body, {"Idempotency-Key": key or uuid.uuid4().hex})

    async def patch(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Change something, whatever it was before."""
        return await self._ask("PATCH", path, body, {"If-Match": "*"})

    async def put(self, path: str, body: object) -> dict[str, Any]:
        """Make something what it is to be."""
        return await self._ask("PUT", path, body)

    async def import_prices(self, content: str, source: str, time_zone: str) -> dict[str, Any]:
        """A wholesale list."""
        response = await self._client.post(
            "/prices/base", params={"source": source, "time_zone": time_zone},
            content=content.encode(), headers={"Content-Type": "text/csv"})
        return _read(response)

    async def fund(self, account_id: int, amount_minor: int, reference: str) -> dict[str, Any]:
        """What a prepaid fleet has paid in; a reference counts once."""
        return await self.post(f"/accounts/{account_id}/fundings", {
            "amount_minor": amount_minor, "currency": "EUR", "reference": reference},
            key=reference)

    async def exceptions(self) -> list[dict[str, Any]]:
        """The whole feed of flagged rows, as far as it can be told by now."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self._ask("GET", f"/exceptions?limit={_PAGE}&after={after}")
            found += page["data"]
            if not page["data"]:
                return found
            after = page["next"]

    async def get(self, path: str) -> dict[str, Any]:
        """Look something up."""
        return await self._ask("GET", path)

    async def _ask(self, method: str, path: str, body: object = None,
                   headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        content = msgspec.json.encode(body) if body is not None else None
        return _read(await self._client.request(
            method, path, content=content,
            headers={"Content-Type": "application/json", **(headers or {})}))


async def let_in(database_url: str, name: str = NAME, role: Role = Role.ADMINISTRATOR,
                 bank_id: str | None = None) -> str:
    """The token of somebody with this certificate, as `authhost access add` prints it. bank_id: of
    a bank."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        _, token = await Keyring(pool).add(operator("operator"), NewAccess(
            name=name, role=role, certificate=name, bank_id=bank_id,
            expires_at=datetime.now(UTC) + timedelta(days=1)))
    return token


def _read(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        raise OfficeError(f"{response.request.method} {response.request.url.path}: "
                          f"{response.status_code} {response.text[:300]}")
    found: dict[str, Any] = response.json()
    return found
