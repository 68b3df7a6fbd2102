"""What a message reserves in the accounts' states, and how that is given back.

Knows views and states, and rule 1: what takes is counted before its row, what gives back is told
after it. Writes no row itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

import msgspec

from authhost import asks, parts, rules
from authhost.asks import Ask
from authhost.clock import Clock
from authhost.counters import ENGINE_HOURS, ODOMETER, Groups
from authhost.journal.entry import JournalUnavailable
from authhost.journal.views import AccountView, TerminalView, Views
from authhost.model import NOT_PROMPTED, Kind, Outcome, Proof, Request
from authhost.packing import PIN_FIELD
from authhost.safekeeping import DEPOSITS
from authhost.settlement import Effect, Need, Take
from authhost.standing import UNREAD, Found, Meters, Whose, Windows
from authhost.state.accounts import Accounts, GiveBack, Stale

_NO_NAMES: Final[dict[str, str]] = {}


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
            return await self.views.shown(request.card, request.second, request.prompted)
        account_id = request.account_id
        if account_id is None and request.kind in DEPOSITS:
            account_id = terminal.account_id
        if not account_id:
            return None
        return await self.views.cached_account(account_id)

    async def payer(self, request: Request, found: Found,
                    terminal: TerminalView) -> AccountView | None:
        """Whose counters a completion goes on: its card's; if nobody knows it, the original's."""
        view = await self.view(request, terminal)
        if view is not None or not found.legs:
            return view
        whose = found.legs[0].whose
        if request.card is None and whose.card_id is not None:
            view = await self.views.card_by_id(whose.card_id)
        if view is None and whose.account_id is not None:
            return await self.views.cached_account(whose.account_id)
        return view

    async def reload(self, request: Request, view: AccountView | None) -> None:
        """The state or the journal has a newer fence than this view: load it again."""
        if request.card is not None and (view is None or view.card_id is not None):
            await self.views.card(request.card.pan_hmac)
        elif view is not None:
            await self.views.account(view.account_id)

    async def reload_all(self, request: Request, takes: tuple[Take, ...],
                         seen: AccountView | None = None) -> None:
        """What was reserved, or seen, met another fence: whoever it was for is looked at again."""
        if seen is not None:
            await self.views.account(seen.account_id)
        for take in takes:
            whose = take.whose
            if request.card is not None:
                await self.views.card(request.card.pan_hmac)
            elif whose.card_id is not None:
                await self.views.card_by_id(whose.card_id)
            elif whose.account_id is not None:
                await self.views.account(whose.account_id)

    async def names(self, request: Request, terminal: TerminalView) -> dict[str, str]:
        """What the message's dialect calls products by other codes than those inside."""
        if not request.products:
            return _NO_NAMES
        products = await self.views.products(terminal.rules_version)
        return products.names.get(request.door, _NO_NAMES)

    async def ask(self, request: Request, terminal: TerminalView, view: AccountView,
                  names: dict[str, str] | None = None) -> Ask:
        """What a message asks of its account. names: its dialect's, where they are at hand."""
        if names is None:
            names = await self.names(request, terminal)
        purchasing = view.purchasing
        return asks.ask_of(request, view.rules, names, purchasing.hold_minor, purchasing.hold_ml,
                           partial_ok=request.partial_ok or terminal.partial_approval)

    async def decide(self, request: Request, terminal: TerminalView, view: AccountView | None,
                     ask: Ask | None, proof: Proof) -> Outcome:
        """ONE call to the state; without an account there is nothing to reserve, only a reason."""
        reason = rules.refused(request, terminal, view) or proof.reason
        if view is None or ask is None:
            if request.kind is Kind.RECONCILIATION:
                status = "declined" if reason else "approved"
                return stateless(request, status, reason or "approved", self._clock)
            return stateless(request, "approved" if request.advice else "declined",
                             reason or _no_account(request), self._clock)
        reason = reason or rules.unproved_entry(request, view, proof)
        return await self.accounts.reserve(
            view.account_id, view.fence, view.packed, ask, site=terminal.site_id, refused=reason,
            force=request.advice, pin=proof.pin)

    async def reserve_need(self, request: Request, view: AccountView, wanted: Need,
                           terminal: TerminalView) -> Take:
        """What is taken beyond an original: with force, for it has been sold. Where that is all of
        it, it is a purchase of its own, and its readings are this one's."""
        names = await self.names(request, terminal)
        typed = request.prompted if wanted.count else NOT_PROMPTED
        ask = Ask(money=wanted.money, volume=wanted.volume, count=wanted.count,
                  products=tuple(names.get(code, code) for code in request.products),
                  shares=wanted.shares, odometer=asks.reading(typed.odometer),
                  engine_hours=asks.reading(typed.engine_hours))
        outcome = await self._reserve(view, request, ask, terminal.site_id, force=True)
        return Take(whose_of(view, terminal.site_id), outcome, wanted.shares,
                    meters=meters_of(ask, outcome))

    async def _reserve(self, view: AccountView, request: Request, ask: Ask, site: str, *,
                       force: bool, refused: str = "") -> Outcome:
        try:
            return await self.accounts.reserve(view.account_id, view.fence, view.packed, ask,
                                               site=site, refused=refused, force=force)
        except Stale:
            await self.reload(request, view)
            raise

    async def release(self, take: Take, pin_card: int | None = None) -> None:
        """Nothing was journaled for this reservation, or a decline: Redis may have it back.

        pin_card: whose PIN was tried.
        """
        outcome = take.outcome
        if not outcome.reservation:
            return
        effect = Effect(Kind.REVERSAL, take.whose, Windows(outcome.day, outcome.week, outcome.month,
                                                           outcome.minute),
                        -outcome.amount_minor, -outcome.volume_ml, -outcome.count,
                        shares=parts.negative(take.shares), meters=take.meters)
        groups = await self._groups(take.whose.account_id or 0, outcome.fence)
        tell = _give_back([effect], outcome.fence, groups)
        await self.tell(msgspec.structs.replace(
            tell, pin_field=_pin_field(pin_card) if outcome.pin_tries else "",
            pin_tries=max(outcome.pin_tries, 0), pin_forgiven=max(-outcome.pin_tries, 0)),
            outcome.reservation)

    async def forgive(self, view: AccountView, outcome: Outcome) -> None:
        """The row of a right PIN stands: the wrong ones before it are set back now."""
        forgiven = -outcome.pin_tries
        await self.tell(
            GiveBack(view.account_id, outcome.fence, (), outcome.day, outcome.week, outcome.month,
                     0, 0, 0, _pin_field(view.card_id), forgiven, forgiven), outcome.reservation)

    async def give_back(self, effects: Sequence[Effect], fences: dict[int, int]) -> None:
        """The row of an event stands: what it gave back is told, by whose and by window."""
        places: dict[tuple[Whose, Windows], list[Effect]] = {}
        for effect in effects:
            if not effect.compared and effect.whose.account_id is not None:
                places.setdefault((effect.whose, effect.windows), []).append(effect)
        for (whose, _), together in places.items():
            account_id = whose.account_id or 0
            groups = await self._groups(account_id, fences[account_id]) \
                if any(effect.shares for effect in together) else {}
            tell = _give_back(together, fences[account_id], groups)
            if (tell.money or tell.volume or tell.count or any(tell.groups) or tell.readings):
                await self.tell(tell)

    async def _groups(self, account_id: int, fence: int) -> Groups:
        """The product groups that the counters of a fence were made by."""
        try:
            view = await self.views.cached_account(account_id)
            if view.fence != fence:
                view = await self.views.account(account_id)
        except JournalUnavailable:
            await self.accounts.forget(account_id)  # what it is to be told is not known
            return {}
        return view.groups

    async def tell(self, tell: GiveBack, reservation: int = 0) -> None:
        """What cannot be told stays counted until the next hydration; no answer hangs on it."""
        with contextlib.suppress(JournalUnavailable):
            await self.accounts.give_back(tell, reservation)

    async def forget(self, found: Found | None, takes: tuple[Take, ...]) -> None:
        """The row stands, its result was lost: the journal alone knows its effects."""
        accounts = {leg.whose.account_id for leg in found.legs} if found is not None else set()
        for account_id in accounts | {take.whose.account_id for take in takes}:
            if account_id is not None:
                await self.accounts.forget(account_id)


