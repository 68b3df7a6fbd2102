"""Who of a merchant speaks: found by token or certificate, kept for a moment.

Knows the tables of users and sessions, and a monotonic clock. A token is 32 random bytes; its
SHA-256 alone is kept. What was found is believed for AGE_S, so that a busy till is not looked up
for every request, and a blocked user or an ended session is out everywhere within that; at the
host that has ended it, at once.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.merchants.statements import statement
from authhost.payments.model import Caller

RIGHTS: Final = ("payment", "refund", "report", "webhook")
AGE_S: Final = 1.0
KEPT: Final = 20_000
_LONGEST: Final = 64
_PREFIX: Final = "at_"


class Known(msgspec.Struct, frozen=True):
    """A caller as a row had it. certificate: the common name that must be shown, '' for none."""

    caller: Caller
    certificate: str
    expires_at: datetime | None  # None: as long as the certificate is
    read_at: float  # of the monotonic clock


class Callers:
    """Of one host."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._now = now
        self._kept: Bounded[bytes | str, Known] = Bounded(KEPT)

    async def caller(self, authorization: str, certificate: str | None) -> Caller | None:
        """Whom a request comes from; None, which does not say what was wrong. JournalUnavailable.

        authorization: the header's text, '' where there is none. certificate: the common name of
        the peer's; None, '': there is none.
        """
        if authorization:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token.isascii() or not 1 <= len(token) <= _LONGEST:
                return None
            known = await self._known(hashed(token), "caller_by_token", self._clock.now())
            if known is not None and known.certificate not in {"", certificate}:
                return None
        else:
            known = await self._known(certificate, "caller_by_certificate") if certificate else None
        if known is None or (known.expires_at is not None
                             and known.expires_at <= self._clock.now()):
            return None
        return known.caller

    def forget(self) -> None:
        """Something of a user or a session was changed here."""
        self._kept.clear()

    async def _known(self, key: bytes | str, name: str, *more: object) -> Known | None:
        known = self._kept.get(key)
        read_at = self._now()
        if known is not None and read_at - known.read_at <= AGE_S:
            return known
        if isinstance(key, str) and "\0" in key:
            return None
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement(name), key, *more)
        if row is None:
            self._kept.pop(key, None)
            return None
        until = row["expires_at"] if isinstance(key, bytes) else None
        known = Known(Caller(row["merchant_id"], row["user_id"], frozenset(row["rights"]),
                             row["serial"]), row["certificate"], until, read_at)
        self._kept.put(key, known)
        return known


def new_token() -> str:
    """A token that nobody guesses: 32 random bytes."""
    return _PREFIX + secrets.token_urlsafe(32)


def hashed(token: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(token.encode()).digest()
