"""What is asked of the state: the amounts of a message, by product and group, as the function
reads them; and what it took, as the journal keeps it.

PURE. A hold that nobody knows the product of may become any that its card may buy.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost import parts
from authhost.counters import is_in
from authhost.model import Allowed, Kind, Outcome, Request
from authhost.packing import Packed, View
from authhost.parts import Shares

_MOST_CANDIDATES: Final = 40  # an open hold names its products in its row up to so many
_ANY: Final = "*"
_HOLDS: Final = frozenset({Kind.PREAUTHORIZATION, Kind.INCREMENT})


class Ask(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Amounts and what they are for: minor units, millilitres, a number of messages.

    products: what must be allowed, '' where that is open. odometer, engine_hours: -1 where nothing
    was typed in. rest: whether the outcome says what is left.
    """

    money: int
    volume: int = 0
    count: int = 1
    products: tuple[str, ...] = ()
    shares: Shares = ()
    partial_ok: bool = False
    volume_open: bool = False
    rest: bool = False
    odometer: int = -1
    engine_hours: int = -1


def ask_of(request: Request, rules: View, names: dict[str, str], hold_minor: int, hold_ml: int, *,
           partial_ok: bool) -> Ask:
    """What a message asks of its card's account. names: the profile's codes -> those inside."""
    money = hold_minor if request.amount_open else request.counted_minor
    # A raise is of money: the hold has its litres. Who asks for as much as there is may get less of
    # either, and each by itself.
    volume_open = _is_open(request)
    volume = (request.volume_ml or hold_ml) if volume_open else request.volume_ml
    products = tuple(names.get(code, code) for code in request.products)
    shares = parts.renamed(request.parts, names)
    if request.kind in _HOLDS and (volume_open or request.volume_open or not shares):
        candidates = _candidates(products, rules)
        if rules.products is not None and not candidates:
            # It may become nothing that its card may buy; a list too long to name is no such list.
            products = products or (() if rules.products else (_ANY,))
        else:
            products = ()
        shares = parts.open_parts(candidates, money, volume)
    # A zero completion of nothing is no purchase, nor is what raises one.
    counts = request.kind is not Kind.INCREMENT and (
        request.kind is not Kind.COMPLETION or request.amount_minor > 0)
    return Ask(money=money, volume=volume, count=int(counts),
               products=products, shares=shares, partial_ok=partial_ok or request.amount_open,
               volume_open=volume_open, rest=request.wants_rest,
               odometer=reading(request.prompted.odometer) if counts else -1,
               engine_hours=reading(request.prompted.engine_hours) if counts else -1)


def _is_open(request: Request) -> bool:
    return request.kind is Kind.PREAUTHORIZATION and (request.volume_open or request.amount_open)


def _candidates(products: tuple[str, ...], rules: View) -> tuple[str, ...]:
    """What a hold may become: of the products named, or of all, those that the card may buy."""
    if products:
        return tuple(code for code in products
                     if rules.products is None or code in rules.products)
    if rules.products is None or len(rules.products) > _MOST_CANDIDATES:
        return ()
    return tuple(sorted(rules.products))


def reading(typed: str) -> int:
    """A meter's reading; -1 where nothing was typed in."""
    return int(typed) if typed else -1


def arguments(ask: Ask, groups: tuple[frozenset[str], ...], *, skew_ms: int, site: str,
              refused: str, force: bool, settled: list[int], pin: int) -> list[object]:
    """The array that functions.lua numbers. groups: those of the view, in its order."""
    return [skew_ms, ask.money, ask.volume, ask.count, ask.products, site, refused, ask.partial_ok,
            force, settled, pin, _by_group(ask, groups) if groups else (),
            _by_share(ask, groups) if groups and ask.partial_ok else (), ask.volume_open, ask.rest,
            ask.odometer, ask.engine_hours]


def _by_group(ask: Ask, groups: tuple[frozenset[str], ...]) -> list[int]:
    """Money, volume and count of each group of a view, one after the other."""
    flat: list[int] = []
    for members in groups:
        flat += parts.in_group(ask.shares, members, ask.count)
    return flat


def _by_share(ask: Ask, groups: tuple[frozenset[str], ...]) -> list[list[int]]:
    """{money, volume, group ...} of each product: what a partial approval is scaled by."""
    return [[share.money, share.volume,
             *(number for number, members in enumerate(groups, 1)
               if is_in(share.product, members))] for share in ask.shares]


def taken_shares(ask: Ask, outcome: Outcome) -> Shares:
    """The shares of what was approved; none of a decline."""
    if outcome.status == "declined":
        return ()
    if ask.volume_open:
        return tuple(msgspec.structs.replace(share, money=outcome.amount_minor,
                                             volume=outcome.volume_ml) for share in ask.shares)
    return parts.scaled(ask.shares, outcome.amount_minor, ask.money)


def allowed(rules: View, packed: Packed, outcome: Outcome,
            known: tuple[str, ...]) -> tuple[Allowed, ...] | None:
    """What may be sold, and what is left of its limits; None: any, and nobody knows the products.

    known: the products that there are, for a card that may buy them all.
    """
    codes = sorted(rules.products) if rules.products is not None else known
    if not codes:
        return None if rules.products is None else ()
    found = []
    for code in codes:
        money: int | None = None
        volume: int | None = None
        for limit, left in zip(packed.limits, outcome.left, strict=False):
            if limit.watch or (limit.members is not None and code not in limit.members):
                continue
            rest = max(left, 0)
            if limit.measure == "money":
                money = rest if money is None else min(money, rest)
            elif limit.measure == "volume":
                volume = rest if volume is None else min(volume, rest)
            elif not rest:
                money = 0
        found.append(Allowed(code, money, volume))
    return tuple(found)
