"""What a safe told against what is here."""

from authhost.safes.told import piece_differences, state_of, total_differences
from authhost.translate.safe_bodies import Counter, Total


def total(currency, kind, count, amount_minor):
    return Total(currency=currency, kind=kind, count=count, amount_minor=amount_minor)


def pieces(currency, value_minor, kind, count):
    return Counter(currency=currency, value_minor=value_minor, kind=kind, count=count)


def test_equal_sums_have_no_difference_whatever_their_lines():
    told = [total("EUR", "cash", 1, 100), total("EUR", "cash", 1, 50), total("CHF", "cash", 0, 0)]
    assert total_differences(told, [total("EUR", "cash", 2, 150)]) == ()
    assert state_of(()) == "balanced"


def test_a_difference_says_both_sides():
    [one, other] = total_differences([total("EUR", "cash", 2, 150)],
                                     [total("EUR", "cash", 2, 100), total("EUR", "cheque", 1, 9)])
    assert (one.kind, one.told_minor, one.host_minor) == ("cash", 150, 100)
    assert (other.kind, other.told_count, other.host_count) == ("cheque", 0, 1)
    assert state_of((one,), ()) == "differs"


def test_pieces_are_compared_by_value_and_kind():
    told = [pieces("EUR", 500, "note", 3), pieces("EUR", 200, "coin", 1)]
    host = [pieces("EUR", 500, "note", 2), pieces("EUR", 500, "note", 1),
            pieces("EUR", 200, "note", 1)]
    found = [(one.kind, one.told_count, one.host_count) for one in piece_differences(told, host)]
    assert found == [("coin", 1, 0), ("note", 0, 1)]
