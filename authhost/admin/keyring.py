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

from authhost.admin.access import SCOPES, Actor, Role, allow
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusal_log import RefusalLog
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
    bank_id: str | None = None
    courier_id: str | None = None
    certificate: str = ""
    with_token: bool = True


class Keyring:
    """Access rows over a pool of connections; who is refused is written down."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.refusals = RefusalLog(pool)

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
                     row["site_id"], row["bank_id"], row["courier_id"])

    async def add(self, actor: Actor, wanted: NewAccess) -> tuple[int, str]:
        """(id, token) of a new row; '' where there is no token. It is told this once. Refused."""
        allow(actor, "access.add")
        if not wanted.with_token and not wanted.certificate:
            raise Invalid("a token or a certificate is needed", "certificate")
        if wanted.expires_at.tzinfo is None:
            raise Invalid("an instant has an offset", "expires_at")
        scopes = {column: getattr(wanted, column) for column in SCOPES}
        for column, value in scopes.items():
            if (wanted.role in SCOPES[column]) != (value is not None):
                who = ", ".join(sorted(SCOPES[column]))
                raise Invalid(f"of these alone, and always: {who}", column)
        token = _PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=") \
            if wanted.with_token else ""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            number = await connection.fetchval(
                statement("access_add"), wanted.name, wanted.role, *scopes.values(),
                _hashed(token) if token else None, wanted.certificate,
                wanted.expires_at, actor.name)
            await audit(connection, actor, f"access/{wanted.name}",
                        f"access for {wanted.name} as {wanted.role}",
                        {"role": (None, wanted.role),
                         **{column: (None, value) for column, value in scopes.items()
                            if value is not None},
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
