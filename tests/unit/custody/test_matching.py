"""Told against counted: whose a difference is, what is explained, what cannot be told apart."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from authhost.custody.counting import Count, CountedItem, CountedPiece, Counterfeit
from authhost.custody.matching import Booked, Line, Told, differences

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
VALUES = (500, 1_000, 2_000, 5_000, 10_000)


def count(pieces=(), fakes=(), items=(), currency="EUR"):
    return Count(
        cassette="0" * 18, reference="R1", counted_at=AT,
        pieces=tuple(CountedPiece(currency=currency, value_minor=value, count=number)
                     for value, number in pieces),
        counterfeits=tuple(Counterfeit(currency=currency, value_minor=value, serial=serial)
                           for value, serial in fakes),
        items=tuple(CountedItem(kind=kind, number=number, currency=currency, amount_minor=amount)
                    for kind, number, amount in items))


def told(key, account, pieces=(), kind="cash", amount=None, **more):
    total = sum(value * number for value, number in pieces) if amount is None else amount
    return Told(key, account, kind, more.pop("currency", "EUR"), total,
                tuple((value, "note", number) for value, number in pieces), **more)


def said(found):
    return [(one.kind, one.account_id, one.amount_minor) for one in found]


def test_what_agrees_has_no_difference():
    assert differences([told("a", 1, [(5_000, 2)]), told("b", 1, [(2_000, 1)])],
                       count([(5_000, 2), (2_000, 1)]), []) == []
    assert differences([], count(), []) == []


def test_a_note_short_is_its_only_clients():
    found = differences([told("a", 1, [(5_000, 2)])], count([(5_000, 1)]), [])
    assert said(found) == [("difference", 1, -5_000)]
    assert found[0].lines == (Line(5_000, "note", 2, 1),)


def test_of_several_clients_it_is_his_whose_denomination_is_short():
    deposits = [told("a", 1, [(5_000, 2)]), told("b", 2, [(2_000, 3)])]
    assert said(differences(deposits, count([(5_000, 1), (2_000, 3)]), [])) \
        == [("difference", 1, -5_000)]
    assert said(differences(deposits, count([(5_000, 1), (2_000, 2)]), [])) \
        == [("difference", 1, -5_000), ("difference", 2, -2_000)]


def test_what_cannot_be_told_apart_is_nobodys():
    both = [told("a", 1, [(5_000, 2)]), told("b", 2, [(5_000, 1)])]
    found = differences(both, count([(5_000, 2)]), [])
    assert said(found) == [("difference", None, -5_000)]
    assert [(part.account_id, part.amount_minor) for part in found[0].parts] \
        == [(1, 10_000), (2, 5_000)]
    # A piece too many may be anybody's, and one who did not say what he put in may be anyone.
    assert said(differences([told("a", 1, [(5_000, 1)]), told("b", 2, [(2_000, 1)])],
                            count([(5_000, 2), (2_000, 1)]), [])) == [("difference", None, 5_000)]
    assert said(differences([told("a", 1, [(5_000, 1)]), told("b", 2, amount=2_000)],
                            count([(2_000, 1)]), [])) == [("difference", None, -5_000)]


def test_a_counterfeit_is_a_shortage_of_its_own():
    found = differences([told("a", 1, [(5_000, 3)])], count([(5_000, 1)], [(5_000, "X1")]), [])
    assert said(found) == [("counterfeit", 1, -5_000), ("difference", 1, -5_000)]
    assert [one.serial for one in found[0].counterfeits] == ["X1"]
    shared = [told("a", 1, [(5_000, 1)]), told("b", 2, [(5_000, 1)])]
    assert said(differences(shared, count([(5_000, 1)], [(5_000, "X1")]), [])) \
        == [("counterfeit", None, -5_000)]


def test_what_the_safe_told_as_suspect_is_no_shortage():
    deposits = [told("a", 1, [(5_000, 1)], suspects=((5_000, "X1"), (2_000, "")))]
    fakes = [(5_000, "X1"), (2_000, "Y7")]  # the safe could not read the second one's number
    assert differences(deposits, count([(5_000, 1)], fakes), []) == []
    assert said(differences(deposits, count([(5_000, 1)], [*fakes, (5_000, "X2")]), [])) \
        == [("counterfeit", 1, -5_000), ("difference", 1, 5_000)]
    # And found to be genuine after all: it is the client's.
    assert said(differences(deposits, count([(5_000, 2)], [(2_000, "Y7")]), [])) \
        == [("difference", 1, 5_000)]


def test_what_was_decided_is_explained_whatever_was_booked():
    deposits = [told("a", 1, [(5_000, 2)])]
    decided = [Booked("difference", 1, "EUR", -5_000)]
    assert [one for one in differences(deposits, count([(5_000, 1)]), decided)
            if one.amount_minor] == []
    assert said(differences(deposits, count(), decided)) == [("difference", 1, -5_000)]
    # A recount finds the note: what was taken is given back.
    assert said(differences(deposits, count([(5_000, 2)]), decided)) == [("difference", 1, 5_000)]
    fake = [Booked("counterfeit", 1, "EUR", -5_000)]
    assert said(differences(deposits, count([(5_000, 2)]), fake)) == [("counterfeit", 1, 5_000)]


def test_after_a_shared_decision_a_recount_is_seen_whole():
    both = [told("a", 1, [(5_000, 2)]), told("b", 2, [(5_000, 1), (2_000, 1)])]
    decided = [Booked("difference", None, "EUR", -5_000)]
    assert [one for one in differences(both, count([(5_000, 2), (2_000, 1)]), decided)
            if one.amount_minor] == []
    assert said(differences(both, count([(5_000, 2)]), decided)) == [("difference", None, -2_000)]


def test_a_rejected_deposit_is_not_told_but_what_was_booked_for_it_is():
    rejected = told("a", 1, [(5_000, 2)], rejected=True)
    assert said(differences([rejected], count([(5_000, 2)]), [])) == [("difference", 1, 10_000)]
    for_it = [Booked("deposit", 1, "EUR", 8_000)]
    assert said(differences([rejected], count([(2_000, 4)]), for_it))[0][2] == 0


def test_the_sum_agrees_and_its_parts_do_not():
    found = differences([told("a", 1, [(2_000, 1)])], count([(1_000, 2)]), [])
    assert said(found) == [("difference", 1, 0)]
    assert found[0].lines == (Line(2_000, "note", 1, 0), Line(1_000, "note", 0, 2))


def test_envelopes_and_cheques_go_by_number():
    deposits = [told("a", 1, kind="envelope", amount=10_000, number="E1"),
                told("b", 2, kind="envelope", amount=20_000, number="E2"),
                told("c", 2, kind="cheque", amount=30_000, number="7")]
    assert differences(deposits, count(items=[("envelope", "E1", 10_000), ("cheque", "7", 30_000),
                                              ("envelope", "E2", 20_000)]), []) == []
    found = differences(deposits, count(items=[("envelope", "E1", 9_000), ("cheque", "7", 30_000),
                                               ("envelope", "E9", 5_000)]), [])
    assert said(found) == [("difference", 1, -1_000), ("difference", 2, -20_000),
                           ("difference", None, 5_000)]
    assert found[0].items == (("envelope", "E1", 10_000, 9_000),)


def test_currencies_do_not_meet():
    deposits = [told("a", 1, [(5_000, 1)]), told("b", 1, [(5_000, 1)], currency="CHF")]
    found = differences(deposits, count([(5_000, 1)]), [])
    assert [(one.currency, one.amount_minor) for one in found] == [("CHF", -5_000)]


PIECES = st.lists(st.tuples(st.sampled_from(VALUES), st.integers(0, 9)), max_size=5,
                  unique_by=lambda piece: piece[0])


@given(st.lists(st.tuples(st.sampled_from([1, 2, None]), PIECES), max_size=5), PIECES,
       st.lists(st.sampled_from(VALUES), max_size=3))
def test_differences_sum_to_counted_less_told(deposits, pieces, fakes):
    """Nothing is lost and nothing is invented, whoever is said to bear it."""
    all_told = [told(f"k{n}", account, mine) for n, (account, mine) in enumerate(deposits)]
    found = differences(all_told, count(pieces, [(v, f"S{n}") for n, v in enumerate(fakes)]), [])
    assert sum(one.amount_minor for one in found) == (
        sum(value * number for value, number in pieces)
        - sum(one.amount_minor for one in all_told))
    decided = [Booked(one.kind, one.account_id, one.currency, one.amount_minor) for one in found]
    again = differences(all_told, count(pieces, [(v, f"S{n}") for n, v in enumerate(fakes)]),
                        decided)
    assert sum(one.amount_minor for one in again) == 0
