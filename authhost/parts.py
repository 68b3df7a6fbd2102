"""What a message means for each product: shares of its money and volume, and groups of products.

PURE. A share belongs to one product; to 'a|b' while it may become either; to '*' while it may
become any. The journal keeps the shares as text, signed like their row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from authhost.counters import is_in
from authhost.model import Part

Shares = tuple[Part, ...]


def to_text(parts: Shares) -> str:
    """'code:money:volume;...' as the journal keeps it."""
    return ";".join([f"{part.product}:{part.money}:{part.volume}" for part in parts])


def from_text(text: str) -> Shares:
    """The shares of a journal row."""
    if not text:
        return ()
    return tuple(Part(product, int(money), int(volume)) for product, money, volume in
                 (part.split(":") for part in text.split(";")))


def renamed(parts: Shares, names: Mapping[str, str]) -> Shares:
    """The shares under the codes inside; what a profile does not rename keeps its code."""
    if not names or not any(part.product in names for part in parts):
        return parts
    sums: dict[str, Part] = {}
    for part in parts:
        product = names.get(part.product, part.product)
        before = sums.get(product)
        sums[product] = Part(product, part.money + (before.money if before else 0),
                             part.volume + (before.volume if before else 0))
    return tuple(sums.values())


def open_parts(products: Sequence[str], money: int, volume: int) -> Shares:
    """A hold's: all of it may become any of these products, or any at all."""
    return (Part("|".join(products) or "*", money, volume),)


def scaled(parts: Shares, amount: int, whole: int) -> Shares:
    """The shares of a part of the money, each rounded down. Of no money at all: as they are."""
    if amount == whole or not whole:
        return parts
    return tuple(Part(part.product, part.money * amount // whole, part.volume * amount // whole)
                 for part in parts)


def minus(one: Part, other: Part) -> Part:
    """What is left of a share when another of the same product has gone."""
    return Part(one.product, one.money - other.money, one.volume - other.volume)


def negative(parts: Shares) -> Shares:
    """The same shares, given back."""
    return tuple(Part(part.product, -part.money, -part.volume) for part in parts)


def in_group(parts: Shares, members: frozenset[str], count: int) -> tuple[int, int, int]:
    """(money, volume, count) of a group in these shares; zeros where it is not concerned."""
    money = volume = concerned = 0
    for part in parts:
        if is_in(part.product, members):
            money, volume, concerned = money + part.money, volume + part.volume, count
    return money, volume, concerned


def cover(held: Shares, wanted: Shares) -> tuple[Shares, Shares]:
    """(what of `wanted` was held already, what was not): product by product, never above a share.

    A share that was open covers whatever it might have become.
    """
    kept: dict[str, Part] = {}
    open_ = list(wanted)
    for share in held:
        money, volume = share.money, share.volume
        for at, part in enumerate(open_):
            if not _covers(share.product, part.product):
                continue
            some, fuel = min(part.money, money), min(part.volume, volume)
            if not some and not fuel:
                continue
            money, volume = money - some, volume - fuel
            open_[at] = Part(part.product, part.money - some, part.volume - fuel)
            before = kept.get(part.product, Part(part.product, 0, 0))
            kept[part.product] = Part(part.product, before.money + some, before.volume + fuel)
    return tuple(kept.values()), tuple(part for part in open_ if part.money or part.volume)


def _covers(share: str, product: str) -> bool:
    return share in {"*", product} or product in share.split("|")
