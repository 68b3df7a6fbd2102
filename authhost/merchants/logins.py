"""An agent logs in with the phone: who asks, what the phone signs, and the session that follows.

Knows the table of logins and payers' certificates. 1. Who begins a login has its poll id, and the
phone another one, which follows from it: what the phone and the database know polls nothing. 2. A
number that is nobody's answers alike, and so does its poll: ids carry their time and a keyed hash,
and nothing needs to be stored. 3. The word counts under a certificate that is in force at its
commit, and the session ends with that certificate (callers_by_token.sql). 4. Who confirmed hears
it as often as he asks; the browser gets its token once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.raising import audit
from authhost.clock import Clock, as_datetime
from authhost.even import even
from authhost.journal.reads import Borrowed
from authhost.merchants.callers import hashed, new_token
from authhost.merchants.login_text import Login, LoginWord, login_text
from authhost.merchants.statements import statement
from authhost.payments.model import Refused
from authhost.payments.parties import Parties
from authhost.payments.signing import SKEW, objection

LOGIN_S: Final = 120
SESSION_S: Final = 8 * 3_600
WAITING: Final = 3  # logins of one phone at a time: the newest takes the oldest's place
REFUSALS: Final = 1  # in a row that cost no rest; after the next nobody begins a login of it
REST: Final = timedelta(seconds=30)  # for so long, and twice as long each time: nobody wears an
REST_MOST: Final = timedelta(minutes=15)  # agent out with them
_RANDOM, _TIME, _MAC = 16, 8, 16
_STATES: Final = {"approve": "confirmed", "refuse": "refused"}


class Begun(msgspec.Struct, frozen=True):
    """A login that was begun. id: for whoever polls, and nobody else."""

    id: str
    code: str
    expires_in: int


class Polled(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of it: WAITING, CONFIRMED (this once, with the token), USED, REFUSED, EXPIRED."""

    id: str
    state: str
    token: str = ""
    expires_in: int = 0
    merchant_id: str = ""
    user_id: str = ""
    rights: tuple[str, ...] = ()


