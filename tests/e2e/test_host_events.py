"""What happens to an original: completion, reversal, expiry; each gives back or takes once."""

import asyncio

import msgspec
import pytest

from authhost import keys
from authhost.model import Action, Kind, Original
from authhost.states import State
from tests.support.portfolio import ACQUIRER
from tests.support.rig import LOCAL_DAY


def hold(rig, card, amount=5_000, **more):
    request = rig.request(Kind.PREAUTHORIZATION, card, amount, **more)
    assert rig.ask(request).action == "000"
    return request


def state_of(rig, request):
    return State(rig.sql("SELECT state FROM claim WHERE key = $1", request.key)[0]["state"])


def agrees(rig, card):
    """The counters in Valkey are what the journal sums to."""
    counted = rig.counted(card, f"c{card.card_id}")
    taken = dict(zip(("money", "volume", "count"), rig.taken(card.account_id), strict=True))
    for name, value in (counted or {}).items():
        assert value == taken[name.partition(":")[2]]
    return rig.taken(card.account_id)


@pytest.mark.parametrize(("real", "volume", "flags"), [
    (5_000, 3_000, ()), (3_210, 2_000, ()), (7_000, 6_000, ("above_hold",)), (0, 0, ())])
def test_a_completion_settles_its_hold_at_the_real_amount(rig, real, volume, flags):
    card = rig.card(limits=[("total", "money", 6_000)])
    held = hold(rig, card, volume_ml=3_000)
    done = rig.about(Kind.COMPLETION, held, real, card, volume_ml=volume)
    answer = rig.ask(done)
    assert (answer.action, answer.amount_minor) == ("000", real)
    assert [flag for flag in answer.flags if flag == "above_hold"] == list(flags)
    assert agrees(rig, card) == (real, volume, 1 if real else 0)
    assert sum(row["posted_minor"] for row in rig.journal(done.key)) == real
    assert state_of(rig, held) is State.COMPLETED


@pytest.mark.invariant(7)
def test_a_completed_hold_has_nothing_to_reverse_but_its_completion_has(rig):
    card = rig.card(limits=[("total", "money", 6_000)])
    held = hold(rig, card)
    done = rig.about(Kind.COMPLETION, held, 7_500, card)
    rig.ask(done)
    assert rig.ask(rig.about(Kind.REVERSAL, held)).action == Action.NOTHING_TO_REVERSE
    answer = rig.ask(rig.about(Kind.REVERSAL, done))
    assert (answer.action, answer.amount_minor) == (Action.REVERSED, 7_500)
    assert agrees(rig, card) == (0, 0, 0)


def test_a_late_completion_of_an_expired_hold_is_posted_whole_and_flagged(rig):
    card = rig.card(limits=[("total", "money", 6_000)])
    held = hold(rig, card)
    rig.sql("UPDATE claim SET expires_at = now() - interval '1 minute' WHERE key = $1", held.key)
    rig.run(rig.host._expire())
    assert state_of(rig, held) is State.EXPIRED
    assert agrees(rig, card) == (0, 0, 0)
    answer = rig.ask(rig.about(Kind.COMPLETION, held, 4_000, card))
    assert answer.action == "000"
    assert "original_expired" in answer.flags
    assert agrees(rig, card) == (4_000, 0, 1)


def test_a_hold_expires_by_itself_and_only_when_its_time_has_come(rig):
    card = rig.card(limits=[("total", "money", 6_000)])
    soon = rig.settings.clock.real_now_us() + 50_000
    early, late = hold(rig, card, 2_000, expires_at_us=soon), hold(rig, card, 1_000)
    rig.run(_until(lambda: rig.host.reads.found(early.key), State.EXPIRED))
    assert state_of(rig, late) is State.HOLD
    assert agrees(rig, card) == (1_000, 0, 1)
    assert rig.ask(rig.about(Kind.REVERSAL, early)).action == Action.NOTHING_TO_REVERSE


