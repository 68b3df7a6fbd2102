"""Keys: the same message the same key, another message another key."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authhost import keys
from authhost.model import Kind
from authhost.translate.incoming import content_of, mask

part = st.text(alphabet="aZ09/%2F ", min_size=1, max_size=6)


@given(st.tuples(part, part, part), st.tuples(part, part, part))
def test_different_parts_make_different_keys(one, other):
    made = [keys.message_key(acquirer, terminal, Kind.SALE, "20260723", sequence)
            for acquirer, terminal, sequence in (one, other)]
    assert (made[0] == made[1]) == (one == other)
    assert made[0].count("/") == 4


@given(st.tuples(part, part), st.tuples(part, part))
def test_an_idempotency_key_is_in_its_clients_own_namespace(one, other):
    assert (keys.alias_key(*one) == keys.alias_key(*other)) == (one == other)


@given(part, part, part)
def test_a_terminals_prefix_begins_its_keys(acquirer, terminal, sequence):
    key = keys.message_key(acquirer, terminal, Kind.SALE, "20260723", sequence)
    assert key.startswith(keys.terminal_prefix(acquirer, terminal))


@pytest.mark.parametrize(("month", "day", "today", "meant"), [
    (12, 31, date(2026, 1, 1), date(2025, 12, 31)), (1, 1, date(2025, 12, 31), date(2026, 1, 1)),
    (7, 23, date(2026, 7, 23), date(2026, 7, 23)), (2, 29, date(2024, 3, 1), date(2024, 2, 29)),
    (2, 29, date(2025, 1, 1), date(2024, 2, 29)), (2, 29, date(2027, 12, 30), date(2028, 2, 29)),
    (6, 30, date(2026, 1, 1), date(2026, 6, 30)), (7, 5, date(2026, 1, 1), date(2025, 7, 5)),
])
def test_a_date_without_a_year_is_the_nearest(month, day, today, meant):
    assert keys.nearest_date(month, day, today) == meant


@pytest.mark.parametrize(("month", "day", "year"), [(2, 30, 2026), (13, 1, 2026), (0, 0, 2026),
                                                    (2, 29, 2026)])
def test_a_date_that_no_near_year_has(month, day, year):
    with pytest.raises(ValueError, match="no such date"):
        keys.nearest_date(month, day, date(year, 7, 1))


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(-150, 150))
def test_a_date_within_half_a_year_is_read_back(today, days):
    meant = today + timedelta(days=days)
    assert keys.nearest_date(meant.month, meant.day, today) == meant


def test_kinds_that_may_carry_one_number_have_classes_of_their_own():
    shared = {Kind.OFFLINE_SALE, Kind.INCREMENT, Kind.RETURN, Kind.DEPOSIT_AUTHORIZATION}
    classes = [name for kind, name in keys.CLASS.items() if kind not in shared]
    assert len(set(classes)) == len(classes)
    assert keys.CLASS[Kind.OFFLINE_SALE] == keys.CLASS[Kind.COMPLETION]
    assert keys.CLASS[Kind.INCREMENT] == keys.CLASS[Kind.PREAUTHORIZATION]
    assert keys.CLASS[Kind.RETURN] == keys.CLASS[Kind.SALE]
    assert keys.CLASS[Kind.DEPOSIT_AUTHORIZATION] == keys.CLASS[Kind.PREAUTHORIZATION]


def test_the_fingerprint_changes_with_each_part(fingerprint_key):
    base = (Kind.SALE, None, 100, "EUR", 1_000, ("001",))
    others = [(Kind.OFFLINE_SALE, *base[1:]), (*base[:2], 101, *base[3:]),
              (*base[:3], "CHF", *base[4:]), (*base[:4], 1_001, base[5]), (*base[:5], ("001", "2")),
              (*base, "more")]
    made = {content_of(fingerprint_key, *one) for one in (base, *others)}
    assert len(made) == 1 + len(others)
    assert all(len(one) == 16 for one in made)


@pytest.mark.invariant(15)
@pytest.mark.parametrize(("pan", "shown"), [
    ("7801310000009999490", "780131*********9490"), ("4111111111111111", "411111******1111"),
    ("123456789012", "********9012"), ("1234", "1234"), ("1", "1"), ("", "")])
def test_no_more_of_a_number_is_shown_than_six_and_four(pan, shown):
    assert mask(pan) == shown
