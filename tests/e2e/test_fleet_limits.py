"""Limits of every window, scope and product group: what they let through, and what remembers it."""

import pytest

from authhost.model import Kind, Original
from tests.e2e.fleet_bench import (
    DIESEL,
    PETROL,
    SHOP,
    card_with,
    complete,
    counted,
    furnish,
    hold,
    limit,
    new_id,
    sale,
    sell,
    set_on,
)
from tests.support.rig import running


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers) as made:
        furnish(made)
        yield made


def lose(rig, card):
    """Redis has lost the account: what decides next comes from the journal."""
    rig.redis("DEL", f"{{{card.account_id}}}")


WINDOWS = ["day", "week", "month", "quarter", "year", "total"]


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("window", [*WINDOWS, "rolling"])
def test_a_limit_of_a_window_holds_before_and_after_a_loss(rig, window, lost):
    more = {"hours": 24} if window == "rolling" else {}
    card = card_with(rig, [limit(window, "money", 5_000, **more)])
    assert sell(rig, card, (DIESEL, 3_000, 2_000)).action == "000"
    if lost:
        lose(rig, card)
    refused = sell(rig, card, (DIESEL, 2_001, 1_000))
    name = "rolling24h" if window == "rolling" else window
    assert (refused.action, refused.reason) == ("121", f"limit:card:{name}:money")
    assert sell(rig, card, (DIESEL, 2_000, 1_000)).action == "000"


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("scope", ["account", "subaccount", "card", "vehicle", "driver", "site"])
@pytest.mark.parametrize("measure", ["money", "volume", "count"])
def test_every_scope_counts_every_measure(rig, scope, measure, lost):
    most = {"money": 5_000, "volume": 4_000, "count": 1}[measure]
    rule = [limit("month", measure, most)]
    card = rig.card(vehicle=[], driver=[])
    if scope == "subaccount":
        number = new_id()
        rig.sql("INSERT INTO subaccount (subaccount_id, account_id, name) VALUES ($1, $2, 'B')",
                number, card.account_id)
        set_on(rig, card, "card", subaccount_id=number)
    if scope == "site":
        set_on(rig, card, "account", site_limits=rule)
    else:
        set_on(rig, card, scope, limits=rule)
    assert sell(rig, card, (DIESEL, 3_000, 2_500)).action == "000"
    if lost:
        lose(rig, card)
    assert sell(rig, card, (DIESEL, 3_000, 2_500)).reason == f"limit:{scope}:month:{measure}"
    elsewhere = sell(rig, card, (DIESEL, 3_000, 2_500), terminal="POS00002")
    assert elsewhere.approved == (scope == "site")


@pytest.mark.parametrize("lost", [False, True])
def test_a_group_counts_its_own_products_alone(rig, lost):
    card = card_with(rig, [limit("day", "money", 5_000, group="fuel"),
                           limit("day", "count", 1, group="shop"),
                           limit("day", "volume", 3_000, group="diesel")])
    assert sell(rig, card, (DIESEL, 3_000, 2_000), (SHOP, 9_000, 0)).action == "000"
    if lost:
        lose(rig, card)
    assert sell(rig, card, (PETROL, 2_001, 1_000)).reason == "limit:card:day:money:fuel"
    assert sell(rig, card, (SHOP, 1, 0)).reason == "limit:card:day:count:shop"
    assert sell(rig, card, (DIESEL, 100, 1_001)).reason == "limit:card:day:volume:diesel"
    assert sell(rig, card, (PETROL, 2_000, 9_000)).action == "000"
    assert counted(rig, card, f"c{card.card_id}") == {
        "day:money": 5_000, "day:count": 1, "day:volume": 2_000}


def test_a_new_limit_counts_what_was_bought_before_it(rig):
    card = rig.card()
    sell(rig, card, (DIESEL, 3_000, 2_000), (SHOP, 500, 0))
    set_on(rig, card, "card", limits=[limit("day", "money", 3_500, group="fuel")])
    assert sell(rig, card, (DIESEL, 501, 100)).reason == "limit:card:day:money:fuel"
    assert sell(rig, card, (SHOP, 9_999, 0)).action == "000"
    assert sell(rig, card, (DIESEL, 500, 100)).action == "000"


