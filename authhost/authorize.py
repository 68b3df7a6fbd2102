"""The one story of a message, top to bottom.

    take:       a repeat? -> views -> reserve in the state -> append to the journal -> answer
    give back:  find the original -> reserve what goes beyond it -> settle in the journal -> tell the state

Redis decides, PostgreSQL proves. Only what a row holds leaves here; a failure is Busy (nothing was
reserved) or Silence (the outcome is not known), never an approval (invariant 13).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import msgspec

from authhost import limits, rules
from authhost.clock import Clock
from authhost.journal.append import Posting
from authhost.journal.entry import Claim, Entry, JournalUnavailable, Result, Verdict
from authhost.journal.lane import Lane
from authhost.journal.reads import Reads
from authhost.journal.settle import Settlement, SettledResult
from authhost.journal.views import AccountView, TerminalView, Views
from authhost.model import Action, Answer, Kind, Original, Outcome, Request
from authhost.settlement import Found, Plan, Take, need
from authhost.state.accounts import Accounts, GiveBack, Stale
from authhost.state.client import StateUnavailable, StateUnknown
from authhost.states import State

Render = Callable[[Answer], bytes]


class Busy(Exception):
    """Nothing was reserved and nothing is remembered: the terminal may try again at once."""


class Silence(Exception):
    """The outcome is not known: no answer is better than a wrong one; a repeat finds it out."""


class Reply(msgspec.Struct, frozen=True):
    """The bytes that the row holds, and the action code in them."""

    body: bytes
    action: str


class Authorizer:
    """Every message of every door runs through `authorize`."""

    def __init__(self, *, views: Views, accounts: Accounts, append: Lane[Posting],
                 settle: Lane[Settlement], reads: Reads, clock: Clock,
                 approval_code: Callable[[], str]) -> None:
        self.views = views
        self.accounts = accounts
        self._append = append
        self._settle = settle
        self.reads = reads
        self._clock = clock
        self._approval_code = approval_code
        self._loop = asyncio.get_running_loop()
        self._in_flight: dict[str, asyncio.Future[None]] = {}

    async def authorize(self, request: Request, render: Render) -> Reply:
        """Decide a message durably. Raises Busy or Silence, nothing else that is not a bug."""
        # The same message again while the first is on its way: one after the other, however many.
        while (first := self._in_flight.get(request.key)) is not None:
            await first
            request = msgspec.structs.replace(request, repeat=True)
        mine = self._in_flight[request.key] = self._loop.create_future()
        try:
            if request.repeat:
                claim = await self.reads.claim(request.alias or request.key)
                if claim is not None:
                    return await self._known(request, claim, render)
            story = self._take if request.original is None else self._event
            return await story(request, render)
        except StateUnavailable as error:
            raise Busy(str(error)) from None
        except (StateUnknown, JournalUnavailable) as error:
            raise Silence(str(error)) from None
        finally:
            if self._in_flight.get(request.key) is mine:
                del self._in_flight[request.key]
            mine.set_result(None)

    async def _take(self, request: Request, render: Render) -> Reply:
        for _ in range(limits.TRIES):
            terminal = await self._terminal(request)
            view = await self._view(request, terminal)
            try:
                outcome = await self._decide(request, terminal, view)
            except Stale:
                await self._reload(request, view)
                continue
            code = self._approval_code() if outcome.status != "declined" else ""
            answer = rules.answer(request, outcome, code)
            body = render(answer)
            entry = _entry(request, terminal, view, outcome, answer, body)
            result = await self._append.put(Posting((entry,), request.deadline_us))
            if result.verdict is Verdict.NEW or _is_own(result, body):
                if outcome.reservation:
                    self.accounts.settled(entry.account_id or 0, outcome.fence, outcome.reservation)
                return Reply(body, answer.action)
            # A row that was not written, or was written as a decline, gives its reservation back.
            if view is not None and result.verdict is not Verdict.FENCED:
                await self._release(_take_of(view, outcome))
            reply = await self._not_new(request, render, result)
            if reply is not None:
                return reply
            await self._reload(request, view)
        raise Silence("the account does not come to rest")

    async def _decide(self, request: Request, terminal: TerminalView,
                      view: AccountView | None) -> Outcome:
        """ONE call to the state; without an account there is nothing to reserve, only a reason."""
        reason = rules.refused(request, terminal, view)
        if view is None:
            if request.kind in {Kind.PAYMENT_REQUEST, Kind.RECONCILIATION}:
                status = "declined" if reason else "approved"
                return _stateless(request, status, reason or "approved", self._clock)
            return _stateless(request, "approved" if request.advice else "declined",
                              reason or _no_account(request), self._clock)
        return await self.accounts.reserve(
            view.account_id, view.fence, view.packed, request.amount_minor, request.volume_ml, 1,
            request.products, terminal.site_id, reason,
            request.partial_ok or terminal.partial_approval, request.advice)

    async def _event(self, request: Request, render: Render) -> Reply:
        original = request.original
        assert original is not None, "an event names its original"
        for _ in range(limits.TRIES):
            terminal = await self._terminal(request)
            found = await self._find(original, request)
            if found is None and request.kind is Kind.OFFLINE_SALE:
                return await self._take(request, render)
            if found is None and request.kind is Kind.COMPLETION:
                flags = (*request.flags, "original_not_found")
                return await self._take(msgspec.structs.replace(request, flags=flags), render)
            if request.kind in {Kind.OFFLINE_SALE, Kind.COMPLETION}:
                request = _as_completion(request, terminal)
            if found is not None and await self._is_nobodys(request, found, terminal):
                flags = (*request.flags, f"original_{found.state.name.lower()}")
                return await self._take(msgspec.structs.replace(request, flags=flags), render)
            try:
                request, takes = await self._reserve_for(request, found, terminal)
            except Stale:
                continue
            said: list[bytes] = []
            item = Settlement(
                request, found.key if found else original.keys[0], takes,
                self._answering(request, render, takes, said), terminal.site_id,
                terminal.merchant_id, original.keys if found is None else (),
                terminal.rules_version if request.kind is Kind.PAYMENT else 0, request.deadline_us)
            result = await self._settle.put(item)
            if isinstance(result, SettledResult):
                return await self._told(result, takes)
            if said and _is_own(result, said[-1]):
                await self._forget(found, takes)
            else:
                for take in takes:
                    await self._release(take)
            reply = await self._not_new(request, render, result)
            if reply is not None:
                return reply
        raise Silence("the original does not come to rest")

    async def _find(self, original: Original, request: Request) -> Found | None:
        masked = request.card.pan_masked if request.card else ""
        return await self.reads.original(original.keys, original.approval_code,
                                         request.terminal_id, masked)

    async def _reserve_for(self, request: Request, found: Found | None,
                           terminal: TerminalView) -> tuple[Request, tuple[Take, ...]]:
        """Plus before: what the event takes beyond its original is counted before its row."""
        if found is None:
            return request, ()
        if request.kind is Kind.PAYMENT and found.state is State.REQUESTED:
            return await self._reserve_payment(request, terminal)
        wanted = need(request, found)
        view = await self._payer(request, found, terminal) if wanted else None
        if view is None:
            return request, ()
        outcome = await self._reserve(view, request, wanted.money, wanted.volume, wanted.count,
                                      terminal.site_id, force=True)
        return request, (_take_of(view, outcome),)

    async def _payer(self, request: Request, found: Found,
                     terminal: TerminalView) -> AccountView | None:
        """Whose counters a completion goes on: its card's; where nobody knows it, the original's."""
        view = await self._view(request, terminal)
        account_id = next((leg.account_id for leg in found.legs), None)
        if view is None and account_id is not None:
            return self.views.accounts.get(account_id) or await self.views.account(account_id)
        return view

    async def _is_nobodys(self, request: Request, found: Found, terminal: TerminalView) -> bool:
        """A completion that must be counted, with no account to count it on: posted all the same."""
        return bool(need(request, found)) and await self._payer(request, found, terminal) is None

    async def _reserve_payment(self, request: Request, terminal: TerminalView,
                               ) -> tuple[Request, tuple[Take, ...]]:
        """The payer's account, then the merchant's: two calls, two hash slots, one row each."""
        assert request.account_id is not None, "a payment names its payer's account"
        reason = rules.refused(request, terminal, None)
        if terminal.merchant_account_id is None:
            reason = reason or "account_unknown"
        takes: list[Take] = []
        for account_id, kind in ((request.account_id, None),
                                 (terminal.merchant_account_id, Kind.PAYMENT_RECEIPT)):
            if reason or account_id is None:
                break
            view = self.views.accounts.get(account_id) or await self.views.account(account_id)
            outcome = await self._reserve(
                view, request, request.amount_minor, 0, 1, "", force=False,
                refused="" if view.currency == request.currency else "currency")
            if outcome.status == "declined":
                reason = outcome.reason
            else:
                takes.append(_take_of(view, outcome, kind))
        if not reason:
            return request, tuple(takes)
        for take in takes:
            await self._release(take)
        # The same key, the same claim: the payer's word was yes, the limits' was no.
        return msgspec.structs.replace(request, kind=Kind.PAYMENT_REFUSAL,
                                       flags=(reason, *request.flags)), ()

    async def _reserve(self, view: AccountView, request: Request, money: int, volume: int,
                       count: int, site: str, *, force: bool, refused: str = "") -> Outcome:
        try:
            return await self.accounts.reserve(
                view.account_id, view.fence, view.packed, money, volume, count, request.products,
                site, refused, False, force)
        except Stale:
            await self._reload(request, view)
            raise

    def _answering(self, request: Request, render: Render, takes: tuple[Take, ...],
                   said: list[bytes]) -> Callable[[Plan], tuple[Answer, bytes]]:
        """The answer is known under the lock alone; this makes it there, and `said` remembers it."""
        code = self._approval_code()
        decided_ms = max((take.outcome.decided_at_ms for take in takes),
                         default=self._clock.now_us() // 1000)

        def answering(made: Plan) -> tuple[Answer, bytes]:
            approved = made.action in {Action.APPROVED, Action.REVERSED}
            answer = Answer(
                action=made.action, reason=made.reason, amount_minor=made.amount_minor,
                approval_code=code if approved else "", decided_at_ms=decided_ms,
                flags=request.flags + made.flags, reference=rules.reference(request.key),
                state=made.state.name)
            said.append(render(answer))
            return answer, said[-1]

        return answering

    async def _told(self, result: SettledResult, takes: tuple[Take, ...]) -> Reply:
        """Minus after: the row stands, now the state hears of it, once."""
        assert result.settled is not None, "a NEW result says what was settled"
        for tell in _tells(result.settled.plan, result.settled.fences):
            await self._tell(tell)
        for take in takes:
            self.accounts.settled(take.account_id, take.outcome.fence, take.outcome.reservation)
        return Reply(result.settled.answer_bytes, result.settled.answer.action)

    async def _not_new(self, request: Request, render: Render, result: Result) -> Reply | None:
        """The reply to a row that was not written anew; None: try again with newer views."""
        match result.verdict:
            case Verdict.KNOWN:
                assert result.claim is not None, "a known row shows its claim"
                return await self._known(request, result.claim, render)
            case Verdict.LATE:
                raise Silence("decided after its deadline")
            case Verdict.PARKED:
                if not request.advice:
                    raise Silence("the journal refused the row; it is parked")
                answer = Answer(action=Action.APPROVED, reason="parked",
                                reference=rules.reference(request.key))
                return Reply(render(answer), answer.action)
            case Verdict.STALE_RULES:
                self.views.terminals.clear()
        return None

    async def _known(self, request: Request, claim: Claim, render: Render) -> Reply:
        """The first answer again, byte for byte; other content under the same key is refused."""
        if claim.refers_to is not None:
            if claim.refers_to != request.key:  # the Idempotency-Key of another message
                return await self._conflict(request, render)
            other = await self.reads.claim(claim.refers_to)
            assert other is not None, "an alias is written with what it stands for"
            claim = other
        tombstone = claim.state == State.TOMBSTONE
        if claim.fingerprint != request.fingerprint and not tombstone:
            return await self._conflict(request, render)
        if claim.answer is not None and claim.door == request.door:
            return Reply(claim.answer, claim.action or Action.DO_NOT_HONOUR)
        if claim.answer is None:
            reason = "reversed_before_it_came" if tombstone else "late"
            answer = rules.declined(request, reason, self._clock.now_us() // 1000)
            body = await self.reads.fill_answer(claim.key, render(answer), request.door)
            return Reply(body, answer.action)
        if tombstone:  # it has no row to read a decision from, and needs none
            answer = rules.declined(request, "reversed_before_it_came", 0)
            return Reply(render(answer), answer.action)
        return self._through_another_door(request, claim, render)

    @staticmethod
    def _through_another_door(request: Request, claim: Claim, render: Render) -> Reply:
        """The same decision in another dialect: made from the row, so always the same bytes."""
        decided_at = claim.decided_at
        answer = Answer(
            action=claim.action or Action.DO_NOT_HONOUR, reason=claim.reason or "",
            amount_minor=claim.amount_minor or 0, approval_code=claim.approval_code or "",
            decided_at_ms=int(decided_at.timestamp() * 1000) if decided_at else 0,
            flags=tuple(filter(None, (claim.flags or "").split(","))),
            reference=rules.reference(request.key), state=State(claim.state).name)
        return Reply(render(answer), answer.action)

    async def _conflict(self, request: Request, render: Render) -> Reply:
        reason = "duplicate_with_other_content"
        if request.advice:
            await self.reads.park(request.key, request.fingerprint, reason, request.detail)
            answer = Answer(action=Action.APPROVED, reason="parked",
                            reference=rules.reference(request.key))
        else:
            answer = rules.declined(request, reason, self._clock.now_us() // 1000)
        return Reply(render(answer), answer.action)

    async def _release(self, take: Take) -> None:
        """Nothing was journaled for this reservation, or a decline: Redis may have it back."""
        outcome = take.outcome
        if outcome.reservation:
            await self._tell(
                GiveBack(take.account_id, outcome.fence,
                         _fields(take.card_id, take.vehicle_id, take.driver_id), outcome.day,
                         outcome.week, outcome.month, outcome.amount_minor, outcome.volume_ml,
                         outcome.count), outcome.reservation)

    async def _tell(self, tell: GiveBack, reservation: int = 0) -> None:
        """What cannot be told stays counted until the next hydration: the answer does not hang on it."""
        with contextlib.suppress(JournalUnavailable):
            await self.accounts.give_back(tell, reservation)

    async def _forget(self, found: Found | None, takes: tuple[Take, ...]) -> None:
        """The row stands, by an attempt whose result was lost: the journal alone knows its effects."""
        accounts = {leg.account_id for leg in found.legs} if found is not None else set()
        for account_id in accounts | {take.account_id for take in takes}:
            if account_id is not None:
                await self.accounts.forget(account_id)

    async def _terminal(self, request: Request) -> TerminalView:
        return (self.views.terminals.get(request.terminal_id)
                or await self.views.terminal(request.terminal_id))

    async def _view(self, request: Request, terminal: TerminalView) -> AccountView | None:
        if request.card is not None:
            return (self.views.cards.get(request.card.pan_hmac)
                    or await self.views.card(request.card.pan_hmac))
        account_id = terminal.account_id if request.kind is Kind.DEPOSIT else request.account_id
        if account_id is None:
            return None
        return self.views.accounts.get(account_id) or await self.views.account(account_id)

    async def _reload(self, request: Request, view: AccountView | None) -> None:
        """The state or the journal has a newer fence than this view: load it again."""
        if request.card is not None and (view is None or view.card_id is not None):
            await self.views.card(request.card.pan_hmac)
        elif view is not None:
            await self.views.account(view.account_id)


def _is_own(result: Result, body: bytes) -> bool:
    """True where the row that is known is the one that was sent: its commit's result was lost.

    An approval's bytes hold an approval code by chance; equal ones that are another's hold too much.
    """
    return result.verdict is Verdict.KNOWN and result.claim is not None \
        and result.claim.answer == body


def _as_completion(request: Request, terminal: TerminalView) -> Request:
    """What speaks against an advice is flagged, once."""
    reason = rules.refused(request, terminal, None)
    new = (reason,) if reason and reason not in request.flags else ()
    return msgspec.structs.replace(request, kind=Kind.COMPLETION, flags=(*request.flags, *new))


def _no_account(request: Request) -> str:
    return "card_unknown" if request.card is not None else "account_unknown"


def _stateless(request: Request, status: str, reason: str, clock: Clock) -> Outcome:
    amount = request.amount_minor if status == "approved" else 0
    broken = (reason,) if request.advice and reason != "approved" else ()
    return Outcome(status, reason, amount, 0, 0, clock.now_us() // 1000, 0, 0, 0, 0, 0, broken)


def _take_of(view: AccountView, outcome: Outcome, kind: Kind | None = None) -> Take:
    return Take(view.account_id, outcome, view.card_id, view.vehicle_id, view.driver_id, kind)


def _fields(card_id: int | None, vehicle_id: int | None, driver_id: int | None) -> tuple[str, ...]:
    numbers = (("c", card_id), ("v", vehicle_id), ("d", driver_id))
    return ("a", *(f"{letter}{number}" for letter, number in numbers if number))


def _tells(made: Plan, fences: dict[int, int]) -> list[GiveBack]:
    """What each account's state is told: the net of what was not reserved, by its windows."""
    net: dict[tuple[object, ...], GiveBack] = {}
    for effect in made.effects:
        if effect.compared or effect.account_id is None:
            continue
        fields = _fields(effect.card_id, effect.vehicle_id, effect.driver_id)
        place = (effect.account_id, fields, effect.day, effect.week, effect.month)
        before = net.get(place)
        money, volume, count = (before.money, before.volume, before.count) if before else (0, 0, 0)
        net[place] = GiveBack(effect.account_id, fences[effect.account_id], fields, effect.day,
                              effect.week, effect.month, money - effect.money,
                              volume - effect.volume, count - effect.count)
    return [tell for tell in net.values() if tell.money or tell.volume or tell.count]


