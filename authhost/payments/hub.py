"""Who hears of a payment's change, at once: phones, merchants and pages that listen, on any host.

Knows listeners by name and what they read; must not know HTTP. Nothing hangs on it: whoever
listens reads again from time to time, and what a listener is told is what the row says.

    told here -> is anybody here? -> read, many in one statement -> put to each listener
              -> one PUBLISH of names -> other hosts: is anybody there? -> read there, put

1. A new request is known whole (version 1) and is put without a read: the phone rings at once.
2. Everything else is read first: what is put has its version and its amounts, and two changes
   close to each other may be one event. Of one payment, versions never go back; one may come twice.
3. Names travel, no contents: nothing is told by Valkey that the journal does not have.
4. A request that a phone's stream has taken is SENT, by moves.py.
5. A login that waits for a phone is told as a name too, and read by the host that has the stream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.metrics import Metrics
from authhost.payments import bodies
from authhost.payments.gathering import Gathering
from authhost.payments.life import Event, State
from authhost.payments.model import Asked, Payment, Standing
from authhost.payments.moves import Moves
from authhost.payments.ports import Told
from authhost.payments.subscriber import Subscriber
from authhost.payments.topics import Listener, Subscription, Topics
from authhost.state.client import StateClient

CHANNEL: Final = "authhost:payments"
EVENT: Final = "payment"
LOGIN: Final = "login"
STREAMS_OF_ONE: Final = 16  # phone, merchant or payment; the oldest makes room
WAITING: Final = 16_384  # changes to be read, and to be told to other hosts
AT_ONCE: Final = 256
GATHER_S: Final = 0.005  # what comes close together is read, and told, at once
_encode = msgspec.json.Encoder().encode
_HANDED: Final = frozenset({State.SENT, State.OPENED})  # what a phone has done itself
_SIGNER: Final = "*"  # the phone that has signed, where the request named none: the row knows it

# Payment, merchant, phone ('' where none need hear it, or _SIGNER). No payment: a login waits.
Name = tuple[str, str, str]
Piece = Callable[[str, str, bytes], bytes]
Logins = Callable[[str], Awaitable[list[tuple[str, bytes]]]]


class _Said(msgspec.Struct, frozen=True, array_like=True):
    """What hosts say to each other."""

    host: str
    names: list[Name]


class Hub:
    """Of one host. host: a name that no other process has; piece: (event, id, JSON) as bytes."""

    def __init__(self, *, pool: asyncpg.Pool, clock: Clock, state: StateClient, state_url: str,
                 host: str, piece: Piece, channel: str = CHANNEL) -> None:
        self.moves = Moves(pool, clock, self.tell)
        self.others = Subscriber(state_url, channel, self._hear)
        self._state = state
        self._host = host
        self._channel = channel
        self._piece = piece
        self._phones = Topics(STREAMS_OF_ONE)
        self._merchants = Topics(STREAMS_OF_ONE)
        self._payments = Topics(STREAMS_OF_ONE)
        self._reading: Gathering[str, bool] = Gathering(
            "changes to be read", self._read, most=WAITING, at_once=AT_ONCE, wait_s=GATHER_S)
        self._saying: Gathering[str, Name] = Gathering(
            "changes for other hosts", self._say, most=WAITING, at_once=AT_ONCE, wait_s=GATHER_S)
        self._knocks: Gathering[str, None] = Gathering(
            "logins to be read", self._read_logins, most=WAITING, at_once=AT_ONCE)
        self.logins: Logins = _no_logins  # what waits for a phone, as (id, JSON)
        self._decoder = msgspec.json.Decoder(_Said)
        self._put = 0

    def start(self) -> None:
        """Hear the other hosts."""
        self.others.start()

    async def close(self) -> None:
        """Write and say what waits, and hear no more."""
        await self.moves.close()
        await self._reading.close()
        await self._knocks.close()
        await self._saying.close()
        await self.others.close()

    # Who listens.

    def phone(self, phone: str) -> Subscription:
        """What waits for a payer (E.164), and what becomes of it: events of bodies.payers."""
        return Subscription(self._phones, phone)

    def is_here(self, phone: str) -> bool:
        """Whether a phone has a stream at this host."""
        return phone in self._phones

    def merchant(self, merchant_id: str) -> Subscription:
        """Every change of a merchant's payments: events of bodies.merchants."""
        return Subscription(self._merchants, merchant_id)

    def payment(self, payment_id: str) -> Subscription:
        """One payment, first as it is now: events of bodies.merchants."""
        return Subscription(self._payments, payment_id, self._begun)

    def _begun(self, payment_id: str) -> None:
        self._want(payment_id, phones=False)

    # What is told.

    def tell(self, told: Told) -> None:
        """A payment has changed, and its row stands."""
        asked = told.asked
        phone = told.phone or ("" if told.state is State.CREATED else _SIGNER)
        if told.state in _HANDED:
            phone = ""
        self.moves.over(told)
        if told.state is State.CREATED:
            self._hand(Payment(asked, Standing(
                state=State.CREATED, version=1, changed_at=asked.created_at,
                payer_phone=asked.payer_phone)), phones=True)
        else:
            self._named((asked.payment_id, asked.merchant_id, phone))
        there = self._saying.get(asked.payment_id)
        self._saying.put(asked.payment_id, (asked.payment_id, asked.merchant_id,
                                            phone or (there[2] if there else "")))

    def login(self, phone: str) -> None:
        """Somebody logs in, and a phone is to confirm it: its row stands."""
        self._knock(phone)
        self._saying.put(f"{LOGIN} {phone}", ("", "", phone))

    def _knock(self, phone: str) -> None:
        if phone in self._phones:
            self._knocks.put(phone, None)

    async def _read_logins(self, phones: dict[str, None]) -> None:
        for phone in phones:
            for name, body in await self.logins(phone):
                self._put_all(self._phones.of(phone), LOGIN, name, body)

    def opened(self, asked: Asked, phone: str) -> None:
        """The phone shows it."""
        self.moves.put(asked, Event.OPEN, phone)

    def handed(self, payment: Payment, phone: str) -> None:
        """The phone has it."""
        if payment.now.state is State.CREATED:
            self.moves.put(payment.asked, Event.NOTIFY, phone)

    def _named(self, name: Name) -> None:
        payment_id, merchant_id, phone = name
        rings = phone in self._phones or (phone == _SIGNER and len(self._phones) > 0)
        if rings or merchant_id in self._merchants or payment_id in self._payments:
            self._want(payment_id, phones=rings)

    def _want(self, payment_id: str, *, phones: bool) -> None:
        self._reading.put(payment_id, phones or bool(self._reading.get(payment_id)))

    async def _read(self, wanted: dict[str, bool]) -> None:
        for payment in await self.moves.read(list(wanted)):
            self._hand(payment, phones=wanted[payment.asked.payment_id])

    def _hand(self, payment: Payment, *, phones: bool) -> None:
        asked, now = payment.asked, payment.now
        event_id = f"{asked.payment_id}.{now.version}"
        listeners = self._payments.of(asked.payment_id) + self._merchants.of(asked.merchant_id)
        if listeners:
            self._put_all(listeners, EVENT, event_id, bodies.merchants(payment))
        listeners = self._phones.of(now.payer_phone) if phones else ()
        if listeners:
            taken = self._put_all(listeners, EVENT, event_id,
                                  _encode(bodies.payers(asked, now)))
            if taken and now.payer_phone is not None:
                self.handed(payment, now.payer_phone)

    def _put_all(self, listeners: tuple[Listener, ...], event: str, event_id: str,
                 body: bytes) -> bool:
        """Whether any of them has taken it."""
        piece = self._piece(event, event_id, body)
        taken = [listener.put(piece) for listener in listeners]
        self._put += len(taken)
        return any(taken)

    # Other hosts.

    async def _say(self, names: dict[str, Name]) -> None:
        await self._state.call("PUBLISH", self._channel,
                               _encode(_Said(self._host, list(names.values()))))

    def _hear(self, message: bytes) -> None:
        try:
            said = self._decoder.decode(message)
        except msgspec.DecodeError:
            return  # no host of ours says that
        if said.host != self._host:
            for name in said.names:
                if name[0]:
                    self._named(name)
                else:
                    self._knock(name[2])

    def watch(self, metrics: Metrics) -> None:
        """What is counted."""
        for kind, topics in (("phones", self._phones), ("merchants", self._merchants)):
            metrics.gauge(f"authhost_listening_{kind}", f"The {kind} that listen here.",
                          topics.__len__)
        metrics.total("authhost_payment_events", "Events put to streams.", lambda: self._put)
        metrics.total("authhost_payment_events_lost", "Changes that were not told, or written.",
                      lambda: self._reading.lost + self._saying.lost + self.moves.lost)


async def _no_logins(_: str) -> list[tuple[str, bytes]]:
    return []