def _no_account(request: Request) -> str:
    return "card_unknown" if request.card is not None else "account_unknown"


def stateless(request: Request, status: str, reason: str, clock: Clock) -> Outcome:
    """An outcome where there is no account to ask: nothing is counted."""
    amount = request.counted_minor if status == "approved" else 0
    broken = (reason,) if request.advice and reason != "approved" else ()
    return Outcome(status, reason, amount, 0, 0, clock.now_us() // 1000, 0, 0, 0, 0, 0, broken)


def whose_of(view: AccountView, site_id: str) -> Whose:
    """Whose counters a view's messages move at a site."""
    return Whose(view.account_id, view.card_id, view.vehicle_id, view.driver_id,
                 view.subaccount_id, view.second_card_id, site_id)


def _pin_field(card_id: int | None) -> str:
    return f"{PIN_FIELD}{card_id}" if card_id else ""


def meters_of(ask: Ask, outcome: Outcome) -> Meters:
    """The readings that were noted with what was reserved."""
    if outcome.status == "declined":
        return UNREAD
    return Meters(ask.odometer if ask.odometer >= 0 else None,
                  ask.engine_hours if ask.engine_hours >= 0 else None)


def _fields(whose: Whose) -> tuple[str, ...]:
    numbers = (("b", whose.subaccount_id), ("c", whose.card_id), ("c", whose.second_card_id),
               ("v", whose.vehicle_id), ("d", whose.driver_id), ("s", whose.site_id))
    return ("a", *(f"{letter}{number}" for letter, number in numbers if number))


def _give_back(effects: list[Effect], fence: int, groups: Groups) -> GiveBack:
    """What one account's state is told of effects in the same windows: their net, given back."""
    whose, windows = effects[0].whose, effects[0].windows
    flat: list[int] = []
    for number, members in groups.values():
        amounts = [parts.in_group(effect.shares, members, effect.count) for effect in effects]
        net = [-sum(column) for column in zip(*amounts, strict=True)]
        if any(net):
            flat += (number, *net)
    readings: list[int] = []
    # What is gone first: a completion may bring another reading of the same moment.
    for effect in sorted(effects, key=lambda one: one.count):
        for code, shown in ((ODOMETER, effect.meters.odometer),
                            (ENGINE_HOURS, effect.meters.engine_hours)):
            if shown is not None and effect.count:
                readings += (code, shown, int(effect.count > 0))
    assert whose.account_id is not None, "somebody's"
    return GiveBack(
        whose.account_id, fence, _fields(whose), windows.day, windows.week, windows.month,
        -sum(effect.money for effect in effects), -sum(effect.volume for effect in effects),
        -sum(effect.count for effect in effects), minute=windows.minute, groups=tuple(flat),
        meter_field=f"v{whose.vehicle_id}" if whose.vehicle_id else f"c{whose.card_id}",
        readings=tuple(readings))
