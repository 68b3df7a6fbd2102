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
from collections.abc import Callable, Collection, Sequence
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


class Shown(msgspec.Struct, frozen=True):
    """What a request shows of who it comes from: the header Authorization, '' for none; the common
    name of the certificate, '' for none."""

    authorization: str
    certificate: str


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
        shown = Shown(authorization, certificate or "")
        key = _key(shown)
        if key is None:
            return None
        known = self._kept.get(key)
        if known is None or self._now() - known.read_at > AGE_S:
            known = (await self._read([key])).get(key)
        return self._of(shown, known)

    async def still(self, shown: Collection[Shown]) -> dict[Shown, Caller]:
        """Whom these come from, by the rows as they are now; who is nobody is
        left out. JournalUnavailable."""
        keys = {one: key for one in shown if (key := _key(one)) is not None}
        found = await self._read(list(set(keys.values())))
        callers = {one: self._of(one, found.get(key)) for one, key in keys.items()}
        return {one: caller for one, caller in callers.items() if caller is not None}

    def forget(self) -> None:
        """Something of a user or a session was changed here."""
        self._kept.clear()

    def ended(self, token: str) -> None:
        """This token was ended here."""
        self._kept.pop(hashed(token), None)

    def _of(self, shown: Shown, known: Known | None) -> Caller | None:
        """Who it is, where what is known is in force and is shown whole."""
        if known is None or (known.expires_at is not None
                             and known.expires_at <= self._clock.now()):
            return None
        return known.caller if known.certificate in {"", shown.certificate} else None

    async def _read(self, keys: Sequence[bytes | str]) -> dict[bytes | str, Known]:
        """What the rows say of these, kept for a moment."""
        read_at = self._now()
        tokens = [key for key in keys if isinstance(key, bytes)]
        names = [key for key in keys if isinstance(key, str)]
        rows: list[asyncpg.Record] = []
        async with Borrowed(self._pool) as connection:
            if tokens:
                rows += await connection.fetch(statement("callers_by_token"), tokens,
                                               self._clock.now())
            if names:
                rows += await connection.fetch(statement("callers_by_certificate"), names)
        found = {row["key"]: Known(
            Caller(row["merchant_id"], row["user_id"], frozenset(row["rights"]), row["serial"]),
            row["certificate"], row["expires_at"], read_at) for row in rows}
        for key in keys:
            if key in found:
                self._kept.put(key, found[key])
            else:
                self._kept.pop(key, None)
        return found


def _key(shown: Shown) -> bytes | str | None:
    """What it is looked up by: the token, or else the certificate; None: by nothing."""
    if shown.authorization:
        scheme, _, token = shown.authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.isascii() or not 1 <= len(token) <= _LONGEST:
            return None
        return hashed(token)
    return shown.certificate if shown.certificate and "\0" not in shown.certificate else None


def new_token() -> str:
    """A token that nobody guesses: 32 random bytes."""
    return _PREFIX + secrets.token_urlsafe(32)


def hashed(token: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(token.encode()).digest()
