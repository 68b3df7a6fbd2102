"""What a caller holds: tokens of OAuth 2 clients, issued for a secret, ended by a word or in time.

Knows the tables of users and sessions. A client's secret is 32 random bytes, as a token is: nobody
finds it by trying, so wrong tries are slowed down to spare the host, and never keep out who has
the right one.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import asyncpg
import msgspec

from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.merchants.callers import Callers, hashed, new_token
from authhost.merchants.statements import statement

TOKEN_S: Final = 3_600
TOKENS: Final = 200  # of one client, in force at a time
WRONG: Final = 5  # tries of a client's secret in a row before it is told to wait
PAUSE_S: Final = 1  # then twice as long each time
PAUSE_MOST_S: Final = 60
LOGINS_KEPT: Final = timedelta(days=30)
SWEPT_ROWS: Final = 5_000  # by one look: in a day more than people log in
_CLIENTS: Final = 10_000  # whose wrong tries are remembered
_LONGEST: Final = 128


class Client(msgspec.Struct, frozen=True):
    """A client that has proved who it is."""

    user_id: str
    rights: frozenset[str]


class Token(msgspec.Struct, frozen=True):
    """An access token, told once. rights: its scope."""

    token: str
    rights: tuple[str, ...]
    expires_in_s: int


class Slow(Exception):
    """Too many wrong tries: to be tried again after so many seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many wrong tries: wait {wait_s} s")
        self.wait_s = wait_s


class Sessions:
    """Of one host."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, callers: Callers,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._callers = callers
        self._now = now
        self._wrong: Bounded[str, tuple[int, float]] = Bounded(_CLIENTS)  # tries, wait until

    async def client(self, client_id: str, secret: str, certificate: str | None) -> Client | None:
        """Who it is; None: unknown, or not with this secret. Slow, JournalUnavailable.

        certificate: as Callers.caller has it; a client that has one shows it.
        """
        if not _plain(client_id) or not _plain(secret):
            return None
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement("client_read"), client_id)
        known = bytes(32) if row is None or row["secret_hash"] is None else row["secret_hash"]
        right = hmac.compare_digest(hashed(secret), known)
        if row is None or not right or row["certificate"] not in {"", certificate}:
            self._tried(client_id)
            return None
        self._wrong.pop(client_id, None)
        return Client(row["user_id"], frozenset(row["rights"]))

    async def issue(self, client: Client, rights: Sequence[str]) -> Token:
        """A new token with these of its rights. JournalUnavailable."""
        token, now = new_token(), self._clock.now()
        async with Borrowed(self._pool) as connection:
            await connection.execute(
                statement("session_open"), hashed(token), client.user_id, list(rights), now,
                now + timedelta(seconds=TOKEN_S), TOKENS)
        return Token(token, tuple(rights), TOKEN_S)

    async def end(self, user_id: str, token: str) -> None:
        """A token of this user is good no more; nothing where it is another's. JournalUnavailable.
        """
        async with Borrowed(self._pool) as connection:
            await connection.execute(statement("session_end"), hashed(token), user_id,
                                     self._clock.now())
        self._callers.ended(token)

    async def sweep(self) -> None:
        """Forget what has ended long ago. JournalUnavailable."""
        async with Borrowed(self._pool) as connection:
            now = self._clock.now()
            await connection.execute(statement("sweep"), now, now - LOGINS_KEPT, SWEPT_ROWS)

    def _tried(self, client_id: str) -> None:
        """A wrong try more. Slow where there were many."""
        tries, until = self._wrong.get(client_id, (0, 0.0))
        now = self._now()
        if now < until:
            raise Slow(max(round(until - now), 1))
        tries += 1
        pause = min(PAUSE_S * 2 ** min(tries - WRONG, 10), PAUSE_MOST_S) if tries >= WRONG else 0
        self._wrong.put(client_id, (tries, now + pause))


def _plain(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isascii() and text.isprintable()