def test_a_gap_between_two_fills_and_a_reversed_one_leaves_none(rig):
    card = card_with(rig, [limit("gap", "count", 1, minutes=30)])
    first = sale(rig, card, (DIESEL, 1_000, 500))
    assert rig.ask(first).action == "000"
    refused = sell(rig, card, (DIESEL, 1_000, 500))
    assert (refused.action, refused.reason) == ("123", "limit:card:gap:count")
    rig.ask(rig.about(Kind.REVERSAL, first))
    assert sell(rig, card, (DIESEL, 1_000, 500)).action == "000"


def test_a_watched_limit_flags_and_does_not_refuse(rig):
    card = card_with(rig, [limit("day", "money", 1_000, watch=True)])
    answer = sell(rig, card, (DIESEL, 1_001, 500))
    assert (answer.action, answer.flags) == ("000", ("watch:limit:card:day:money",))


def test_an_advice_takes_with_force_and_says_what_it_broke(rig):
    card = card_with(rig, [limit("day", "money", 1_000, group="diesel")])
    answer = sell(rig, card, (DIESEL, 4_000, 500), kind=Kind.OFFLINE_SALE)
    assert (answer.action, answer.flags) == ("000", ("limit:card:day:money:diesel",))
    assert counted(rig, card, f"c{card.card_id}") == {"day:money": 4_000}


