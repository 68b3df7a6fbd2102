"""The rooms of pay by phone, put together: payments and what follows them, payers' banks and
phones, merchants' people, who is told.

Knows who needs whom, which doors they have and how often they look around; decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import asyncpg

from authhost import limits
from authhost.admin.keyring import Keyring
from authhost.certificates.authority import Authority
from authhost.certificates.roots import payers_roots
from authhost.codes import approval_code
from authhost.doors.admin_credits import MOST_BYTES, TELL, CreditRoutes
from authhost.doors.admission import Admission
from authhost.doors.blocked_phones import BlockedPhoneRoutes
from authhost.doors.call import Endpoint
from authhost.doors.merchant_call import MerchantDoor
from authhost.doors.merchant_people import LoginRoutes, UserRoutes, waiting_for
from authhost.doors.oauth import OauthRoutes
from authhost.doors.payment_actions import PaymentActionRoutes
from authhost.doors.payments import PaymentRoutes
from authhost.doors.phone_enrolment import PhoneRoutes
from authhost.doors.phone_payments import PhonePaymentRoutes
from authhost.doors.qr import QrRoutes
from authhost.doors.webhooks import WebhookRoutes
from authhost.journal.append import Posting
from authhost.journal.lane import Lane
from authhost.journal.views import Views
from authhost.merchants import listening
from authhost.merchants.blocking import Blocking
from authhost.merchants.callers import Callers
from authhost.merchants.logins import Logins
from authhost.merchants.sessions import Sessions
from authhost.merchants.users import Users
from authhost.metrics import Metrics
from authhost.notices import Notices
from authhost.payments.after import After
from authhost.payments.archive import Archive
from authhost.payments.counting import Counting
from authhost.payments.credit_desk import Credits
from authhost.payments.debits import PayersBanks
from authhost.payments.disputes import Disputes
from authhost.payments.locked import pool_of
from authhost.payments.matching import Matching
from authhost.payments.parties import Parties
from authhost.payments.plan_desk import Plans
from authhost.payments.refunds import Refunds
from authhost.payments.settled import Settled
from authhost.payments.story import Payments
from authhost.payments.writer import Writer
from authhost.payments.writing import payments_append
from authhost.phones.desk import Phones
from authhost.reservations import Reservations
from authhost.settings import Settings
from authhost.state.accounts import Accounts
from authhost.state.client import StateClient
from authhost.webhooks import bounds
from authhost.webhooks.addresses import objection

Chore = tuple[float, Callable[[], Awaitable[Any]]]


class Paying:
    """One host's. secret: of ids and fingerprints, the same at every host.

    bank_pool: the banks' own, so that what waits for a bank keeps no reader waiting. Not opened
    yet: start() does, stop() closes it.
    """

    def __init__(self, *, pool: asyncpg.Pool, bank_pool: asyncpg.Pool, settings: Settings,
                 views: Views, accounts: Accounts, state: StateClient, keyring: Keyring,
                 authority: Authority | None, secret: bytes) -> None:
        clock = settings.clock
        self._pool, self._bank_pool = pool, bank_pool
        self._settings: Final[Settings] = settings
        self._admission = Admission(keyring, secret)
        self._work = payments_append()
        # A lane of its own: fuel and cash do not wait for phones, nor carry their statement.
        self.append: Lane[Posting] = Lane(settings.database_url, self._work, limits.BATCH_ROWS,
                                          clock.real_now_us)
        self.roots = payers_roots(settings, authority)
        self.notices = Notices(pool=pool, settings=settings, state=state, secret=secret)
        self.banks = PayersBanks(
            bank_pool, clock, settings.bank_tls.client_context() if settings.bank_tls else None,
            self.notices.tell)
        parties = Parties(pool, self.roots)
        writer = Writer(self.append, clock, approval_code)
        counting = Counting(views, accounts, Reservations(views, accounts, clock))
        self.payments = Payments(
            parties=parties, writer=writer, archive=Archive(pool), clock=clock,
            counting=counting, secret=secret, banks=self.banks, tell=self.notices.tell)
        self._after_pool = pool_of(settings.database_url)
        self.after = After(self._after_pool, clock, secret, self.notices.tell)
        self.banks.begin(self.payments, self.after)
        self.matching = Matching(
            story=self.payments, counting=counting, writer=writer, pool=pool, clock=clock,
            secret=secret, tell=self.notices.tell)
        self.callers = Callers(pool, clock)
        self.sessions = Sessions(pool, clock, self.callers)
        self.logins = Logins(pool, parties, clock, secret, self.notices.hub.login)
        self.notices.hub.logins = partial(waiting_for, self.logins)
        self.users = Users(pool, clock, self.callers)
        self._blocking = Blocking(pool, clock)
        self._may_call = partial(objection, allow_private=settings.private_callbacks)
        self.phones = Phones(pool, authority, clock, secret, objection=self._may_call)
        self._door = MerchantDoor(self.callers, keyring.refusals)
        self._enrolment = PhoneRoutes(self.phones, self._admission, keyring.refusals,
                                      settings.phone_region)
        self._plans = Plans(pool)
        self._actions = PaymentActionRoutes(
            self._door, after=self.after, refunds=Refunds(pool),
            disputes=Disputes(self._after_pool, self.after), plans=self._plans,
            settled=Settled(pool), admission=self._admission)
        self._banks_run: asyncio.Task[None] | None = None

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table that merchants and phones may reach: the public door has these
        and no other."""
        door, region = self._door, self._settings.phone_region
        plain = self._settings.plain_phones
        return [
            *PaymentRoutes(self.payments, self._plans, self.notices.hub, self.notices.crowd, door,
                           region, self._may_call).endpoints(),
            *self._actions.endpoints(),
            *QrRoutes(door, self.payments.archive, self.matching,
                      self._settings.public_url).endpoints(),
            *WebhookRoutes(self.notices.desk, self.notices.telling).endpoints(door),
            *BlockedPhoneRoutes(self._blocking, door, region).endpoints(),
            *OauthRoutes(self.sessions).endpoints(),
            *LoginRoutes(self.logins, self.sessions, door, region, plain=plain).endpoints(),
            *PhonePaymentRoutes(self.payments, self.notices.hub, plain=plain).endpoints(),
            *self._enrolment.endpoints()]

    def office_endpoints(self) -> list[Endpoint]:
        """Rows for the offices' door."""
        return [*UserRoutes(self.users, self._admission).endpoints(),
                *self._actions.office_endpoints(),
                *self._enrolment.office_endpoints(), *self._credit_endpoints()]

    def _credit_endpoints(self) -> list[Endpoint]:
        """What banks tell is known by its content, and needs no key."""
        routes = CreditRoutes(Credits(self._pool, self.matching)).routes()
        return [self._admission.endpoint(*row, *((MOST_BYTES, False) if row[1] == TELL else ()))
                for row in routes]

    def chores(self) -> list[Chore]:
        """(seconds between, what): what is looked after again and again."""
        return [(limits.EXPIRY_SWEEP_S, self.payments.sweep),
                (limits.SESSIONS_S, self.sessions.sweep),
                (listening.LOOK_S, self._door.listening.look),
                (bounds.FORGET_S, self.notices.outbox.forget)]

    async def start(self) -> None:
        """Begin to write, to tell, and to ask banks."""
        self.append.start()
        self.notices.start()
        await self._after_pool
        await self._bank_pool
        self._banks_run = asyncio.create_task(self.banks.run())

    async def stop(self) -> None:
        """See through what is on its way to banks, write and tell what waits."""
        if self._banks_run is not None:
            self._banks_run.cancel()
            await asyncio.gather(self._banks_run, return_exceptions=True)
            await self._bank_pool.close()
            await self._after_pool.close()
        await self.append.close()
        await self.notices.stop()

    def watch(self, metrics: Metrics) -> None:
        """Tell what Prometheus asks for."""
        self.notices.watch(metrics)
        self.banks.watch(metrics)
        metrics.gauge("authhost_payments_queue", "Rows of payments that wait for the next batch.",
                      lambda: self.append.depth)
        metrics.histogram("authhost_payments_batch_rows", "Rows of payments in a batch.",
                          self.append.sizes)
        metrics.total("authhost_payments_rows", "Rows of payments committed.",
                      lambda: self.append.rows)
        metrics.total("authhost_payments_parked", "Rows of payments parked.",
                      lambda: self.append.parked)
        metrics.total("authhost_payments_fenced_rows",
                      "Rows of payments refused under an old fence or old rules.",
                      lambda: self._work.fenced)
