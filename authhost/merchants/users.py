"""The desk for merchants' people: made, shown, blocked, given a new secret.

Knows the table of users and who may change it. A client's secret is told once, and kept as its
SHA-256: a request that is sent again hears everything but the secret.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Final, Literal

import asyncpg
import msgspec

from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit
from authhost.admin.refusals import Invalid, Unknown
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.merchants.callers import RIGHTS, Callers, hashed
from authhost.merchants.statements import statement

_END: Final = r"$(?!\n)"
_PREFIX: Final = "cs_"
Status = Literal["active", "blocked", "closed"]
Right = Literal["payment", "refund", "report", "webhook"]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody of a merchant. phone: an agent's, to log in by; certificate: a common name over
    mutual TLS; a client has a secret unless it has a certificate and `secret` is false."""

    user_id: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,64}" + _END)]
    merchant_id: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,64}" + _END)]
    kind: Literal["agent", "client"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=70,
                                      pattern=r"^[^\x00-\x1f\x7f]*" + _END)]
    phone: Annotated[str, msgspec.Meta(pattern=r"^\+[1-9][0-9]{6,14}" + _END)] | None = None
    # A phone's certificate names its number: nobody of a merchant has such a name.
    certificate: Annotated[str, msgspec.Meta(pattern=r"^([!-*,-~][!-~]{0,63})?" + _END)] = ""
    rights: Annotated[tuple[Right, ...], msgspec.Meta(max_length=len(RIGHTS))] = (
        "payment", "refund", "report")
    secret: bool = True


class Users:
    """Over a pool of connections. callers: what is known of them here is forgotten at a change."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, callers: Callers) -> None:
        self._pool = pool
        self._clock = clock
        self._callers = callers

    async def add(self, actor: Actor, new: NewUser, request: Asked | None) -> Row:
        """A new user, as shown, with `secret` this once. Refused, JournalUnavailable."""
        allow(actor, "merchant_user.create")
        if new.kind == "client" and new.phone is not None:
            raise Invalid("a client is a program: it has no phone", "phone")
        if new.kind == "agent" and new.phone is None and not new.certificate:
            raise Invalid("an agent has a phone or a certificate", "phone")
        with_secret = new.kind == "client" and new.secret
        if new.kind == "client" and not with_secret and not new.certificate:
            raise Invalid("a client has a secret or a certificate", "certificate")
        secret = _new_secret() if with_secret else ""
        told = ""

        async def work() -> Row:
            nonlocal told
            row = await connection.fetchrow(
                statement("user_add"), new.user_id, new.merchant_id, new.kind, new.name, new.phone,
                hashed(secret) if secret else None, new.certificate, list(new.rights), actor.name)
            assert row is not None, "an INSERT that was not refused has its row"
            made = dict(row)
            await audit(connection, actor, f"merchant_user/{new.user_id}",
                        f"{new.kind} {new.user_id} of {new.merchant_id}",
                        {name: (None, value) for name, value in made.items()})
            told = secret
            return {**made, "created_at": made["created_at"].isoformat()}

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await once(connection, actor, request, work)
        self._callers.forget()
        return row | {"secret": told}

    async def read(self, actor: Actor, user_id: str) -> Row:
        """One of them. Refused."""
        allow(actor, "merchant_user.read")
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement("user_read"), user_id)
        if row is None:
            raise _nobody()
        return dict(row)

    async def listed(self, actor: Actor, merchant_id: str | None, after: str,
                     most: int) -> list[Row]:
        """By id, after one."""
        allow(actor, "merchant_user.read")
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("users_list"), merchant_id, after, most)
        return [dict(row) for row in rows]

    async def move(self, actor: Actor, user_id: str, status: Status) -> Row:
        """Blocked, let in again or closed for good: out from the commit on, everywhere within
        callers.AGE_S. Refused."""
        allow(actor, "merchant_user.change")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await connection.fetchrow(statement("user_move"), user_id, status,
                                            self._clock.now())
            if row is None:
                raise _nobody()
            await audit(connection, actor, f"merchant_user/{user_id}", f"{user_id} is {status}")
        self._callers.forget()
        return dict(row)

    async def renew_secret(self, actor: Actor, user_id: str, request: Asked | None) -> Row:
        """A client's next secret, told this once: a repeat hears '', and changes nothing. The
        tokens of the one before end with it. Refused."""
        allow(actor, "merchant_user.change")
        secret, told = _new_secret(), ""

        async def work() -> Row:
            nonlocal told
            if await connection.fetchval(statement("user_secret"), user_id, hashed(secret),
                                         self._clock.now()) is None:
                raise _nobody()
            await audit(connection, actor, f"merchant_user/{user_id}", f"new secret of {user_id}")
            told = secret
            return {"user_id": user_id}

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await once(connection, actor, request, work)
        self._callers.forget()
        return row | {"secret": told}


def _new_secret() -> str:
    return _PREFIX + secrets.token_urlsafe(32)


def _nobody() -> Unknown:
    return Unknown("there is no such user of a merchant", "id")
