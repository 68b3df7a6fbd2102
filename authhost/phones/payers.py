"""Payers as the bank's people see them: made, given a code, blocked, their certificates revoked.

Knows the tables of payers and certificates and the audit trail; signs nothing. Whatever decides
raises the fence of the payer's account, last in its transaction: from that commit on nothing is
approved under the certificate, or the state, of before, on any host.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import asyncpg
import msgspec

from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import Changes, audit, raise_fence
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.certificates.desk import REASONS
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.payments.model import Refused
from authhost.phones import codes, issuing
from authhost.phones.statements import sql


class Payer(NamedTuple):
    """A payer under its lock. push: a subscription, JSON."""

    phone: str
    account_id: int
    name: str
    status: str
    code_hash: bytes | None
    code_until: datetime | None
    code_tries: int
    push: str | None
    refuses: list[str]


class Payers:
    """Over a pool of connections. secret: 32 bytes, the same at every host; chance: so many bytes
    that nobody guesses."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, secret: bytes, *,
                 chance: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._pool = pool
        self._clock = clock
        self._secret = secret
        self._chance = chance

    async def add_payer(self, actor: Actor, phone: str, account_id: int, name: str,
                        asked: Asked | None = None) -> Row:
        """A payer with a phone (E.164) and an account of kind 'payer'. admin.Refused."""
        allow(actor, "payer.create")

        async def work() -> Row:
            kind = await connection.fetchval(sql("account_kind"), account_id)
            if kind != "payer":
                raise Invalid("there is no such account of a payer", "account_id")
            await connection.execute(sql("payer_add"), phone, account_id, name)
            await self._noted(connection, actor, phone, account_id, f"payer {phone} is made",
                              {"account_id": (None, account_id), "name": (None, name)})
            return {"phone": phone, "account_id": account_id, "name": name, "status": "active"}

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, asked, work)

    async def open_code(self, actor: Actor, phone: str) -> str:
        """A new enrolment code; the one before it ends. It is told this once. admin.Refused."""
        allow(actor, "payer.enrol")
        code = codes.code_of(self._chance(codes.CHANCE_BYTES))
        until = self._now() + codes.VALID
        async with self._of(phone) as (connection, payer):
            if payer.status != "active":
                raise Conflict(f"the payer is {payer.status}", "phone")
            await connection.execute(sql("code_set"), phone,
                                     codes.hashed(self._secret, phone, code), until)
            await audit(connection, actor, f"payer/{phone}", f"payer {phone}: a code to enrol",
                        {"code_until": (payer.code_until, until)})
        return code

    async def block(self, actor: Actor, phone: str) -> Row:
        """Nothing of this payer's is approved from this commit on. admin.Refused."""
        return await self._become(actor, phone, "active", "blocked")

    async def unblock(self, actor: Actor, phone: str) -> Row:
        """The payer may pay again. admin.Refused."""
        return await self._become(actor, phone, "blocked", "active")

    async def _become(self, actor: Actor, phone: str, before: str, after: str) -> Row:
        allow(actor, "payer.block")
        async with self._of(phone) as (connection, payer):
            if payer.status == before:
                await connection.execute(sql("status_set"), phone, after)
                await self._noted(connection, actor, phone, payer.account_id,
                                  f"payer {phone} is {after}", {"status": (before, after)})
            elif payer.status != after:
                raise Conflict(f"the payer is {payer.status}", "phone")
        return await self._shown(phone)

    async def refuse(self, actor: Actor, phone: str, merchants: Sequence[str]) -> Row:
        """Of these merchants alone, all of them, this payer's yes is declined. admin.Refused."""
        allow(actor, "payer.change")
        wanted = sorted(set(merchants))
        async with self._of(phone) as (connection, payer):
            there = await connection.fetchval(sql("merchants_there"), wanted) or []
            if unknown := sorted(set(wanted) - set(there)):
                raise Invalid(f"there is no merchant {unknown[0]}", "merchants")
            if wanted != sorted(payer.refuses):
                await connection.execute(sql("refuses_set"), phone, wanted)
                await self._noted(connection, actor, phone, payer.account_id,
                                  f"payer {phone} refuses merchants",
                                  {"refuses": (payer.refuses, wanted)})
        return await self._shown(phone)

    async def read(self, actor: Actor, phone: str) -> Row:
        """A payer, its certificates, and whether a code waits. admin.Refused."""
        allow(actor, "payer.read")
        return await self._shown(phone)

    async def _shown(self, phone: str) -> Row:
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(sql("payer_read"), phone)
        if row is None:
            raise Unknown("there is no such payer", "phone")
        certificates = [
            {name: one[name] for name in ("serial", "not_before", "not_after", "issued_at",
                                          "revoked_at", "reason")} for one in row["certificates"]]
        shown: Row = msgspec.to_builtins(
            {name: row[name] for name in ("phone", "account_id", "name", "status", "refuses",
                                          "push", "code_until", "code_tries")})
        return shown | {"certificates": msgspec.to_builtins(certificates)}

    async def revoke(self, actor: Actor, serial: str, reason: str) -> Row:
        """A certificate approves nothing from this commit on. admin.Refused."""
        allow(actor, "payer.revoke")
        if reason not in REASONS:
            raise Invalid(f"one of {', '.join(REASONS)}", "reason")
        async with Borrowed(self._pool) as connection:
            found = await connection.fetchrow(sql("certificate_read"), serial)
        if found is None:
            raise Unknown("there is no such certificate", "serial")
        async with self._of(found["phone"]) as (connection, payer):
            row = await connection.fetchrow(sql("certificate_read"), serial)
            assert row is not None, "no certificate is ever deleted"
            if row["revoked_at"] is not None:
                raise Conflict("it is revoked already", "serial")
            await self._revoked(connection, actor, payer, serial, reason)
        return await self._shown(payer.phone)

    # What they have in common with the phones' own desk.

    async def _revoked(self, connection: asyncpg.Connection, actor: Actor, payer: Payer,
                       serial: str, reason: str) -> None:
        now = self._now()
        await connection.execute(sql("certificate_revoke"), serial, now, reason)
        await audit(connection, actor, f"payer-certificate/{serial}",
                    f"certificate {serial} of {payer.phone} revoked",
                    {"revoked_at": (None, now), "reason": ("", reason)})
        await raise_fence(connection, payer.account_id)

    async def _noted(self, connection: asyncpg.Connection, actor: Actor, phone: str,
                     account_id: int, what: str, changes: Changes) -> None:
        """Audited, and the fence raised: the last thing in its transaction."""
        await audit(connection, actor, f"payer/{phone}", what, changes)
        await raise_fence(connection, account_id)

    @asynccontextmanager
    async def _phones(self, phone: str) -> AsyncIterator[tuple[asyncpg.Connection, Payer | None]]:
        """A transaction with the payer under its lock, or None; a key of another is Refused."""
        async with Borrowed(self._pool) as connection:
            try:
                async with connection.transaction():
                    row = await connection.fetchrow(sql("payer_lock"), phone)
                    yield connection, Payer(*row.values()) if row is not None else None
            except asyncpg.UniqueViolationError:
                # Another payer's request with this key was a moment earlier.
                raise used() from None

    @asynccontextmanager
    async def _of(self, phone: str) -> AsyncIterator[tuple[asyncpg.Connection, Payer]]:
        """The same for the bank's people. Unknown."""
        async with self._phones(phone) as (connection, payer):
            if payer is None:
                raise Unknown("there is no such payer", "phone")
            yield connection, payer

    def _now(self) -> datetime:
        """Business time: payments' signatures are judged by it."""
        return self._clock.now()


def used() -> Refused:
    """A key is one payer's, once."""
    return Refused(409, "Key used before", "the key has, or had, a certificate: make a new one",
                   issuing.WHERE)
