"""Puts a host together from its settings, starts it, drains it and stops it.

The only place that knows all rooms. Nothing here decides about a message.
"""

from __future__ import annotations

import asyncio
import gc
import random
import ssl
from collections.abc import Awaitable, Callable
from functools import partial

import asyncpg
import structlog

from authhost import limits
from authhost.admin.exception_watch import ExceptionWatch
from authhost.admin.keyring import Keyring
from authhost.authorize import Authorizer, Busy, Silence
from authhost.bookings import Bookings
from authhost.cash import Cash
from authhost.certificates.authority import FileAuthority, pem
from authhost.certificates.roots import vouchers
from authhost.codes import approval_code
from authhost.doors.admin import AdminRoutes
from authhost.doors.http import HttpDoor
from authhost.doors.http_server import HttpServer
from authhost.doors.iso_tcp import IsoDoor
from authhost.doors.load import Load
from authhost.doors.station import StationRoutes
from authhost.fuelling import Fuelling
from authhost.funding import Funding
from authhost.hsm.errors import HsmUnavailable
from authhost.hsm.pool import HsmPool
from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys
from authhost.journal.append import Append, Posting
from authhost.journal.entry import JournalUnavailable
from authhost.journal.lane import Lane
from authhost.journal.reads import READS_AT_ONCE, Reads
from authhost.journal.settle import Settle, Settlement
from authhost.journal.sums import JournalSums
from authhost.journal.views import Views
from authhost.key_change import KeyChange
from authhost.metrics import Metrics
from authhost.pan_index import PanIndex
from authhost.parked import ParkedPosting
from authhost.paying import Paying
from authhost.pricing.prices import Prices
from authhost.proofs import Proofs
from authhost.receipts.key import receipt_key
from authhost.safekeeping import Safekeeping
from authhost.seals import Seals
from authhost.settings import IsoListen, Settings, SettingsError
from authhost.state.accounts import Accounts
from authhost.state.client import StateClient, StateUnavailable, StateUnknown
from authhost.station.stations import Stations
from authhost.translate.fuel93 import Fuel93
from authhost.translate.iso87 import Iso87
from authhost.translate.json_door import JsonTranslator
from iso import FRAMINGS, UnknownProfile
from iso import get as get_profile

_log = structlog.get_logger()
_YOUNG_OBJECTS = 10_000  # between collections of the youngest: a batch is made of so many
_HERE = ("127.0.0.1", "::1", "localhost")
_HOLD_US = limits.HOLD_S * 1_000_000


