"""The desk of certificates: the one place where one is issued, renewed, adopted or revoked.

Knows the table, the authority's port and the audit trail. 1. A terminal with a row here is known
by its rows alone: from the first one on any other certificate of that name is refused. 2. A
renewal leaves the one before it in force for a while (its revocation is written down at once, for
later), so that a device that did not get its new one is not locked out. 3. A terminal has few
certificates in force at a time. 4. A key is one terminal's, and one that was stolen is nobody's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit
from authhost.admin.refusal_log import DEVICE
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.certificates.authority import BACKDATED, Authority, pem, usage
from authhost.certificates.requests import (
    WHERE,
    PublicKey,
    checked,
    digest_of,
    names_of,
    public_key_of,
)
from authhost.certificates.statements import sql
from authhost.clock import Clock, as_datetime
from authhost.journal.reads import Borrowed

DAYS: Final = 365
MOST_DAYS: Final = 825
OVERLAP_DAYS: Final = 7
MOST_LIVE: Final = 3  # of one terminal, at a time
LIST_DAYS: Final = 7  # a list of revoked ones is good for
_AGAIN: Final = timedelta(days=1)
# RFC 5280, 5.3.1, by the names that people use.
REASONS: Final = {
    "unspecified": x509.ReasonFlags.unspecified,
    "key_compromise": x509.ReasonFlags.key_compromise,
    "superseded": x509.ReasonFlags.superseded,
    "cessation_of_operation": x509.ReasonFlags.cessation_of_operation,
    "privilege_withdrawn": x509.ReasonFlags.privilege_withdrawn,
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that is asked for. days: how long it is good for."""

    terminal_id: str
    request: str  # PKCS#10, PEM
    days: int = DAYS


