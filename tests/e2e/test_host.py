"""What a host decides, on real servers: each check by itself, each limit, the strictest."""

import itertools

import pytest

from authhost.model import Action, Kind

WINDOWS = ("transaction", "day", "week", "month", "total")
MEASURES = ("money", "volume", "count")
ANY_HOUR = [0xFFFFFF] * 7
NO_HOUR = [0] * 7


@pytest.mark.parametrize(("card", "reason", "action"), [
    ({"status": "blocked"}, "card_blocked", Action.RESTRICTED_CARD),
    ({"status": "lost"}, "card_lost", Action.LOST_CARD),
    ({"status": "stolen"}, "card_stolen", Action.STOLEN_CARD),
    ({"status": "not_effective"}, "card_not_effective", Action.CARD_NOT_EFFECTIVE),
    ({"status": "closed"}, "card_closed", Action.RESTRICTED_CARD),
    ({"expiry": "2401"}, "card_expired", Action.EXPIRED_CARD),
    ({"account_status": "blocked"}, "account_blocked", Action.RESTRICTED_CARD),
    ({"account_status": "closed"}, "account_closed", Action.NO_ACCOUNT),
    ({"currency": "CHF"}, "currency", Action.INVALID_AMOUNT),
    ({"sites": ["S2"]}, "site", Action.NOT_PERMITTED_TERMINAL),
    ({"hours": NO_HOUR}, "hours", Action.NOT_PERMITTED_CARDHOLDER),
])
def test_a_card_is_refused(rig, card, reason, action):
    answer = rig.sale(rig.card(**card), 100)
    assert (answer.action, answer.reason) == (action, reason)
    assert answer.amount_minor == 0
    assert answer.approval_code == ""


@pytest.mark.parametrize("card", [
    {"sites": ["S1"]}, {"hours": ANY_HOUR}, {"products": ["001"]}, {"expiry": "9912"}])
def test_what_a_card_may_do_is_approved(rig, card):
    answer = rig.sale(rig.card(**card), 100, products=("001",))
    assert (answer.action, answer.reason, answer.amount_minor) == ("000", "approved", 100)
    assert len(answer.approval_code) == 6


@pytest.mark.parametrize(("terminal", "reason", "action"), [
    ("POSNOONE", "terminal_unknown", Action.NOT_PERMITTED_TERMINAL),
    ("POSBLOCK", "terminal_blocked", Action.NOT_PERMITTED_TERMINAL),
    ("POSCLOSE", "merchant_blocked", Action.INVALID_MERCHANT),
    ("SAFE0001", "terminal_kind", Action.NOT_PERMITTED_TERMINAL),
])
def test_a_terminal_is_refused(rig, terminal, reason, action):
    answer = rig.sale(rig.card(), 100, terminal=terminal)
    assert (answer.action, answer.reason) == (action, reason)


def test_an_unknown_card_is_refused_and_kept_without_account(rig):
    stranger = rig.card()
    rig.sql("DELETE FROM card WHERE card_id = $1", stranger.card_id)
    request = rig.request(Kind.SALE, stranger, 100)
    assert rig.ask(request).reason == "card_unknown"
    [row] = rig.journal(request.key)
    assert (row["account_id"], row["money"], row["approved"]) == (None, 0, False)


def test_the_expiry_that_the_message_names_must_be_the_cards(rig):
    card = rig.card(expiry="3012")
    wrong = type(card.ref)(card.ref.pan_hmac, card.ref.pan_masked, "3011")
    request = rig.request(Kind.SALE, amount=100)
    answer = rig.ask(type(request)(**{name: getattr(request, name) for name in
                                      request.__struct_fields__ if name != "card"}, card=wrong))
    assert (answer.action, answer.reason) == (Action.EXPIRED_CARD, "expiry_differs")


def test_the_merchant_that_the_message_names_must_be_the_terminals(rig):
    answer = rig.sale(rig.card(), 100, merchant_id="ANOTHER")
    assert (answer.action, answer.reason) == (Action.INVALID_MERCHANT, "merchant_differs")


def test_a_product_that_is_not_listed_is_named(rig):
    answer = rig.sale(rig.card(products=["001"]), 100, products=("001", "077"))
    assert (answer.action, answer.reason) == (Action.NOT_PERMITTED_CARDHOLDER, "product:077")


def test_items_that_do_not_add_up_are_refused(rig):
    assert rig.sale(rig.card(), 100, wrong="items_sum").action == Action.INVALID_AMOUNT


@pytest.mark.invariant(1)
@pytest.mark.parametrize(("scope", "window", "measure"),
                         list(itertools.product(("account", "card", "vehicle", "driver"), WINDOWS,
                                                MEASURES)))
