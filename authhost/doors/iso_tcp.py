"""The ISO 8583 door: connections, frames, one task a message.

Knows sockets, TLS and the codec; decides nothing. What a peer sends wrong gets a negative answer or
a closed connection, and a count; it never disturbs another (invariants 14 and 16).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from authhost import limits, rules
from authhost.authorize import Authorizer, Busy, Silence
from authhost.bounded import Bounded
from authhost.certificates.guard import CertificateGuard
from authhost.clock import Clock
from authhost.doors.iso_connection import Connection
from authhost.doors.load import Load
from authhost.doors.outcome import outcome_of
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.journal.entry import JournalUnavailable
from authhost.key_change import NO_TERMINAL_KEY, KeyChange, KeyChangeRefused
from authhost.metrics import Metrics
from authhost.model import Action, Answer, CardRef, Check, Request
from authhost.pan_index import PanIndex
from authhost.repeats import Reply
from authhost.seals import MAC_MISSING, NO_MAC, Sealed, Seals
from authhost.translate.fuel93 import Fuel93
from authhost.translate.incoming import (
    KEY_CHANGE,
    Network,
    Reconciliation,
    Refusal,
    TotalLine,
    card_ref,
)
from iso import DecodeError, EncodeError, Frame, Framing, Message
from iso.security import MAC_FIELDS

_log = structlog.get_logger()
_MTI_DIGITS: Final = 4
# What is counted of a message that is not proved.
_EVENTS: Final = {Check.ABSENT: "mac_missing", Check.WRONG: "mac_wrong",
                  Check.MALFORMED: "mac_wrong", Check.OUT_OF_STEP: "mac_key_unknown"}
_REQUESTS: Final = "0248"  # third digit of the MTI: request, advice, notification, and the like


# A terminal's totals by card type and product against the host's: the host's lines that differ.
Compare = Callable[[str, str, tuple[TotalLine, ...]], Awaitable[tuple[TotalLine, ...]]]


class IsoDoor:
    """One listening socket: one profile, one framing, plain or mutual TLS."""

    def __init__(self, *, name: str, translator: Fuel93, framing: Framing, authorizer: Authorizer,
                 pan_index: PanIndex, seals: Seals, key_change: KeyChange, clock: Clock,
                 metrics: Metrics, load: Load, compare: Compare,
                 tls: ssl.SSLContext | None, guard: CertificateGuard | None = None) -> None:
        self.name = name
        self.translator = translator
        self.framing = framing
        self.authorizer = authorizer
        self.pan_index = pan_index
        self.seals = seals
        self.key_change = key_change
        self.clock = clock
        self.metrics = metrics
        self.load = load
        self.compare = compare
        self.tls = tls
        self.guard = guard
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        # In this process's memory alone: the card of a number and expiry that come again.
        self._cards: Bounded[tuple[str, str], CardRef] = Bounded(limits.CARD_REFS)
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Listen; the port that was given (0 asks for a free one)."""
        self._server = await self.loop.create_server(
            lambda: Connection(self), host, port, ssl=self.tls, backlog=1024,
            ssl_handshake_timeout=10 if self.tls else None)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def sweep(self) -> None:
        """Close who began a frame and does not end it, and who has been idle for long."""
        now = time.monotonic()
        for connection in list(self.connections):
            connection.check_age(now)

    async def close(self) -> None:
        """Stop listening, let what is in flight end, then close the connections."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.listen_no_more()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=limits.DRAIN_TIMEOUT_S)
        for connection in list(self.connections):
            connection.close()

    async def handle(self, frame: Frame, connection: Connection, certificate: str | None) -> None:
        """One message from bytes to bytes."""
        started = time.perf_counter()
        translator = self.translator
        try:
            message = translator.profile.codec.decode(frame.body)
        except DecodeError as error:
            self.metrics.count(self.name, "undecodable")
            connection.answer(frame.header, self._undecodable(frame.body, error))
            return
        if message.mti[2] not in _REQUESTS:
            # An answer or a notice, sent to us: to answer it would begin a game of ping-pong.
            self.metrics.count(self.name, "not_a_request")
            connection.answer(frame.header, b"")
            return
        sealed = NO_MAC
        deadline_us = self.clock.real_now_us() + limits.DEADLINE_MS * 1000
        try:
            try:
                terminal_id = translator.terminal(message)
                terminal = self.authorizer.views.terminals.get(terminal_id)
                fields = message.fields
                # Where none is wanted and none has come, nothing is waited for.
                if terminal is None or terminal.mac_required or MAC_FIELDS[0] in fields \
                        or MAC_FIELDS[1] in fields:
                    sealed = await self._unsealed(message, frame.body, certificate)
                reply = await self._reply(message, certificate, sealed, deadline_us)
            except Refusal as refusal:
                body = translator.refusal(message, refusal, sealed=sealed.seal is not None)
                reply = Reply(body, Action.FORMAT_ERROR)
            except (Busy, HsmUnavailable, HsmRefused) as error:
                # An advice comes again by itself, and is never told to go away.
                if translator.is_advice(message) and not isinstance(error, Busy):
                    raise Silence(str(error)) from None
                self.metrics.count(self.name, "busy")
                reply = self._said(message, Answer(action=Action.BUSY, reason="busy"), sealed)
            body = reply.body
            if sealed.seal is not None:
                body = await self.seals.seal(sealed.seal, translator.profile.codec, body)
            if self.clock.real_now_us() > deadline_us:
                raise Silence("answered after its deadline")
        except (Silence, EncodeError, JournalUnavailable, HsmUnavailable, HsmRefused) as error:
            self.metrics.count(self.name, "silence")
            _log.warning("no answer", door=self.name, why=str(error))
            return
        if connection.answer(frame.header, body):
            self.metrics.answered(self.name, outcome_of(reply.action),
                                  time.perf_counter() - started)

    async def _unsealed(self, message: Message, body: bytes, certificate: str | None) -> Sealed:
        """What the message's MAC proves. Refusal, HsmUnavailable, JournalUnavailable."""
        terminal_id = self.translator.terminal(message)
        if not terminal_id or (certificate is not None and certificate != terminal_id):
            return NO_MAC
        terminal = await self.authorizer.views.cached_terminal(terminal_id)
        if MAC_FIELDS[0] not in message.fields and MAC_FIELDS[1] not in message.fields:
            return MAC_MISSING if terminal.mac_required else NO_MAC
        try:
            sealed = await self.seals.check(self.translator.profile.security, message, body,
                                            terminal)
        except DecodeError as error:
            raise Refusal(f"field {error.field}", error.reason) from None
        if sealed.check is Check.OUT_OF_STEP and not terminal.mac_required:
            return NO_MAC  # nobody here has a key of it, and nobody asks for one
        return sealed

    async def _reply(self, message: Message, certificate: str | None, sealed: Sealed,
                     deadline_us: int) -> Reply:
        """What is said to a message; its MAC has been looked at before anything in it is believed.

        Refusal, Busy, Silence, HsmUnavailable, JournalUnavailable.
        """
        translator = self.translator
        if certificate is not None:
            terminal_id = translator.terminal(message)
            if terminal_id not in {"", certificate}:
                return self._stranger(message, certificate, terminal_id)
        believed = sealed is NO_MAC or sealed.proved or (
            sealed.check is Check.ABSENT and translator.is_key_change(message))
        if not believed:
            self._tell(message, sealed)
            if not translator.is_advice(message):
                return self._said(message, _refused(sealed), sealed)
        card = None
        number = translator.number(message)
        if number is not None:
            card = self._cards.get(number) or await self._card(*number)
        second = None
        number = translator.second_number(message)
        if number is not None:
            second = self._cards.get(number) or await self._card(*number)
        incoming = translator.incoming(message, deadline_us, self.clock.now_us(), card, second)
        if isinstance(incoming, Network):
            return await self._network(message, incoming, sealed)
        request = incoming.request if isinstance(incoming, Reconciliation) else incoming
        if not believed:
            return await self._set_aside(message, request, sealed)
        if sealed.check is Check.GOOD:
            request = msgspec.structs.replace(request, sealed=True)
        has_seal = sealed.seal is not None

        def render(answer: Answer, lines: tuple[TotalLine, ...] = ()) -> bytes:
            return translator.answer(message, answer, sealed=has_seal, lines=lines)

        if isinstance(incoming, Reconciliation):
            return await self._reconcile(incoming, request, render)
        return await self.authorizer.authorize(request, render)

    async def _card(self, pan: str, expiry: str) -> CardRef:
        """A card's number becomes its keyed hash: at hand, or the HSM's."""
        pan_hmac = self.pan_index.at_hand(pan) or await self.pan_index.of(pan)
        card = card_ref(pan_hmac, pan, expiry)
        self._cards.put((pan, expiry), card)
        return card

    def _said(self, message: Message, answer: Answer, sealed: Sealed) -> Reply:
        body = self.translator.answer(message, answer, sealed=sealed.seal is not None)
        return Reply(body, answer.action)

    def _tell(self, message: Message, sealed: Sealed) -> None:
        """A MAC that is missing or wrong is counted and logged, whatever becomes of its message."""
        event = _EVENTS[sealed.check]
        self.metrics.count(self.name, event)
        _log.warning("message not proved", door=self.name, why=event, mti=message.mti,
                     terminal=self.translator.terminal(message))

    async def _set_aside(self, message: Message, request: Request, sealed: Sealed) -> Reply:
        """An advice that is not proved is kept apart, and answered by the profile's rule."""
        if not await self.seals.quarantine(request, sealed.check):
            self.metrics.count(self.name, "unproved_flood")
            raise Silence("too many unproved advices of one terminal")
        rule = self.translator.profile.security.unproved_advice
        if rule == "silence":
            raise Silence("an advice is not proved")
        if rule == "916":
            return self._said(message, _refused(sealed), sealed)
        return self._said(message, Answer(action=Action.APPROVED, reason="parked",
                                          reference=rules.reference(request.key)), sealed)

    def _stranger(self, message: Message, certificate: str, terminal_id: str) -> Reply:
        """The certificate names the terminal: nobody speaks for another. Nothing is kept of it."""
        self.metrics.count(self.name, "certificate_differs")
        _log.warning("certificate differs", door=self.name, certificate=certificate,
                     terminal=terminal_id)
        return self._said(message, Answer(action=Action.SECURITY_VIOLATION,
                                          reason="certificate_differs"), NO_MAC)

    async def _network(self, message: Message, network: Network, sealed: Sealed) -> Reply:
        if network.function == KEY_CHANGE:
            return await self._change_keys(message, network, sealed)
        business_date = ""
        if network.function == "cut-over":
            terminal = await self.authorizer.views.terminal(network.terminal_id)
            business_date = terminal.business_date.strftime("%Y%m%d")
        return self._said(message, Answer(action=Action.NETWORK, reason="approved",
                                          business_date=business_date), sealed)

    async def _change_keys(self, message: Message, network: Network, sealed: Sealed) -> Reply:
        """New session keys for the terminal, which alone can read them."""
        try:
            new = await self.key_change.change(network.terminal_id)
        except KeyChangeRefused as refused:
            self.metrics.count(self.name, refused.reason)
            action = Action.KEY_OUT_OF_STEP if refused.reason == NO_TERMINAL_KEY else Action.BUSY
            return self._said(message, Answer(action=action, reason=refused.reason), sealed)
        self.metrics.count(self.name, "key_change")
        _log.info("new session keys", door=self.name, terminal=network.terminal_id,
                  generation=new.generation)
        answer = Answer(action=Action.NETWORK, reason="approved")
        body = self.translator.answer(message, answer, sealed=sealed.seal is not None,
                                      keys=new.text)
        return Reply(body, answer.action)

    async def _reconcile(self, asked: Reconciliation, request: Request,
                         render: Callable[..., bytes]) -> Reply:
        """The host's own totals of the terminal's day, kept with the answer."""
        differing: tuple[TotalLine, ...] = ()
        if asked.lines:
            differing = await self._differing(request.terminal_id, asked)
        theirs = asked.totals
        ours = await self.authorizer.reads.terminal_totals(
            asked.acquirer_id, request.terminal_id, asked.day)
        balanced = not differing and ours == (theirs.debits, theirs.debits_minor, theirs.reversals,
                            theirs.reversals_minor)
        code = Action.BALANCED if balanced else Action.NOT_BALANCED
        reference = rules.reference(request.key)

        def compared(answer: Answer) -> bytes:
            reason = "approved" if balanced else "totals_differ"
            return render(msgspec.structs.replace(answer, action=code, reason=reason, totals=ours,
                                                  reference=reference), differing)

        reply = await self.authorizer.authorize(request, compared)
        return Reply(reply.body, code)

    async def _differing(self, terminal_id: str, asked: Reconciliation) -> tuple[TotalLine, ...]:
        """The host's lines that are not the terminal's, with the terminal's codes of products."""
        views = self.authorizer.views
        terminal = await views.cached_terminal(terminal_id)
        products = await views.products(terminal.rules_version)
        profile = self.translator.profile.name
        inside, said = products.names.get(profile, {}), products.said.get(profile, {})
        lines = tuple(_renamed(line, inside) for line in asked.lines)
        return tuple(_renamed(line, said)
                     for line in await self.compare(terminal_id, asked.day, lines))

    def _undecodable(self, body: bytes, error: DecodeError) -> bytes:
        """What can be said to a message that cannot be read: where it went wrong."""
        mti = body[:_MTI_DIGITS].decode("latin-1")
        if len(mti) < _MTI_DIGITS or not (mti.isascii() and mti.isdigit()) \
                or mti[2] not in _REQUESTS:
            return b""
        where = Refusal(f"field {error.field}", f"position {error.position}: {error.reason}")
        return self.translator.refusal(Message(mti, {}), where)


def _renamed(line: TotalLine, names: dict[str, str]) -> TotalLine:
    return msgspec.structs.replace(line, product=names.get(line.product, line.product))


def _refused(sealed: Sealed) -> Answer:
    return Answer(action=Action.WRONG_MAC, reason=_EVENTS[sealed.check])
