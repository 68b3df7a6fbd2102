"""The desk of phones: the one place where a payer's phone is enrolled, renewed and told elsewhere.

Knows the tables of payers and certificates, the authority's port and the audit trail; what the
bank's people do is payers.py's.
1. An enrolment code is good once, for 24 hours and 99 wrong tries; the next ends it. A wrong try is
   committed before it is answered, and answered as late as one for a number that is nobody's.
2. A key is one payer's, once: one that was seen before gets no other certificate. Who lost the
   answer and asks again with the same key has the same certificate.
3. A renewal is signed by the key in force, whose certificate ends a week later.
4. Whatever decides raises the fence of the payer's account, last in its transaction: from that
   commit on nothing is approved under the certificate, or the state, of before, on any host.
5. What the phone says of itself is proved by its signature, over any connection.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, TypeGuard

import asyncpg
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authhost.admin.access import Actor
from authhost.admin.raising import audit, raise_fence
from authhost.certificates.authority import Authority
from authhost.certificates.desk import serial_of
from authhost.clock import Clock, as_datetime
from authhost.even import even
from authhost.payments.model import Refused
from authhost.payments.signing import objection as signature_objection
from authhost.payments.signing import usable
from authhost.phones import codes, issuing, subscriptions, texts
from authhost.phones.issuing import Enrolled
from authhost.phones.payers import Payer, Payers, used
from authhost.phones.statements import sql
from authhost.phones.subscriptions import Subscription
from authhost.webhooks.addresses import objection as address_objection

MOST_LIVE: Final = 3  # certificates of one payer, at a time
OVERLAP: Final = timedelta(days=7)
PAYER: Final = "payer"  # the role of a phone that speaks for itself
_SIGNATURES: Final = {
    "signed_at": "it is no time with its offset, or not within five minutes of now",
    "signature": "the signature is not this certificate's over this request",
}


class Proof(msgspec.Struct, frozen=True, gc=False):
    """A phone's signature. serial: of the certificate, hexadecimal; signed_at: ISO 8601 with its
    offset, by the phone's clock; signature: base64."""

    serial: str
    signed_at: str
    signature: str