def test_a_limit_binds_at_its_maximum_and_is_named(rig, scope, window, measure):
    name = "limits" if scope == "card" else "account_limits" if scope == "account" else scope
    maximum = {"money": 1_000, "volume": 5_000, "count": 1}[measure]
    if (window, measure) == ("transaction", "count"):
        maximum = 0
    card = rig.card(**{name: [(window, measure, maximum)]})
    reason = f"limit:{scope}:{window}:{measure}"
    over = {"money": (1_001, 100), "volume": (900, 5_001), "count": (1, 1)}[measure]
    if maximum:
        exact = {"money": (1_000, 100), "volume": (900, 5_000), "count": (1, 1)}[measure]
        if measure != "count":
            assert rig.sale(card, over[0], volume_ml=over[1]).reason == reason
        assert rig.sale(card, exact[0], volume_ml=exact[1]).action == "000"
    answer = rig.sale(card, over[0] if not maximum else 1, volume_ml=over[1] if not maximum else 1)
    if window == "transaction" and maximum:
        assert answer.action == "000"
        return
    assert answer.reason == reason
    assert answer.action == (Action.EXCEEDS_FREQUENCY if measure == "count"
                             else Action.EXCEEDS_AMOUNT)


def test_the_strictest_limit_wins_whatever_its_scope(rig):
    card = rig.card(limits=[("day", "money", 900), ("month", "money", 2_000)],
                    account_limits=[("day", "money", 800)], vehicle=[("week", "money", 700)],
                    driver=[("transaction", "money", 750)])
    assert rig.sale(card, 701).reason == "limit:vehicle:week:money"
    assert rig.sale(card, 760).reason == "limit:vehicle:week:money"
    assert rig.sale(card, 700).action == "000"


def test_a_vehicle_that_two_cards_share_has_one_limit(rig):
    first = rig.card(vehicle=[("day", "money", 1_000)])
    second = rig.card(account=first.account_id)
    rig.sql("UPDATE card SET vehicle_id = (SELECT vehicle_id FROM card WHERE card_id = $1) "
            "WHERE card_id = $2", first.card_id, second.card_id)
    assert rig.sale(first, 700).action == "000"
    assert rig.sale(second, 400).reason == "limit:vehicle:day:money"
    assert rig.sale(second, 300).action == "000"


def test_part_of_an_amount_is_approved_where_the_terminal_can_take_it(rig):
    card = rig.card(limits=[("day", "money", 1_000), ("day", "volume", 4_000)])
    answer = rig.sale(card, 1_500, volume_ml=3_000, terminal="POSPART1")
    assert (answer.action, answer.reason, answer.amount_minor) == (
        Action.PARTIAL, "limit:card:day:money", 1_000)
    assert rig.taken(card.account_id) == (1_000, 2_000, 1)
    assert rig.sale(card, 1, terminal="POSPART1").action == Action.EXCEEDS_AMOUNT


def test_part_of_an_amount_follows_from_the_volume_that_is_left(rig):
    card = rig.card(limits=[("day", "volume", 2_000)])
    answer = rig.sale(card, 1_000, volume_ml=3_000, partial_ok=True)
    assert (answer.action, answer.amount_minor) == (Action.PARTIAL, 666)
    assert rig.taken(card.account_id)[1] <= 2_000


def test_no_part_is_approved_where_a_count_is_used_up(rig):
    card = rig.card(limits=[("day", "count", 1), ("day", "money", 1_000)])
    assert rig.sale(card, 600).action == "000"
    assert rig.sale(card, 600, partial_ok=True).reason == "limit:card:day:count"


def test_an_advice_passes_a_limit_and_is_flagged(rig):
    card = rig.card(limits=[("day", "money", 100)], status="blocked", products=["001"])
    answer = rig.ask(rig.request(Kind.OFFLINE_SALE, card, 5_000, products=("009",)))
    assert (answer.action, answer.amount_minor) == ("000", 5_000)
    assert set(answer.flags) == {"card_blocked", "product:009", "limit:card:day:money"}
    assert rig.taken(card.account_id)[0] == 5_000
    assert rig.sale(rig.card(account=card.account_id), 1).action == "000"


def test_an_advice_of_an_unknown_card_and_terminal_is_posted_and_flagged(rig):
    stranger = rig.card()
    rig.sql("DELETE FROM card WHERE card_id = $1", stranger.card_id)
    request = rig.request(Kind.OFFLINE_SALE, stranger, 700, terminal="NOBODY01")
    answer = rig.ask(request)
    assert (answer.action, answer.amount_minor) == ("000", 700)
    assert answer.flags
    assert [row["posted_minor"] for row in rig.journal(request.key)] == [700]
