"""Merchants and payers as a payment needs them, each as of one rules version or one fence.

Cached in the process with a bound. A view is never trusted for being fresh: its version or fence
travels with the row, and the commit compares it; so a revoked certificate, a blocked payer or a
closed merchant has effect from its commit on, at every host.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

import asyncpg
import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from authhost.bounded import Bounded
from authhost.journal.reads import Borrowed
from authhost.payments.signing import PublicKey, usable
from authhost.payments.statements import statement

MERCHANTS: Final = 20_000  # views that a process keeps
PAYERS: Final = 50_000


class Merchant(msgspec.Struct, frozen=True, gc=False):
    """A merchant under one rules version; status '' for one that nobody knows."""

    rules_version: int
    business_date: date
    merchant_id: str | None
    payee: str | None = None
    status: str | None = None
    account_id: int | None = None
    capture: str | None = None
    sandbox: bool | None = None
    currency: str | None = None


class Signer(msgspec.Struct, frozen=True, gc=False):
    """A certificate of a payer's phone. problem: why nothing may be signed with it, or ''."""

    key: PublicKey | None
    not_before: datetime
    not_after: datetime
    problem: str = ""

    def objection(self, at: datetime) -> str:
        """Why it is not good at an instant (aware), or ''."""
        if self.problem or self.key is None:
            return self.problem or "certificate"
        return "" if self.not_before <= at < self.not_after else "expired"


class Payer(msgspec.Struct, frozen=True, gc=False):
    """A payer under one fence. party: master data as JSON, for the bank."""

    phone: str
    account_id: int
    status: str
    currency: str
    bank_id: str
    fence: int
    party: str
    refuses: frozenset[str]
    signers: dict[str, Signer]
    push: str | None = None
    refused_by: frozenset[str] = frozenset()  # merchants that block this phone


class Parties:
    """The caches. roots: certificates of the authorities that payers' phones are believed by."""

    def __init__(self, pool: asyncpg.Pool, roots: Sequence[x509.Certificate]) -> None:
        self._pool = pool
        self._roots = tuple(roots)
        self._merchants: Bounded[str, Merchant] = Bounded(MERCHANTS)
        self._payers: Bounded[str, Payer] = Bounded(PAYERS)

    async def merchant(self, merchant_id: str) -> Merchant:
        """As it is at hand."""
        found = self._merchants.get(merchant_id)
        if found is None:
            async with Borrowed(self._pool) as connection:
                row = await connection.fetchrow(statement("merchant_view"), merchant_id)
            assert row is not None, "there is one rules row, always"
            found = Merchant(**dict(row))
            self._merchants.put(merchant_id, found)
        return found

    def outdated(self) -> None:
        """The rules have moved."""
        self._merchants.clear()

    async def payer(self, phone: str, fence: int = 0) -> Payer | None:
        """As it is at hand, not older than a fence; None for a phone that nobody knows."""
        found = self._payers.get(phone)
        if found is None or found.fence < fence:
            async with Borrowed(self._pool) as connection:
                row = await connection.fetchrow(statement("payer_view"), phone)
            if row is None:
                self._payers.pop(phone, None)
                return None
            found = self._payer(row)
            self._payers.put(phone, found)
        return found

    def forget(self, phone: str) -> None:
        """What is known of a payer is older than a row."""
        self._payers.pop(phone, None)

    def _payer(self, row: asyncpg.Record) -> Payer:
        return Payer(
            row["phone"], row["account_id"], row["status"], row["currency"], row["bank_id"],
            row["fence"], row["party"], frozenset(row["refuses"]),
            {one["serial"]: self._signer(one) for one in row["certificates"]}, row["push"],
            frozenset(row["refused_by"]))

    def _signer(self, row: asyncpg.Record) -> Signer:
        """To the root, once: the signature of each payment is all that is left."""
        never = datetime.min.replace(tzinfo=UTC)
        if row["revoked_at"] is not None:
            return Signer(None, never, never, "revoked")
        try:
            certificate = x509.load_der_x509_certificate(row["certificate"])
            key, problem = usable(certificate)
        except ValueError:
            return Signer(None, never, never, "certificate")
        if not problem and not any(_issued(certificate, root) for root in self._roots):
            problem = "untrusted"
        # The row's end is sooner where another certificate has taken this one's place.
        ends = min(row["not_after"], certificate.not_valid_after_utc)
        return Signer(key, certificate.not_valid_before_utc, ends, problem)


def _issued(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return certificate.not_valid_after_utc <= root.not_valid_after_utc
