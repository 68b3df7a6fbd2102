"""Two hops that say the same, and each way in which they do not."""

from __future__ import annotations

import hashlib

import pytest

from clearing.errors import ClearingError
from clearing.release.hops import Hop, compare, file_hops
from clearing.summary import FileRecord

SALES = Hop("journal", "sale", "EUR", 3, 500, "d1")
DINARS = Hop("journal", "sale", "RSD", 1, 70, "d2")
BACK = Hop("journal", "reversal", "EUR", 1, -20, "d3")
BEFORE = (SALES, DINARS, BACK)


def placed(hop: Hop, **other: object) -> Hop:
    return Hop(**{**{name: getattr(hop, name) for name in Hop.__struct_fields__}, "hop": "placed",
                  **other})


def test_the_same_in_any_order_agrees() -> None:
    compare("step", BEFORE, [placed(hop) for hop in reversed(BEFORE)])
    compare("step", (), ())


@pytest.mark.parametrize(("after", "says"), [
    ((placed(SALES, count=2), DINARS, BACK), "sale in EUR: 3 of 500 are not 2 of 500"),
    ((placed(SALES, sum_minor=501), DINARS, BACK), "sale in EUR: 3 of 500 are not 3 of 501"),
    ((placed(SALES, digest="d9"), DINARS, BACK), "sale in EUR: the 3 rows of 500 are not the same"),
    ((SALES, placed(DINARS, currency="CHF"), BACK), "sale in CHF: 0 of 0 are not 1 of 70"),
    ((SALES, BACK), "sale in RSD: 1 of 70 are not 0 of 0"),
    ((SALES, DINARS), "reversal in EUR: 1 of -20 are not 0 of 0"),
    ((*BEFORE, placed(BACK, kind="return")), "return in EUR: 0 of 0 are not 1 of -20")])
def test_what_does_not_agree_is_said(after: tuple[Hop, ...], says: str) -> None:
    with pytest.raises(ClearingError, match=f"^step: {says}"):
        compare("step", BEFORE, after)


def test_files_are_added_up_by_kind_and_currency() -> None:
    """Whatever their order; the digest is over paths and digests, so that none can be another."""
    files = [FileRecord("b.xml", "booking_xml", 2, 30, "EUR", "bb"),
             FileRecord("a.xml", "booking_xml", 1, -5, "EUR", "aa"),
             FileRecord("c.xml", "booking_xml", 4, 9, "RSD", "cc"),
             FileRecord("a.csv", "booking_csv", 1, -5, "EUR", "dd")]
    hops = file_hops(files)
    assert hops == file_hops(reversed(files))
    assert [(hop.kind, hop.currency, hop.count, hop.sum_minor) for hop in hops] == [
        ("booking_csv", "EUR", 1, -5), ("booking_xml", "EUR", 3, 25), ("booking_xml", "RSD", 4, 9)]
    assert hops[1].digest == hashlib.sha256(b"aa  a.xml\nbb  b.xml\n").hexdigest()