@pytest.mark.parametrize("lost", [False, True])
def test_a_part_that_a_group_lets_through_scales_every_product(rig, lost):
    card = card_with(rig, [limit("day", "money", 3_000, group="fuel"), limit("day", "money", 9_000),
                           limit("day", "money", 500, group="shop")])
    answer = sell(rig, card, (DIESEL, 4_000, 3_001), (PETROL, 2_001, 1_000), (SHOP, 600, 0),
                  partial_ok=True)
    # 6,601 asked; the fuel of it is 6,001 of which 3,000 may be: 6601 * 3000 / 6001.
    assert (answer.action, answer.amount_minor) == ("002", 3_299)
    if lost:
        assert counted(rig, card, f"c{card.card_id}")["day:money"] == (
            3_299 + (4_000 * 3_299 // 6_601 + 2_001 * 3_299 // 6_601) + 600 * 3_299 // 6_601)
    # What is left of the fuel's 3,000 is what rounding has left.
    left = 3_000 - 4_000 * 3_299 // 6_601 - 2_001 * 3_299 // 6_601
    assert sell(rig, card, (DIESEL, left + 1, 0)).reason == "limit:card:day:money:fuel"
    assert sell(rig, card, (DIESEL, left, 0)).approved or left == 0


def test_a_hold_of_an_unknown_product_takes_the_smallest_volume(rig):
    card = card_with(rig, [limit("day", "volume", 60_000, group="diesel"),
                           limit("day", "volume", 45_000), limit("day", "money", 8_000)],
                     products=[DIESEL, SHOP])
    held = hold(rig, card)
    answer = rig.ask(held)
    assert (answer.action, answer.amount_minor, answer.volume_ml) == ("000", 8_000, 45_000)
    assert [(one.product, one.money_left, one.volume_left_ml) for one in answer.allowed] == [
        (DIESEL, 0, 0), (SHOP, 0, 0)]
    assert rig.ask(hold(rig, card)).reason in {"limit:card:day:volume", "limit:card:day:money"}
    done = rig.ask(complete(rig, held, card, (DIESEL, 5_000, 30_000)))
    assert (done.action, done.flags) == ("000", ())
    assert counted(rig, card, f"c{card.card_id}") == {"day:volume": 60_000, "day:money": 5_000}
    after = rig.ask(hold(rig, card))
    assert (after.amount_minor, after.volume_ml) == (3_000, 15_000)


def test_a_completion_of_another_product_than_was_held_counts_where_it_belongs(rig):
    card = card_with(rig, [limit("day", "money", 5_000, group="shop"),
                           limit("day", "money", 9_000, group="diesel")])
    held = hold(rig, card, 6_000, products=(DIESEL,))
    assert rig.ask(held).action == "000"
    rig.ask(complete(rig, held, card, (SHOP, 4_000, 0)))
    assert sell(rig, card, (SHOP, 1_001, 0)).reason == "limit:card:day:money:shop"
    assert sell(rig, card, (DIESEL, 9_000, 0)).action == "000"
    assert counted(rig, card, f"c{card.card_id}") == {"day:money": 4_000 + 9_000}


@pytest.mark.parametrize("amount", [2_000, 9_000])
def test_a_raised_hold_ends_with_the_one_it_raises(rig, amount):
    card = card_with(rig, [limit("day", "money", 10_000), limit("day", "count", 1)])
    held = hold(rig, card, 3_000)
    rig.ask(held)
    more = rig.request(Kind.INCREMENT, card, 4_000, original=Original((held.key,)),
                       expires_at_us=held.expires_at_us)
    assert rig.ask(more).action == "000"
    too_much = rig.request(Kind.INCREMENT, card, 3_001, original=Original((held.key,)))
    assert rig.ask(too_much).reason == "limit:card:day:money"
    answer = rig.ask(complete(rig, held, card, (DIESEL, amount, 1_000)))
    assert (answer.action, answer.flags) == ("000", ("limit:card:day:count",) * 0 + (
        ("above_hold",) if amount == 9_000 else ()))
    assert counted(rig, card, f"c{card.card_id}") == {"day:money": amount, "day:count": 1}
    states = {row["key"]: row["state"] for row in rig.sql(
        "SELECT key, state FROM claim WHERE key = ANY ($1)", [held.key, more.key])}
    assert set(states.values()) == {3}


def test_an_increment_without_its_hold_is_refused(rig):
    card = rig.card()
    lone = rig.request(Kind.INCREMENT, card, 100, original=Original(("nobody/1/1/1/1",)))
    assert rig.ask(lone).action == "914"
    sold = sale(rig, card, (DIESEL, 100, 10))
    rig.ask(sold)
    on_a_sale = rig.request(Kind.INCREMENT, card, 100, original=Original((sold.key,)))
    assert rig.ask(on_a_sale).reason == "original_taken"


def test_a_return_gives_back_what_was_bought_and_never_more(rig):
    card = card_with(rig, [limit("day", "money", 5_000)])
    sold = sale(rig, card, (DIESEL, 3_000, 2_000), (SHOP, 2_000, 0))
    rig.ask(sold)
    back = rig.request(Kind.RETURN, card, 2_000, original=Original((sold.key,)))
    assert (rig.ask(back).action, rig.ask(back).amount_minor) == ("000", 2_000)
    again = rig.request(Kind.RETURN, card, 3_001, original=Original((sold.key,)))
    assert (rig.ask(again).action, rig.ask(again).reason) == ("110", "return_exceeds")
    assert sell(rig, card, (DIESEL, 2_001, 0)).approved is False
    rest = rig.request(Kind.RETURN, card, 3_000, original=Original((sold.key,)))
    assert rig.ask(rest).action == "000"
    one_more = rig.request(Kind.RETURN, card, 1, original=Original((sold.key,)))
    assert rig.ask(one_more).action == "914"
    assert counted(rig, card, f"c{card.card_id}") == {}
    posted = rig.sql("SELECT sum(posted_minor)::bigint AS s FROM journal WHERE account_id = $1",
                     card.account_id)[0]["s"]
    assert posted == 0


def test_a_return_that_did_not_take_place_is_taken_back_and_may_come_again(rig):
    card = card_with(rig, [limit("day", "money", 5_000)])
    sold = sale(rig, card, (DIESEL, 5_000, 2_000))
    rig.ask(sold)
    back = rig.request(Kind.RETURN, card, 5_000, original=Original((sold.key,)))
    rig.ask(back)
    undone = rig.ask(rig.about(Kind.REVERSAL, back))
    assert (undone.action, undone.amount_minor) == ("400", 5_000)
    assert sell(rig, card, (DIESEL, 1, 0)).reason == "limit:card:day:money"
    assert rig.ask(rig.about(Kind.REVERSAL, back)).action == "480"
    assert rig.ask(rig.request(Kind.RETURN, card, 5_000,
                               original=Original((sold.key,)))).action == "000"
    assert counted(rig, card, f"c{card.card_id}") == {}


def test_a_return_on_another_card_finds_no_original(rig):
    card, other = rig.card(), rig.card()
    sold = sale(rig, card, (DIESEL, 500, 100))
    rig.ask(sold)
    assert rig.ask(rig.request(Kind.RETURN, other, 500,
                               original=Original((sold.key,)))).action == "914"


def test_a_credit_line_is_used_and_paid_back(rig):
    card = rig.card()
    set_on(rig, card, "account", credit_line=5_000)
    assert sell(rig, card, (DIESEL, 5_000, 100)).action == "000"
    assert sell(rig, card, (DIESEL, 1, 0)).reason == "limit:account:balance:money"
    rig.run(rig.host.funding.fund(card.account_id, 3_000, "EUR", "invoice 17", "clerk"))
    assert sell(rig, card, (DIESEL, 3_001, 0)).reason == "limit:account:balance:money"
    assert sell(rig, card, (DIESEL, 3_000, 0)).action == "000"
    rig.run(rig.host.funding.fund(card.account_id, 3_000, "EUR", "invoice 17", "clerk"))
    assert sell(rig, card, (DIESEL, 1, 0)).reason == "limit:account:balance:money"


@pytest.mark.parametrize("scope", ["account", "site"])
def test_a_roll_up_changes_no_sum(rig, scope):
    rules = [limit("day", "money", 10**9), limit("total", "money", 10**9),
             limit("rolling", "volume", 10**9, hours=48),
             limit("month", "count", 10**9, group="fuel")]
    card = rig.card()
    set_on(rig, card, "account", **{"limits" if scope == "account" else "site_limits": rules})
    field = "a" if scope == "account" else "sS1"
    for amount in (100, 200, 300):
        sell(rig, card, (DIESEL, amount, amount * 2), (SHOP, 7, 0))
    sums = [counted(rig, card, field)]
    for _ in range(2):
        rig.run(rig.host.sums.roll_up(card.account_id))
        sums.append(counted(rig, card, field))
        sell(rig, card, (DIESEL, 1, 1))
    assert sums[0] == sums[1] == {"day:money": 621, "total:money": 621, "rolling:volume": 1_200,
                                  "month:count": 3}
    assert sums[2] == {"day:money": 622, "total:money": 622, "rolling:volume": 1_201,
                       "month:count": 4}


def test_a_free_item_of_a_group_that_is_reversed_counts_no_more(rig):
    card = card_with(rig, [limit("day", "count", 1, group="shop")])
    first = sale(rig, card, (DIESEL, 100, 50), (SHOP, 0, 0))
    assert rig.ask(first).action == "000"
    rig.ask(rig.about(Kind.REVERSAL, first))
    assert sell(rig, card, (SHOP, 1, 0)).action == "000"
    assert counted(rig, card, f"c{card.card_id}") == {"day:count": 1}


def test_a_zero_completion_of_nothing_is_no_purchase(rig):
    card = card_with(rig, [limit("gap", "count", 1, minutes=30)])
    lone = rig.request(Kind.COMPLETION, card, 0, original=Original(("nobody/1/10/20260723/1",)))
    assert rig.ask(lone).action == "000"
    assert sell(rig, card, (DIESEL, 100, 50)).action == "000"


def test_increments_of_a_group_are_counted_one_by_one(rig):
    card = card_with(rig, [limit("day", "money", 500, group="diesel")])
    held = hold(rig, card, 100, products=(DIESEL,))
    assert rig.ask(held).action == "000"
    for amount, action in ((300, "000"), (101, "121"), (100, "000"), (1, "121")):
        more = rig.request(Kind.INCREMENT, card, amount, original=Original((held.key,)),
                           products=(DIESEL,), volume_open=True)
        assert rig.ask(more).action == action


def test_a_part_is_no_exception_for_the_fleet_s_feed(rig):
    card = card_with(rig, [limit("day", "money", 1_000), limit("day", "money", 900, watch=True)])
    answer = sell(rig, card, (DIESEL, 1_500, 700), partial_ok=True)
    assert (answer.action, answer.amount_minor, answer.reason, answer.flags) == (
        "002", 1_000, "limit:card:day:money", ("watch:limit:card:day:money",))
