"""A deposit, from the notes in the escrow to the receipt: asked, decided, done, told.

Knows the order of things: what is decided is written, then the machine is told, then the message is
stored with the escrow emptied. Whoever dies in between goes on where it stopped (`recover`): notes
that are inside are a deposit, notes that are not are none.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from terminals.safe import bodies
from terminals.safe.counted import Count, Slip
from terminals.safe.forwarder import Forwarder
from terminals.safe.premises import Premises
from terminals.safe.rows import Held, New, Row, Verdict
from terminals.safe.states import Escrow, Kind, State
from terminals.store import StoreFull

Sign = Callable[[dict[str, Any]], bytes]


class BadOrder(Exception):
    """It cannot be done now; nothing was. Says why."""


class Answer(StrEnum):
    """What the host says to the notes in the escrow."""

    APPROVED = "approved"
    REFUSED = "refused"
    SILENT = "silent"
    NOT_ASKED = "not_asked"


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Notes that may go in, or not. reason: the host's, of a refusal."""

    held: Held
    answer: Answer
    reason: str = ""
    may_stack: bool


class Depositing:
    """One safe's. sign: the client's own signature over a deposit; None: it has no key."""

    def __init__(self, premises: Premises, forwarder: Forwarder, sign: Sign | None) -> None:
        self._at = premises
        self._forwarder = forwarder
        self._sign = sign

    async def offer(self, slip: Slip) -> Offer:
        """Ask what becomes of what lies in the escrow. BadOrder: it must go back by hand."""
        count = self._at.machine.counted()
        if count is None:
            raise BadOrder("nothing lies in the escrow")
        await self._demand(count, slip)
        asks = self._at.config.safe.two_steps and slip.kind == "cash"
        new = await self._message(Kind.AUTHORIZATION, "/authorizations", count, slip) \
            if asks else None
        try:
            held = await self._at.worker.do(
                self._at.store.hold, count, slip, new, self._at.clock())
        except StoreFull as full:
            raise BadOrder(str(full)) from full
        return await self._asked(held)

    async def confirm(self, held: Held) -> Row:
        """The depositor agrees: the notes go in, and are a deposit."""
        return await self._stacked(await self._decided(held, Escrow.STACKING))

    async def hand_back(self, held: Held) -> list[Row]:
        """They go back; what the host holds for them is let go, and suspects are told of."""
        return await self._returned(await self._decided(held, Escrow.RETURNING))

    async def turn_away(self) -> None:
        """Hand back what was counted, and never asked about."""
        count = self._at.machine.counted()
        if count is not None:
            await self.hand_back(await self._at.worker.do(
                self._at.store.hold, count, Slip(), None, self._at.clock()))

    async def recover(self) -> Row | None:
        """After a crash: what was ordered is done. The deposit, where the notes are inside.

        Notes of which nobody has decided go back: the depositor may have left.
        """
        held = await self._at.worker.do(self._at.store.held)
        if held is None:
            await self.turn_away()
            return None
        if held.state is Escrow.STACKING:
            return await self._stacked(held)
        await (self._returned(held) if held.state is Escrow.RETURNING else self.hand_back(held))
        return None

    async def _asked(self, held: Held) -> Offer:
        rules = self._at.config.safe
        if held.authorization is None:
            return Offer(held=held, answer=Answer.NOT_ASKED, may_stack=True)
        row = await self._at.worker.do(self._at.store.find, held.authorization)
        assert row is not None, "it was stored with the escrow"
        row = await self._forwarder.taken(row, self._at.config.host.answer_timeout_s, tries=False)
        if row.state is not State.FORWARDED:
            reason = "the host cannot take it" if row.state is State.PARKED else "no answer"
            return Offer(held=held, answer=Answer.SILENT, may_stack=rules.offline, reason=reason)
        verdict = row.verdict
        return Offer(held=held, may_stack=verdict.approved, reason=verdict.reason,
                     answer=Answer.APPROVED if verdict.approved else Answer.REFUSED)

    async def _decided(self, held: Held, state: Escrow) -> Held:
        return await self._at.worker.do(self._at.store.decide, held, state)

    async def _stacked(self, held: Held) -> Row:
        """The machine does it once: what lies in the escrow is not inside yet."""
        if self._at.machine.held():
            self._at.machine.stack()
        asked = await self._authorization(held)
        new = await self._message(
            Kind.DEPOSIT, "/deposits", held.count, held.slip, original=held.authorization,
            authorization=asked.authorization if asked is not None else "")
        (row,) = await self._at.worker.do(self._at.store.release, [new], self._at.clock())
        self._at.contact.work.set()
        return row

    async def _returned(self, held: Held) -> list[Row]:
        if self._at.machine.held():
            self._at.machine.give_back()
        news = []
        asked = await self._authorization(held)
        if held.authorization is not None and (asked is None or asked.approved):
            news.append(New(kind=Kind.CANCELLATION, path="", original=held.authorization,
                            body=lambda _: {}))
        if held.count.suspects:
            kept = Count(currency=held.count.currency, suspects=held.count.suspects)
            news.append(await self._message(Kind.DEPOSIT, "/deposits", kept, held.slip))
        rows = await self._at.worker.do(self._at.store.release, news, self._at.clock())
        self._at.contact.work.set()
        return rows

    async def _authorization(self, held: Held) -> Verdict | None:
        """What the host has said by now; None: nothing yet, or nothing was asked."""
        if held.authorization is None:
            return None
        row = await self._at.worker.do(self._at.store.find, held.authorization)
        return row.verdict if row is not None and row.state is State.FORWARDED else None

    async def _message(self, kind: Kind, path: str, count: Count, slip: Slip, *,
                       original: int | None = None, authorization: str = "") -> New:
        do, store = self._at.worker.do, self._at.store
        shift, stay = await do(store.shift), await do(store.stay)

        def body(sequence: int) -> dict[str, Any]:
            content = bodies.deposit(
                count, slip, shift=shift.number if shift else "",
                cassette=stay.cassette if stay else "", receipt=f"{sequence:06d}",
                authorization=authorization)
            if self._sign is not None:
                signature = base64.b64encode(self._sign(content)).decode()
                content["order"] = {"signature": signature}
            return content

        return New(kind=kind, path=path, body=body, original=original, deposit_kind=slip.kind,
                   amount_minor=slip.amount_minor(count),
                   currency=count.currency, count=count if kind is Kind.DEPOSIT else None)

    async def _demand(self, count: Count, slip: Slip) -> None:
        """What speaks against taking notes at all, before anybody is asked."""
        do, store, config = self._at.worker.do, self._at.store, self._at.config
        if await do(store.held) is not None:
            raise BadOrder("another deposit is under way")
        if config.safe.shift_required and await do(store.shift) is None:
            raise BadOrder("no shift is open")
        if await do(store.stay) is None:
            raise BadOrder("no cassette is inside")
        if count.currency not in config.terminal.currencies:
            raise BadOrder(f"this safe takes no {count.currency}")
        if slip.kind == "cash" and not count.pieces and not count.suspects:
            raise BadOrder("nothing was counted")
        if slip.kind != "cash" and (slip.declared_minor <= 0 or not slip.number):
            raise BadOrder(f"an {slip.kind} has a number and an amount")
        inside = await do(store.inside, suspects=True)
        rooms = {"note": config.safe.note_capacity, "coin": config.safe.coin_capacity}
        for kind, room in rooms.items():
            there = sum(line.count for line in inside if line.kind == kind)
            if room and there + count.number(kind) > room:
                raise BadOrder(f"the cassette has {there} of {room} {kind}s")
