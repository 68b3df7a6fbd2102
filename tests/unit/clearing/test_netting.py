"""What is taken off a client is covered by the fewest of its credits, and nothing is split."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clearing.netting import Net, Part, net


def parts(*amounts: tuple[str, int] | int) -> list[Part]:
    """(place, minor units), or minor units alone: loose."""
    return [Part(number, "", one, loose=True) if isinstance(one, int)
            else Part(number, one[0], one[1]) for number, one in enumerate(amounts)]


def test_nothing_taken_off() -> None:
    assert net(parts(("S1", 500), ("S2", 300))) == (
        Net("S1", (0,), 500, ""), Net("S2", (1,), 300, ""))


def test_the_largest_credit_covers_it() -> None:
    assert net(parts(("S1", 500), ("S2", 900), -50)) == (
        Net("S1", (0,), 500, ""), Net("S2", (1, 2), 850, ""))


def test_as_many_credits_as_it_takes() -> None:
    assert net(parts(("S1", 500), ("S2", 900), ("S3", 100), -1_000)) == (
        Net("", (1, 0, 3), 400, ""), Net("S3", (2,), 100, ""))


def test_a_negative_rest_waits() -> None:
    assert net(parts(("S1", 500), -501)) == (Net("S1", (0, 1), -1, "carried_over"),)
    assert net(parts(-7)) == (Net("", (0,), -7, "carried_over"),)


def test_what_comes_to_nothing_is_done_with() -> None:
    assert net(parts(("S1", 500), -500)) == (Net("S1", (0, 1), 0, "nothing_due"),)
    assert net(parts(("S1", 0), ("S2", 5))) == (
        Net("S1", (0,), 0, "nothing_due"), Net("S2", (1,), 5, ""))


def test_a_safe_that_gave_back_more_than_it_took() -> None:
    assert net(parts(("S1", -300), ("S2", 1_000))) == (Net("", (1, 0), 700, ""),)


def test_more_is_added_to_a_credit_or_is_one() -> None:
    assert net(parts(("S1", 500), 20)) == (Net("S1", (0, 1), 520, ""),)
    assert net(parts(20)) == (Net("", (0,), 20, ""),)


@given(st.lists(st.one_of(st.integers(-1_000, 1_000),
                          st.tuples(st.sampled_from("ABC"), st.integers(-1_000, 1_000))),
                max_size=8))
def test_every_part_is_in_one_credit_and_the_sums_stand(
        amounts: list[int | tuple[str, int]]) -> None:
    given_parts = parts(*amounts)
    credits_made = net(given_parts)
    assert sorted(one for credit in credits_made for one in credit.parts) == list(
        range(len(given_parts)))
    for credit in credits_made:
        assert credit.amount_minor == sum(given_parts[one].amount_minor for one in credit.parts)
        assert (credit.held == "") == (credit.amount_minor > 0)
