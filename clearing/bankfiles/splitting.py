"""One bank's credits of a night, parted into files that it takes.

PURE. The order of the credits stays, so a file is known by its first and last: who asks again gets
the same files. A credit larger than a file may be is a file by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from clearing.bankfiles.forms import FileForm


class Nowhere:
    """A sink for what is only measured."""

    def write(self, data: bytes, /) -> int:
        """Of nobody."""
        raise AssertionError(data)


class Sized(msgspec.Struct, frozen=True, gc=False):
    """A credit or collection, and how many bytes it will take."""

    end_to_end_id: str
    amount_minor: int
    size: int = 0


class Slice(msgspec.Struct, frozen=True):
    """What one file has: from the first credit to the last."""

    first_id: str
    last_id: str
    count: int
    sum_minor: int


def split(credits_given: Iterable[Sized], form: FileForm, head_bytes: int) -> Iterator[Slice]:
    """The files of these credits. head_bytes: what a file has beside them, at most."""
    first = last = ""
    count = total = size = 0
    for credit in credits_given:
        if count and _is_full(form, count + 1, total + credit.amount_minor,
                              head_bytes + size + credit.size):
            yield Slice(first, last, count, total)
            count = total = size = 0
        first = credit.end_to_end_id if not count else first
        last = credit.end_to_end_id
        count, total, size = count + 1, total + credit.amount_minor, size + credit.size
    if count:
        yield Slice(first, last, count, total)


def _is_full(form: FileForm, count: int, total: int, size: int) -> bool:
    """Whether a file of so many payments, so much money and so many bytes is too large."""
    return any(most is not None and has > most for has, most in (
        (count, form.most_payments), (total, form.most_minor), (size, form.most_bytes)))