def test_a_completion_without_original_is_posted_and_flagged(rig):
    card = rig.card()
    nowhere = rig.request(Kind.PREAUTHORIZATION, card, 1)
    answer = rig.ask(rig.about(Kind.COMPLETION, nowhere, 900, card))
    assert answer.action == "000"
    assert "original_not_found" in answer.flags
    assert rig.taken(card.account_id) == (900, 0, 1)


def test_a_completion_finds_its_hold_by_the_approval_code(rig):
    card = rig.card()
    request = rig.request(Kind.PREAUTHORIZATION, card, 5_000)
    code = rig.ask(request).approval_code
    # Rows of several legs before it: their ids reach into those of the next message.
    done = rig.request(Kind.COMPLETION, card, 800, original=Original((), code))
    assert rig.ask(done).action == "000"
    assert state_of(rig, request) is State.COMPLETED
    assert rig.taken(card.account_id) == (800, 0, 1)


@pytest.mark.parametrize("kind", [Kind.PREAUTHORIZATION, Kind.SALE])
def test_the_advice_of_what_was_declined_for_its_card_is_posted(rig, kind):
    """It has happened all the same, and nobody knows the card: it must not hang for ever."""
    stranger = rig.card()
    rig.sql("DELETE FROM card WHERE card_id = $1", stranger.card_id)
    request = rig.request(kind, stranger, 700)
    assert rig.ask(request).reason == "card_unknown"
    done = rig.about(Kind.COMPLETION, request, 700, stranger)
    answer = rig.ask(done)
    assert answer.action == "000"
    assert {"original_declined", "card_unknown"} <= set(answer.flags)
    assert [row["posted_minor"] for row in rig.journal(done.key)] == [700]


def test_a_completion_that_breaks_a_rule_is_posted_and_flagged(rig):
    card = rig.card()
    held = hold(rig, card)
    answer = rig.ask(rig.about(Kind.COMPLETION, held, 4_000, card, wrong="items_sum"))
    assert answer.action == "000"
    assert "items_sum" in answer.flags


def test_a_sale_told_again_as_an_advice_counts_once(rig):
    card = rig.card(limits=[("total", "money", 9_000)])
    request = rig.request(Kind.SALE, card, 5_000)
    rig.ask(request)
    done = rig.about(Kind.OFFLINE_SALE, request, 5_000, card)
    assert rig.ask(done).action == "000"
    assert agrees(rig, card) == (5_000, 0, 1)
    posted = rig.sql("SELECT sum(posted_minor)::bigint AS sum FROM journal WHERE account_id = $1",
                     card.account_id)[0]["sum"]
    assert posted == 5_000


@pytest.mark.invariant(10)
@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PREAUTHORIZATION])
def test_a_sale_that_comes_after_its_advice_is_declined_and_counts_once(rig, kind):
    card = rig.card(limits=[("total", "money", 9_000)])
    request = rig.request(kind, card, 5_000)
    assert rig.ask(rig.about(Kind.OFFLINE_SALE, request, 5_000, card)).action == "000"
    assert not rig.ask(request).approved
    assert agrees(rig, card) == (5_000, 0, 1)


@pytest.mark.invariant(7)
def test_a_sale_told_again_as_an_advice_is_given_back_as_the_advice(rig):
    card = rig.card(limits=[("total", "money", 9_000)])
    request = rig.request(Kind.SALE, card, 5_000)
    rig.ask(request)
    advice = rig.about(Kind.OFFLINE_SALE, request, 5_000, card)
    rig.ask(advice)
    back = rig.about(Kind.REVERSAL, request)
    keys = (request.key, advice.key)
    back = msgspec.structs.replace(back, original=Original(keys))
    assert rig.ask(back).action == Action.REVERSED
    assert agrees(rig, card) == (0, 0, 0)


