"""What a merchant does about webhooks: dead letters, keys, and an event to try a server with.

Knows statements, a pool and the way out; must not know HTTP's words for a refusal.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.webhooks import bounds
from authhost.webhooks.addresses import Unwelcome, target_of
from authhost.webhooks.outgoing import Outgoing, Unreachable
from authhost.webhooks.pauses import NO_KEY
from authhost.webhooks.signing import secret_text
from authhost.webhooks.statements import statement
from authhost.webhooks.telling import headers_of

_ID: Final = "wh_"
_MOST_DIGITS: Final = 18


class NotPossible(Exception):
    """What was asked is not done. status: in HTTP's numbers; where: the field, '' for none."""

    def __init__(self, status: int, why: str, where: str = "") -> None:
        super().__init__(why)
        self.status = status
        self.where = where


class Letter(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A webhook as its merchant reads it. content: what was to be told."""

    id: str
    state: str
    payment_id: str
    version: int
    url: str
    created_at: str
    tries: int
    last_said: str
    content: msgspec.Raw


class Key(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A key. ended_at: when it ends, where that is known; secret: told to who made it alone."""

    id: str
    created_at: str
    ended_at: str | None = None
    secret: str = ""


class Tested(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a URL made of a test event. status: of HTTP, 0 where there was no answer."""

    id: str
    told: bool
    status: int
    said: str


class Desk:
    """Over a pool. secret: of keys, the same at every host; so that a request for a new key that
    is sent again makes no second one, and hears the same."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, outgoing: Outgoing, secret: bytes) -> None:
        self._pool = pool
        self._clock = clock
        self._outgoing = outgoing
        self._secret = secret
        self._testing: Counter[str] = Counter()  # by merchant

    async def dead(self, merchant_id: str, after: int, most: int) -> list[Letter]:
        """Dead letters after a number, the oldest first."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("dead"), merchant_id, after, most)
        return [_letter(row) for row in rows]

    async def retry(self, merchant_id: str, webhook_id: str) -> Letter:
        """A dead letter is told again, from now on; one that is not dead stays. NotPossible."""
        number = number_of(webhook_id)
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement("retry"), number, merchant_id,
                                            self._clock.now()) if number else None
        if row is None:
            raise NotPossible(404, "there is no such webhook", "id")
        return _letter(row)

    async def keys(self, merchant_id: str) -> list[Key]:
        """Keys in force, without their secrets."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("keys"), merchant_id, self._clock.now())
        return [_key(row) for row in rows]

    async def new_key(self, merchant_id: str, idempotency_key: str) -> Key:
        """A new key, with its secret; those before it end a day later. NotPossible."""
        now = self._clock.now()
        key_id = "whk_" + self._derived("id", merchant_id, idempotency_key, 8).hex()
        async with Borrowed(self._pool) as connection, connection.transaction():
            found = await connection.fetchrow(statement("key_read"), merchant_id, key_id)
            if found is None:
                raise NotPossible(404, "there is no such merchant")
            if found["key_id"] is not None:
                if found["ended_at"] is not None and found["ended_at"] <= now:
                    raise NotPossible(409, "the key of this Idempotency-Key has ended",
                                      "Idempotency-Key")
                return _key(found, told=True)
            in_force = await connection.fetch(statement("keys"), merchant_id, now)
            if len(in_force) >= bounds.KEYS:
                raise NotPossible(409, f"{bounds.KEYS} keys are in force: wait until one has ended")
            row = await connection.fetchrow(
                statement("key_make"), merchant_id, key_id,
                self._derived("secret", merchant_id, idempotency_key, 32), now,
                now + timedelta(seconds=bounds.ROTATION_S))
            assert row is not None, "inserted"
            if not in_force:
                await connection.execute(statement("key_there"), merchant_id, now, NO_KEY)
            return _key(row, told=True)

    async def test(self, merchant_id: str, url: str) -> Tested:
        """Tell a URL a test event, now and once. A URL that had ended and takes it is told again.
        NotPossible."""
        try:
            target = target_of(url, allow_private=self._outgoing.allow_private)
        except Unwelcome as unwelcome:
            raise NotPossible(422, str(unwelcome), "url") from None
        if self._testing[merchant_id] >= bounds.TESTS_PER_MERCHANT \
                or self._testing.total() >= bounds.TESTS:
            raise NotPossible(503, "too many tests at once: try again")
        self._testing[merchant_id] += 1
        try:
            async with Borrowed(self._pool) as connection:
                rows = await connection.fetch(statement("keys"), merchant_id, self._clock.now())
            if not rows:
                raise NotPossible(409, NO_KEY)
            webhook_id = f"test_{secrets.token_hex(8)}"
            body = msgspec.json.encode({"type": "test", "id": webhook_id,
                                        "created_at": _at(self._clock.now())})
            headers = headers_of(webhook_id, self._clock.real_now_us() // 1_000_000,
                                 [row["secret"] for row in rows], body)
            try:
                said = await self._outgoing.post(target, headers, body,
                                                 whose=merchant_id)
            except (Unreachable, Unwelcome) as error:
                return Tested(id=webhook_id, told=False, status=0, said=str(error))
            told = 200 <= said.status < 300
            if told:
                async with Borrowed(self._pool) as connection:
                    await connection.execute(statement("reopen"), merchant_id, url)
            return Tested(id=webhook_id, told=told, status=said.status, said=str(said.status))
        finally:
            self._testing[merchant_id] -= 1
            if not self._testing[merchant_id]:
                del self._testing[merchant_id]

    def _derived(self, what: str, merchant_id: str, idempotency_key: str, size: int) -> bytes:
        text = f"webhook key {what}\n{merchant_id}\n{idempotency_key}"
        return hashlib.blake2b(text.encode(), key=self._secret, digest_size=size).digest()


def number_of(webhook_id: str) -> int:
    """The number in an id as merchants read it; 0 for what is none."""
    digits = webhook_id.removeprefix(_ID)
    is_id = webhook_id.startswith(_ID) and digits.isascii() and digits.isdecimal() \
        and len(digits) <= _MOST_DIGITS
    return int(digits) if is_id else 0


def _letter(row: asyncpg.Record) -> Letter:
    return Letter(
        id=f"{_ID}{row['webhook_id']}", state=row["state"], payment_id=row["payment_id"],
        version=row["version"], url=row["url"], created_at=_at(row["created_at"]),
        tries=row["tries"], last_said=row["last_said"], content=msgspec.Raw(row["content"]))


def _key(row: asyncpg.Record, *, told: bool = False) -> Key:
    ended_at = row["ended_at"]
    return Key(id=row["key_id"], created_at=_at(row["created_at"]),
               ended_at=_at(ended_at) if ended_at is not None else None,
               secret=secret_text(row["secret"]) if told else "")


def _at(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