_STATES = {
    Kind.PREAUTHORIZATION: State.HOLD,
    Kind.PAYMENT_REQUEST: State.REQUESTED,
    Kind.RECONCILIATION: State.NOTED,
}


def _entry(request: Request, terminal: TerminalView, view: AccountView | None, outcome: Outcome,
           answer: Answer, body: bytes) -> Entry:
    """The row of a take: positional, in the order of Entry, for it is made once a message."""
    approved = outcome.status != "declined"
    state = _STATES.get(request.kind, State.TAKEN) if approved else State.DECLINED
    amount = outcome.amount_minor
    posted = amount if state is State.TAKEN else 0
    return Entry(
        request.key, 0, request.fingerprint, body, request.door, state,
        amount if approved else 0, request.expires_at_us if approved else 0, answer.approval_code,
        request.alias, request.kind, approved, answer.action, answer.reason,
        request.amount_minor, amount, posted, request.currency, request.terminal_id,
        terminal.merchant_id, terminal.site_id, "", ",".join(answer.flags) if answer.flags else "",
        request.card.pan_masked if request.card else "", outcome.decided_at_ms,
        terminal.rules_version,
        request.deadline_us - limits.COMMIT_MARGIN_MS * 1000 if approved and not request.advice
        else 0,
        view.account_id if view else None, outcome.fence,
        view.card_id if view else None, view.vehicle_id if view else None,
        view.driver_id if view else None, outcome.day, outcome.week, outcome.month, amount,
        outcome.volume_ml, outcome.count, request.detail)
