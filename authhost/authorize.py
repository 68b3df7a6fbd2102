"""The one story of a message, top to bottom.

    take:       a repeat? -> views -> prove -> reserve in the state -> append -> answer
    give back:  find the original -> reserve what goes beyond it -> settle in the journal -> tell it

Redis decides, PostgreSQL proves. Only what a row holds leaves here; a failure is Busy (nothing was
reserved) or Silence (the outcome is not known), never an approval (invariant 13).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from authhost import keys, limits, parts, rules
from authhost.asks import Ask, taken_shares
from authhost.clock import Clock
from authhost.fuelling import Fuelling, Priced
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.journal.append import Posting
from authhost.journal.entry import JournalUnavailable, Result, Verdict
from authhost.journal.lane import Lane
from authhost.journal.reads import Reads
from authhost.journal.settle import SettledResult, Settlement
from authhost.journal.views import AccountView, TerminalView, Views
from authhost.model import (
    NOTHING_TO_PROVE,
    Action,
    Answer,
    ContractPrice,
    Kind,
    Original,
    Outcome,
    Proof,
    Request,
)
from authhost.parts import Shares
from authhost.proofs import Proofs
from authhost.repeats import REPLAYED, Render, Repeats, Reply, parked
from authhost.reservations import Reservations, meters_of, whose_of
from authhost.rows import entry_of
from authhost.safekeeping import Safekeeping
from authhost.settlement import Plan, Take, need
from authhost.standing import Found
from authhost.state.accounts import Accounts, Stale
from authhost.state.client import StateUnavailable, StateUnknown
from authhost.states import State

# Events that are refused where their terminal may not send them.
_LOOKED_AT: Final = frozenset({Kind.RETURN})
# Advices about what was held before.
_COMPLETING: Final = frozenset({Kind.OFFLINE_SALE, Kind.COMPLETION, Kind.DEPOSIT})
# Of an escrow that is empty: it was confirmed before, or handed back. TAKEN is a deposit itself.
_EMPTIED: Final = frozenset({State.COMPLETED, State.REVERSED, State.TAKEN})


class Busy(Exception):
    """Nothing was reserved and nothing is remembered: the terminal may try again at once."""


class Silence(Exception):
    """The outcome is not known: no answer is better than a wrong one; a repeat finds it out."""


class Authorizer:
    """Every message of every door runs through `authorize`."""

    def __init__(self, *, views: Views, accounts: Accounts, append: Lane[Posting],
                 settle: Lane[Settlement], reads: Reads, clock: Clock, proofs: Proofs,
                 fuelling: Fuelling, safekeeping: Safekeeping,
                 approval_code: Callable[[], str],
                 deposited: Callable[[Request], None]) -> None:
        self.views = views
        self.accounts = accounts
        self._append = append
        self._settle = settle
        self.reads = reads
        self._clock = clock
        self._proofs = proofs
        self._fuelling = fuelling
        self._safekeeping = safekeeping
        self._deposited = deposited  # told of each deposit that was answered
        self._approval_code = approval_code
        self._loop = asyncio.get_running_loop()
        self._reservations = Reservations(views, accounts, clock)
        self._repeats = Repeats(reads, clock)
        self._in_flight: dict[str, asyncio.Future[None]] = {}

    async def authorize(self, request: Request, render: Render) -> Reply:
        """Decide a message durably. Raises Busy or Silence, nothing else that is not a bug."""
        # The same message again while the first is on its way: one after the other, however many.
        while (first := self._in_flight.get(request.key)) is not None:
            await first
            request = msgspec.structs.replace(request, repeat=True)
        mine = self._in_flight[request.key] = self._loop.create_future()
        try:
            reply = await self._answered(request, render)
            # Under a key that stands for other content nothing was stored: its number is free.
            if request.deposit is not None and reply.action != Action.DUPLICATE:
                self._deposited(request)
            return reply
        except (StateUnavailable, HsmUnavailable, HsmRefused) as error:
            # An advice comes again by itself, and is never told to go away: not for want of an HSM.
            if request.advice and not isinstance(error, StateUnavailable):
                raise Silence(str(error)) from None
            raise Busy(str(error)) from None
        except (StateUnknown, JournalUnavailable) as error:
            raise Silence(str(error)) from None
        finally:
            if self._in_flight.get(request.key) is mine:
                del self._in_flight[request.key]
            mine.set_result(None)

    async def expire(self, key: str, terminal_id: str, currency: str) -> None:
        """End an open hold whose time has come, by a row of its own."""
        request = Request(
            key=keys.expiry_key(key), fingerprint=b"", kind=Kind.EXPIRY, door="expiry",
            terminal_id=terminal_id, deadline_us=0, currency=currency, advice=True,
            original=Original((key,)))
        await self.authorize(request, _unsaid)

    async def _answered(self, request: Request, render: Render) -> Reply:
        if request.repeat or _brings_pin(request):
            claim = await self.reads.claim(request.alias or request.key)
            if claim is not None:
                return await self._repeats.known(request, claim, render)
        if request.kind is Kind.INCREMENT:
            return await self._raise(request, render)
        story = self._take if request.original is None else self._event
        return await story(request, render)

    async def _take(self, request: Request, render: Render) -> Reply:
        proof, proved_by = NOTHING_TO_PROVE, None
        for _ in range(limits.TRIES):
            request, terminal = await self._looked_at(request)
            view = await self._reservations.view(request, terminal)
            if view is not None and view.means != proved_by:
                proved_by = view.means
                proof = await self._proofs.of(request, terminal, view)
                request, proof = _with_proof(request, proof)
            names = await self._reservations.names(request, terminal)
            ask = await self._reservations.ask(request, terminal, view, names) if view else None
            watched = rules.watched(request, terminal, view)
            if watched and watched[0] not in request.flags:
                request = msgspec.structs.replace(request, flags=(*request.flags, *watched))
            # Before anything is reserved: what cannot be looked up leaves nothing behind.
            request, prices = await self._fuelling.priced(request, view, terminal, names)
            try:
                outcome = await self._reservations.decide(request, terminal, view, ask, proof)
            except Stale:
                await self._reservations.reload(request, view)
                continue
            code = self._approval_code() if outcome.status != "declined" else ""
            try:
                answer = rules.answer(request, outcome, code, proof.chip, prices)
                if view is not None:
                    answer = await self._fuelling.told(request, answer, outcome, view, terminal)
                body = render(answer)
                entry = entry_of(request, terminal, view, outcome, answer, body, ask)
                written = self._append.put(Posting((entry,), request.deadline_us))
            except Exception:
                # Nothing was sent to the journal: what was reserved is not held for nobody.
                await self._release(view, terminal, outcome, ask)
                raise
            result = await written
            if result.verdict is Verdict.NEW or (
                    _is_own(request, result, body) and _decided_ms(result) == entry.decided_ms):
                if outcome.pin_tries < 0 and view is not None:
                    await self._reservations.forgive(view, outcome)
                elif outcome.reservation:
                    self.accounts.settled(entry.account_id or 0, outcome.fence, outcome.reservation)
                return Reply(body, answer.action)
            # A row that was not written, or was written as a decline, gives its reservation back.
            if result.verdict is not Verdict.FENCED:
                await self._release(view, terminal, outcome, ask)
            if request.advice and _is_spent(request, result):
                # The card's word was given for another sale. This one has happened all the same.
                request = msgspec.structs.replace(request, alias="",
                                                  flags=(*request.flags, REPLAYED))
                continue
            reply = await self._not_new(request, render, result)
            if reply is not None:
                return reply
            await self._reservations.reload(request, view)
        raise Silence("the account does not come to rest")

    async def _release(self, view: AccountView | None, terminal: TerminalView, outcome: Outcome,
                       ask: Ask | None) -> None:
        """Give back what a take reserved; without an account that was nothing."""
        if view is not None and ask is not None:
            await self._reservations.release(
                Take(whose_of(view, terminal.site_id), outcome, taken_shares(ask, outcome),
                     meters=meters_of(ask, outcome)), view.card_id)

    async def _raise(self, request: Request, render: Render) -> Reply:
        """An incremental authorization: a hold more, that ends with the one it raises."""
        assert request.original is not None, "an increment names its hold"
        found = await self._find(request.original, request)
        if found is not None:
            found = await self.reads.base(found)
        wrong = "original_not_found"
        if found is not None and _is_same_card(request, found):
            wrong = "" if found.state is State.HOLD else f"original_{found.state.name.lower()}"
            if len(found.raises) >= limits.INCREMENTS:
                wrong = "increments"
            request = msgspec.structs.replace(request, original=Original((found.key,)))
        return await self._take(
            msgspec.structs.replace(request, wrong=request.wrong or wrong), render)

    async def _event(self, request: Request, render: Render) -> Reply:
        original = request.original
        assert original is not None, "an event names its original"
        for _ in range(limits.TRIES):
            terminal = await self._terminal(request)
            found, seen = await self._find(original, request), None
            wrong = _no_return(request, terminal, found)
            if wrong:
                return await self._take(msgspec.structs.replace(request, wrong=wrong), render)
            if request.kind in _COMPLETING:
                if found is None:
                    # The original may be on its way still: from now on it finds itself declined.
                    if not await self.reads.tombstone(original.keys):
                        continue
                    return await self._take(_without_original(request), render)
                found = await self.reads.base(found)
                request, seen = await self._as_completion(request, found, terminal)
            shares = parts.renamed(request.parts,
                                   await self._reservations.names(request, terminal))
            if found is not None and (_is_anothers(request, found, seen) or await self._is_nobodys(
                    request, found, terminal, shares)):
                flags = (*request.flags, f"original_{found.state.name.lower()}")
                return await self._take(msgspec.structs.replace(request, flags=flags), render)
            try:
                takes = await self._reserve_for(request, found, terminal, shares)
            except Stale:
                continue
            request, prices = await self._priced(request, found, terminal)
            said: list[bytes] = []
            item = Settlement(
                request, found.key if found else original.keys[0], takes,
                self._answering(request, render, takes, said, prices), terminal.site_id,
                terminal.merchant_id, original.keys if found is None else (),
                terminal.rules_version if request.kind in _LOOKED_AT else 0, request.deadline_us,
                shares, _restores(request, found), found.extends if found else "",
                (seen.account_id, seen.fence) if seen is not None else (0, 0))
            result = await self._settle.put(item)
            if isinstance(result, SettledResult):
                return await self._told(result, takes)
            if said and _is_own(request, result, said[-1]):
                await self._reservations.forget(found, takes)
            else:
                for take in takes:
                    await self._reservations.release(take)
            reply = await self._not_new(request, render, result)
            if reply is not None:
                return reply
            await self._reservations.reload_all(request, takes, seen)
        raise Silence("the original does not come to rest")

    async def _terminal(self, request: Request) -> TerminalView:
        """Where it comes from. An advice that must be proved, and came before its door knew so, is
        not posted unseen: it comes again, and is set aside."""
        terminal = await self._reservations.terminal(request)
        if (request.advice and terminal.mac_required and not request.sealed
                and request.kind is not Kind.EXPIRY):
            raise Silence("an advice is not proved")
        return terminal

    async def _looked_at(self, request: Request) -> tuple[Request, TerminalView]:
        """The message with what speaks against it at a safe, and where it comes from."""
        terminal = await self._terminal(request)
        if request.deposit is None:
            return request, terminal
        return await self._safekeeping.looked_at(request, terminal), terminal

    async def _find(self, original: Original, request: Request) -> Found | None:
        masked = request.card.pan_masked if request.card else ""
        return await self.reads.original(original.keys, original.approval_code,
                                         request.terminal_id, masked)

    async def _reserve_for(self, request: Request, found: Found | None, terminal: TerminalView,
                           shares: Shares) -> tuple[Take, ...]:
        """Plus before: what the event takes beyond its original is counted before its row."""
        if found is None:
            return ()
        wanted = need(request, found, shares)
        view = await self._reservations.payer(request, found, terminal) if wanted else None
        if view is None:
            return ()
        return (await self._reservations.reserve_need(request, view, wanted, terminal),)

    async def _is_nobodys(self, request: Request, found: Found, terminal: TerminalView,
                          shares: Shares) -> bool:
        """A completion that must be counted, and no account to count it on: posted all the same."""
        if request.kind not in _COMPLETING or not need(request, found, shares):
            return False
        return await self._reservations.payer(request, found, terminal) is None

    async def _as_completion(self, request: Request, found: Found, terminal: TerminalView,
                             ) -> tuple[Request, AccountView | None]:
        """What speaks against an advice is flagged, once. What its card may not buy is, too: the
        state looks at what goes beyond a hold, and nobody at the rest. Of a deposit with the
        account under whose fence it was looked at."""
        if request.kind is Kind.DEPOSIT:
            return await self._as_confirm(request, found, terminal)
        view = await self._reservations.payer(request, found, terminal)
        names = await self._reservations.names(request, terminal)
        reason = rules.refused(request, terminal, None)
        found_wrong = [reason] if reason else []
        if view is not None:
            found_wrong += rules.objections(request, view, names)
        new = tuple(reason for reason in dict.fromkeys(found_wrong) if reason not in request.flags)
        return msgspec.structs.replace(request, kind=Kind.COMPLETION,
                                       flags=(*request.flags, *new)), None

    async def _as_confirm(self, request: Request, found: Found, terminal: TerminalView,
                          ) -> tuple[Request, AccountView | None]:
        """What lay in an escrow goes in once, or is handed back, and is for whom it was asked: the
        rest is cash that nobody has explained, and a person looks at it."""
        if found.state in _EMPTIED:
            request = msgspec.structs.replace(request, wrong=request.wrong or "authorization")
        request = await self._safekeeping.looked_at(request, terminal)
        seen = await self._reservations.view(request, terminal)
        if _is_anothers(request, found, seen):
            request = msgspec.structs.replace(request, wrong=request.wrong or "authorization")
        return request, seen

    async def _priced(self, request: Request, found: Found | None,
                      terminal: TerminalView) -> Priced:
        if request.kind is not Kind.COMPLETION or found is None:
            return request, ()
        view = await self._reservations.payer(request, found, terminal)
        names = await self._reservations.names(request, terminal)
        return await self._fuelling.priced(request, view, terminal, names)

    def _answering(self, request: Request, render: Render, takes: tuple[Take, ...],
                   said: list[bytes], prices: tuple[ContractPrice, ...],
                   ) -> Callable[[Plan], tuple[Answer, bytes]]:
        """The answer is known under the lock alone; it is made there, and `said` remembers it."""
        code = self._approval_code()
        decided_ms = max((take.outcome.decided_at_ms for take in takes),
                         default=self._clock.now_us() // 1000)

        def answering(made: Plan) -> tuple[Answer, bytes]:
            approved = made.action in {Action.APPROVED, Action.REVERSED}
            answer = Answer(
                action=made.action, reason=made.reason, amount_minor=made.amount_minor,
                approval_code=code if approved else "", decided_at_ms=decided_ms,
                flags=request.flags + made.flags, reference=rules.reference(request.key),
                state=made.state.name, prices=prices)
            said.append(render(answer))
            return answer, said[-1]

        return answering

    async def _told(self, result: SettledResult, takes: tuple[Take, ...]) -> Reply:
        """Minus after: the row stands, now the state hears of it, once."""
        assert result.settled is not None, "a NEW result says what was settled"
        await self._reservations.give_back(result.settled.plan.effects,
                                           result.settled.fences)
        for take in takes:
            self.accounts.settled(take.whose.account_id or 0, take.outcome.fence,
                                  take.outcome.reservation)
        return Reply(result.settled.answer_bytes, result.settled.answer.action)

    async def _not_new(self, request: Request, render: Render, result: Result) -> Reply | None:
        """The reply to a row that was not written anew; None: try again with newer views."""
        match result.verdict:
            case Verdict.KNOWN:
                assert result.claim is not None, "a known row shows its claim"
                return await self._repeats.known(request, result.claim, render)
            case Verdict.LATE:
                raise Silence("decided after its deadline")
            case Verdict.PARKED:
                if not request.advice:
                    raise Silence("the journal refused the row; it is parked")
                return parked(request, render)
            case Verdict.STALE_RULES:
                self.views.terminals.clear()
        return None


def _brings_pin(request: Request) -> bool:
    """One number is asked for one PIN: under a number that was heard, marked as a repeat or not, no
    other PIN comes to the HSM, nor to the state. Else how long it takes, or what the state holds
    meanwhile, would answer guesses that are no tries."""
    return request.evidence is not None and request.evidence.pin is not None


def _with_proof(request: Request, proof: Proof) -> tuple[Request, Proof]:
    """A request claims its cryptogram beside its key. An advice does, and what speaks against its
    proof is a flag: nothing refuses it."""
    if proof.once and not request.alias and REPLAYED not in request.flags:
        request = msgspec.structs.replace(request, alias=proof.once)
    if not request.advice:
        return request, proof
    if proof.reason and proof.reason not in request.flags:
        request = msgspec.structs.replace(request, flags=(*request.flags, proof.reason))
    return request, NOTHING_TO_PROVE


def _is_spent(request: Request, result: Result) -> bool:
    """True where the row was not written because another message has its cryptogram."""
    claim = result.claim
    return (result.verdict is Verdict.KNOWN and claim is not None and claim.refers_to is not None
            and claim.refers_to != request.key and keys.is_cryptogram(request.alias))


def _is_own(request: Request, result: Result, body: bytes) -> bool:
    """True where the row that is known is the one that was sent: its commit's result was lost.

    An approval's bytes hold an approval code by chance; equal ones of another hold too much.
    A decline's bytes say little: another content under the same key may be declined alike.
    """
    claim = result.claim
    return (result.verdict is Verdict.KNOWN and claim is not None and claim.answer == body
            and claim.fingerprint == request.fingerprint)


def _decided_ms(result: Result) -> int:
    """When the known row was decided: tells a wrong PIN from its own repeat, said alike."""
    claim = result.claim
    if claim is None or claim.decided_at is None:
        return 0
    return round(claim.decided_at.timestamp() * 1000)


def _unsaid(_: Answer) -> bytes:
    """An expiry has nobody to answer."""
    return b""


def _without_original(request: Request) -> Request:
    """A completion that nothing was held for is posted as it is, and says so."""
    if request.kind is Kind.OFFLINE_SALE:
        return request
    return msgspec.structs.replace(request, flags=(*request.flags, "original_not_found"))


def _no_return(request: Request, terminal: TerminalView, found: Found | None) -> str:
    """Why a return is refused whatever remains of its sale; '' where nothing speaks against it,
    and of all that is no return."""
    if request.kind is not Kind.RETURN:
        return ""
    reason = rules.refused(request, terminal, None)
    if reason:
        return reason
    if found is None or not _is_same_card(request, found):
        return "original_not_found"
    return "currency" if found.currency and request.currency != found.currency else ""


def _is_anothers(request: Request, found: Found, seen: AccountView | None) -> bool:
    """Whether a deposit is for another client than was asked, or names a deposit: what it names is
    none of its own."""
    asked = found.legs[0].whose.account_id if found.legs else None
    return request.kind is Kind.DEPOSIT and asked is not None and (
        seen is None or seen.account_id != asked or found.state is State.TAKEN)


def _is_same_card(request: Request, found: Found) -> bool:
    """Goods come back on the card that bought them, a hold is raised by the card that has it."""
    return request.card is None or request.card.pan_masked == found.pan_masked


def _restores(request: Request, found: Found | None) -> str:
    """The sale that can be returned again once its return is reversed."""
    if request.kind is Kind.REVERSAL and found is not None and found.state is State.GIVEN:
        return found.original_key
    return ""
