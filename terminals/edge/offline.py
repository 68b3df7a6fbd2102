"""What speaks against selling off line: to this card, at this terminal, this now. PURE.

Knows the facts that it is given: the chip's own records, the catalogue's word, what was sold to the
card since the host last heard of it. Each rule is a line of a table and has a name; a sale goes
through when the table finds nothing, and then the chip has the last word.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

HOUR_S: Final = 3600


class Objection(StrEnum):
    """What speaks against selling off line to a card."""

    NOT_PERMITTED = "not_permitted"  # the administrator has not allowed it here
    NO_CATALOGUE = "no_catalogue"
    CATALOGUE_AGE = "catalogue_age"  # too old, or past its valid-until
    CLOCK = "clock"  # it went back: nobody knows how old the catalogue is
    STORE_FULL = "store_full"
    NO_CHIP = "no_chip"
    NOT_LISTED = "not_listed"  # not among the cards that may buy off line
    BLOCKED = "blocked"  # on this terminal's blocklist
    CURRENCY = "currency"
    ABOVE_LIMIT = "above_limit"  # of a single purchase, the card's own
    ABOVE_MAXIMUM = "above_maximum"  # the catalogue's for this card, less what it has bought
    ABOVE_FLOOR = "above_floor"  # the terminal's, by the catalogue's age
    PRODUCT = "product"
    UNKNOWN_PRODUCT = "unknown_product"
    PROMPT = "prompt_missing"
    PIN = "pin"  # required, and not verified
    CARD = "card"  # the card itself declined: too many off-line sales, tries used up


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """What the chip says of itself. products: None is any; currency: ISO 4217 numeric."""

    limit_minor: int
    currency: str
    products: tuple[str, ...] | None
    pin_required: bool
    pin_verified: bool


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue's line of a card that may buy off line. products: codes or '@group'."""

    account: int
    products: tuple[str, ...] | None = None
    maximum: int = msgspec.field(name="max")  # minor units of one purchase
    prompts: tuple[str, ...] = ()


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """The terminal's limit, and what is left of it as the catalogue ages.

    ages: (hours up to, percent of the limit), in rising order; beyond the last nothing is sold.
    """

    currency: str
    limit: int  # minor units
    ages: tuple[tuple[int, int], ...] = ((12, 100), (24, 70))


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it is about to be sold. known: the catalogue has it."""

    code: str  # as the sale's item has it
    product: str = ""  # the catalogue's name for it
    groups: tuple[str, ...] = ()
    known: bool = True

    def among(self, names: tuple[str, ...] | None) -> bool:
        """Whether a list of codes and '@group's lets it through; None lets all."""
        # The terminal's own code may be another product's code inside.
        own = {self.product or self.code, *(f"@{group}" for group in self.groups)}
        return names is None or bool(own & set(names))


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the rules look at. Amounts in minor units, currency in letters and in digits."""

    amount_minor: int
    currency: str
    currency_number: str
    goods: tuple[Good, ...]
    answered: frozenset[str] = frozenset()  # prompts
    chip: Chip | None = None
    listed: Listed | None = None
    blocked: str = ""  # why, where it is
    sold_minor: int = 0  # to this card, of which the host has not heard
    permitted: bool = False
    age_s: int | None = None  # the catalogue's; None: there is none
    in_time: bool = False  # before its valid-until
    clock_back: bool = False
    floor: Floor | None = None
    chip_prompts: tuple[str, ...] = ()
    store_full: bool = False


def floor_minor(floor: Floor | None, age_s: int | None) -> int | None:
    """What is left of the terminal's limit at this age; None: too old to sell."""
    if floor is None or age_s is None:
        return None
    for hours, percent in floor.ages:
        if age_s <= hours * HOUR_S:
            return floor.limit * percent // 100
    return None


def missing(facts: Facts) -> tuple[str, ...]:
    """The prompts that must still be answered, the catalogue's and the chip's."""
    wanted = (*(facts.listed.prompts if facts.listed is not None else ()), *facts.chip_prompts)
    return tuple(name for name in dict.fromkeys(wanted) if name not in facts.answered)


def _too_old(facts: Facts) -> bool:
    return facts.age_s is not None and (
        not facts.in_time or (facts.floor is not None
                              and floor_minor(facts.floor, facts.age_s) is None))


def _above_floor(facts: Facts) -> bool:
    # No table at all is no limit to sell under. EMV Book 3 10.6.1: what the card bought before
    # counts with this purchase.
    left = floor_minor(facts.floor, facts.age_s)
    return left is None or facts.amount_minor + facts.sold_minor > left


def _currency(facts: Facts) -> bool:
    chip, floor = facts.chip, facts.floor
    return (chip is not None and chip.currency != facts.currency_number) or (
        floor is not None and floor.currency != facts.currency)


def _product(facts: Facts) -> bool:
    lists = (facts.chip.products if facts.chip is not None else None,
             facts.listed.products if facts.listed is not None else None)
    return not all(good.among(names) for names in lists for good in facts.goods)


RULES: Final[tuple[tuple[Objection, Callable[[Facts], bool]], ...]] = (
    (Objection.NOT_PERMITTED, lambda facts: not facts.permitted),
    (Objection.NO_CATALOGUE, lambda facts: facts.age_s is None),
    (Objection.CLOCK, lambda facts: facts.clock_back),
    (Objection.CATALOGUE_AGE, _too_old),
    (Objection.STORE_FULL, lambda facts: facts.store_full),
    (Objection.NO_CHIP, lambda facts: facts.chip is None),
    (Objection.NOT_LISTED, lambda facts: facts.listed is None),
    (Objection.BLOCKED, lambda facts: bool(facts.blocked)),
    (Objection.CURRENCY, _currency),
    (Objection.ABOVE_LIMIT, lambda facts: facts.chip is not None
        and facts.amount_minor > facts.chip.limit_minor),
    (Objection.ABOVE_MAXIMUM, lambda facts: facts.listed is not None
        and facts.amount_minor + facts.sold_minor > facts.listed.maximum),
    (Objection.ABOVE_FLOOR, _above_floor),
    (Objection.PRODUCT, _product),
    (Objection.UNKNOWN_PRODUCT, lambda facts: not facts.goods
        or not all(good.known for good in facts.goods)),
    (Objection.PROMPT, lambda facts: bool(missing(facts))),
    (Objection.PIN, lambda facts: facts.chip is not None
        and facts.chip.pin_required and not facts.chip.pin_verified),
)
_OF_THE_CARD: Final = frozenset({Objection.BLOCKED, Objection.CURRENCY, Objection.ABOVE_LIMIT,
                                 Objection.PRODUCT, Objection.PIN})


def objections(facts: Facts) -> tuple[Objection, ...]:
    """All that speaks against the sale, in the table's order; empty: the chip may be asked."""
    return tuple(objection for objection, holds in RULES if holds(facts))


def card_objections(facts: Facts) -> tuple[Objection, ...]:
    """The part of it that a card reader without a catalogue can see."""
    return tuple(objection for objection, holds in RULES
                 if objection in _OF_THE_CARD and holds(facts))
