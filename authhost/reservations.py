"""What a message reserves in the accounts' states, and how that is given back.

Knows views and states, and rule 1: what takes is counted before its row, what gives back is told
after it. Writes no row itself.
"""

from __future__ import annotations

import contextlib

import msgspec

from authhost import rules
from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable
from authhost.journal.views import AccountView, TerminalView, Views
from authhost.model import Kind, Outcome, Proof, Request
from authhost.packing import PIN_FIELD
from authhost.settlement import Found, Need, Plan, Take
from authhost.state.accounts import Accounts, GiveBack, Stale


class Reservations:
    """Views in, outcomes out; and the way back."""

    def __init__(self, views: Views, accounts: Accounts, clock: Clock) -> None:
        self.views = views
        self.accounts = accounts
        self._clock = clock

    async def terminal(self, request: Request) -> TerminalView:
        """The terminal that a message comes from."""
        return await self.views.cached_terminal(request.terminal_id)

    async def view(self, request: Request, terminal: TerminalView) -> AccountView | None:
        """Whose counters a message goes on; None where nobody knows the card or account."""
        if request.card is not None:
            return (self.views.cards.get(request.card.pan_hmac)
                    or await self.views.card(request.card.pan_hmac))
        account_id = terminal.account_id if request.kind is Kind.DEPOSIT else request.account_id
        if account_id is None:
            return None
        return await self.views.cached_account(account_id)

    async def payer(self, request: Request, found: Found,
                    terminal: TerminalView) -> AccountView | None:
        """Whose counters a completion goes on: its card's; if nobody knows it, the original's."""
        view = await self.view(request, terminal)
        account_id = next((leg.account_id for leg in found.legs), None)
        if view is None and account_id is not None:
            return await self.views.cached_account(account_id)
        return view

    async def reload(self, request: Request, view: AccountView | None) -> None:
        """The state or the journal has a newer fence than this view: load it again."""
        if request.card is not None and (view is None or view.card_id is not None):
            await self.views.card(request.card.pan_hmac)
        elif view is not None:
            await self.views.account(view.account_id)

    async def decide(self, request: Request, terminal: TerminalView, view: AccountView | None,
                     proof: Proof) -> Outcome:
        """ONE call to the state; without an account there is nothing to reserve, only a reason."""
        reason = rules.refused(request, terminal, view) or proof.reason
        if view is None:
            if request.kind in {Kind.PAYMENT_REQUEST, Kind.RECONCILIATION}:
                status = "declined" if reason else "approved"
                return stateless(request, status, reason or "approved", self._clock)
            return stateless(request, "approved" if request.advice else "declined",
                             reason or _no_account(request), self._clock)
        return await self.accounts.reserve(
            view.account_id, view.fence, view.packed, request.amount_minor, request.volume_ml, 1,
            request.products, terminal.site_id, reason,
            request.partial_ok or terminal.partial_approval, request.advice, proof.pin)

    async def reserve_need(self, request: Request, view: AccountView, wanted: Need,
                           site: str) -> Take:
        """What a completion takes beyond its hold: with force, for it has been sold."""
        outcome = await self._reserve(view, request, wanted.money, wanted.volume, wanted.count,
                                      site, force=True)
        return take_of(view, outcome)

    async def reserve_payment(self, request: Request, terminal: TerminalView,
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
            view = await self.views.cached_account(account_id)
            outcome = await self._reserve(
                view, request, request.amount_minor, 0, 1, "", force=False,
                refused="" if view.currency == request.currency else "currency")
            if outcome.status == "declined":
                reason = outcome.reason
            else:
                takes.append(take_of(view, outcome, kind))
        if not reason:
            return request, tuple(takes)
        for take in takes:
            await self.release(take)
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
            await self.reload(request, view)
            raise

    async def release(self, take: Take) -> None:
        """Nothing was journaled for this reservation, or a decline: Redis may have it back."""
        outcome = take.outcome
        if outcome.reservation:
            await self.tell(
                GiveBack(take.account_id, outcome.fence,
                         _fields(take.card_id, take.vehicle_id, take.driver_id), outcome.day,
                         outcome.week, outcome.month, outcome.amount_minor, outcome.volume_ml,
                         outcome.count, _pin_field(take.card_id) if outcome.pin_tries else "",
                         max(outcome.pin_tries, 0), max(-outcome.pin_tries, 0)),
                outcome.reservation)

    async def forgive(self, view: AccountView, outcome: Outcome) -> None:
        """The row of a right PIN stands: the wrong ones before it are set back now."""
        forgiven = -outcome.pin_tries
        await self.tell(
            GiveBack(view.account_id, outcome.fence, (), outcome.day, outcome.week, outcome.month,
                     0, 0, 0, _pin_field(view.card_id), forgiven, forgiven), outcome.reservation)

    async def tell(self, tell: GiveBack, reservation: int = 0) -> None:
        """What cannot be told stays counted until the next hydration; no answer hangs on it."""
        with contextlib.suppress(JournalUnavailable):
            await self.accounts.give_back(tell, reservation)

    async def forget(self, found: Found | None, takes: tuple[Take, ...]) -> None:
        """The row stands, its result was lost: the journal alone knows its effects."""
        accounts = {leg.account_id for leg in found.legs} if found is not None else set()
        for account_id in accounts | {take.account_id for take in takes}:
            if account_id is not None:
                await self.accounts.forget(account_id)


def _no_account(request: Request) -> str:
    return "card_unknown" if request.card is not None else "account_unknown"


def stateless(request: Request, status: str, reason: str, clock: Clock) -> Outcome:
    """An outcome where there is no account to ask: nothing is counted."""
    amount = request.amount_minor if status == "approved" else 0
    broken = (reason,) if request.advice and reason != "approved" else ()
    return Outcome(status, reason, amount, 0, 0, clock.now_us() // 1000, 0, 0, 0, 0, 0, broken)


def _pin_field(card_id: int | None) -> str:
    return f"{PIN_FIELD}{card_id}" if card_id else ""


def take_of(view: AccountView, outcome: Outcome, kind: Kind | None = None) -> Take:
    """A reservation and whose it is."""
    return Take(view.account_id, outcome, view.card_id, view.vehicle_id, view.driver_id, kind)


def _fields(card_id: int | None, vehicle_id: int | None, driver_id: int | None) -> tuple[str, ...]:
    numbers = (("c", card_id), ("v", vehicle_id), ("d", driver_id))
    return ("a", *(f"{letter}{number}" for letter, number in numbers if number))


def tells(made: Plan, fences: dict[int, int]) -> list[GiveBack]:
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
