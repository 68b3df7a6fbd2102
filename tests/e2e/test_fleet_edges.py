"""Where two events meet, and where the journal and the state could part: the edges of a fleet."""

import asyncio
from pathlib import Path

import pytest

from authhost.counters import ROLLING_HOURS, pack_slots, unpack_slots
from authhost.model import Kind, Original, Part
from tests.e2e.fleet_bench import (
    DIESEL,
    SHOP,
    card_with,
    complete,
    counted,
    furnish,
    hold,
    limit,
    sale,
    sell,
    set_on,
    typed,
)
from tests.support.rig import ask, counters, many, running

REACHES = ROLLING_HOURS * 60 + 1
BUCKETS = Path(__file__).with_name("fleet_buckets.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers) as made:
        furnish(made)
        yield made


def lose(rig, card):
    rig.redis("DEL", f"{{{card.account_id}}}")


def stands(rig, card, field):
    """A field as the state counts it now, and as the journal sums it."""
    return rig.counted(card, field), counted(rig, card, field)


def by_group(rig, card):
    """The card's counters, each with its group's number; what stands at zero is left out."""
    slots = unpack_slots(rig.redis("HGET", f"{{{card.account_id}}}", f"c{card.card_id}") or b"")
    names = {(code, window): counters(pack_slots([(code, window, value)]))
             for code, window, value in slots if value}
    return {f"{name}:{code // 64 // REACHES}": value
            for (code, _), found in names.items() for name, value in found.items()}


@pytest.mark.parametrize("other", [Kind.REVERSAL, Kind.COMPLETION])
def test_a_hold_and_what_raises_it_end_once_though_they_end_at_once(rig, other):
    card = card_with(rig, [limit("day", "money", 10_000)])
    held = hold(rig, card, 3_000)
    rig.ask(held)
    more = rig.request(Kind.INCREMENT, card, 4_000, original=Original((held.key,)),
                       expires_at_us=held.expires_at_us)
    assert rig.ask(more).action == "000"
    ends = complete(rig, held, card, (DIESEL, 5_000, 1_000)) if other is Kind.COMPLETION \
        else rig.about(Kind.REVERSAL, held)

    async def at_once():
        return await asyncio.gather(
            ask(rig.host, ends), ask(rig.host, rig.about(Kind.REVERSAL, more)))

    rig.run(at_once())
    assert rig.taken(card.account_id)[0] == (5_000 if other is Kind.COMPLETION else 0)


def test_a_limit_that_looks_back_does_not_grow_with_all_that_was_ever_bought(rig):
    card = card_with(rig, [limit("rolling", "money", 5_000, hours=24)])
    rig.sql(BUCKETS, card.account_id, card.card_id, 3_000, 180)
    assert sell(rig, card, (DIESEL, 1_000, 500)).action == "000"
    assert sell(rig, card, (DIESEL, 4_001, 500)).reason == "limit:card:rolling24h:money"
    assert len(rig.redis("HGET", f"{{{card.account_id}}}", f"c{card.card_id}")) <= 27 * 16


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("parts", [(5_000,), (3_000, 2_000)])
def test_a_return_taken_back_is_a_purchase_again_and_ends_once(rig, parts, lost):
    card = card_with(rig, [limit("day", "count", 2), limit("day", "count", 2, group="fuel")])
    sold = sale(rig, card, (DIESEL, 5_000, 2_000))
    rig.ask(sold)
    backs = [rig.request(Kind.RETURN, card, part, original=Original((sold.key,)))
             for part in parts]
    for back in backs:
        assert rig.ask(back).action == "000"
    rig.ask(rig.about(Kind.REVERSAL, backs[0]))
    assert rig.taken(card.account_id) == (parts[0], 2_000 * parts[0] // 5_000, 1)
    rig.ask(rig.about(Kind.REVERSAL, sold))
    assert rig.taken(card.account_id) == (0, 0, 0)
    if lost:
        lose(rig, card)
    assert [sell(rig, card, (DIESEL, 1, 1)).action for _ in range(3)] == ["000", "000", "123"]


@pytest.mark.parametrize("lost", [False, True])
def test_goods_that_come_back_are_given_back_where_they_were_counted(rig, lost):
    groups = [limit("day", measure, 99_999, group=group) for measure, group in (
        ("money", "shop"), ("money", "fuel"), ("volume", "fuel"), ("count", "shop"),
        ("count", "fuel"))]
    card = card_with(rig, groups)
    sold = sale(rig, card, (DIESEL, 6_400, 40_000), (SHOP, 500, 0))
    rig.ask(sold)

    def back(*goods):
        items = tuple(Part(*one) for one in goods)
        request = rig.request(Kind.RETURN, card, sum(one.money for one in items),
                              original=Original((sold.key,)), parts=items)
        return request, rig.ask(request)

    def field():
        if lost:
            counted(rig, card, f"c{card.card_id}")
        return by_group(rig, card)

    coffee, answer = back((SHOP, 500, 0))
    assert (answer.action, answer.flags) == ("000", ())
    whole = {"day:money:1": 6_400, "day:volume:1": 40_000, "day:count:1": 1,
             "day:count:3": 1}
    assert field() == whole
    assert rig.taken(card.account_id) == (6_400, 40_000, 1)
    _, answer = back((SHOP, 9_999, 0))  # too much: nothing moves, what stands neither
    assert answer.reason == "return_exceeds"
    _, answer = back((DIESEL, 1_600, 0))  # a quarter; its litres go with it
    assert answer.approved
    assert field() == {**whole, "day:money:1": 4_800, "day:volume:1": 30_000}
    _, answer = back((SHOP, 100, 0))
    assert (answer.action, answer.flags) == ("000", ("goods_differ",))
    assert field()["day:money:1"] == 4_700
    back((DIESEL, 4_700, 0))
    assert field() == {}
    late = complete(rig, sold, card, (SHOP, 1, 0))
    assert rig.ask(late).flags == ("original_returned",)
    rig.ask(rig.about(Kind.REVERSAL, late))
    rig.ask(rig.about(Kind.REVERSAL, coffee))  # the coffee was drunk after all
    assert field() == {"day:money:3": 500, "day:count:1": 1, "day:count:3": 1}
    rig.ask(rig.about(Kind.REVERSAL, sold))
    assert field() == {}
    assert rig.taken(card.account_id) == (0, 0, 0)


def test_what_was_reserved_for_a_word_that_came_too_late_is_given_back(rig):
    card = card_with(rig, [limit("day", "money", 5_000)])
    sold = sale(rig, card, (DIESEL, 5_000, 2_000))
    rig.ask(sold)
    back = rig.request(Kind.RETURN, card, 5_000, original=Original((sold.key,)))
    rig.ask(back)
    undone = [rig.about(Kind.REVERSAL, back) for _ in range(2)]
    answers = rig.run(many([rig.host], undone))
    assert sorted(answer.action for answer in answers) == ["400", "480"]
    now, summed = stands(rig, card, f"c{card.card_id}")
    assert now == summed == {"day:money": 5_000}


@pytest.mark.parametrize("lost", [False, True])
def test_two_cards_of_two_vehicles_count_on_the_one_that_is_charged(rig, lost):
    card = rig.card(vehicle=[])
    other = rig.card(account=card.account_id, vehicle=[])
    set_on(rig, other, "vehicle", limits=[limit("day", "count", 1)])
    for _ in range(2):
        assert sell(rig, card, (DIESEL, 5, 1), second=other.ref).action == "000"
        if lost:
            lose(rig, card)
    assert sell(rig, other, (DIESEL, 5, 1)).action == "000"


def test_a_card_beside_itself_is_one_card(rig):
    card = card_with(rig, [limit("day", "count", 2)])
    assert sell(rig, card, (DIESEL, 5, 1), second=card.ref).action == "000"
    now, summed = stands(rig, card, f"c{card.card_id}")
    assert now == summed == {"day:count": 1}


def test_a_second_card_s_expiry_is_looked_at_each_time(rig):
    card = rig.card()
    other = rig.card(account=card.account_id)
    wrong = type(other.ref)(other.ref.pan_hmac, other.ref.pan_masked, "2901")
    for _ in range(2):
        assert sell(rig, card, (DIESEL, 5, 1), second=wrong).reason == "second_card_expiry_differs"
        assert sell(rig, card, (DIESEL, 5, 1), second=other.ref).action == "000"


def test_a_driver_whose_card_is_shown_types_his_own_number(rig):
    card = rig.card(vehicle=[])
    other = rig.card(account=card.account_id, driver=[])
    set_on(rig, other, "driver", number="4711")
    set_on(rig, card, "account", prompts=[{"prompt": "driver_number", "required": True}])
    for number, action in (("4711", "000"), ("4712", "184")):
        assert sell(rig, card, (DIESEL, 5, 1), second=other.ref,
                    prompted=typed(driver_number=number)).action == action


@pytest.mark.parametrize("lost", [False, True])
def test_a_vehicle_s_reading_is_not_its_card_s(rig, lost):
    card = rig.card()
    vehicle = rig.card(account=card.account_id, vehicle=[])
    set_on(rig, vehicle, "vehicle", number="17")
    set_on(rig, card, "account", prompts=[{"prompt": "vehicle_number"},
                                          {"prompt": "odometer", "min_step": 1}])
    assert sell(rig, card, (DIESEL, 5, 1),
                prompted=typed(vehicle_number="17", odometer="90000")).action == "000"
    if lost:
        lose(rig, card)
    assert sell(rig, card, (DIESEL, 5, 1), prompted=typed(odometer="500")).action == "000"


def test_a_card_that_may_buy_nothing_holds_nothing(rig):
    card = rig.card(products=[SHOP])
    set_on(rig, card, "account", products=[DIESEL])
    assert rig.ask(hold(rig, card)).reason == "product:*"


@pytest.mark.parametrize("what", ["terminal", "currency"])
def test_a_return_is_a_request_like_another(rig, what):
    card = rig.card()
    sold = sale(rig, card, (DIESEL, 500, 100))
    rig.ask(sold)
    more = {"currency": "USD"} if what == "currency" else {}
    if what == "terminal":
        rig.sql("UPDATE terminal SET status = 'blocked' WHERE terminal_id = 'POS00001'")
        rig.sql("UPDATE rules SET version = version + 1")
    try:
        refused = rig.ask(rig.request(Kind.RETURN, card, 500, original=Original((sold.key,)),
                                      **more))
    finally:
        rig.sql("UPDATE terminal SET status = 'active' WHERE terminal_id = 'POS00001'")
        rig.sql("UPDATE rules SET version = version + 1")
    assert refused.reason == {"terminal": "terminal_blocked", "currency": "currency"}[what]
    assert rig.taken(card.account_id)[0] == 500


def test_an_answer_that_cannot_be_said_counts_nothing(rig):
    card = card_with(rig, [limit("day", "money", 5_000)])
    sell(rig, card, (DIESEL, 1_000, 1))

    def breaks(_):
        raise ValueError("no room for it")

    async def said():
        with pytest.raises(ValueError, match="no room"):
            await rig.host.authorizer.authorize(sale(rig, card, (DIESEL, 4_000, 1)), breaks)

    rig.run(said())
    assert stands(rig, card, f"c{card.card_id}") == ({"day:money": 1_000}, {"day:money": 1_000})


def test_what_happens_at_no_site_is_rolled_up_too(rig):
    card = rig.card()
    set_on(rig, card, "account", site_limits=[limit("month", "money", 5_000)])
    rig.sql("UPDATE terminal SET site_id = NULL WHERE terminal_id = 'POS00002'")
    rig.sql("UPDATE rules SET version = version + 1")
    assert sell(rig, card, (DIESEL, 3_000, 1), terminal="POS00002").action == "000"
    assert counted(rig, card, "s") == {"month:money": 3_000}
    rig.run(rig.host.sums.roll_up(card.account_id))
    assert counted(rig, card, "s") == {"month:money": 3_000}




@pytest.mark.parametrize("ahead", [2, 90])
def test_a_server_whose_clock_is_behind_goes_on_where_the_one_before_it_was(rig, ahead):
    card = card_with(rig, [limit("day", "money", 5_000)])
    rig.sql(BUCKETS, card.account_id, card.card_id, 1, -ahead)
    set_on(rig, card, "card")
    sold = sale(rig, card, (DIESEL, 4_000, 1))
    assert rig.ask(sold).action == "000"
    before = rig.journal(f"bucket/{card.card_id}/1")[0]["minute"]
    # An hour and a half is no clock that went on, but one that was wrong.
    assert (rig.journal(sold.key)[0]["minute"] >= before) == (ahead < 60)


def test_an_increment_by_an_approval_code_that_nobody_gave_is_refused(rig):
    card = rig.card()
    lone = rig.request(Kind.INCREMENT, card, 100, original=Original((), "123456"))
    assert rig.ask(lone).action == "914"
    held = hold(rig, card, 3_000)
    code = rig.ask(held).approval_code
    assert rig.ask(rig.request(Kind.INCREMENT, card, 100,
                               original=Original((), code))).action == "000"


def test_an_increment_s_reading_is_no_reading(rig):
    card = card_with(rig, [limit("day", "money", 9_000)], vehicle=[])
    set_on(rig, card, "account", prompts=[{"prompt": "odometer", "min_step": 1}])
    held = hold(rig, card, 3_000, prompted=typed(odometer="500"))
    rig.ask(held)
    more = rig.request(Kind.INCREMENT, card, 100, original=Original((held.key,)),
                       prompted=typed(odometer="500"))
    assert rig.ask(more).action == "000"
    now, summed = stands(rig, card, f"v{rig.journal(held.key)[0]['vehicle_id']}")
    assert now == summed == {"odometer:": 500}


def test_what_is_given_back_while_the_state_is_summed_is_told_to_it(rig):
    card = rig.card()
    set_on(rig, card, "account", limits=[limit("day", "money", 5_000)])
    sold = sale(rig, card, (DIESEL, 5_000, 2_000))
    rig.ask(sold)
    back = rig.request(Kind.RETURN, card, 2_000, original=Original((sold.key,)))
    state = f"{{{card.account_id}}}"

    async def meanwhile():
        call, sums = rig.host.state.call, rig.host.sums
        await call("SET", f"{state}:lease", 1)
        fence, packed = await sums.raise_fence(card.account_id)  # another host's, on its way
        told = asyncio.create_task(ask(rig.host, back))
        await asyncio.sleep(0.3)  # its row stands, and the state is not there yet
        await call("FCALL", "authhost_install", 1, state, fence, packed, 0)
        await call("DEL", f"{state}:lease")
        await told

    rig.run(meanwhile())
    assert rig.counted(card, "a") == {"day:money": 3_000}


@pytest.mark.parametrize("lost", [False, True])
def test_of_two_readings_in_a_minute_the_larger_stands(rig, lost):
    card = rig.card(vehicle=[])
    set_on(rig, card, "account", prompts=[{"prompt": "odometer", "max_step": 100}])
    for shown in ("900", "850"):
        rig.ask(sale(rig, card, (DIESEL, 5, 1), kind=Kind.OFFLINE_SALE,
                     prompted=typed(odometer=shown)))
    field = f"v{rig.sql('SELECT vehicle_id FROM card WHERE card_id = $1', card.card_id)[0][0]}"
    if lost:
        lose(rig, card)
        sell(rig, card, (DIESEL, 5, 1), prompted=typed(odometer="900"))
    assert rig.counted(card, field)["odometer:"] == 900
