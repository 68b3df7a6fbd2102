"""What is asked and shown at a purchase: meters, drivers, vehicles, second cards, typed numbers."""

import pytest

from authhost.model import Kind, Original
from tests.e2e.fleet_bench import (
    DIESEL,
    SHOP,
    complete,
    furnish,
    hold,
    limit,
    sale,
    sell,
    set_on,
    typed,
)
from tests.support.rig import running


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers) as made:
        furnish(made)
        yield made


def lose(rig, card):
    rig.redis("DEL", f"{{{card.account_id}}}")


def with_odometer(rig, **more):
    card = rig.card(**more)
    set_on(rig, card, "account", prompts=[
        {"prompt": "odometer", "required": True, "min_step": 10, "max_step": 1_000}])
    return card


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("vehicle", [None, []])
def test_an_odometer_goes_on_by_a_step(rig, vehicle, lost):
    card = with_odometer(rig, vehicle=vehicle)
    assert sell(rig, card, (DIESEL, 100, 50)).reason == "prompt_missing:odometer"
    assert sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5000")).action == "000"
    if lost:
        lose(rig, card)
    for wrong in ("4999", "5009", "6001"):
        answer = sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer=wrong))
        assert (answer.action, answer.reason, answer.prompts) == (
            "185", "prompt_wrong:odometer", ("odometer",))
    assert sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5010")).action == "000"


@pytest.mark.parametrize("lost", [False, True])
def test_a_reversed_reading_counts_no_more(rig, lost):
    card = with_odometer(rig, vehicle=[])
    sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5000"))
    mistyped = sale(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5900"))
    rig.ask(mistyped)
    rig.ask(rig.about(Kind.REVERSAL, mistyped))
    if lost:
        lose(rig, card)
    # Within one minute the second reading stood in the first one's place.
    assert sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5100")).action == "000"


def test_an_advice_with_a_wrong_step_is_flagged(rig):
    card = with_odometer(rig)
    sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5000"))
    answer = sell(rig, card, (DIESEL, 100, 50), kind=Kind.OFFLINE_SALE,
                  prompted=typed(odometer="4000"))
    assert (answer.action, answer.flags) == ("000", ("prompt_wrong:odometer",))


def test_a_completion_brings_the_reading_that_stands(rig):
    card = with_odometer(rig, vehicle=[])
    held = hold(rig, card, prompted=typed(odometer="5000"))
    assert rig.ask(held).action == "000"
    rig.ask(complete(rig, held, card, (DIESEL, 100, 50), prompted=typed(odometer="5500")))
    for at in (False, True):
        if at:
            lose(rig, card)
        answer = sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5505"))
        assert answer.reason == "prompt_wrong:odometer"


@pytest.mark.parametrize("lost", [False, True])
def test_a_completion_after_its_hold_s_end_is_a_purchase_with_its_own_reading(rig, lost):
    card = with_odometer(rig, vehicle=[])
    ended = []
    for reading in ("5000", "5010"):
        ended.append(hold(rig, card, prompted=typed(odometer=reading)))
        rig.ask(ended[-1])
        rig.run(rig.host.authorizer.expire(ended[-1].key, ended[-1].terminal_id, "EUR"))
    first, second = [rig.ask(complete(rig, held, card, (DIESEL, 100, 50),
                                      prompted=typed(odometer=reading)))
                     for held, reading in zip(ended, ("5020", "5025"), strict=True)]
    assert first.flags == ("original_expired",)
    assert set(second.flags) == {"original_expired", "prompt_wrong:odometer"}
    if lost:
        lose(rig, card)
    assert sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5030")).reason == \
        "prompt_wrong:odometer"
    assert sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5035")).approved


@pytest.mark.parametrize("lost", [False, True])
def test_a_reading_stays_though_the_goods_came_back(rig, lost):
    card = with_odometer(rig, vehicle=[])
    sold = sale(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5000"))
    rig.ask(sold)
    rig.ask(rig.request(Kind.RETURN, card, 100, original=Original((sold.key,))))
    if lost:
        lose(rig, card)
    assert sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5000")).reason == \
        "prompt_wrong:odometer"


def test_a_meter_that_was_set_anew_forgets_its_readings(rig):
    card = with_odometer(rig, vehicle=[])
    sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="5000"))
    rig.sql("WITH raised AS (UPDATE fence SET fence = fence + 1 WHERE account_id = $1 RETURNING"
            " fence) UPDATE vehicle SET meter_reset_fence = raised.fence FROM raised WHERE"
            " vehicle.account_id = $1", card.account_id)
    assert sell(rig, card, (DIESEL, 100, 50), prompted=typed(odometer="12")).action == "000"


