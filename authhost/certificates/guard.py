"""The doors' look at a peer's certificate: is it one that its terminal or payer's phone has, and
still in force.

Knows the tables of certificates and a clock; must not know sockets or messages. 1. A name without
rows is another authority's to vouch for: TLS has looked at that. Where phones are another
authority's, it vouches for nobody: there a name without rows is believed under a certificate that
one of the others has signed itself. 2. A name with rows is believed under a certificate of its rows
alone, byte for byte, that is neither revoked nor over. 3. A name that begins with '+' is a phone's:
it has a payer's row, or is nobody. 4. What is known of a name is kept until one of its rows has a
newer version. Versions come in the order of commits, so one look each LOOK_S says of all what has
changed, and no answer stands on a look older than _FRESH_S: a revocation is in force everywhere
within that. 5. A database that cannot be asked makes nobody believed who has rows:
JournalUnavailable.

A message costs one comparison of times and two dictionaries.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from authhost.bounded import Bounded
from authhost.certificates.statements import sql
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed

_log = structlog.get_logger()
LOOK_S: Final = 0.3
_FRESH_S: Final = 0.8
_TERMINALS: Final = 50_000
_FOREVER_US: Final = 2**62
_PHONE: Final = "+"  # a number in E.164 begins with it
UNKNOWN: Final = "unknown"
REVOKED: Final = "revoked"
EXPIRED: Final = "expired"


class Peer(msgspec.Struct, frozen=True):
    """Who is at the other end of a connection. name: the common name, '' where there is none."""

    name: str
    serial: str
    digest: bytes  # SHA-256 of the certificate
    der: bytes = b""  # the certificate itself; '' where there is none


class _Known(msgspec.Struct, frozen=True):
    """A certificate of a name; in force from_us up to until_us, microseconds since 1970."""

    digest: bytes
    from_us: int
    until_us: int
    revoked_us: int


def peer_of(ssl_object: Any) -> Peer:
    """The peer of a connection over TLS: asked once, for it is parsed anew each time."""
    certificate = ssl_object.getpeercert() or {}
    der = ssl_object.getpeercert(binary_form=True) or b""
    name = next((str(value) for part in certificate.get("subject", ()) for kind, value in part
                 if kind == "commonName"), "")
    serial = str(certificate.get("serialNumber", "")).lower().lstrip("0")
    return Peer(name, serial, hashlib.sha256(der).digest(), der)


class CertificateGuard:
    """One host's. refused: told of each refusal (name, why), for the audit trail. vouchers: whose
    certificates are believed without rows; None: all that TLS believes."""

    def __init__(self, pool: asyncpg.Pool, now_us: Callable[[], int],
                 refused: Callable[[str, str], Awaitable[None]] | None = None,
                 vouchers: Sequence[x509.Certificate] | None = None) -> None:
        self._pool = pool
        self._now_us = now_us
        self._refused = refused
        self._vouchers = vouchers
        self._vouched: Bounded[bytes, bool] = Bounded(_TERMINALS)
        self._terminals: Bounded[str, dict[str, _Known]] = Bounded(_TERMINALS)
        self._version = -1
        self._looked = 0.0
        self._looking: asyncio.Task[None] | None = None

    def at_hand(self, peer: Peer) -> str | None:
        """Why the peer is not believed, '' where it is; None: ask `objection`."""
        if time.monotonic() - self._looked > _FRESH_S:
            return None
        known = self._terminals.get(peer.name)
        said = None if known is None else self._said(peer, known)
        return None if said == UNKNOWN else said  # it may have been issued this moment

    async def objection(self, peer: Peer) -> str:
        """Why the peer is not believed, '' where it is. JournalUnavailable."""
        why = self.at_hand(peer)
        if why is not None:
            return why
        if time.monotonic() - self._looked > LOOK_S:
            await self.look()
        known = self._terminals.get(peer.name)
        if known is not None and self._said(peer, known) == UNKNOWN:
            # Issued since? A look that is on its way may have begun before that.
            if self._looking is not None:
                await asyncio.shield(self._looking)
            await self.look()
            known = self._terminals.get(peer.name)
        if known is None:
            known = await self._load(peer.name)
        return self._said(peer, known)

    async def tell(self, peer: Peer, why: str) -> None:
        """A peer was turned away."""
        _log.warning("certificate refused", terminal=peer.name, serial=peer.serial, why=why)
        if self._refused is not None:
            await self._refused(peer.name, why)

    async def look(self) -> None:
        """Forget the terminals whose certificates have changed; many who ask look once.

        Asked by a chore of the host as well, so that no message waits for it. JournalUnavailable.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(_heard)
        await asyncio.shield(self._looking)

    async def close(self) -> None:
        """Wait for the look that is on its way."""
        if self._looking is not None:
            with suppress(JournalUnavailable):
                await self._looking

    async def _look(self) -> None:
        began = time.monotonic()
        async with Borrowed(self._pool) as connection:
            if self._version < 0:
                self._version = await connection.fetchval(sql("version"))
            else:
                for row in await connection.fetch(sql("changed"), self._version):
                    self._terminals.pop(row["name"], None)
                    self._version = row["version"]
        self._looked = began

    async def _load(self, name: str) -> dict[str, _Known]:
        version = self._version
        if "\0" in name:
            return {}
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(sql("of_terminal"), name)
        found = {row["serial"]: _Known(
            hashlib.sha256(row["der"] or _der(row["pem"])).digest(), _us(row["not_before"]),
            _us(row["not_after"]),
            _FOREVER_US if row["revoked_at"] is None else _us(row["revoked_at"]))
            for row in rows}
        # Something has changed meanwhile, and may have been read before: good for now alone.
        if version == self._version:
            self._terminals.put(name, found)
        return found

    def _said(self, peer: Peer, known: dict[str, _Known]) -> str:
        if not known:
            return "" if self._is_vouched_for(peer) else UNKNOWN
        one = known.get(peer.serial)
        if one is None or one.digest != peer.digest:
            return UNKNOWN
        now = self._now_us()
        if one.revoked_us <= now:
            return REVOKED
        return "" if one.from_us <= now < one.until_us else EXPIRED

    def _is_vouched_for(self, peer: Peer) -> bool:
        """Whether a name without rows is believed."""
        if not peer.name or self._vouchers is None:
            return not peer.name.startswith(_PHONE)
        vouched = self._vouched.get(peer.digest)
        if vouched is None:
            vouched = not peer.name.startswith(_PHONE) and any(
                _is_issued(peer.der, one) for one in self._vouchers)
            self._vouched.put(peer.digest, vouched)
        return vouched


def _is_issued(der: bytes, authority: x509.Certificate) -> bool:
    try:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def _us(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000)


def _heard(task: asyncio.Task[None]) -> None:
    """A look that nobody waits for any more fails without a word of asyncio's."""
    if not task.cancelled():
        task.exception()
