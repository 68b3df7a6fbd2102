"""The one story of a payment, top to bottom.

    ask:    merchant's view -> append (claim, row, payment)             -> the phone is told
    word:   payer's view -> signature -> reserve twice -> append -> the bank is asked
    bank:   yes: append (booked)        no: append (given back), the state  -> all are told
    end:    cancel, expire: append under the word's claim: the first one stands

Redis decides, PostgreSQL proves: only what a row holds leaves here. Each step is one row of one
batch, with the payment's own; whoever comes second hears what the first one made of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec

from authhost import limits
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable, Result, Verdict
from authhost.journal.views import AccountView
from authhost.keys import fingerprint
from authhost.model import Kind
from authhost.payments import bodies, checks, names, rows
from authhost.payments.archive import Archive
from authhost.payments.counting import Counting, Taken
from authhost.payments.life import WORD, Event, State, after
from authhost.payments.model import (
    Asked,
    Caller,
    NewPayment,
    Otherwise,
    Payment,
    Refused,
    Standing,
)
from authhost.payments.parties import Parties, Payer
from authhost.payments.ports import Banks, Busy, Debit, Silence, Told
from authhost.payments.rows import Leg, Message
from authhost.payments.signing import SKEW, Word, objection, text_of
from authhost.payments.writer import Writer, deadline_us
from authhost.state.accounts import Stale
from authhost.state.client import StateUnavailable, StateUnknown

KEPT: Final = 100_000  # requests that a process remembers
SECOND_LOOK_S: Final = 0.25  # real: a row of another host is written by then


class Payments:
    """Of one host. secret: of ids and fingerprints; tell: hears of every change that was made here;
    banks: set when the connector is there."""

    def __init__(self, *, parties: Parties, counting: Counting, writer: Writer,
                 archive: Archive, clock: Clock, secret: bytes, banks: Banks,
                 tell: Callable[[Told], None]) -> None:
        self.parties = parties
        self._counting = counting
        self._writer = writer
        self.archive = archive
        self._clock = clock
        self._secret = secret
        self._banks = banks
        self._tell = tell
        self._asked: Bounded[str, Asked] = Bounded(KEPT)
        self._speaking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # The merchant asks.

    async def ask(self, caller: Caller, new: NewPayment, idempotency_key: str) -> bytes:
        """A payment request, stored and on its way to the phone; its body. Refused, Busy, Silence.

        The same key again: the same body, whatever has become of it since.
        """
        payment_id = names.payment_id(self._secret, caller.merchant_id, caller.user_id,
                                      idempotency_key)
        key = names.request_key(payment_id)
        content = fingerprint(self._secret, "\n".join(map(str, msgspec.structs.astuple(new))))
        for _ in range(limits.TRIES):
            merchant = await self.parties.merchant(caller.merchant_id)
            checks.may_ask(merchant, new)
            now_us = self._clock.now_us()
            asked = checks.request(caller, merchant, new, payment_id, now_us)
            now = Standing(state=State.CREATED, version=1, changed_at=asked.created_at,
                           payer_phone=asked.payer_phone)
            body = bodies.merchants(Payment(asked, now))
            result = await self._writer.put(Message(
                key=key, fingerprint=content, answer=body, asked=asked, approved=True,
                reason="created", decided_ms=now_us // 1000,
                rules_version=merchant.rules_version, detail=checks.detail_of(asked)),
                [Leg(Kind.PAYMENT_REQUEST, None, 0)])
            match result.verdict:
                case Verdict.NEW:
                    self._asked.put(payment_id, asked)
                    self._told(asked, State.CREATED, "", now_us // 1000)
                    return body
                case Verdict.KNOWN:
                    return self._known(result, content)
                case Verdict.STALE_RULES:
                    self.parties.outdated()
                case _:
                    raise Silence("the journal refused the request")
        raise Silence("the rules do not come to rest")

    # The payer answers.

    async def word(self, payment_id: str, word: Word) -> bytes:
        """The payer's yes or no, proved by the phone's signature; what became of it. Refused where
        it proves nothing: then nothing is stored. Busy, Silence."""
        asked = await self.asked(payment_id)
        # A thumb that taps twice: the second tap would be refused for what the first has counted.
        async with self._speaking.setdefault(payment_id, asyncio.Lock()):
            return await self._word(asked, word)

    async def _word(self, asked: Asked, word: Word) -> bytes:
        content = fingerprint(self._secret, f"{word.decision}\n{word.phone}")
        for _ in range(limits.TRIES):
            payer = await self._proved(asked, word)
            try:
                result, told = await self._answer(asked, payer, word, content)
            except Stale:
                self.parties.forget(word.phone)
                continue
            except (StateUnavailable, StateUnknown) as error:
                raise Busy(str(error)) from None
            match result.verdict:
                case Verdict.NEW:
                    self._told(asked, told.state, told.reason, told.changed_ms, word.phone)
                    return bodies.said(asked.payment_id, told.state, told.reason)
                case Verdict.LATE:
                    self._told(asked, State.EXPIRED, "", self._clock.now_us() // 1000)
                    raise _ended(State.EXPIRED)
                case Verdict.KNOWN:
                    return await self._heard(asked, result, content)
                case Verdict.STALE_RULES:
                    self.parties.outdated()
                case Verdict.FENCED:
                    self.parties.forget(word.phone)
                    await self._counting.reload(payer.account_id, asked.account_id)
                case _:
                    raise Silence("the journal refused the word")
        raise Silence("the accounts do not come to rest")

    async def _proved(self, asked: Asked, word: Word) -> Payer:
        """The payer whose word it is. Refused."""
        payer = await self.parties.payer(word.phone)
        if payer is None or asked.payer_phone not in {None, word.phone} or asked.kind != "phone":
            raise Refused(403, "Not your request", "the request names another payer", "phone")
        signer = payer.signers.get(word.serial)
        if signer is None:
            # Enrolled or renewed since the view was read, perhaps: a refusal compares no fence.
            payer = await self.parties.payer(word.phone, payer.fence + 1)
            signer = payer.signers.get(word.serial) if payer is not None else None
        why = "unknown" if signer is None else signer.objection(self._clock.now())
        if why or payer is None or signer is None or signer.key is None:
            raise Refused(403, "Certificate", f"the certificate is {why}", "serial")
        # Of real time: a demo's day goes by in seconds.
        wrong = objection(signer.key, text_of(asked.shown, word), word.signature, word.signed_at,
                          self._clock.now(), SKEW * self._clock.rate)
        if wrong:
            raise Refused(403, "Signature differs", _SIGNATURES[wrong], wrong)
        return payer

    async def _answer(self, asked: Asked, payer: Payer, word: Word,
                      content: bytes) -> tuple[Result, Told]:
        """One try: reserve, and write. Stale."""
        merchant = await self.parties.merchant(asked.merchant_id)
        view = await self._counting.view(payer.account_id, payer.fence)
        if view.fence > payer.fence:
            raise Stale
        order, reason, due_us = "", "", 0
        taken = Taken(decided_ms=self._clock.now_us() // 1000)
        if word.decision == "approve":
            order, reason, due_us = self._banks.place(payer, asked)
            reason = checks.objection(merchant, payer, asked) or reason
            if not reason and not asked.sandbox:
                taken = await self._taken(asked, view)
                reason = taken.reason
        event = Event.REFUSE if word.decision == "refuse" else \
            Event.DECLINE if reason else Event.SIGN
        state = _STATES[event]
        detail: dict[str, Any] = {
            "event": event, "by": word.phone, "phone": word.phone, "why": reason,
            "text": text_of(asked.shown, word).decode(), "serial": word.serial,
            "signature": word.signature}
        signed = event is Event.SIGN
        legs = rows.taken(taken.takes) or [Leg(
            Kind.PAYMENT_AUTHORIZATION if signed else Kind.PAYMENT_REFUSAL, payer.account_id,
            payer.fence)]
        if signed:
            detail |= {"order": order, "bank": payer.bank_id, "due_us": due_us}
        try:
            result = await self._writer.put(Message(
                key=names.word_key(asked.payment_id), fingerprint=content,
                answer=bodies.said(asked.payment_id, state, reason), asked=asked,
                approved=signed, reason=reason or event, decided_ms=taken.decided_ms,
                rules_version=merchant.rules_version, detail=detail,
                deadline_us=deadline_us(self._clock, asked)), legs)
        except JournalUnavailable:
            # It may stand: then its bank is asked by the sweep, and the state is summed again.
            await self._counting.forget([leg.account_id for leg in legs if leg.account_id])
            raise
        if result.verdict is not Verdict.NEW:
            await self._counting.release(taken.takes)
        elif signed:
            self._counting.stands(taken.takes)
            self._banks.debit(Debit(asked, payer, order, due_us))
        return result, Told(asked, state, reason, taken.decided_ms, word.phone)

    async def _taken(self, asked: Asked, payer: AccountView) -> Taken:
        """What is counted, or why nothing is. A limit is looked at twice: another host may be
        writing this payment's own yes. Stale."""
        merchant = await self._counting.view(asked.account_id)
        taken = await self._counting.take(asked, payer, merchant)
        if _LIMIT in taken.reason:
            await asyncio.sleep(SECOND_LOOK_S)
            taken = await self._counting.take(asked, payer, merchant)
        return taken

    async def _heard(self, asked: Asked, result: Result, content: bytes) -> bytes:
        """The word was said before: the same one hears the same; another one the truth."""
        claim = result.claim
        assert claim is not None, "a known row shows its claim"
        if claim.fingerprint == content and claim.answer is not None:
            return claim.answer
        raise _ended((await self.archive.standing(asked.payment_id)).state)

    # The merchant or the clock ends it.

    async def cancel(self, caller: Caller, payment_id: str) -> bytes:
        """The merchant takes the request back; it may lose the race. Refused says what stands."""
        asked = await self.asked(payment_id)
        if asked.merchant_id != caller.merchant_id:
            raise _nothing_there()
        return await self.end(asked, Event.CANCEL, caller.user_id)

    async def expire(self, payment_id: str) -> None:
        """Its time is over. Nothing where somebody was first."""
        try:
            await self.end(await self.asked(payment_id), Event.EXPIRE, "")
        except Refused:
            return

    async def end(self, asked: Asked, event: Event, who: str) -> bytes:
        """Cancelled or expired, unless another word was first. Refused."""
        content = fingerprint(self._secret, f"{event}\n{who}")
        state = _STATES[event]
        body = bodies.said(asked.payment_id, state)
        for _ in range(limits.TRIES):
            merchant = await self.parties.merchant(asked.merchant_id)
            now_ms = self._clock.now_us() // 1000
            kind = Kind.EXPIRY if event is Event.EXPIRE else Kind.PAYMENT_CANCELLATION
            result = await self._writer.put(Message(
                key=names.word_key(asked.payment_id), fingerprint=content, answer=body,
                asked=asked, approved=True, reason=event, decided_ms=now_ms, amount_minor=0,
                rules_version=merchant.rules_version, detail={"event": event, "by": who}),
                [Leg(kind, None, 0)])
            if result.verdict is Verdict.NEW:
                self._told(asked, state, "", now_ms)
                return body
            if result.verdict is Verdict.KNOWN:
                return await self._heard(asked, result, content)
            if result.verdict is not Verdict.STALE_RULES:
                raise Silence("the journal refused the end")
            self.parties.outdated()
        raise Silence("the rules do not come to rest")

    # The payer's bank answers.

    async def paid(self, asked: Asked, payer_account: int, word: str) -> None:
        """The bank has moved the money. JournalUnavailable: to be told again; Otherwise: it has
        said before that it would not."""
        def legs(fences: dict[int, int]) -> list[Leg]:
            return rows.booked(asked, (payer_account, fences[payer_account]),
                               fences[asked.account_id])

        if await self._bank(asked, payer_account, Event.PAY, word, legs):
            state = State.CAPTURED if asked.capture == "automatic" else State.PAID
            self._told(asked, state, "", self._clock.now_us() // 1000)

    async def failed(self, asked: Asked, payer_account: int, word: str, why: str) -> None:
        """The bank has not, and will not: what was counted is given back. As `paid`."""
        held = await self.archive.signed(asked.payment_id)
        seen: dict[int, int] = {}

        def legs(fences: dict[int, int]) -> list[Leg]:
            seen.update(fences)
            return rows.given_back(held, fences)

        try:
            if await self._bank(asked, payer_account, Event.FAIL, word, legs, why):
                await self._counting.give_back(held, seen)
                self._told(asked, State.DECLINED, why, self._clock.now_us() // 1000)
        except JournalUnavailable:
            # It may stand, and is known when it is told again: the state is summed again.
            await self._counting.forget([payer_account, asked.account_id])
            raise

    async def _bank(self, asked: Asked, payer_account: int, event: Event, word: str,
                    legs_under: Callable[[dict[int, int]], list[Leg]], why: str = "") -> bool:
        """The bank's word, once; False where it was heard before. Otherwise."""
        content = fingerprint(self._secret, event)
        accounts = [payer_account, asked.account_id]
        for _ in range(limits.TRIES):
            merchant = await self.parties.merchant(asked.merchant_id)
            legs = legs_under(await self._counting.fences(accounts))
            result = await self._writer.put(Message(
                key=names.bank_key(asked.payment_id), fingerprint=content, answer=b"{}",
                asked=asked, approved=event is Event.PAY, reason=why or event,
                decided_ms=self._clock.now_us() // 1000, rules_version=merchant.rules_version,
                detail={"event": event, "by": "bank", "word": word, "why": why,
                        "purpose": asked.purpose, "reference": asked.reference}), legs)
            match result.verdict:
                case Verdict.NEW:
                    return True
                case Verdict.KNOWN:
                    if result.claim is None or result.claim.fingerprint != content:
                        raise Otherwise(event)
                    return False
                case Verdict.STALE_RULES:
                    self.parties.outdated()
                case Verdict.FENCED:
                    await self._counting.reload(*accounts)
                case _:
                    raise JournalUnavailable("the journal refused the bank's word")
        raise JournalUnavailable("the accounts do not come to rest")

    # What all have in common.

    async def asked(self, payment_id: str) -> Asked:
        """The request of an id. Refused where there is none."""
        found = self._asked.get(payment_id)
        if found is None:
            payment = await self.archive.payment(payment_id) if names.is_id(payment_id) else None
            if payment is None:
                raise _nothing_there()
            found = payment.asked
            self._asked.put(payment_id, found)
        return found

    async def sweep(self) -> None:
        """End what nobody has answered in time."""
        for payment_id in await self.archive.expired(self._clock.now(), limits.EXPIRY_ROWS):
            await self.expire(payment_id)

    @staticmethod
    def _known(result: Result, content: bytes) -> bytes:
        claim = result.claim
        assert claim is not None, "a known row shows its claim"
        if claim.fingerprint != content or claim.answer is None:
            raise Refused(422, "Key used for other content",
                          "this Idempotency-Key stands for other content", "Idempotency-Key")
        return claim.answer

    def _told(self, asked: Asked, state: State, reason: str, changed_ms: int,
              phone: str | None = None) -> None:
        self._tell(Told(asked, state, reason, changed_ms, phone or asked.payer_phone))


_STATES: Final = {event: state for event in WORD if (state := after(event)) is not None}
_LIMIT: Final = "_limit:"
_SIGNATURES: Final = {
    "signed_at": "it is no time with its offset, or not within five minutes of now",
    "signature": "the signature is not this payer's over this request",
}


def _ended(state: State) -> Refused:
    """Another word was first."""
    return Refused(409, "Decided already", f"the payment is {state.upper()}", "id")


def _nothing_there() -> Refused:
    return Refused(404, "Not found", "there is no such payment", "id")