def test_a_tank_holds_what_it_holds(rig):
    card = rig.card(vehicle=[])
    set_on(rig, card, "vehicle", tank_ml=60_000)
    assert sell(rig, card, (DIESEL, 9_000, 60_001)).reason == "tank"
    assert sell(rig, card, (SHOP, 9_000, 90_000)).action == "000"
    assert rig.ask(hold(rig, card)).volume_ml == 60_000
    flagged = sell(rig, card, (DIESEL, 9_000, 70_000), kind=Kind.OFFLINE_SALE)
    assert flagged.flags == ("tank",)


def test_a_driver_s_number_names_the_driver(rig):
    card = rig.card()
    other = rig.card(account=card.account_id, driver=[])
    set_on(rig, other, "driver", number="4711", limits=[limit("day", "count", 1)])
    set_on(rig, card, "account", prompts=[{"prompt": "driver_number", "required": True}])
    wrong = sell(rig, card, (DIESEL, 100, 50), prompted=typed(driver_number="4712"))
    assert (wrong.action, wrong.reason, wrong.prompts) == (
        "184", "prompt_wrong:driver_number", ("driver_number",))
    assert sell(rig, card, (DIESEL, 100, 50), prompted=typed(driver_number="4711")).approved
    assert sell(rig, card, (DIESEL, 100, 50),
                prompted=typed(driver_number="4711")).reason == "limit:driver:day:count"
    row = rig.sql("SELECT driver_id FROM journal WHERE card_id = $1 AND approved", card.card_id)
    assert row[0]["driver_id"] is not None
    # The other card is that driver's: no other number will do.
    assert sell(rig, other, (DIESEL, 1, 0),
                prompted=typed(driver_number="9")).reason == "prompt_wrong:driver_number"
    set_on(rig, other, "driver", status="blocked")
    assert sell(rig, card, (DIESEL, 1, 0),
                prompted=typed(driver_number="4711")).reason == "driver_blocked"


def test_two_cards_one_is_charged_and_both_are_checked(rig):
    card = rig.card(vehicle=[])
    driver = rig.card(account=card.account_id, driver=[],
                      limits=[("day", "count", 1)], products=[DIESEL])
    foreign = rig.card()
    set_on(rig, driver, "driver", limits=[limit("day", "count", 5)])
    assert sell(rig, card, (SHOP, 5, 0), second=driver.ref).reason == f"product:{SHOP}"
    assert sell(rig, card, (DIESEL, 5, 0), second=foreign.ref).reason == "second_card_account"
    assert sell(rig, card, (DIESEL, 5, 0), second=driver.ref).action == "000"
    rows = rig.sql("SELECT card_id, second_card_id, vehicle_id, driver_id FROM journal WHERE"
                   " account_id = $1 AND approved", card.account_id)
    assert [row["card_id"] for row in rows] == [card.card_id]
    assert rows[0]["second_card_id"] == driver.card_id
    assert None not in tuple(rows[0].values())
    for _ in range(2):
        assert sell(rig, card, (DIESEL, 5, 0),
                    second=driver.ref).reason == "limit:second_card:day:count"
        lose(rig, card)
    set_on(rig, driver, "card", status="stolen")
    answer = sell(rig, card, (DIESEL, 5, 0), second=driver.ref)
    assert (answer.action, answer.reason) == ("209", "second_card_stolen")
    assert sell(rig, card, (DIESEL, 5, 0)).action == "000"


def test_a_typed_card_number_needs_a_second_factor(rig):
    card = rig.card(driver=[])
    assert sell(rig, card, (DIESEL, 5, 0), key_entered=True).reason == "key_entry"
    set_on(rig, card, "driver", number="12")
    set_on(rig, card, "account", key_entry="driver_number",
           prompts=[{"prompt": "driver_number", "required": False}])
    assert sell(rig, card, (DIESEL, 5, 0), key_entered=True).reason == "key_entry"
    assert sell(rig, card, (DIESEL, 5, 0), key_entered=True,
                prompted=typed(driver_number="12")).action == "000"
    assert sell(rig, card, (DIESEL, 5, 0), key_entered=True,
                prompted=typed(driver_number="13")).reason == "prompt_wrong:driver_number"
    set_on(rig, card, "account", prompts=[])
    assert sell(rig, card, (DIESEL, 5, 0), key_entered=True,
                prompted=typed(driver_number="13")).reason == "prompt_wrong:driver_number", \
        "a prompt that nobody asks is a factor all the same"
    assert sell(rig, card, (DIESEL, 5, 0), key_entered=True,
                prompted=typed(driver_number="12")).action == "000"