@pytest.mark.invariant(7)
@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PREAUTHORIZATION])
def test_a_reversal_gives_back_exactly_once(rig, kind):
    card = rig.card(limits=[("day", "money", 5_000)])
    request = rig.request(kind, card, 5_000, volume_ml=1_234)
    rig.ask(request)
    assert rig.sale(card, 1).action == Action.EXCEEDS_AMOUNT
    back = rig.about(Kind.REVERSAL, request)
    assert rig.ask(back).action == Action.REVERSED
    assert rig.ask(back).action == Action.REVERSED
    assert rig.ask(rig.about(Kind.REVERSAL, request)).action == Action.ALREADY_REVERSED
    assert agrees(rig, card) == (0, 0, 0)
    assert rig.sale(card, 5_000).action == "000"


@pytest.mark.invariant(7)
def test_partial_reversals_never_give_back_more_than_was_taken(rig):
    card = rig.card(limits=[("day", "money", 5_000)])
    request = rig.request(Kind.SALE, card, 5_000, volume_ml=3_001)
    rig.ask(request)
    given = [rig.ask(rig.about(Kind.REVERSAL, request, amount)).amount_minor
             for amount in (2_001, 2_000, 2_000, 2_000)]
    assert given == [2_001, 2_000, 999, 0]
    assert agrees(rig, card) == (0, 0, 0)


@pytest.mark.invariant(7)
def test_a_hold_reversed_in_part_and_completed_above_the_rest_counts_the_real_amount(rig):
    card = rig.card(limits=[("day", "money", 9_000)])
    held = hold(rig, card, 5_000)
    rig.ask(rig.about(Kind.REVERSAL, held, 2_000))
    done = rig.about(Kind.COMPLETION, held, 4_000, card)
    assert "above_hold" in rig.ask(done).flags
    assert agrees(rig, card) == (4_000, 0, 1)
    rig.ask(rig.about(Kind.REVERSAL, done))
    assert agrees(rig, card) == (0, 0, 0)


@pytest.mark.invariant(8)
@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PREAUTHORIZATION])
def test_a_reversal_that_comes_first_declines_its_original(rig, kind):
    card = rig.card(limits=[("day", "money", 5_000)])
    request = rig.request(kind, card, 5_000)
    back = rig.about(Kind.REVERSAL, request)
    assert rig.ask(back).action == Action.REVERSED
    first = rig.ask(request)
    assert (first.action, first.reason) == (Action.DO_NOT_HONOUR, "reversed_before_it_came")
    assert rig.ask(request) == first
    other_door = rig.ask(msgspec.structs.replace(request, door="other"))
    assert (other_door.action, other_door.reason) == (first.action, first.reason)
    assert rig.ask(rig.about(Kind.REVERSAL, request)).action == Action.ALREADY_REVERSED
    assert rig.taken(card.account_id) == (0, 0, 0)


@pytest.mark.invariant(7)
def test_a_reversal_whose_original_comes_in_between_finds_it(rig, monkeypatch):
    """It looks, finds nothing; the original is committed; only then does it get its turn."""
    card = rig.card(limits=[("day", "money", 5_000)])
    request = rig.request(Kind.PREAUTHORIZATION, card, 5_000)
    others = (keys.message_key(ACQUIRER, "POS00001", Kind.SALE, LOCAL_DAY, "900001"), request.key)
    look = rig.host.reads.original

    async def look_too_early(*args):
        found = await look(*args)
        monkeypatch.undo()
        if found is None:
            await rig.host.authorizer.authorize(request, msgspec.json.encode)
        return found

    monkeypatch.setattr(rig.host.reads, "original", look_too_early)
    answer = rig.ask(rig.request(Kind.REVERSAL, original=Original(others)))
    assert (answer.action, answer.amount_minor) == (Action.REVERSED, 5_000)
    assert state_of(rig, request) is State.REVERSED
    assert agrees(rig, card) == (0, 0, 0)


async def _until(read, state):
    while (await read()).state is not state:  # noqa: ASYNC110  # the sweeper tells nobody
        await asyncio.sleep(0.05)