class Logins:
    """Of one host. secret: the same at every host; told: a login waits for this phone."""

    def __init__(self, pool: asyncpg.Pool, parties: Parties, clock: Clock, secret: bytes,
                 told: Callable[[str], None] | None = None) -> None:
        self._pool = pool
        self._parties = parties
        self._clock = clock
        self._secret = secret
        self._told = told

    async def begin(self, phone: str, browser: str) -> Begun:
        """Somebody wants to log in. phone: E.164; browser: what the phone shows of him.
        JournalUnavailable."""
        began = time.monotonic()
        now_us = self._clock.now_us()
        now = as_datetime(now_us)
        # Of real time: a demo's day goes by in seconds.
        until_us = now_us + LOGIN_S * 1_000_000 * self._clock.rate
        poll_id = self._poll_id(until_us)
        name = self._name(poll_id)
        async with Borrowed(self._pool) as connection, connection.transaction():
            user_id = await connection.fetchval(statement("login_lock"), phone, now)
            if user_id is not None:
                await connection.execute(
                    statement("login_open"), name, user_id, phone, secrets.token_urlsafe(16),
                    browser, now, as_datetime(until_us), WAITING)
        if user_id is not None and self._told is not None:
            self._told(phone)
        await even(began)
        return Begun(poll_id, self._code(name), LOGIN_S)

    async def waiting(self, phone: str) -> Sequence[Login]:
        """What waits for an agent's word. JournalUnavailable."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("logins_waiting"), phone, self._clock.now())
        return [self._login(row) for row in rows]

    async def word(self, name: str, word: LoginWord) -> str:
        """The agent's yes or no, proved by the phone's signature; the login's state. Refused where
        it proves nothing: then nothing is stored. JournalUnavailable."""
        row = await self._row(name)
        if row is None or row["phone"] != word.phone:
            raise Refused(404, "Not found", "there is no such login for this phone", "id")
        login = self._login(row)
        now = self._clock.now()
        self._parties.forget(word.phone)  # nothing compares a fence here
        payer = await self._parties.payer(word.phone)
        signer = None if payer is None or payer.status != "active" \
            else payer.signers.get(word.serial)
        why = "unknown" if signer is None else signer.objection(now)
        if why or signer is None or signer.key is None:
            raise Refused(403, "Certificate", f"the certificate is {why}", "serial")
        text = login_text(login, word)
        wrong = objection(signer.key, text, word.signature, word.signed_at, now,
                          SKEW * self._clock.rate)
        if wrong:
            raise Refused(403, "Signature differs", "not this phone's over this login, or not "
                          "within five minutes of now", wrong)
        state = _STATES[word.decision]
        evidence = msgspec.json.encode({"text": text.decode(), "signature": word.signature})
        async with Borrowed(self._pool) as connection, connection.transaction():
            moved = await connection.fetchval(statement("login_word"), name, state, word.serial,
                                              evidence.decode(), now, REFUSALS,
                                              REST * self._clock.rate, REST_MOST * self._clock.rate)
            if moved is not None:
                await audit(connection, Actor(login.user_id, "agent"), f"login/{name}",
                            f"login {state} by phone", {"serial": (None, word.serial)})
        if moved is not None:
            return state
        return await self._heard(name, state, word.serial)

    async def poll(self, poll_id: str) -> Polled:
        """What became of a login, for who began it. Refused, JournalUnavailable."""
        until = self._until(poll_id)
        now = self._clock.now()
        row = await self._row(self._name(poll_id)) if until is not None else None
        if until is None:
            raise Refused(404, "Not found", "there is no such login", "id")
        state = "waiting" if row is None else row["state"]
        if state == "confirmed" and now < until:
            return await self._used(poll_id, now)
        if state in {"waiting", "confirmed", "expired"}:
            # Also one that has made room: a poll does not say that the number is somebody's.
            state = "waiting" if now < until else "expired"
        return Polled(poll_id, state.upper())

    async def _used(self, poll_id: str, now: datetime) -> Polled:
        """The session begins, once."""
        token, name = new_token(), self._name(poll_id)
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement("login_use"), name, hashed(token), now,
                                            now + timedelta(seconds=SESSION_S))
        if row is None:
            return Polled(poll_id, "USED")
        return Polled(poll_id, "CONFIRMED", token, SESSION_S, row["merchant_id"], row["user_id"],
                      tuple(row["rights"]))

    async def _heard(self, name: str, state: str, serial: str) -> str:
        """A word was said before, or the time is over: the same word hears the same."""
        row = await self._row(name)
        if row is None:  # it was forgotten this moment
            raise Refused(404, "Not found", "there is no such login", "id")
        before = "confirmed" if row["state"] == "used" else row["state"]
        if before == state and row["serial"] == serial:
            return state
        over = "EXPIRED" if before == "waiting" else before.upper()
        raise Refused(409, "Decided already", f"the login is {over}", "id")

    async def _row(self, name: str) -> asyncpg.Record | None:
        if not name.isascii() or not name.isalnum():
            return None
        async with Borrowed(self._pool) as connection:
            return await connection.fetchrow(statement("login_read"), name)

    def _login(self, row: asyncpg.Record) -> Login:
        return Login(code=self._code(row["id"]), **{
            name: row[name] for name in Login.__struct_fields__ if name != "code"})

    def _poll_id(self, until_us: int) -> str:
        content = secrets.token_bytes(_RANDOM) + until_us.to_bytes(_TIME)
        return base64.urlsafe_b64encode(content + self._mac(content)).decode().rstrip("=")

    def _until(self, poll_id: str) -> datetime | None:
        """When a login is over that was begun at one of our hosts; None: it was not."""
        try:
            raw = base64.b64decode(poll_id + "=" * (-len(poll_id) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        content, mac = raw[:-_MAC], raw[-_MAC:]
        if len(raw) != _RANDOM + _TIME + _MAC or not hmac.compare_digest(mac, self._mac(content)):
            return None
        return as_datetime(int.from_bytes(content[_RANDOM:]))

    def _mac(self, content: bytes) -> bytes:
        return hashlib.blake2b(b"login" + content, key=self._secret, digest_size=_MAC).digest()

    def _name(self, poll_id: str) -> str:
        """What phone and database call a login."""
        digest = hashlib.blake2b(f"login\n{poll_id}".encode(), key=self._secret, digest_size=16)
        return base64.b32encode(digest.digest()).rstrip(b"=").decode().lower()

    def _code(self, name: str) -> str:
        digest = hashlib.blake2b(f"code\n{name}".encode(), key=self._secret, digest_size=8)
        return f"{int.from_bytes(digest.digest()) % 10_000:04d}"