class Phones(Payers):
    """Over a pool of connections. authority: without one nothing is signed here; secret: 32 bytes,
    the same at every host; objection: what speaks against sending to a URL, or ''."""

    def __init__(self, pool: asyncpg.Pool, authority: Authority | None, clock: Clock,
                 secret: bytes, *, objection: Callable[[str], str] = address_objection,
                 chance: Callable[[int], bytes] = secrets.token_bytes) -> None:
        super().__init__(pool, clock, secret, chance=chance)
        self._authority = authority
        self._objection = objection

    async def enrol(self, phone: str, code: str, request: str) -> Enrolled:
        """A certificate for a new phone of a payer (E.164). Refused; a wrong code is counted."""
        authority = self._needed()
        began = time.monotonic()
        asked = issuing.read(request, phone)
        async with self._phones(phone) as (connection, payer):
            if payer is None or not self._is_code(payer, code):
                # Unknown or wrong: the same words, so that nobody learns who is a payer.
                why = "the code is not this phone's, or there is none: ask your bank for one"
                if payer is not None and payer.code_until is not None:
                    await connection.execute(sql("code_try"), phone)
            elif not (why := _over(payer, self._now())):
                made = await self._made(connection, payer, asked, authority, "enrolled")
                await connection.execute(sql("code_spend"), phone)
                await raise_fence(connection, payer.account_id)
                return made
            elif payer.code_until is None:
                known = await connection.fetchrow(sql("certificate_of_key"), asked.key_digest)
                if _is_of(known, phone):
                    return self._again(known, authority)
        await even(began)
        raise Refused(403, "Code", why, "code")

    async def renew(self, phone: str, request: str, proof: Proof) -> Enrolled:
        """A certificate for a new key; the one that signed ends a week later. Refused.

        The same request again, its answer lost: the same certificate.
        """
        authority = self._needed()
        asked = issuing.read(request, phone)
        text = texts.renewal_text(phone, proof.serial, asked.digest, proof.signed_at)
        async with self._phones(phone) as (connection, payer):
            old = await self._proved(connection, payer, proof, text)
            known = await connection.fetchrow(sql("certificate_of_key"), asked.key_digest)
            if _is_of(known, phone) and known["serial"] != proof.serial:
                return self._again(known, authority)
            if not old["not_before"] <= self._now() < old["not_after"]:
                raise Refused(403, "Certificate", "the certificate is expired", "serial")
            assert payer is not None, "a certificate has a payer"
            made = await self._made(connection, payer, asked, authority, "renewed")
            ends = self._now() + OVERLAP
            await connection.execute(sql("certificate_end"), proof.serial, ends)
            await audit(connection, Actor(phone, PAYER), f"payer-certificate/{proof.serial}",
                        f"certificate {proof.serial} of {phone} ends",
                        {"not_after": (old["not_after"], min(old["not_after"], ends)),
                         "reason": ("", "superseded")})
            await raise_fence(connection, payer.account_id)
        return made

    async def revoke_own(self, phone: str, proof: Proof) -> None:
        """The phone gives its own certificate up; one that was revoked stays so. Refused."""
        text = texts.revocation_text(phone, proof.serial, proof.signed_at)
        async with self._phones(phone) as (connection, payer):
            row = await self._proved(connection, payer, proof, text, revoked_too=True)
            assert payer is not None, "a certificate has a payer"
            if row["revoked_at"] is None:
                await self._revoked(connection, Actor(phone, PAYER), payer, proof.serial,
                                    "cessation_of_operation")

    async def subscribe(self, phone: str, asked: Subscription, proof: Proof) -> None:
        """Where the phone is told from now on. Refused: the URL, a key, the signature."""
        subscriptions.check(asked, self._objection)
        text = texts.push_text(phone, asked.endpoint, asked.p256dh, asked.auth, proof.serial,
                               proof.signed_at)
        await self._push(phone, proof, text, msgspec.json.encode(asked).decode())

    async def unsubscribe(self, phone: str, proof: Proof) -> None:
        """The phone is told by its events alone. Refused."""
        text = texts.push_text(phone, "", "", "", proof.serial, proof.signed_at)
        await self._push(phone, proof, text, None)

    async def _push(self, phone: str, proof: Proof, text: bytes, push: str | None) -> None:
        async with self._phones(phone) as (connection, payer):
            row = await self._proved(connection, payer, proof, text)
            assert payer is not None, "a certificate has a payer"
            if row["not_after"] <= self._now():
                raise Refused(403, "Certificate", "the certificate is expired", "serial")
            if payer.push is not None and push is not None \
                    and msgspec.json.decode(payer.push) == msgspec.json.decode(push):
                return
            await connection.execute(sql("push_set"), phone, push)
            # It decides nothing; the fence moves so that no host goes on telling the old place.
            await self._noted(connection, Actor(phone, PAYER), phone, payer.account_id,
                              f"payer {phone} is told elsewhere",
                              {"push": (payer.push is not None, push is not None)})

    # What they have in common.

    async def _made(self, connection: asyncpg.Connection, payer: Payer, asked: issuing.Request,
                    authority: Authority, how: Literal["enrolled", "renewed"]) -> Enrolled:
        """Signed and kept, in the transaction that is open. Refused."""
        if payer.status != "active":
            raise Refused(403, "Payer", f"the payer is {payer.status}", "phone")
        now = self._now()
        if await connection.fetchval(sql("certificates_live"), payer.phone, now) >= MOST_LIVE:
            raise Refused(409, "Too many certificates",
                          f"{MOST_LIVE} are in force already: revoke one", "phone")
        if await connection.fetchval(sql("certificate_of_key"), asked.key_digest) is not None:
            raise used()
        earliest = min(now, as_datetime(self._clock.real_now_us()))
        certificate = issuing.issue(authority, payer.phone, asked.key, now, earliest)
        serial = serial_of(certificate)
        await connection.execute(
            sql("certificate_put"), serial, payer.phone, asked.key_digest,
            certificate.public_bytes(Encoding.DER), certificate.not_valid_before_utc,
            certificate.not_valid_after_utc, now)
        await audit(connection, Actor(payer.phone, PAYER), f"payer-certificate/{serial}",
                    f"certificate {serial} of {payer.phone}: {how}",
                    {"phone": (None, payer.phone),
                     "not_after": (None, certificate.not_valid_after_utc)})
        return issuing.enrolled(payer.phone, serial, certificate, authority)

    async def _proved(self, connection: asyncpg.Connection, payer: Payer | None, proof: Proof,
                      text: bytes, *, revoked_too: bool = False) -> asyncpg.Record:
        """The certificate of this payer that has signed a text, expired or not. Refused."""
        row = await connection.fetchrow(sql("certificate_read"), proof.serial)
        if payer is None or row is None or row["phone"] != payer.phone:
            raise Refused(403, "Certificate", "the certificate is unknown", "serial")
        if row["revoked_at"] is not None and not revoked_too:
            raise Refused(403, "Certificate", "the certificate is revoked", "serial")
        key, _ = usable(x509.load_der_x509_certificate(row["certificate"]))
        if key is None:  # of another authority, or older than a rule of ours
            raise Refused(403, "Certificate", "nothing may be signed with its key", "serial")
        wrong = signature_objection(key, text, proof.signature, proof.signed_at, self._now())
        if wrong:
            raise Refused(403, "Signature differs", _SIGNATURES[wrong], wrong)
        return row

    def _is_code(self, payer: Payer, typed: str) -> bool:
        right = codes.hashed(self._secret, payer.phone, codes.normal(typed))
        return payer.code_hash is not None and hmac.compare_digest(right, payer.code_hash)

    def _again(self, known: asyncpg.Record, authority: Authority) -> Enrolled:
        return issuing.enrolled(known["phone"], known["serial"],
                                x509.load_der_x509_certificate(known["certificate"]), authority)

    def _needed(self) -> Authority:
        if self._authority is None:
            raise Refused(409, "No authority", "no certificates are signed at this host")
        return self._authority


def _over(payer: Payer, now: datetime) -> str:
    """Why the right code is good no more, or ''."""
    if payer.code_tries >= codes.MOST_TRIES:
        return f"{codes.MOST_TRIES} wrong tries have ended the code: ask your bank for a new one"
    if payer.code_until is None:
        return "the code was used: ask your bank for a new one"
    return "" if now < payer.code_until else "the code is over: ask your bank for a new one"


def _is_of(known: asyncpg.Record | None, phone: str) -> TypeGuard[asyncpg.Record]:
    """Whether it is a certificate of this payer's that was not revoked."""
    return known is not None and known["phone"] == phone and known["revoked_at"] is None
