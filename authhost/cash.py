"""The rooms of cash, put together: safes, custody, banks, receipts, forecasts, certificates.

Knows who needs whom, which doors they have and how often they look around; decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import asyncpg
from cryptography import x509

from authhost import limits
from authhost.admin.keyring import Keyring
from authhost.authorize import Authorizer
from authhost.bank.connector import BankConnector
from authhost.bookings import Bookings
from authhost.certificates.guard import LOOK_S, CertificateGuard
from authhost.clock import Clock
from authhost.custody.custody import Custody
from authhost.doors.admission import Admission
from authhost.doors.call import Endpoint
from authhost.doors.custody import CustodyRoutes
from authhost.doors.forecast import ForecastRoutes
from authhost.doors.receipts import ReceiptRoutes
from authhost.doors.safes import SafeRoutes
from authhost.forecast.forecasts import Forecasts
from authhost.metrics import Metrics
from authhost.model import Kind, Request
from authhost.receipts.receipts import Receipts
from authhost.safes.rooms import Safes
from authhost.settings import Settings
from authhost.translate.safes import SafeTranslator

Chore = tuple[float, Callable[[], Awaitable[Any]]]


class Cash:
    """One host's. secret: of fingerprints; receipt_key: see receipts/key.py; vouchers: see
    certificates/roots.py.

    bank_pool: the connector's own, so that what waits for a bank keeps no reader waiting. Not
    opened yet: start() does, stop() closes it.
    """

    def __init__(self, *, pool: asyncpg.Pool, bank_pool: asyncpg.Pool, settings: Settings,
                 bookings: Bookings, keyring: Keyring, secret: bytes, receipt_key: bytes,
                 vouchers: Sequence[x509.Certificate] | None) -> None:
        clock = settings.clock
        self._clock: Final[Clock] = clock
        self._bookings = bookings
        self._keyring = keyring
        self._secret = secret
        self.safes = Safes(pool, clock, secret)
        self.custody = Custody(pool, clock, self._post)
        self._bank_pool = bank_pool
        self.bank = BankConnector(
            bank_pool, clock, settings.bank_tls.client_context() if settings.bank_tls else None,
            screening=settings.screening)
        self.receipts = Receipts(pool, receipt_key, settings.operator)
        self.forecasts = Forecasts(pool, clock, self.custody.pickups.ask)
        self.guard = CertificateGuard(pool, clock.real_now_us, keyring.refusals.of_device,
                                      vouchers)
        self._connector: asyncio.Task[None] | None = None

    def endpoints(self, authorizer: Authorizer) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        admission = Admission(self._keyring, self._secret)
        return [
            *SafeRoutes(authorizer=authorizer, translator=SafeTranslator(self._secret),
                        safes=self.safes, clock=self._clock,
                        refusals=self._keyring.refusals).endpoints(),
            *CustodyRoutes(self.custody, admission).endpoints(),
            *ReceiptRoutes(self.receipts, admission).endpoints(),
            *ForecastRoutes(self.forecasts, admission).endpoints()]

    def chores(self) -> list[Chore]:
        """(seconds between, what): what is looked after again and again."""
        return [(limits.SEQUENCE_FLUSH_S, self.safes.sequences.flush),
                (limits.SAFES_S, self.safes.watching.look),
                (limits.CUSTODY_S, self.custody.settle_open),
                (limits.LOOK_AGAIN_S, self.custody.look_again),
                (limits.FORECAST_S, self.forecasts.roll_up),
                (limits.FORECAST_S, self.forecasts.look),
                (LOOK_S, self.guard.look)]

    def deposited(self, request: Request) -> None:
        """A deposit, or its authorization, was answered: its number is known, and of a deposit
        there may be a credit to send."""
        told = request.deposit
        if told is not None and told.sequence:
            self.safes.sequences.note(request.terminal_id, told.sequence)
        if request.kind is Kind.DEPOSIT:
            self.bank.wake()

    async def start(self) -> None:
        """Begin to send to banks."""
        await self._bank_pool
        self._connector = asyncio.create_task(self.bank.run())

    async def stop(self) -> None:
        """See through what is on its way to banks, write what waits."""
        if self._connector is not None:
            self._connector.cancel()
            await asyncio.gather(self._connector, return_exceptions=True)
            await self._bank_pool.close()
        await self.safes.sequences.flush()
        await self.guard.close()
        await self._keyring.refusals.close()

    def watch(self, metrics: Metrics) -> None:
        """Tell what Prometheus asks for."""
        self.bank.watch(metrics)
        metrics.gauge("authhost_safes_silent", "Safes that nothing was heard of in time.",
                      lambda: self.safes.watching.silent)

    async def _post(self, kind: Kind, account_id: int, amount_minor: int, currency: str,
                    key_reference: str, detail: dict[str, Any], who: str) -> str:
        key, _ = await self._bookings.book(kind, account_id, amount_minor, currency,
                                           key_reference, {**detail, "by": who},
                                           terminal_id=detail.get("terminal_id") or "")
        return key
