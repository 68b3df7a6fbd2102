"""Who is it: tokens and certificates, read anew for every request, so that a revoked one is out.

Knows the table of access. A token is 32 random bytes, told once; its SHA-256 is what is kept: it
is as long as a key, so that nobody finds it by trying. Over mutual TLS the certificate's common
name must be the row's own; a row that has a certificate and a token needs both.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from authhost.admin.access import Actor, Role, allow
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Invalid, NotIdentified, Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed

_PREFIX: Final = "ah_"
_LONGEST: Final = 64


class NewAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to be let in. with_token: False where the certificate alone is to do."""

    name: str
    role: Role
    expires_at: datetime
    account_id: int | None = None
    site_id: str | None = None
    certificate: str = ""
    with_token: bool = True


class Keyring:
    """Access rows over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def identify(self, authorization: str, certificate: str | None) -> Actor:
        """Whom a request comes from. NotIdentified, which does not say what was wrong.

        authorization: the header's text, '' where there is none; certificate: None without TLS.
        """
        if authorization:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or len(token) > _LONGEST or not token.isascii():
                raise NotIdentified("a bearer token is needed")
            row = await self._row("access_by_token", _hashed(token))
        else:
            row = await self._row("access_by_certificate", certificate) if certificate else None
        if row is None or row["revoked_at"] is not None or not row["valid"]:
            raise NotIdentified("a bearer token is needed that is known and not over")
        if row["certificate"] != (certificate or ""):
            raise NotIdentified("token and certificate do not go together")
        return Actor(row["name"], Role(row["role"]), row["access_id"], row["account_id"],
                     row["site_id"])

    async def add(self, actor: Actor, wanted: NewAccess) -> tuple[int, str]:
        """(id, token) of a new row; '' where there is no token. It is told this once. Refused."""
        allow(actor, "access.add")
        if not wanted.with_token and not wanted.certificate:
            raise Invalid("a token or a certificate is needed", "certificate")
        if wanted.expires_at.tzinfo is None:
            raise Invalid("an instant has an offset", "expires_at")
        if (wanted.role is Role.FLEET) != (wanted.account_id is not None):
            raise Invalid("a fleet's client has an account, and nobody else", "account_id")
        if (wanted.role is Role.STATION) != (wanted.site_id is not None):
            raise Invalid("a station's manager has a site, and nobody else", "site_id")
        token = _PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=") \
            if wanted.with_token else ""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            number = await connection.fetchval(
                statement("access_add"), wanted.name, wanted.role, wanted.account_id,
                wanted.site_id, _hashed(token) if token else None, wanted.certificate,
                wanted.expires_at, actor.name)
            await audit(connection, actor, f"access/{wanted.name}",
                        f"access for {wanted.name} as {wanted.role}",
                        {"role": (None, wanted.role), "account_id": (None, wanted.account_id),
                         "site_id": (None, wanted.site_id),
                         "certificate": (None, wanted.certificate),
                         "expires_at": (None, wanted.expires_at)})
        return int(number), token

    async def all(self, actor: Actor) -> Sequence[asyncpg.Record]:
        """Every row, without tokens."""
        allow(actor, "access.read")
        async with Borrowed(self._pool) as connection:
            return await connection.fetch(statement("access_list"))

    async def revoke(self, actor: Actor, name: str) -> None:
        """Out, from the commit on. Unknown where nobody of this name is in."""
        allow(actor, "access.revoke")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            if await connection.fetchval(statement("access_revoke"), name) is None:
                raise Unknown("nobody of this name is let in", "name")
            await audit(connection, actor, f"access/{name}", f"access of {name} revoked")

    async def _row(self, name: str, *args: object) -> asyncpg.Record | None:
        async with Borrowed(self._pool) as connection:
            return await connection.fetchrow(statement(name), *args)


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
