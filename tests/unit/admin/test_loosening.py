"""Which change of limits a fleet may make by itself."""

import pytest

from authhost.admin.loosening import loosened


def limit(maximum, window="day", **more):
    return {"window": window, "measure": "money", "maximum": maximum, **more}


@pytest.mark.parametrize(("before", "after", "fleet", "name"), [
    ([], [limit(5)], [], ""),
    ([limit(5)], [limit(4)], [], ""),
    ([limit(5)], [limit(6)], [], "day:money"),
    ([limit(5)], [], [], "day:money"),
    ([limit(5)], [limit(5, watch=True)], [], "day:money"),
    ([limit(5)], [limit(6)], [limit(6)], ""),
    ([limit(5)], [limit(7)], [limit(6)], "day:money"),
    ([limit(5)], [], [limit(6)], ""),
    ([limit(5)], [], [limit(6, watch=True)], "day:money"),
    ([limit(5, group="fuel")], [limit(5)], [], "day:money:fuel"),
    ([limit(5, "rolling", hours=24)], [limit(5, "rolling", hours=12)], [], "rolling24:money"),
    ([limit(5), limit(3)], [limit(4)], [], "day:money"),
    ([limit(1, "gap", minutes=60)], [limit(1, "gap", minutes=30)], [], "gap:money"),
    ([limit(1, "gap", minutes=60)], [limit(1, "gap", minutes=90)], [], ""),
    ([limit(1, "gap", minutes=60)], [limit(9, "gap", minutes=90)], [], "gap:money"),
    ([limit(1, "gap", minutes=60)], [limit(0, "gap", minutes=60)], [], ""),
    ([limit(1, "gap", minutes=60), limit(5, "gap", minutes=600)], [limit(1, "gap", minutes=60)],
     [], "gap:money"),
    ([limit(1, "gap", minutes=60)], [], [limit(4, "gap", minutes=60)], ""),
    ([limit(1, "gap", minutes=60)], [limit(5, "gap", minutes=60)], [limit(4, "gap", minutes=60)],
     "gap:money"),
])
def test_towards_less_or_within_the_fleets_own(before, after, fleet, name):
    assert loosened(before, after, fleet) == name