class Host:
    """One host process: doors in front; state, journal and HSM behind."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool, hsm_pool: HsmPool, keys: HsmKeys,
                 pan_index: PanIndex, receipt_key: bytes) -> None:
        self.settings = settings
        self._pool = pool
        self.hsm_pool = hsm_pool
        self.hsm = Hsm(hsm_pool)
        self.keys = keys
        self.pan_index = pan_index
        clock = settings.clock
        self.reads = Reads(pool)
        self.state = StateClient(settings.redis_url)
        self.sums = JournalSums(pool, clock)
        self.accounts = Accounts(self.state, self.sums, clock)
        self.views = Views(self.reads, clock)
        self.append_work = Append()
        self.append: Lane[Posting] = Lane(settings.database_url, self.append_work,
                                          limits.BATCH_ROWS, clock.real_now_us)
        self.settle: Lane[Settlement] = Lane(settings.database_url, Settle(), limits.SETTLE_ROWS,
                                             clock.real_now_us)
        self.prices = Prices(pool, clock)
        self.bookings = Bookings(self.views, self.accounts, self.append, clock,
                                 pan_index.fingerprint_key)
        keyring = Keyring(pool)
        authority = FileAuthority.open(*settings.authority) if settings.authority else None
        self.cash = Cash(pool=pool, bank_pool=_pool_of(settings, limits.BANK_CONNECTIONS),
                         settings=settings, bookings=self.bookings, keyring=keyring,
                         secret=pan_index.fingerprint_key, receipt_key=receipt_key,
                         vouchers=vouchers(settings, authority))
        self.paying = Paying(
            pool=pool, bank_pool=_pool_of(settings, limits.BANK_CONNECTIONS), settings=settings,
            views=self.views, accounts=self.accounts, state=self.state, keyring=keyring,
            authority=authority, secret=pan_index.fingerprint_key)
        self.authorizer = Authorizer(
            views=self.views, accounts=self.accounts, append=self.append, settle=self.settle,
            reads=self.reads, clock=clock, proofs=Proofs(self.hsm, keys),
            fuelling=Fuelling(self.views, self.prices, clock),
            safekeeping=Safekeeping(self.views, self.cash.safes.views, clock),
            approval_code=approval_code, deposited=self.cash.deposited)
        self.funding = Funding(self.bookings)
        self.key_change = KeyChange(self.hsm, keys, clock.real_now_us)
        self.seals = Seals(self.hsm, keys, self.reads, clock.real_now_us)
        self.parked = ParkedPosting(self.authorizer, clock)
        self.stations = Stations(pool=pool, clock=clock, hsm=self.hsm, keys=keys,
                                 prices=self.prices, post=self.parked.post)
        self.exceptions = ExceptionWatch(pool)
        self.metrics = Metrics()
        self.load = Load()
        self.iso_doors = [self._iso_door(listen) for listen in settings.iso]
        self.http_door = HttpDoor(
            translator=JsonTranslator(pan_index.fingerprint_key), pan_index=pan_index,
            authorizer=self.authorizer, clock=clock, metrics=self.metrics, load=self.load,
            hold_us=_HOLD_US, ready=self.ready,
            more=[*StationRoutes(self.stations).endpoints(), *AdminRoutes(
                pool=pool, pan_index=pan_index, clock=clock, fund=self.funding.fund,
                stations=self.stations, keyring=keyring, authority=authority,
            ).endpoints(), *self.cash.endpoints(self.authorizer),
                *self.paying.office_endpoints()],
            public=self.paying.endpoints())
        self._http: list[HttpServer] = []
        self._chores: list[asyncio.Task[None]] = []
        self._watch()

    async def start(self) -> dict[str, object]:
        """Open every door; where each listens."""
        await self.accounts.load()
        self.append.start()
        self.settle.start()
        await self.paying.start()
        tls = self.settings.tls.context() if self.settings.tls else None
        ports: dict[str, object] = {}
        for door, listen in zip(self.iso_doors, self.settings.iso, strict=True):
            door.tls = tls if listen.tls else None
            ports[door.name] = await door.listen(listen.host, listen.port)
        ports |= await self._open_http(tls)
        self._chores = [
            asyncio.create_task(_every(limits.EXPIRY_SWEEP_S, self._expire)),
            asyncio.create_task(_every(limits.SETTLED_FLUSH_S, self.accounts.flush_settled)),
            asyncio.create_task(_every(1, self._sweep_doors)),
            asyncio.create_task(_every(limits.CATALOGUE_S, self.stations.build)),
            asyncio.create_task(_every(limits.STATIONS_S, self.stations.look)),
            asyncio.create_task(_every(limits.ROLL_UP_S, self._roll_up)),
            asyncio.create_task(_every(limits.EXCEPTIONS_S, self.exceptions.look)),
            *(asyncio.create_task(_every(seconds, chore))
              for seconds, chore in (*self.cash.chores(), *self.paying.chores())),
        ]
        await self.cash.start()
        # What lives as long as the process need not be looked at by every collection.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 50)
        return ports

    async def stop(self) -> None:
        """Stop listening, answer what is in flight, write what waits, then let go."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await asyncio.gather(*(door.close() for door in self.iso_doors))
        await asyncio.gather(*(server.close() for server in self._http))
        await self.append.close()
        await self.paying.stop()
        await self.settle.close()
        await self.cash.stop()
        await self.state.close()
        await self.hsm_pool.close()
        await self._pool.close()

    async def _open_http(self, tls: ssl.SSLContext | None) -> dict[str, int]:
        """The offices' door and the public one; where each listens."""
        doors: list[tuple[str, HttpServer]] = []
        http, public = self.settings.http, self.settings.public
        if http is not None:
            if self.settings.plain_phones and not http.tls and http.host not in _HERE:
                _log.warning("phones are told without TLS: whoever reaches the door reads what "
                             "waits for any of them", door=f"{http.host}:{http.port}")
            doors.append(("http", HttpServer(self.http_door.endpoints, http.host, http.port,
                                             tls if http.tls else None, self.cash.guard)))
        if public is not None:
            assert self.settings.tls is not None, "the settings hold it"
            context = self.settings.tls.public_context(
                [pem(root).decode() for root in self.paying.roots])
            doors.append(("public", HttpServer(self.http_door.public, public.host, public.port,
                                               context, self.cash.guard, public=True)))
        self._http = [server for _, server in doors]
        return {name: await server.listen() for name, server in doors}

    async def ready(self) -> bool:
        """True when a message could be decided now."""
        try:
            async with asyncio.timeout(2):
                return (self.hsm_pool.healthy > 0 and await self.state.call("PING") == b"PONG"
                        and await self.reads.answers())
        except (StateUnavailable, StateUnknown, TimeoutError):
            return False

    def _iso_door(self, listen: IsoListen) -> IsoDoor:
        try:
            profile = get_profile(listen.profile)
        except UnknownProfile as error:
            raise SettingsError(str(error)) from None
        if listen.framing not in FRAMINGS:
            raise SettingsError(f"{listen.framing} is no framing; known: {', '.join(FRAMINGS)}")
        if listen.tls and self.settings.tls is None:
            raise SettingsError("a door with tls needs --tls-ca, --tls-cert and --tls-key")
        translate = Iso87 if profile.version == "0" else Fuel93
        return IsoDoor(
            name=f"{listen.profile}:{listen.port}",
            translator=translate(profile, self.pan_index.fingerprint_key, _HOLD_US),
            pan_index=self.pan_index, seals=self.seals, key_change=self.key_change,
            framing=FRAMINGS[listen.framing], authorizer=self.authorizer,
            clock=self.settings.clock, metrics=self.metrics, load=self.load,
            compare=self.stations.compare_day, tls=None, guard=self.cash.guard)

    async def _expire(self) -> None:
        """Open holds whose time has come end by their own journal row."""
        now = self.settings.clock.now()
        for row in await self.reads.expired(now, limits.EXPIRY_ROWS):
            try:
                await self.authorizer.expire(row["key"], row["terminal_id"], row["currency"])
            except (Busy, Silence):
                return  # the next sweep finds it again

    async def _roll_up(self) -> None:
        """Accounts with many rows since their roll-up: a loss of their state must stay cheap."""
        for account_id in await self.accounts.sum_again():
            await self.sums.roll_up(account_id)

    async def _sweep_doors(self) -> None:
        for door in self.iso_doors:
            door.sweep()

    def _watch(self) -> None:
        gauge, total = self.metrics.gauge, self.metrics.total
        gauge("authhost_in_flight", "Messages on their way.", lambda: self.load.in_flight)
        for name, lane in (("append", self.append), ("settle", self.settle)):
            gauge(f"authhost_{name}_queue", "Rows that wait for the next batch.",
                  partial(_depth, lane))
            self.metrics.histogram(f"authhost_{name}_batch_rows", "Rows in a batch.", lane.sizes)
            total(f"authhost_{name}_rows", "Rows committed.", partial(_attribute, lane, "rows"))
            total(f"authhost_{name}_parked", "Rows parked.", partial(_attribute, lane, "parked"))
        total("authhost_hydrations", "Accounts summed from the journal again.",
              lambda: self.accounts.hydrations)
        total("authhost_fenced_rows", "Rows refused under an old fence or old rules.",
              lambda: self.append_work.fenced)
        gauge("authhost_connections", "Open ISO 8583 connections.",
              lambda: sum(len(door.connections) for door in self.iso_doors))
        self._watch_hsm(self.hsm_pool)
        self.cash.watch(self.metrics)
        self.paying.watch(self.metrics)
        self.exceptions.watch(self.metrics)

    def _watch_hsm(self, pool: HsmPool) -> None:
        gauge, total = self.metrics.gauge, self.metrics.total
        gauge("authhost_hsm_healthy", "HSMs that answer.", lambda: pool.healthy)
        gauge("authhost_hsm_pending", "Calls to an HSM on their way.", lambda: pool.pending)
        total("authhost_hsm_failovers", "Calls that a second HSM was asked.",
              lambda: pool.failovers)
        self.metrics.histogram("authhost_hsm_seconds", "From a call to its answer.", pool.latency)
        self.metrics.table("authhost_hsm_calls", "Calls by command and the HSM's answer.",
                           ("command", "outcome"), lambda: pool.calls)


