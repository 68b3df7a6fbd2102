"""A fleet host in plain Python: what each message must come to, by the book.

Knows the specification of limits, holds, completions and reversals; nothing of the host's code. It
keeps no counters: what stands is a list of slots, each a purchase's share at one instant, and what
a limit has used is summed over those that its window still sees. What gives back lowers the slots
that were taken, so it lands in their windows by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tests.property.fleet_slots import ANY, Part, Slot, give_goods, give_some, made, settled
from tests.property.fleet_windows import MINUTE_MS, Limit, in_force, local

SCOPES = ("account", "subaccount", "site", "card", "vehicle", "driver")
BALANCE = "limit:account:balance:money"


class Holder(msgspec.Struct):
    """Whoever has limits: a card, a vehicle, the fleet itself."""

    limits: tuple[Limit, ...] = ()
    status: str = "active"
    tank_ml: int | None = None
    products: frozenset[str] | None = None
    hours: tuple[int, ...] | None = None
    steps: tuple[int, int] | None = None  # odometer: smallest and largest


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal asks, as the model reads it."""

    spot: dict[str, str]
    money: int
    volume: int = 0
    parts: tuple[Part, ...] = ()
    hold: bool = False
    count: int = 1
    partial_ok: bool = False
    advice: bool = False
    money_open: bool = False
    volume_open: bool = False
    odometer: int | None = None


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What it must come to. reasons: each that may be named for a decline, or the flags."""

    approved: bool
    money: int = 0
    volume: int = 0
    parts: tuple[Part, ...] = ()
    partial: bool = False
    reasons: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()


class Claim(msgspec.Struct):
    """One message that was approved."""

    state: str  # 'hold', 'taken', 'completed', 'reversed', 'expired'
    message: Message
    slots: list[Slot]
    extended_by: list[str] = []


class Model:
    """One account. `groups`: name -> products; `fuel`: products that go into a tank."""

    def __init__(self, zone: str, groups: dict[str, frozenset[str]], fuel: frozenset[str], *,
                 hold_minor: int, hold_ml: int) -> None:
        self.zone, self.groups, self.fuel = zone, groups, fuel
        self.hold_minor, self.hold_ml = hold_minor, hold_ml
        self.holders: dict[tuple[str, str], Holder] = {}
        self.site_limits: tuple[Limit, ...] = ()
        self.credit_line: int | None = None
        self.paid_in = 0
        self.claims: dict[str, Claim] = {}
        self.readings: list[tuple[str, str, int, int]] = []  # key, whose, minute, kilometres

    # What stands.

    def used(self, limit: Limit, scope: str, who: str, now_ms: int) -> int:
        """What a limit has used up."""
        return sum(self._measured(limit, slot) for claim in self.claims.values()
                   for slot in claim.slots
                   if slot.spot.get(scope) == who
                   and in_force(limit, scope, self.zone, slot.at_ms, now_ms))

    def balance_used(self) -> int:
        """Money taken and not given back, ever."""
        return sum(slot.money for claim in self.claims.values() for slot in claim.slots)

    def limits_of(self, spot: dict[str, str]) -> Iterable[tuple[str, str, Limit]]:
        """Every limit that looks at what happens there: scope, whose, limit."""
        for scope in SCOPES:
            if scope not in spot:
                continue
            limits = self.site_limits if scope == "site" else \
                self.holders[scope, spot[scope]].limits
            for limit in limits:
                yield scope, spot[scope], limit

    def _measured(self, limit: Limit, slot: Slot) -> int:
        if limit.measure == "count":
            return slot.count if self._concerns(limit, slot.products) else 0
        whole = slot.money if limit.measure == "money" else slot.volume
        if not limit.group:
            return whole
        at = 0 if limit.measure == "money" else 1
        shares = [amounts[at] for product, amounts in slot.parts.items()
                  if self._concerns(limit, (product,))]
        return max(shares, default=0) if slot.either else sum(shares)

    def _concerns(self, limit: Limit, products: Iterable[str]) -> bool:
        return not limit.group or any(
            product == ANY or product in self.groups[limit.group] for product in products)

    # What takes.

    def rule(self, message: Message, now_ms: int) -> Ruling:
        """Decide, count nothing."""
        message = self._narrowed(message)
        hard = self._hard(message, now_ms)
        if hard and not message.advice:
            return Ruling(approved=False, reasons=frozenset(hard))
        message, empty = self._opened(message, now_ms)
        broken, watched = self._broken(message, now_ms)
        broken.update(empty)
        if message.advice:
            return Ruling(approved=True, money=message.money, volume=message.volume,
                          parts=message.parts,
                          flags=frozenset({*hard, *broken, *watched}))
        if not broken:
            return Ruling(approved=True, money=message.money, volume=message.volume,
                          parts=message.parts, flags=frozenset(watched))
        most = min(broken.values())
        if not (message.partial_ok or message.money_open) or most <= 0:
            least = max(most, 0)
            return Ruling(approved=False, reasons=frozenset(
                name for name, money in broken.items() if max(money, 0) == least))
        return self._cut(message, most, watched)

    def take(self, key: str, message: Message, now_ms: int, extends: str = "") -> Ruling:
        """Decide, and count what was approved."""
        ruling = self.rule(message, now_ms)
        if ruling.approved:
            slot = _slot(message, now_ms, ruling.money, ruling.volume, ruling.parts)
            self.claims[key] = Claim("hold" if message.hold else "taken", message, [slot])
            if extends:
                self.claims[extends].extended_by.append(key)
            self._read(key, message, now_ms)
        return ruling

    def _cut(self, message: Message, most: int, watched: dict[str, int]) -> Ruling:
        parts = tuple(Part(part.product, part.money * most // message.money,
                           part.volume * most // message.money) for part in message.parts)
        volume = message.volume
        if not message.volume_open:
            volume = volume * most // message.money
        else:
            parts = tuple(Part(part.product, part.money, volume) for part in parts)
        return Ruling(approved=True, partial=True, money=most, volume=volume, parts=parts,
                      flags=frozenset(watched))

    def _listed(self, spot: dict[str, str]) -> frozenset[str] | None:
        """What both lists of products allow; None is any."""
        card, account = (self.holders[scope, spot[scope]].products
                         for scope in ("card", "account"))
        if card is None or account is None:
            return account if card is None else card
        return card & account

    def _narrowed(self, message: Message) -> Message:
        """A hold may become only what may be bought: of the products named, or of all."""
        listed = self._listed(message.spot)
        if not message.hold or listed is None:
            return message
        names = _products(message.parts)
        may = sorted(listed) if names == [ANY] else [name for name in names if name in listed]
        if not may:
            return message
        like = message.parts[0]
        return msgspec.structs.replace(message, parts=tuple(
            Part(name, like.money, like.volume) for name in may))

    def _hard(self, message: Message, now_ms: int) -> list[str]:
        found = [f"{scope}_{self.holders[scope, who].status}"
                 for scope, who in message.spot.items()
                 if scope != "site" and self.holders[scope, who].status != "active"]
        listed = self._listed(message.spot)
        if listed is not None and any(name not in listed for name in _products(message.parts)):
            found.append("product")
        for scope in ("account", "card"):
            holder = self.holders[scope, message.spot[scope]]
            if holder.hours is not None:
                here = local(self.zone, now_ms)
                if not holder.hours[here.weekday()] >> here.hour & 1:
                    found.append("hours")
        if message.odometer is not None and self._odd(message):
            found.append("prompt_wrong:odometer")
        return found

    def _tank(self, message: Message) -> int | None:
        vehicle = message.spot.get("vehicle")
        return None if vehicle is None else self.holders["vehicle", vehicle].tank_ml

    def _overfill(self, message: Message) -> int | None:
        """The most money of a sale whose fuel goes into the tank; None where it all does."""
        tank = self._tank(message)
        fuel = sum(part.volume for part in message.parts if part.product in self.fuel)
        if tank is None or message.hold or fuel <= tank:
            return None
        return message.money * tank // fuel

    def _opened(self, message: Message, now_ms: int) -> tuple[Message, dict[str, int]]:
        """A hold without an amount or litres gets the most that its limits leave."""
        money, volume = message.money, message.volume
        empty: dict[str, int] = {}
        refusing = [(scope, who, limit) for scope, who, limit in self.limits_of(message.spot)
                    if not limit.watch and self._concerns(limit, _products(message.parts))]
        if message.money_open:
            money = self.hold_minor
            lefts = {limit.named(scope): limit.maximum - self.used(limit, scope, who, now_ms)
                     for scope, who, limit in refusing if limit.measure == "money"}
            if self.credit_line is not None:
                lefts[BALANCE] = self._balance_left()
            money = min([money, *lefts.values()])
            empty |= {name: 0 for name, left in lefts.items() if left <= 0}
        if message.volume_open:
            volume = self.hold_ml
            lefts = {limit.named(scope): limit.maximum - self.used(limit, scope, who, now_ms)
                     for scope, who, limit in refusing if limit.measure == "volume"}
            volume = min([volume, *lefts.values()])
            empty |= {name: 0 for name, left in lefts.items() if left <= 0}
        tank = self._tank(message)
        if message.hold and tank is not None and any(
                product == ANY or product in self.fuel for product in _products(message.parts)):
            volume = min(volume, tank)
        parts = message.parts
        if message.money_open:
            parts = tuple(Part(part.product, money, part.volume) for part in parts)
        if message.volume_open:
            parts = tuple(Part(part.product, part.money, volume) for part in parts)
        elif message.hold:
            parts = tuple(Part(part.product, part.money, min(part.volume, volume))
                          for part in parts)
        return (msgspec.structs.replace(message, money=money, volume=volume, parts=parts),
                empty)

    def _broken(self, message: Message,
                now_ms: int) -> tuple[dict[str, int], dict[str, int]]:
        """Limits that it would pass, each with the most money that it lets through; watches."""
        broken: dict[str, int] = {}
        watched: dict[str, int] = {}
        wanted = _slot(message, now_ms, message.money, message.volume, message.parts)
        for scope, who, limit in self.limits_of(message.spot):
            asked = self._measured(limit, wanted)
            left = limit.maximum - self.used(limit, scope, who, now_ms)
            # What asks nothing of a limit does not break it, however far it is passed.
            if asked <= max(left, 0) or not self._concerns(limit, wanted.products):
                continue
            if limit.watch and limit.measure == "volume" and message.volume_open:
                continue  # nobody knows yet how much it will be
            most = 0 if limit.measure == "count" or not asked else message.money * left // asked
            name = ("watch:" if limit.watch else "") + limit.named(scope)
            into = watched if limit.watch else broken
            into[name] = min(most, into.get(name, most))
        overfill = self._overfill(message)
        if overfill is not None:
            broken["tank"] = overfill
        if self.credit_line is not None and message.money > max(self._balance_left(), 0):
            broken[BALANCE] = self._balance_left()
        return broken, watched

    def _balance_left(self) -> int:
        assert self.credit_line is not None, "asked where there is one"
        return self.credit_line + self.paid_in - self.balance_used()

    # The odometer.

    def _read(self, key: str, message: Message, now_ms: int) -> None:
        if message.odometer is not None:
            self.readings.append((key, _metered(message.spot), now_ms // MINUTE_MS,
                                  message.odometer))

    def _last(self, message: Message) -> int | None:
        """The newest reading that stands; of two in one minute the larger."""
        return max(((minute, reading) for _, whose, minute, reading in self.readings
                    if whose == _metered(message.spot)), default=(0, None))[1]

    def _unread(self, keys: set[str]) -> None:
        """What was not bought has driven nowhere."""
        self.readings = [reading for reading in self.readings if reading[0] not in keys]

    def _odd(self, message: Message) -> bool:
        steps = self.holders["card", message.spot["card"]].steps or \
            self.holders["account", message.spot["account"]].steps
        last = self._last(message)
        if steps is None or last is None or message.odometer is None:
            return False
        return not last + steps[0] <= message.odometer <= last + steps[1]

    # What follows.

    def complete(self, key: str, original: str, message: Message, now_ms: int) -> Ruling:
        """A completion: within its hold in the hold's windows, beyond it in today's."""
        hold = self.claims.get(original)
        if hold is None or hold.state != "hold":
            if not message.money and not message.volume:  # it releases what is not there
                self.claims[key] = Claim("taken", message, [])
                return Ruling(approved=True)
            return self.take(key, message, now_ms)
        open_claims = [hold, *(self.claims[one] for one in hold.extended_by
                               if self.claims[one].state == "hold")]
        held = [slot for claim in open_claims for slot in claim.slots]
        slots, beyond = settled(held, message, now_ms)
        # Its driver was asked at the hold: what is typed in again is taken for that.
        flags = set(self._hard(message, now_ms)) - {"prompt_wrong:odometer"}
        if self._overfill(message) is not None:
            flags.add("tank")
        if message.money > sum(slot.money for slot in held):
            flags.add("above_hold")
        if beyond is not None:
            asked = msgspec.structs.replace(
                message, money=beyond.money, volume=beyond.volume, count=0,
                parts=tuple(Part(name, *amounts) for name, amounts in beyond.parts.items()))
            broken, watched = self._broken(asked, now_ms)
            flags |= {*broken, *watched}
            slots.append(beyond)
        for claim in open_claims:
            claim.state, claim.slots = "completed", []
        self.claims[key] = Claim("taken", message, slots)
        if slots:
            # What is typed in at the end is the reading of when the fill began.
            self._read(key, message, held[0].at_ms if held else now_ms)
        if not slots or message.odometer is not None:
            self._unread({original, *hold.extended_by})
        return Ruling(approved=True, money=message.money, volume=message.volume,
                      flags=frozenset(flags))

    def give_back(self, key: str, money: int = 0) -> int:
        """A reversal or return: what it gave back. 0 asks for all that remains."""
        claim = self.claims[key]
        if claim.state not in {"hold", "taken"}:
            return 0
        family = [one for one in (claim, *map(self.claims.__getitem__, claim.extended_by))
                  if one is claim or one.state == "hold"]
        slots = [slot for one in family for slot in one.slots]
        remaining = sum(slot.money for slot in slots)
        if money and money < remaining:
            give_some(slots, money)
            return money
        for one in family:
            one.state, one.slots = "reversed", []
        self._unread({key, *claim.extended_by})
        return remaining

    def bring_back(self, key: str, money: int, goods: Sequence[Part] = ()) -> Ruling:
        """A return of goods: a request, so more than remains is refused. The driver has driven all
        the same: a reading stays."""
        claim = self.claims.get(key)
        remaining = sum(slot.money for slot in claim.slots) if claim is not None else 0
        if claim is None or claim.state != "taken" or money > remaining:
            return Ruling(approved=False,
                          reasons=frozenset({"original_not_found", "nothing_to_return",
                                             "return_exceeds"}))
        if money == remaining:
            claim.state, claim.slots = "reversed", []
            return Ruling(approved=True, money=money)
        strange = {}
        if goods:
            strange = give_goods(claim.slots, goods, money)
        else:
            give_some(claim.slots, money)
        return Ruling(approved=True, money=money,
                      flags=frozenset({"goods_differ"} if any(strange.values()) else ()))

    def expire(self, key: str) -> None:
        """A hold's time has come: all of it is given back, and it was no purchase."""
        for claim in (self.claims[key],
                      *(self.claims[one] for one in self.claims[key].extended_by)):
            if claim.state == "hold":
                claim.state, claim.slots = "expired", []
        self._unread({key})


def _products(parts: Sequence[Part]) -> list[str]:
    return [part.product for part in parts]


def _metered(spot: dict[str, str]) -> str:
    return f"vehicle {spot['vehicle']}" if "vehicle" in spot else f"card {spot['card']}"


def _slot(message: Message, at_ms: int, money: int, volume: int, parts: Iterable[Part]) -> Slot:
    slot = made(at_ms, message.spot, money, volume, message.count,
                {part.product: [part.money, part.volume] for part in parts})
    slot.either = message.hold
    return slot


def limits_json(limits: Iterable[Limit]) -> list[dict[str, Any]]:
    """As the columns of the master data hold them."""
    return [limit.row() for limit in limits]