class Certificates:
    """Over a pool of connections and an authority; without one nothing is signed here."""

    def __init__(self, pool: asyncpg.Pool, authority: Authority | None, clock: Clock) -> None:
        self._pool = pool
        self._authority = authority
        self._clock = clock

    async def issue(self, actor: Actor, wanted: Wanted, asked: Asked | None) -> Row:
        """A certificate beside those that the terminal has. Refused."""
        allow(actor, "certificate.issue")
        key = public_key_of(wanted.request, wanted.terminal_id)

        async def work() -> Row:
            await _locked(connection, wanted.terminal_id)
            return await self._signed(connection, actor, wanted, key)

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, asked, work)

    async def renew(self, actor: Actor, wanted: Wanted, asked: Asked | None, *,
                    overlap_days: int = OVERLAP_DAYS) -> Row:
        """A certificate in place of the one in force, which ends after the overlap. Refused.

        A device that asks again with the same key within a day has lost the answer: it is the same.
        """
        if actor.role != DEVICE:
            allow(actor, "certificate.renew")
        key = public_key_of(wanted.request, wanted.terminal_id)
        ends = self._now() + timedelta(days=overlap_days)

        async def work() -> Row:
            await _locked(connection, wanted.terminal_id)
            if actor.role == DEVICE:
                row = await connection.fetchrow(sql("just_issued"), wanted.terminal_id,
                                                digest_of(key), self._now() - _AGAIN)
                if row is not None:
                    return _shown(row) | {"certificate": row["certificate"]}
            if not await connection.fetchval(sql("live"), wanted.terminal_id, self._now()):
                raise Conflict("it has no certificate in force: issue one", "terminal_id")
            made = await self._signed(connection, actor, wanted, key)
            rows = await connection.fetch(sql("supersede"), wanted.terminal_id, made["serial"],
                                          ends)
            for row in rows:
                await audit(connection, actor, f"certificate/{row['serial']}",
                            f"certificate {row['serial']} of {wanted.terminal_id} ends",
                            {"revoked_at": (None, ends), "reason": ("", "superseded")})
            return made

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, asked, work)

    async def adopt(self, actor: Actor, terminal_id: str, text: str, asked: Asked | None) -> Row:
        """A certificate that another authority has issued is one of the terminal's. Refused."""
        allow(actor, "certificate.issue")
        try:
            certificate = x509.load_pem_x509_certificate(text.encode())
            names = names_of(certificate.subject)
            key = checked(certificate.public_key())
        except ValueError:
            raise Invalid("no certificate that can be read (PEM)", "certificate") from None
        if names != [terminal_id]:
            raise Invalid(f"its subject's common name is not {terminal_id}", "certificate")
        if not certificate.not_valid_before_utc <= self._now() < certificate.not_valid_after_utc:
            raise Invalid("it is not in force", "certificate")

        async def work() -> Row:
            await _locked(connection, terminal_id)
            return await self._kept(connection, actor, terminal_id, certificate, key)

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, asked, work)

    async def revoke(self, actor: Actor, serial: str, reason: str) -> Row:
        """Out from this commit on, within a second at every host. Refused."""
        allow(actor, "certificate.revoke")
        if reason not in REASONS:
            raise Invalid(f"one of {', '.join(REASONS)}", "reason")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            terminal_id = await connection.fetchval(sql("terminal_of"), serial)
            if terminal_id is None:
                raise Unknown("there is no such certificate", "serial")
            # The terminal first, as whoever renews does.
            await connection.fetchrow(sql("terminal_lock"), terminal_id)
            before = await connection.fetchrow(sql("certificate_lock"), serial)
            assert before is not None, "no certificate is ever deleted"
            now = self._now()
            if before["revoked_at"] is not None and before["revoked_at"] <= now:
                raise Conflict("it is revoked already", "serial")
            row = await connection.fetchrow(sql("revoke"), serial, now, reason)
            assert row is not None, "it is locked"
            await audit(connection, actor, f"certificate/{serial}",
                        f"certificate {serial} of {terminal_id} revoked",
                        {"revoked_at": (before["revoked_at"], now),
                         "reason": (before["reason"], reason)})
        return _shown(row)

    async def page(self, actor: Actor, terminal_id: str, until: datetime | None, after: str,
                   most: int) -> tuple[list[Row], str | None]:
        """Certificates by terminal and serial; until: those alone that end before. Refused."""
        allow(actor, "certificate.read")
        place = pages.place_of(after, str, str) or ["", ""]
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(sql("certificates"), terminal_id, until, *place, most)
        return [_shown(row) for row in rows], pages.following(rows, most, "terminal_id", "serial")

    async def revoked(self, actor: Actor) -> x509.CertificateRevocationList:
        """The list of those that were revoked and have not ended by themselves (RFC 5280, 5).

        Its number grows with every change, so that nobody takes an old one for the new.
        """
        allow(actor, "certificate.read")
        authority = self._needed()
        now = self._now()
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(sql("revoked"), now)
            number = await connection.fetchval(sql("version"))
        issuer = authority.certificate.subject
        builder = (x509.CertificateRevocationListBuilder()
                   .issuer_name(issuer).last_update(now)
                   .next_update(now + timedelta(days=LIST_DAYS))
                   .add_extension(x509.CRLNumber(number), critical=False)
                   .add_extension(_authority_key(authority), critical=False))
        for row in rows:
            if x509.load_pem_x509_certificate(row["certificate"].encode()).issuer != issuer:
                continue  # another authority's is its own to list
            reason = REASONS.get(row["reason"], x509.ReasonFlags.unspecified)
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(int(row["serial"], 16)).revocation_date(row["revoked_at"])
                .add_extension(x509.CRLReason(reason), critical=False).build())
        return authority.sign_list(builder)

    def chain(self) -> str:
        """The authority's own certificate, PEM. Conflict where there is none."""
        return pem(self._needed().certificate).decode()

    async def _signed(self, connection: asyncpg.Connection, actor: Actor, wanted: Wanted,
                      key: PublicKey) -> Row:
        """Signed and kept, in the transaction that has locked the terminal."""
        authority = self._needed()
        if not 1 <= wanted.days <= MOST_DAYS:
            raise Invalid(f"from 1 to {MOST_DAYS} days", "days")
        if digest_of(key) == digest_of(checked(authority.certificate.public_key())):
            raise Invalid("that is the authority's own key", WHERE)
        now = self._now().replace(microsecond=0)
        ends = min(now + timedelta(days=wanted.days), authority.certificate.not_valid_after_utc)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.terminal_id)])
        certificate = authority.sign(
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(authority.certificate.subject).public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED).not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(signs_certificates=False,
                                 encipherment=isinstance(key, rsa.RSAPublicKey)), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
                           critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(_authority_key(authority), critical=False))
        return await self._kept(connection, actor, wanted.terminal_id, certificate, key)

    async def _kept(self, connection: asyncpg.Connection, actor: Actor, terminal_id: str,
                    certificate: x509.Certificate, key: PublicKey) -> Row:
        now = self._now()
        if await connection.fetchval(sql("live"), terminal_id, now) >= MOST_LIVE:
            raise Conflict(f"it has {MOST_LIVE} certificates in force: revoke one", "terminal_id")
        digest = digest_of(key)
        if await connection.fetchval(sql("key_is_bad"), digest, terminal_id):
            raise Conflict("the key is another terminal's, or was compromised", WHERE)
        row = await connection.fetchrow(
            sql("keep"), serial_of(certificate), terminal_id, digest, pem(certificate).decode(),
            certificate.not_valid_before_utc, certificate.not_valid_after_utc, actor.name)
        assert row is not None, "RETURNING"
        made = _shown(row)
        await audit(connection, actor, f"certificate/{made['serial']}",
                    f"certificate {made['serial']} of {terminal_id}",
                    {name: (None, made[name]) for name in ("terminal_id", "not_before",
                                                           "not_after")})
        return made | {"certificate": row["certificate"]}

    def _needed(self) -> Authority:
        if self._authority is None:
            raise Conflict("there is no authority at this host", "authority")
        return self._authority

    def _now(self) -> datetime:
        """Real time, as TLS goes by it: a demo's day is not a certificate's."""
        return as_datetime(self._clock.real_now_us())


def device(terminal_id: str) -> Actor:
    """A device that has shown its certificate at a door."""
    return Actor(terminal_id, DEVICE)


def serial_of(certificate: x509.Certificate) -> str:
    """As the table has it: hexadecimal, small letters, no zeros before it."""
    return f"{certificate.serial_number:x}"


async def _locked(connection: asyncpg.Connection, terminal_id: str) -> None:
    """One at a time of a terminal, so that its certificates are counted rightly. Refused."""
    row = await connection.fetchrow(sql("terminal_lock"), terminal_id)
    if row is None:
        raise Unknown("there is no such terminal", "terminal_id")
    if row["status"] == "closed":
        raise Conflict("the terminal is closed", "terminal_id")


def _authority_key(authority: Authority) -> x509.AuthorityKeyIdentifier:
    key: Any = authority.certificate.public_key()
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _shown(row: asyncpg.Record) -> Row:
    """Without the certificate itself; instants as text, for an answer is kept as JSON."""
    found: Row = msgspec.to_builtins({
        name: row[name] for name in ("serial", "terminal_id", "not_before", "not_after",
                                     "issued_by", "issued_at", "revoked_at", "reason")})
    return found
