"""What a message took, and what still stands of it after what was given back.

PURE. A give-back without goods leaves the same share of everything; one that names goods takes
those goods, and from then on the claim keeps what stands of each leg.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from authhost import parts
from authhost.model import Part
from authhost.parts import Shares
from authhost.states import State


class Whose(msgspec.Struct, frozen=True):
    """Whose counters a posting moves. site_id: where, for a fleet's limits at a site."""

    account_id: int | None = None
    card_id: int | None = None
    vehicle_id: int | None = None
    driver_id: int | None = None
    subaccount_id: int | None = None
    second_card_id: int | None = None
    site_id: str = ""


class Windows(msgspec.Struct, frozen=True):
    """When it is counted, as the function numbered it. minute: of UTC, since 1970."""

    day: int = 0
    week: int = 0
    month: int = 0
    minute: int = 0


class Meters(msgspec.Struct, frozen=True):
    """What was typed in; None where nothing was."""

    odometer: int | None = None
    engine_hours: int | None = None


NOBODY: Final = Whose()
NEVER: Final = Windows()
UNREAD: Final = Meters()


class Leg(msgspec.Struct, frozen=True):
    """What one row of the original took, as its row wrote it down."""

    kind: str
    whose: Whose
    windows: Windows
    money: int
    volume: int
    count: int
    amount_minor: int
    posted_minor: int
    shares: Shares = ()
    meters: Meters = UNREAD


class Found(msgspec.Struct, frozen=True):
    """An original as the claim and the journal show it. legs is empty for a tombstone.

    raises: the open holds that raise it, and end with it. original_key: what it was about itself.
    """

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
    raises: tuple[Found, ...] = ()
    original_key: str = ""
    extends: str = ""  # the hold that it raises
    stands: str = ""  # what is left of each leg that took, once goods came back; see to_text
    ended: bool = False  # a return after which nothing of its sale was left: no purchase any more
    counted: tuple[str, ...] = ()  # the products of that sale, whose groups counted it

    @property
    def held(self) -> int:
        """What can still be given back, with what raises it."""
        return self.remaining + sum(one.remaining for one in self.raises)


class Standing(msgspec.Struct, frozen=True):
    """What is left of a leg that took."""

    leg: Leg
    money: int
    volume: int
    shares: Shares
    goods: bool = False  # some came back: it follows from the leg's money no more

    def after(self, money: int) -> Standing:
        """With so much money gone of it, and of everything else what goes with that money.

        While no goods came back it follows from the leg as it was, however many reversals.
        """
        rest = self.money - money
        if not money:
            return self
        if not self.goods:
            return _scaled(self.leg, rest)
        return Standing(self.leg, rest, self.volume * rest // self.money,
                        parts.scaled(self.shares, rest, self.money), goods=True)

    def without(self, goods: Shares, most: int) -> tuple[Standing, Shares]:
        """What is left when these goods have gone, and what of them was not there. most: of money.

        A discount that is taken back comes first: it makes room for the goods.
        """
        kept: dict[str, Part] = {}
        open_ = []
        for part in sorted(goods, key=lambda part: part.money):
            one = next((share for share in self.shares if share.product == part.product
                        and (share.money > 0) == (part.money > 0)), None)
            money = 0
            if one is not None:
                money = min(part.money, one.money, most) if part.money > 0 else \
                    max(part.money, one.money)
            if part.money > money:
                open_.append(Part(part.product, part.money - money, 0))
            if one is None or not money:
                continue
            # Goods that came back without their litres have those that go with the money.
            volume = part.volume or one.volume * money // one.money
            volume = one.volume if money == one.money else min(volume, one.volume)
            most -= money
            kept[part.product] = Part(part.product, money, volume)
        gone = tuple(kept.values())
        money, volume = sum(part.money for part in gone), sum(part.volume for part in gone)
        return self.less(money, min(volume, self.volume), gone), tuple(open_)

    def less(self, money: int, volume: int, gone: Shares) -> Standing:
        """Without these goods, money and litres of which are given; negative: they are back."""
        by_product = {part.product: part for part in gone}
        return Standing(self.leg, self.money - money, self.volume - volume, tuple(
            parts.minus(one, by_product[one.product]) if one.product in by_product else one
            for one in self.shares), goods=True)


def _scaled(leg: Leg, money: int) -> Standing:
    """A leg of which so much money is left. One that took no money stands as it is."""
    volume = leg.volume * money // leg.money if leg.money else leg.volume
    return Standing(leg, money, volume, parts.scaled(leg.shares, money, leg.money))


def family(found: Found) -> list[Standing]:
    """What stands of an original and of the holds that raise it, leg by leg."""
    held = standing(found)
    for one in found.raises:
        held += standing(one)
    return held


def standing(found: Found) -> list[Standing]:
    """What still stands of an original, leg by leg: reversals take from the first legs first."""
    took = [leg for account_id in dict.fromkeys(leg.whose.account_id for leg in found.legs)
            for leg in found.legs if leg.whose.account_id == account_id and _took(leg)]
    if found.stands:
        return [_read(leg, text) for leg, text in zip(took, found.stands.split(" "), strict=True)]
    left = []
    gone: dict[int | None, int] = {}
    for leg in took:
        account_id = leg.whose.account_id
        if account_id not in gone:
            gone[account_id] = -found.remaining + sum(
                one.money for one in took if one.whose.account_id == account_id)
        less = min(gone[account_id], leg.money)
        gone[account_id] -= less
        left.append(_scaled(leg, leg.money - less))
    return left


def _took(leg: Leg) -> bool:
    return leg.money > 0 or leg.volume > 0 or leg.count > 0 or any(
        share.money > 0 or share.volume > 0 for share in leg.shares)


def to_text(held: list[Standing]) -> str:
    """As the claim keeps it: a word a leg, shares of which the first is the whole leg."""
    return " ".join(parts.to_text((Part("", one.money, one.volume), *one.shares)) for one in held)


def _read(leg: Leg, text: str) -> Standing:
    whole, *shares = parts.from_text(text)
    return Standing(leg, whole.money, whole.volume, tuple(shares), goods=True)


def lowered(held: list[Standing], amount: int, goods: Shares) -> tuple[list[Standing], Shares]:
    """What is left after `amount` of each account went, and the goods that no leg had taken.

    Goods go first; the money that they do not account for is taken from the first legs first.
    """
    left: list[Standing] = []
    open_ = goods
    for account_id in dict.fromkeys(one.leg.whose.account_id for one in held):
        mine = [one for one in held if one.leg.whose.account_id == account_id]
        rest, wanted = amount, goods
        for at, one in enumerate(mine if goods else ()):
            mine[at], wanted = one.without(wanted, min(rest, one.money))
            rest -= one.money - mine[at].money
        for at, one in enumerate(mine):
            some = min(rest, one.money)
            rest -= some
            mine[at] = one.after(some)
        left += mine
        open_ = wanted
    return left, open_


def emptied(one: Standing) -> Standing:
    """Nothing is left of it."""
    return Standing(one.leg, 0, 0, tuple(Part(share.product, 0, 0) for share in one.shares))


def restored(found: Found, given: tuple[Leg, ...]) -> str:
    """What stands when a return of it has not taken place after all, as the claim keeps it."""
    held = standing(found)
    for leg in given:
        at = next((at for at, one in enumerate(held)
                   if (one.leg.whose, one.leg.windows) == (leg.whose, leg.windows)
                   and one.money - leg.money <= one.leg.money), None)
        if at is None:
            continue  # it gave nothing back that stood on anybody
        held[at] = held[at].less(leg.money, leg.volume, leg.shares)
    return to_text(held)
