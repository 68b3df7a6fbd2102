"""What an event does to its original: completion, reversal, expiry, a payer's word.

PURE. Reads the table of states, gives postings and what Redis must be told. The amounts that take
were reserved before (rule 1: plus before, minus after); what gives back is told afterwards.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from authhost.model import Action, Kind, Outcome, Request
from authhost.states import Event, Rule, State, step

EVENTS: Final[dict[Kind, Event]] = {
    Kind.COMPLETION: Event.COMPLETION,
    Kind.REVERSAL: Event.REVERSAL,
    Kind.EXPIRY: Event.EXPIRY,
    Kind.PAYMENT: Event.PAYMENT,
    Kind.PAYMENT_REFUSAL: Event.REFUSAL,
    Kind.PAYMENT_CANCELLATION: Event.CANCELLATION,
}


class Leg(msgspec.Struct, frozen=True):
    """What one row of the original took, as its row wrote it down."""

    kind: str
    account_id: int | None
    card_id: int | None
    vehicle_id: int | None
    driver_id: int | None
    day: int
    week: int
    month: int
    money: int
    volume: int
    count: int
    amount_minor: int
    posted_minor: int


class Found(msgspec.Struct, frozen=True):
    """An original as the claim and the journal show it. legs is empty for a tombstone."""

    key: str
    state: State
    remaining: int
    business_date: date
    journal_id: int
    legs: tuple[Leg, ...] = ()
    fresh: bool = False  # the tombstone was put there by this very message
    currency: str = ""
    terminal_id: str = ""
    merchant_id: str = ""
    site_id: str = ""
    pan_masked: str = ""
    detail: str = "{}"


class Part(msgspec.Struct, frozen=True):
    """A leg that took, and how much of its money earlier reversals have left."""

    leg: Leg
    money: int

    @property
    def volume(self) -> int:
        """The volume that goes with the money: it follows from it, however many reversals."""
        leg = self.leg
        return leg.volume * self.money // leg.money if leg.money else leg.volume


class Take(msgspec.Struct, frozen=True):
    """An amount that was reserved for this message, and for whom."""

    account_id: int
    outcome: Outcome
    card_id: int | None = None
    vehicle_id: int | None = None
    driver_id: int | None = None
    kind: Kind | None = None  # the leg's own kind where it differs from the message's


class Need(msgspec.Struct, frozen=True):
    """What must be reserved before: all zero means nothing."""

    money: int = 0
    volume: int = 0
    count: int = 0

    def __bool__(self) -> bool:
        return bool(self.money or self.volume or self.count)


class Effect(msgspec.Struct, frozen=True):
    """One posting: whose counters, in which windows, by how much (signed)."""

    kind: Kind
    account_id: int | None
    card_id: int | None
    vehicle_id: int | None
    driver_id: int | None
    day: int
    week: int
    month: int
    money: int
    volume: int
    count: int
    posted_minor: int
    fence: int = 0  # 0: the one that is seen under the lock
    compared: bool = False  # a take: its fence must still hold


class Plan(msgspec.Struct, frozen=True):
    """What is written for an event: the answer, the postings, the original's next state."""

    action: str
    reason: str
    amount_minor: int
    effects: tuple[Effect, ...]
    state: State  # of the original, after
    remaining: int  # of the original, after
    own_state: State
    own_remaining: int
    flags: tuple[str, ...] = ()


_ANSWERS: Final[dict[tuple[Event, Rule], tuple[str, str]]] = {
    (Event.REVERSAL, Rule.ALREADY): (Action.ALREADY_REVERSED, "already_reversed"),
    (Event.REVERSAL, Rule.NOTHING): (Action.NOTHING_TO_REVERSE, "nothing_to_reverse"),
    (Event.EXPIRY, Rule.NOTHING): (Action.NOTHING_TO_REVERSE, "nothing_to_expire"),
}


def need(request: Request, found: Found) -> Need:
    """What a completion takes beyond what its original holds: reserved before the row."""
    if request.kind is not Kind.COMPLETION:
        return Need()
    if not request.amount_minor:
        return Need()
    _, rule = step(found.state, Event.COMPLETION)
    if rule is not Rule.SETTLE:
        return Need(request.amount_minor, request.volume_ml, 1)
    held = parts(found)
    if all(part.leg.account_id is None for part in held):
        return Need()  # nobody's: there is nothing to count it on
    more = request.amount_minor - sum(part.money for part in held)
    return Need(max(more, 0), max(request.volume_ml - sum(part.volume for part in held), 0), 0)


def parts(found: Found) -> list[Part]:
    """What still stands of an original, leg by leg: reversals take from the first legs first."""
    standing = []
    for account_id in dict.fromkeys(leg.account_id for leg in found.legs):
        took = [leg for leg in found.legs if leg.account_id == account_id
                and (leg.money > 0 or leg.volume > 0 or leg.count > 0)]
        gone = sum(leg.money for leg in took) - found.remaining
        for leg in took:
            less = min(gone, leg.money)
            gone -= less
            standing.append(Part(leg, leg.money - less))
    return standing


