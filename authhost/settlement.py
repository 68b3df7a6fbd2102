"""What an event does to its original: completion, reversal, return, expiry, a payer's word.

PURE. Reads the table of states, gives postings and what Redis must be told. The amounts that take
were reserved before (rule 1: plus before, minus after); what gives back is told afterwards.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost import parts
from authhost.model import Action, Kind, Outcome, Part, Request
from authhost.parts import Shares
from authhost.rules import withheld
from authhost.standing import (
    NEVER,
    NOBODY,
    UNREAD,
    Found,
    Leg,
    Meters,
    Standing,
    Whose,
    Windows,
    emptied,
    family,
    lowered,
    standing,
    to_text,
)
from authhost.states import Event, Rule, State, step

EVENTS: Final[dict[Kind, Event]] = {
    Kind.COMPLETION: Event.COMPLETION,
    Kind.DEPOSIT: Event.COMPLETION,  # of what its authorization has held
    Kind.REVERSAL: Event.REVERSAL,
    Kind.RETURN: Event.RETURN,
    Kind.EXPIRY: Event.EXPIRY,
}


class Take(msgspec.Struct, frozen=True):
    """An amount that was reserved for this message, and for whom."""

    whose: Whose
    outcome: Outcome
    shares: Shares = ()
    meters: Meters = UNREAD  # noted with it; of an event, where its hold is gone


class Need(msgspec.Struct, frozen=True):
    """What must be reserved before: all zero means nothing."""

    money: int = 0
    volume: int = 0
    count: int = 0
    shares: Shares = ()

    def __bool__(self) -> bool:
        return bool(self.money or self.volume or self.count or self.shares)


class Effect(msgspec.Struct, frozen=True):
    """One posting: whose counters, in which windows, by how much (signed)."""

    kind: Kind
    whose: Whose = NOBODY
    windows: Windows = NEVER
    money: int = 0
    volume: int = 0
    count: int = 0
    posted_minor: int = 0
    shares: Shares = ()  # signed like the money
    meters: Meters = UNREAD
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
    raises_end: bool = False  # the holds that raised it move with it
    stands: str | None = None  # what is left of the original's legs, where goods came back


_ANSWERS: Final[dict[tuple[Event, Rule], tuple[str, str]]] = {
    (Event.REVERSAL, Rule.ALREADY): (Action.ALREADY_REVERSED, "already_reversed"),
    (Event.REVERSAL, Rule.NOTHING): (Action.NOTHING_TO_REVERSE, "nothing_to_reverse"),
    (Event.EXPIRY, Rule.NOTHING): (Action.NOTHING_TO_REVERSE, "nothing_to_expire"),
    (Event.RETURN, Rule.NOTHING): (Action.ORIGINAL_NOT_FOUND, "nothing_to_return"),
}


_GIVEN_BACK: Final = {
    Kind.EXPIRY: (Action.APPROVED, "expired", State.NOTED),
    Kind.RETURN: (Action.APPROVED, "approved", State.GIVEN),
}


def need(request: Request, found: Found, shares: Shares = ()) -> Need:
    """What a completion takes beyond what its original holds: reserved before the row.

    shares: the goods of the message under the codes inside. A product that the hold could not
    become was not reserved for its group, however little it is.
    """
    if request.kind is Kind.REVERSAL and found.state is State.GIVEN:
        gave = [leg for leg in found.legs if leg.whose.account_id is not None]
        taken = tuple(share for leg in gave for share in parts.negative(leg.shares))
        # It is a purchase again for the groups of all that was bought, whatever came back.
        others = dict.fromkeys(found.counted) if gave else {}
        for share in taken:
            others.pop(share.product, None)
        return Need(-sum(leg.money for leg in gave), -sum(leg.volume for leg in gave),
                    int(found.ended and bool(gave)),
                    taken + tuple(Part(product, 0, 0) for product in others))
    if EVENTS.get(request.kind) is not Event.COMPLETION or not request.amount_minor:
        return Need()
    _, rule = step(found.state, Event.COMPLETION)
    if rule is not Rule.SETTLE:
        return Need(request.counted_minor, request.volume_ml, 1, shares)
    held = family(found)
    if all(one.leg.whose.account_id is None for one in held):
        return Need()  # nobody's: there is nothing to count it on
    more = request.counted_minor - sum(one.money for one in held)
    _, beyond = parts.cover(tuple(share for one in held for share in one.shares), shares)
    return Need(max(more, 0), max(request.volume_ml - sum(one.volume for one in held), 0), 0,
                beyond)


def plan(request: Request, found: Found, takes: tuple[Take, ...],
         shares: Shares = ()) -> Plan | None:
    """What to write for `request` about `found`; None: what was reserved no longer fits it."""
    event = EVENTS[request.kind]
    after, rule = step(found.state, event)
    if takes and event is not Event.COMPLETION and rule is not Rule.TAKE_AGAIN:
        return None  # another event was first: there is nothing to take any more
    if event is Event.COMPLETION:
        return _completion(request, found, after, rule, takes, shares)
    if event is Event.REVERSAL and any(leg.kind == Kind.DEPOSIT for leg in found.legs):
        return _refused(request, found, Action.NOTHING_TO_REVERSE, "deposit_stays")
    if rule is Rule.GIVE_BACK:
        if event is Event.RETURN and request.amount_minor > found.remaining:
            return _refused(request, found, Action.INVALID_AMOUNT, "return_exceeds")
        return _give_back(request, found, after, shares if event is Event.RETURN else ())
    if rule is Rule.TAKE_AGAIN:
        return _take_again(request, found, after, takes)
    if found.fresh:
        return Plan(Action.REVERSED, "reversed_before_it_came", 0, (Effect(request.kind),),
                    found.state, 0, State.NOTED, 0)
    action, reason = _ANSWERS.get(
        (event, rule), (Action.DO_NOT_HONOUR, f"request_{found.state.name.lower()}"))
    return _refused(request, found, action, reason)


def _refused(request: Request, found: Found, action: str, reason: str) -> Plan:
    """Nothing moves, and the answer says why."""
    own = State.DECLINED if request.kind is Kind.RETURN else State.NOTED
    return Plan(action, reason, 0, (Effect(request.kind),), found.state, found.remaining, own, 0)


def _take_again(request: Request, found: Found, after: State,
                takes: tuple[Take, ...]) -> Plan | None:
    """A return that did not take place after all: what it gave back is taken again, today."""
    wanted = need(request, found)
    if bool(wanted) != bool(takes) or any(take.outcome.count != wanted.count for take in takes):
        return None
    effects = [_taken(take, request.kind, posted=found.remaining) for take in takes]
    effects = effects or [Effect(request.kind, posted_minor=found.remaining)]
    return Plan(Action.REVERSED, "reversed", found.remaining, tuple(effects), after, 0,
                State.NOTED, 0, tuple(flag for take in takes for flag in take.outcome.broken))


def _completion(request: Request, found: Found, after: State, rule: Rule,
                takes: tuple[Take, ...], shares: Shares) -> Plan | None:
    """Settle a hold at the real amount, or post the sale whole where there is no hold any more."""
    wanted = need(request, found, shares)
    reserved = takes[0] if takes else None
    if bool(wanted) != (reserved is not None) or (
            reserved is not None and wanted != Need(
                reserved.outcome.amount_minor, reserved.outcome.volume_ml, reserved.outcome.count,
                reserved.shares)):
        return None
    broken = reserved.outcome.broken if reserved else ()
    if request.kind is Kind.DEPOSIT:
        broken = withheld(broken)
    flags = [flag for flag in broken if flag not in request.flags]
    posted = request.amount_minor
    if rule is Rule.SETTLE:
        held = family(found)
        if found.state is State.TAKEN:
            posted -= found.remaining
        if request.counted_minor > sum(one.money for one in held):
            flags.append("above_hold")
        effects = _settled(request, held, shares)
    else:
        flags.append(f"original_{found.state.name.lower()}")
        effects = []
    effects += [_taken(take, request.kind, posted=0) for take in takes]
    if not effects:  # the hold has gone already, and nothing was sold
        effects = [Effect(request.kind)]
    effects[0] = msgspec.structs.replace(effects[0], posted_minor=posted)
    own = State.TAKEN if request.amount_minor else State.NOTED
    return Plan(Action.APPROVED, "approved", request.amount_minor, tuple(effects), after, 0, own,
                request.amount_minor, tuple(flags), raises_end=rule is Rule.SETTLE)


def _settled(request: Request, held: list[Standing], shares: Shares) -> list[Effect]:
    """The hold is released whole, and what was sold within it is kept in the hold's own windows.

    Two postings rather than their difference, so that a reversal finds what it has to give back.
    A holds' raise counted no message, and keeps none.
    """
    releases = [_at(one.leg, request.kind, -one.money, -one.volume, -one.leg.count,
                    parts.negative(one.shares), one.leg.meters) for one in held]
    if not request.amount_minor:
        return releases
    kept = []
    money, volume, open_ = request.counted_minor, request.volume_ml, shares
    for one in held:
        keeps, fuel = min(money, one.money), min(volume, one.volume)
        money, volume = money - keeps, volume - fuel
        mine, open_ = parts.cover(one.shares, open_)
        if keeps or fuel or one.leg.count or mine:
            kept.append(_at(one.leg, request.kind, keeps, fuel, one.leg.count, mine,
                            _read(request, one.leg) if one.leg.count else UNREAD))
    return kept + releases


def _read(request: Request, leg: Leg) -> Meters:
    """What the meters showed in the end: typed in with the completion, or with the hold."""
    typed = request.prompted
    return Meters(int(typed.odometer) if typed.odometer else leg.meters.odometer,
                  int(typed.engine_hours) if typed.engine_hours else leg.meters.engine_hours)


def _give_back(request: Request, found: Found, after: State, goods: Shares) -> Plan:
    """Give back once, never more than remains; a partial reversal leaves the rest, and what raises
    a hold whole. goods: what came back; its money is given back where it was counted."""
    asked = request.amount_minor if request.kind in {Kind.REVERSAL, Kind.RETURN} else 0
    whole = not asked or asked >= found.held
    amount = found.held if whole else min(asked, found.remaining)
    held = family(found) if whole else standing(found)
    left, strange = ([emptied(one) for one in held], ()) if whole else lowered(held, amount, goods)
    effects = [effect for one, rest in zip(held, left, strict=True)
               if (effect := _returned(request.kind, one, rest, whole=whole)) is not None]
    effects = effects or [Effect(request.kind)]
    if found.state is State.TAKEN:
        first = {effect.whose.account_id: number
                 for number, effect in reversed([*enumerate(effects)])}
        for number in first.values():
            effects[number] = msgspec.structs.replace(effects[number], posted_minor=-amount)
    action, reason, own = _GIVEN_BACK.get(
        request.kind, (Action.REVERSED, "reversed", State.NOTED))
    return Plan(action, reason, amount, tuple(effects), after if whole else found.state,
                0 if whole else found.remaining - amount, own, amount * (own is State.GIVEN),
                ("goods_differ",) if strange else (), raises_end=whole,
                stands=to_text(left) if found.stands or (goods and not whole) else None)


def _returned(kind: Kind, one: Standing, rest: Standing, *, whole: bool) -> Effect | None:
    """What of a leg was given back; None where it was nothing. whole: it was no purchase at all."""
    count = one.leg.count if whole else 0
    money, volume = one.money - rest.money, one.volume - rest.volume
    # A count is of every product that was bought, whatever stands of each.
    shares = tuple(parts.minus(other, share)
                   for share, other in zip(one.shares, rest.shares, strict=True)
                   if count or share != other)
    if not (money or volume or count or shares):
        return None
    # Goods came back; the vehicle has been driven there all the same.
    unread = count and kind is not Kind.RETURN
    return _at(one.leg, kind, -money, -volume, -count, shares,
               one.leg.meters if unread else UNREAD)


def _taken(take: Take, kind: Kind, posted: int | None = None) -> Effect:
    outcome = take.outcome
    return Effect(kind, take.whose, windows_of(outcome), outcome.amount_minor, outcome.volume_ml,
                  outcome.count, outcome.amount_minor if posted is None else posted, take.shares,
                  take.meters, fence=outcome.fence, compared=True)


def windows_of(outcome: Outcome) -> Windows:
    """The windows that an outcome was counted in."""
    return Windows(outcome.day, outcome.week, outcome.month, outcome.minute)


def _at(leg: Leg, kind: Kind, money: int, volume: int, count: int, shares: Shares,
        meters: Meters) -> Effect:
    return Effect(kind, leg.whose, leg.windows, money, volume, count, 0, shares, meters)
