"""Any credits in files that a bank takes: in their order, each once, none too large."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.bankfiles.forms import FileForm
from clearing.bankfiles.splitting import Sized, split

HEAD = 100


@given(st.lists(st.tuples(st.integers(1, 1_000), st.integers(1, 500)), max_size=60),
       st.none() | st.integers(1, 20), st.none() | st.integers(1, 5_000),
       st.none() | st.integers(1, 5_000))
def test_no_file_is_too_large_that_need_not_be(
        given_credits: list[tuple[int, int]], most_payments: int | None, most_minor: int | None,
        most_bytes: int | None) -> None:
    found = [Sized(f"D{number:07d}", minor, size)
             for number, (minor, size) in enumerate(given_credits)]
    form = FileForm(most_payments=most_payments, most_minor=most_minor, most_bytes=most_bytes)
    parts = list(split(found, form, HEAD))
    at = 0
    for part in parts:
        inside = found[at:at + part.count]
        at += part.count
        assert (part.first_id, part.last_id, part.sum_minor) == (
            inside[0].end_to_end_id, inside[-1].end_to_end_id,
            sum(one.amount_minor for one in inside))
        if part.count > 1:
            assert part.count <= (most_payments or part.count)
            assert part.sum_minor <= (most_minor or part.sum_minor)
            assert most_bytes is None or HEAD + sum(one.size for one in inside) <= most_bytes
    assert at == len(found)
    if (most_payments, most_minor, most_bytes) == (None, None, None):
        assert len(parts) == bool(found)


def test_a_file_is_filled_before_the_next() -> None:
    found = [Sized(str(number), 1) for number in range(7)]
    assert [part.count for part in split(found, FileForm(most_payments=3), HEAD)] == [3, 3, 1]


@pytest.mark.parametrize(("form", "splits"), [
    (FileForm(), False), (FileForm(most_payments=100), True), (FileForm(most_minor=1), True)])
def test_whether_one_file_may_not_be_enough(form: FileForm, splits: bool) -> None:
    assert form.splits is splits