def plan(request: Request, found: Found, takes: tuple[Take, ...]) -> Plan | None:
    """What to write for `request` about `found`; None: what was reserved no longer fits it."""
    event = EVENTS[request.kind]
    after, rule = step(found.state, event)
    if event is Event.COMPLETION:
        return _completion(request, found, after, rule, takes)
    if rule is Rule.GIVE_BACK:
        return _give_back(request, found, after)
    if rule is Rule.PAY:
        effects = tuple(_taken(take, take.kind or request.kind) for take in takes)
        amount = takes[0].outcome.amount_minor
        return Plan(Action.APPROVED, "approved", amount, effects, after, 0, State.TAKEN, amount)
    if rule is Rule.END:
        refused = next((flag for flag in request.flags if flag), event.value)
        action = Action.APPROVED if event is not Event.REFUSAL else Action.DO_NOT_HONOUR
        return Plan(action, refused, 0, (_nothing(request.kind),), after, 0, State.NOTED, 0)
    if found.fresh:
        return Plan(Action.REVERSED, "reversed_before_it_came", 0, (_nothing(request.kind),),
                    found.state, 0, State.NOTED, 0)
    action, reason = _ANSWERS.get(
        (event, rule), (Action.DO_NOT_HONOUR, f"request_{found.state.name.lower()}"))
    return Plan(action, reason, 0, (_nothing(request.kind),), found.state, found.remaining,
                State.NOTED, 0)


def _completion(request: Request, found: Found, after: State, rule: Rule,
                takes: tuple[Take, ...]) -> Plan | None:
    """Settle a hold at the real amount, or post the sale whole where there is no hold any more."""
    wanted = need(request, found)
    reserved = takes[0].outcome if takes else None
    if bool(wanted) != (reserved is not None) or (
            reserved is not None and wanted != Need(reserved.amount_minor, reserved.volume_ml,
                                                    reserved.count)):
        return None
    flags = list(reserved.broken) if reserved else []
    posted = request.amount_minor
    if rule is Rule.SETTLE:
        held = parts(found)
        if found.state is State.TAKEN:
            posted -= found.remaining
        if request.amount_minor > sum(part.money for part in held):
            flags.append("above_hold")
        effects = _settled(request, held)
    else:
        flags.append(f"original_{found.state.name.lower()}")
        effects = []
    effects += [_taken(take, request.kind, posted=0) for take in takes]
    if not effects:  # the hold has gone already, and nothing was sold
        effects = [_nothing(request.kind)]
    effects[0] = msgspec.structs.replace(effects[0], posted_minor=posted)
    own = State.TAKEN if request.amount_minor else State.NOTED
    return Plan(Action.APPROVED, "approved", request.amount_minor, tuple(effects), after, 0, own,
                request.amount_minor, tuple(flags))


def _settled(request: Request, held: list[Part]) -> list[Effect]:
    """The hold is released whole, and what was sold within it is kept in the hold's own windows.

    Two postings rather than their difference, so that a reversal finds what it has to give back.
    """
    releases = [_at(part.leg, request.kind, -part.money, -part.volume, -part.leg.count)
                for part in held]
    if not request.amount_minor:
        return releases
    kept = []
    money, volume = request.amount_minor, request.volume_ml
    for part in held:
        keeps, fuel = min(money, part.money), min(volume, part.volume)
        money, volume = money - keeps, volume - fuel
        kept.append(_at(part.leg, request.kind, keeps, fuel, part.leg.count))
    return kept + releases


def _give_back(request: Request, found: Found, after: State) -> Plan:
    """Give back once, never more than remains; a partial reversal leaves the rest."""
    asked = request.amount_minor if request.kind is Kind.REVERSAL else 0
    amount = min(asked or found.remaining, found.remaining)
    rest = found.remaining - amount
    effects: list[Effect] = []
    held = parts(found)
    for account_id in dict.fromkeys(part.leg.account_id for part in held):
        mine = [part for part in held if part.leg.account_id == account_id]
        effects += _returned(request.kind, mine, amount, whole=rest == 0)
    effects = effects or [_nothing(request.kind)]
    if found.state is State.TAKEN:
        first = {effect.account_id: number for number, effect in reversed([*enumerate(effects)])}
        for number in first.values():
            effects[number] = msgspec.structs.replace(effects[number], posted_minor=-amount)
    if request.kind is Kind.EXPIRY:
        action, reason = Action.APPROVED, "expired"
    else:
        action, reason = Action.REVERSED, "reversed"
    return Plan(action, reason, amount, tuple(effects), after if rest == 0 else found.state, rest,
                State.NOTED, 0)


def _returned(kind: Kind, held: list[Part], amount: int, whole: bool) -> list[Effect]:
    """`amount` given back over what stands of one account's legs."""
    effects = []
    for part in held:
        leg = part.leg
        money = min(amount, part.money)
        amount -= money
        volume = part.volume - Part(leg, part.money - money).volume if leg.money \
            else leg.volume * whole
        count = leg.count if whole else 0
        if money or volume or count:
            effects.append(_at(leg, kind, -money, -volume, -count))
    return effects


def _taken(take: Take, kind: Kind, posted: int | None = None) -> Effect:
    outcome = take.outcome
    return Effect(kind, take.account_id, take.card_id, take.vehicle_id, take.driver_id,
                  outcome.day, outcome.week, outcome.month, outcome.amount_minor,
                  outcome.volume_ml, outcome.count,
                  outcome.amount_minor if posted is None else posted, outcome.fence, True)


def _at(leg: Leg, kind: Kind, money: int, volume: int, count: int) -> Effect:
    return Effect(kind, leg.account_id, leg.card_id, leg.vehicle_id, leg.driver_id, leg.day,
                  leg.week, leg.month, money, volume, count, 0)


def _nothing(kind: Kind) -> Effect:
    return Effect(kind, None, None, None, None, 0, 0, 0, 0, 0, 0, 0)