@pytest.mark.parametrize("what", ["subaccount", "vehicle", "driver"])
def test_whoever_is_blocked_buys_nothing(rig, what):
    card = rig.card(vehicle=[], driver=[])
    if what == "subaccount":
        rig.sql("INSERT INTO subaccount (subaccount_id, account_id, name) VALUES ($1, $1, 'B')",
                card.account_id)
        set_on(rig, card, "card", subaccount_id=card.account_id)
    set_on(rig, card, what, status="blocked")
    answer = sell(rig, card, (DIESEL, 5, 0))
    assert (answer.action, answer.reason) == ("104", f"{what}_blocked")


def test_a_fleet_s_own_lists_hold_beside_the_card_s(rig):
    card = rig.card(products=["@fuel", SHOP], sites=["S1"])
    set_on(rig, card, "account", products=["@diesel"], watch={"regions": ["south"]})
    assert sell(rig, card, (SHOP, 5, 0)).reason == f"product:{SHOP}"
    assert sell(rig, card, (DIESEL, 5, 0)).flags == ("watch:region",)
    set_on(rig, card, "account", sites=["S2"])
    assert sell(rig, card, (DIESEL, 5, 0)).reason == "site"


def test_the_completion_of_a_blocked_card_is_flagged(rig):
    card = rig.card(products=[DIESEL])
    held = hold(rig, card)
    rig.ask(held)
    set_on(rig, card, "card", status="blocked")
    answer = rig.ask(complete(rig, held, card, (SHOP, 500, 0)))
    assert (answer.action, set(answer.flags)) == ("000", {"card_blocked", f"product:{SHOP}"})


def test_an_own_code_of_a_dialect_is_the_product_inside(rig):
    card = rig.card(products=[DIESEL])
    rig.sql("INSERT INTO product_code VALUES ('test', '77', '019') ON CONFLICT DO NOTHING")
    rig.sql("UPDATE rules SET version = version + 1")
    answer = sell(rig, card, ("77", 500, 100), wants_rest=True)
    assert answer.action == "000"
    assert [one.product for one in answer.allowed] == ["77"]
    assert rig.sql("SELECT products FROM journal WHERE card_id = $1", card.card_id)[0][0] == (
        "019:500:100")


def test_a_reading_that_goes_back_is_watched_where_no_step_refuses_it(rig):
    card = rig.card(vehicle=[])
    assert sell(rig, card, (DIESEL, 5, 0), prompted=typed(odometer="5000")).flags == ()
    answer = sell(rig, card, (DIESEL, 5, 0), prompted=typed(odometer="4000"))
    assert (answer.action, answer.flags) == ("000", ("watch:odometer",))


@pytest.mark.parametrize("minutes", [None, 30])
def test_a_hold_ends_by_the_rule_of_its_card_s_program(rig, minutes):
    card = rig.card()
    rig.sql("INSERT INTO program (program_id, hold_minutes, hold_minor) VALUES ($1, $2, 7000)",
            f"HOLD{minutes}", minutes)
    set_on(rig, card, "card", program_id=f"HOLD{minutes}")
    held = hold(rig, card)
    assert rig.ask(held).amount_minor == 7_000
    row = rig.sql("SELECT extract(epoch FROM c.expires_at - j.decided_at)::bigint AS s FROM claim c"
                  " JOIN journal j USING (key) WHERE key = $1", held.key)[0]
    assert row["s"] in ({1_799, 1_800} if minutes else {3_599, 3_600})


def test_a_completion_s_whole_fuel_is_held_against_the_tank(rig):
    card = rig.card(vehicle=[])
    set_on(rig, card, "vehicle", tank_ml=60_000)
    held = hold(rig, card, products=(DIESEL,))
    rig.ask(held)
    answer = rig.ask(complete(rig, held, card, (DIESEL, 5_000, 60_001)))
    assert (answer.action, answer.flags) == ("000", ("tank",))
