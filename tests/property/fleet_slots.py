"""What stands of a taking in the model of a fleet: shares at one instant, and how they shrink.

Knows slots and arithmetic; nothing of limits, nor of the host's code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

ANY = "*"  # a hold that may become any product


class Part(msgspec.Struct, frozen=True):
    """One product's share."""

    product: str
    money: int
    volume: int


class Slot(msgspec.Struct):
    """What stands of one taking: when, on whom, how much."""

    at_ms: int
    spot: dict[str, str]  # scope -> who
    money: int
    volume: int
    count: int
    parts: dict[str, list[int]]  # product -> [money, volume]
    first: tuple[int, int, dict[str, list[int]]]  # money, volume and parts before any give-back
    goods: bool = False  # some came back: the parts follow from the money no more
    either: bool = False  # each part is the whole, for it may become any one of them

    @property
    def products(self) -> frozenset[str]:
        """That were taken at first: the count is of them all."""
        return frozenset(self.first[2])


class Sold(Protocol):
    """What a completion told, as settled() looks at it."""

    @property
    def money(self) -> int: ...
    @property
    def volume(self) -> int: ...
    @property
    def parts(self) -> tuple[Part, ...]: ...
    @property
    def spot(self) -> dict[str, str]: ...


def made(at_ms: int, spot: dict[str, str], money: int, volume: int, count: int,
         held: dict[str, list[int]]) -> Slot:
    """A slot of which nothing is gone yet."""
    return Slot(at_ms, spot, money, volume, count, held, (money, volume, held))


def give_some(slots: Sequence[Slot], money: int) -> None:
    """What was taken first is given back first."""
    for slot in slots:
        some = min(money, slot.money)
        money -= some
        _lower(slot, some)


def give_goods(slots: Sequence[Slot], goods: Sequence[Part], money: int) -> dict[str, int]:
    """These products are given back where they stand; the rest of the money as it comes. What of
    the goods stood nowhere."""
    missing = {part.product: part.money for part in goods}
    litres = {part.product: part.volume for part in goods}
    for slot in slots:
        slot.goods = True
        for product, wanted in missing.items():
            there = slot.parts.get(product)
            some = min(wanted, there[0], slot.money, money) if there else 0
            if not there or not some:
                continue
            fuel = litres.pop(product, 0) or there[1] * some // there[0]
            fuel = there[1] if some == there[0] else min(fuel, there[1])
            slot.parts = {**slot.parts, product: [there[0] - some, there[1] - fuel]}
            slot.money, slot.volume = slot.money - some, slot.volume - fuel
            missing[product], money = wanted - some, money - some
    give_some(slots, money)
    return missing


def _lower(slot: Slot, money: int) -> None:
    """Give back so much money of a slot; of all that was taken the same share stays, rounded down:
    many small reversals leave what one would."""
    if money <= 0:
        return
    slot.money -= money
    whole, volume, parts = slot.first
    if slot.goods:
        whole, volume, parts = slot.money + money, slot.volume, slot.parts
    slot.volume = volume * slot.money // whole
    slot.parts = {name: [amount * slot.money // whole for amount in amounts]
                  for name, amounts in parts.items()}


def settled(held: Sequence[Slot], message: Sold,
            now_ms: int) -> tuple[list[Slot], Slot | None]:
    """What a completion keeps of each slot that was held, and what goes beyond them all.

    Money and litres fill the slots in order, each its own way. So does each product that a slot may
    become; what none of them was for is beyond, though its money may not be.
    """
    if not message.money and not message.volume:
        return [], None
    kept: list[Slot] = []
    money, volume = message.money, message.volume
    rest = {part.product: [part.money, part.volume] for part in message.parts}
    for at, slot in enumerate(held):
        room = [slot.money, slot.volume]
        covered: dict[str, list[int]] = {}
        for product, amounts in rest.items():
            if ANY not in slot.parts and product not in slot.parts:
                continue
            share = [min(some, free) for some, free in zip(amounts, room, strict=True)]
            room = [free - some for free, some in zip(room, share, strict=True)]
            amounts[:] = [left - some for left, some in zip(amounts, share, strict=True)]
            if any(share):
                covered[product] = share
        of_money, of_volume = min(slot.money, money), min(slot.volume, volume)
        money, volume = money - of_money, volume - of_volume
        kept.append(made(slot.at_ms, slot.spot, of_money, of_volume, 0 if at else slot.count,
                         covered))
    rest = {product: amounts for product, amounts in rest.items() if any(amounts)}
    if not money and not volume and not rest:
        return kept, None
    return kept, made(now_ms, message.spot, money, volume, 0, rest)
