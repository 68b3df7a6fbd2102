"""The off-line rules, one by one; the states; which catalogues are believed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from chip import curve
from terminals.edge.catalogue import Envelope, Refused, demand, opened
from terminals.edge.offline import (
    HOUR_S,
    RULES,
    Chip,
    Facts,
    Floor,
    Good,
    Listed,
    Objection,
    floor_minor,
    missing,
    objections,
)
from terminals.edge.states import MOVES, State, after_answer, move
from tests.support.edge import NOW, Catalogues

CHIP = Chip(limit_minor=10_000, currency="978", products=("001", "@fuel"), pin_required=True,
            pin_verified=True)
LISTED = Listed(account=7, products=("001",), maximum=9_000, prompts=("odometer",))
FLOOR = Floor(currency="EUR", limit=8_000)
GOOD = Facts(
    amount_minor=4_135, currency="EUR", currency_number="978", goods=(
        Good(code="019", product="001", groups=("fuel",)),), answered=frozenset({"odometer"}),
    chip=CHIP, listed=LISTED, permitted=True, age_s=HOUR_S, in_time=True, floor=FLOOR)


def but(facts: Facts = GOOD, **changes: Any) -> tuple[Objection, ...]:
    """What speaks against a sale that differs so from a good one."""
    return objections(msgspec.structs.replace(facts, **changes))


def chip(**changes: Any) -> Chip:
    return msgspec.structs.replace(CHIP, **changes)


def test_a_good_sale_has_nothing_against_it() -> None:
    assert objections(GOOD) == ()


@pytest.mark.parametrize(("objection", "changes"), [
    (Objection.NOT_PERMITTED, {"permitted": False}),
    (Objection.CLOCK, {"clock_back": True}),
    (Objection.CATALOGUE_AGE, {"in_time": False}),
    (Objection.STORE_FULL, {"store_full": True}),
    (Objection.NO_CHIP, {"chip": None}),
    (Objection.NOT_LISTED, {"listed": None}),
    (Objection.BLOCKED, {"blocked": "stolen"}),
    (Objection.CURRENCY, {"chip": chip(currency="756")}),
    (Objection.CURRENCY, {"floor": Floor(currency="CHF", limit=8_000)}),
    (Objection.ABOVE_LIMIT, {"chip": chip(limit_minor=4_134)}),
    (Objection.ABOVE_MAXIMUM, {"listed": Listed(account=7, maximum=4_134)}),
    (Objection.ABOVE_MAXIMUM, {"sold_minor": 3_000, "listed": Listed(account=7, maximum=7_000)}),
    (Objection.ABOVE_FLOOR, {"sold_minor": 3_866}),
    (Objection.ABOVE_FLOOR, {"floor": None}),
    (Objection.PRODUCT, {"goods": (Good(code="410", product="410", groups=("shop",)),)}),
    (Objection.PRODUCT, {"listed": Listed(account=7, maximum=9_000, products=("@shop",))}),
    (Objection.PRODUCT, {"goods": (Good(code="001", product="410", groups=("shop",)),)}),
    (Objection.UNKNOWN_PRODUCT, {"goods": (Good(code="001", product="001", known=False),)}),
    (Objection.UNKNOWN_PRODUCT, {"goods": ()}),
    (Objection.PROMPT, {"answered": frozenset()}),
    (Objection.PROMPT, {"chip_prompts": ("driver_number",)}),
    (Objection.PIN, {"chip": chip(pin_verified=False)}),
])
def test_each_rule_alone(objection: Objection, changes: dict[str, Any]) -> None:
    assert but(**changes) == (objection,)


def test_no_catalogue_at_all() -> None:
    assert Objection.NO_CATALOGUE in but(age_s=None, floor=None, listed=None)
    assert {rule for rule, _ in RULES} | {Objection.CARD} == set(Objection)


@pytest.mark.parametrize(("age_s", "left"), [
    (0, 8_000), (12 * HOUR_S, 8_000), (12 * HOUR_S + 1, 5_600), (24 * HOUR_S, 5_600),
    (24 * HOUR_S + 1, None)])
def test_the_floor_falls_as_the_catalogue_ages(age_s: int, left: int | None) -> None:
    assert floor_minor(FLOOR, age_s) == left
    if left is None:
        assert but(age_s=age_s) == (Objection.CATALOGUE_AGE, Objection.ABOVE_FLOOR)
    else:
        assert but(age_s=age_s, amount_minor=left) == ()
        assert but(age_s=age_s, amount_minor=left + 1) == (Objection.ABOVE_FLOOR,)


def test_prompts_of_the_catalogue_and_of_the_chip_are_asked_once() -> None:
    facts = msgspec.structs.replace(GOOD, answered=frozenset(),
                                    chip_prompts=("odometer", "driver_number"))
    assert missing(facts) == ("odometer", "driver_number")


def test_what_may_follow_what() -> None:
    assert move(State.SENT, State.REVERSED) is State.REVERSED
    for old, new in ((State.FORWARDED, State.SENT), (State.REVERSED, State.ANSWERED),
                     (State.ABANDONED, State.SENT), (State.STORED, State.ANSWERED)):
        with pytest.raises(AssertionError):
            move(old, new)
    assert set(MOVES) == set(State)


@pytest.mark.parametrize(("action", "errors", "state"), [
    ("000", 0, State.FORWARDED), ("481", 0, State.FORWARDED), ("907", 99, State.STORED),
    ("909", 0, State.STORED), ("909", 4, State.PARKED), ("904", 0, State.PARKED),
    ("121", 0, State.PARKED), ("916", 0, State.STORED)])
def test_what_an_answer_makes_of_an_advice(action: str, errors: int, state: State) -> None:
    assert after_answer(action, errors) is state


def test_a_catalogue_is_believed_only_as_it_was_signed() -> None:
    signer = Catalogues()
    keys = {1: bytes.fromhex(signer.point)}
    good = signer.signed(signer.content())
    assert opened(good, keys).version == 1
    stranger = curve.sign(curve.new_key(), good.content)
    for bad, why in (
            (msgspec.structs.replace(good, content=good.content.replace(b"14000", b"99000")),
             "signature"),
            (msgspec.structs.replace(good, signature=stranger), "signature"),
            (msgspec.structs.replace(good, signature=good.signature[:-1]), "signature"),
            (msgspec.structs.replace(good, key=2), "key"),
            (signer.signed(signer.content() | {"format": 2}), "format"),
            (signer.signed(signer.content() | {"issued_at": "2026-07-29T10:00:00"}), "malformed"),
            (signer.signed({"version": 1}), "malformed")):
        with pytest.raises(Refused) as refused:
            opened(bad, keys)
        assert refused.value.reason == why


@pytest.mark.parametrize(("why", "changes", "have"), [
    ("terminal", {"terminal_id": "T0102"}, 0),
    ("version", {}, 5),
    ("version", {}, 6),
    ("base", {"base": 3}, 4),
    ("expired", {"valid_until": NOW.isoformat()}, 0),
    ("future", {"issued_at": (NOW + timedelta(minutes=3)).isoformat()}, 0)])
def test_a_catalogue_that_is_not_taken(why: str, changes: dict[str, Any], have: int) -> None:
    signer = Catalogues()
    content = opened(signer.signed(signer.content(5, **changes)), {1: bytes.fromhex(signer.point)})
    with pytest.raises(Refused) as refused:
        demand(content, "T0101", have, NOW)
    assert refused.value.reason == why


def test_a_difference_fits_on_its_base_alone() -> None:
    signer = Catalogues()
    content = opened(signer.signed(signer.content(5, base=4)), {1: bytes.fromhex(signer.point)})
    demand(content, "T0101", 4, NOW)
    assert isinstance(signer.signed(signer.content()), Envelope)