def _depth(lane: Lane[Posting] | Lane[Settlement]) -> float:
    return lane.depth


def _attribute(lane: Lane[Posting] | Lane[Settlement], name: str) -> float:
    value: int = getattr(lane, name)
    return value


async def _every(seconds: float, chore: Callable[[], Awaitable[object]]) -> None:
    """A chore again and again; one that fails is told and tried at its next turn."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await chore()
        except (JournalUnavailable, StateUnavailable, StateUnknown, HsmUnavailable) as error:
            _log.warning("chore waits", chore=getattr(chore, "__name__", ""), why=str(error))
        except Exception:
            _log.exception("chore failed", chore=getattr(chore, "__name__", ""))


async def _nothing_to_reset(_: asyncpg.Connection) -> None:
    """A read leaves nothing behind, and what the driver resets by default is a statement each."""


def _pool_of(settings: Settings, most: int) -> asyncpg.Pool:
    """Not opened yet."""
    return asyncpg.create_pool(
        settings.database_url, min_size=1, max_size=most,
        command_timeout=limits.STATEMENT_TIMEOUT_MS / 1000, reset=_nothing_to_reset)


async def make_host(settings: Settings) -> Host:
    """A host with its connections; not yet listening.

    HsmUnavailable where no HSM answers, HsmRefused where the stored keys are not under its master
    key: without the keyed hash of a number no card is known.
    """
    tls = settings.hsm_tls.client_context() if settings.hsm_tls is not None else None
    hsm_pool = HsmPool(settings.hsm, random.random, tls)
    await hsm_pool.start()
    pool: asyncpg.Pool | None = None
    try:
        pool = await _pool_of(settings, READS_AT_ONCE)
        keys = HsmKeys(pool)
        hsm = Hsm(hsm_pool)
        return Host(settings, pool, hsm_pool, keys, await PanIndex.make(hsm, keys),
                    await receipt_key(hsm, keys))
    except BaseException:
        if pool is not None:
            await pool.close()
        await hsm_pool.close()
        raise
