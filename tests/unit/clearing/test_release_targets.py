"""Where files go and what they are called there; when; and what a run's name is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from clearing.errors import ClearingError
from clearing.release.hops import Hop, compare, file_hops
from clearing.release.route import Route, due_at, run_of
from clearing.release.targets import FolderTarget, check_target, name_there, read_target
from clearing.run_id import RunId
from clearing.summary import FileRecord

RUN = RunId(date(2026, 7, 23), "cash")


@pytest.mark.parametrize(("name", "expected"), [
    ("{date}-{stream}-{sequence}-{path}", "2026-07-23-cash-1-bank-deposits-EUR.xml"),
    ("{date}/{file}", "2026-07-23/deposits-EUR.xml"),
    ("IN.{file}.P001", "IN.deposits-EUR.xml.P001"),
])
def test_a_file_has_a_name_there(name: str, expected: str) -> None:
    target = check_target(FolderTarget(folder="/in", name=name))
    assert name_there(target, RUN, "bank/deposits-EUR.xml") == expected


def test_a_path_that_looks_like_a_field_is_a_path() -> None:
    target = FolderTarget(folder="/in", name="{date}-{path}")
    assert name_there(target, RUN, "bank/{date}.xml") == "2026-07-23-bank-{date}.xml"


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(ClearingError, match="more than 200 bytes"):
        name_there(FolderTarget(folder="/in"), RUN, "x" * 200)


@pytest.mark.parametrize("text", [
    "", "[]", '{"type": "folder"}', '{"type": "folder", "folder": 5}',
    '{"type": "folder", "folder": "/x", "owner": "me"}', "\ud800",
    '{"type": "sftp", "host": "h", "user": "u", "key_file": "k", "host_keys": [5]}'])
def test_a_target_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ClearingError, match="target: "):
        read_target(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(("now", "not_before", "zone", "due"), [
    (datetime(2026, 7, 24, 1, tzinfo=UTC), None, "UTC", datetime(2026, 7, 24, 1, tzinfo=UTC)),
    (datetime(2026, 7, 24, 1, tzinfo=UTC), time(6), "UTC", datetime(2026, 7, 24, 6, tzinfo=UTC)),
    (datetime(2026, 7, 24, 7, tzinfo=UTC), time(6), "UTC", datetime(2026, 7, 24, 7, tzinfo=UTC)),
    # In Auckland it is the 25th already, ten in the morning.
    (datetime(2026, 7, 24, 22, tzinfo=UTC), time(12), "Pacific/Auckland",
     datetime(2026, 7, 25, 0, tzinfo=UTC)),
    # A time that the clock leaves out in spring.
    (datetime(2026, 3, 29, 0, tzinfo=UTC), time(2, 30), "Europe/Ljubljana",
     datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
])
def test_a_file_is_due(now: datetime, not_before: time | None, zone: str, due: datetime) -> None:
    assert due_at(Route(1, "r", FolderTarget(folder="/x"), not_before, zone), now) == due


@pytest.mark.parametrize("text", ["2026-07-23/cash/1", "20260723-CASH-1", "20260723-cash-1"])
def test_a_run_by_its_name(text: str) -> None:
    assert run_of(text) == RUN


@pytest.mark.parametrize("text", [
    "", "cash", "2026-07-23/cash", "2026-07-23/cash/1/2", "2026-07-23/night/1", "2026-07-23/cash/0",
    "2026-07-23/cash/-1", "2026-07-23/cash/\u0661", "2026-02-30/cash/1", "--", "//"])
def test_what_is_no_run(text: str) -> None:
    with pytest.raises(ClearingError, match="is no run like"):
        run_of(text)


def hop(count: int, minor: int, digest: str = "", kind: str = "sale") -> Hop:
    """A line in euro."""
    return Hop("x", kind, "EUR", count, minor, digest)


@pytest.mark.parametrize(("before", "after", "message"), [
    ([hop(2, 5)], [hop(2, 6)], "step: sale in EUR: 2 of 5 are not 2 of 6"),
    ([hop(2, 5)], [hop(3, 5)], "step: sale in EUR: 2 of 5 are not 3 of 5"),
    ([hop(2, 5)], [], "step: sale in EUR: 2 of 5 are not 0 of 0"),
    ([], [hop(1, -1)], "step: sale in EUR: 0 of 0 are not 1 of -1"),
    ([hop(2, 5, "a")], [hop(2, 5, "b")], "step: sale in EUR: the 2 rows of 5 are not the same"),
    ([hop(1, 1), hop(1, 2, kind="deposit")], [hop(1, 1), hop(1, 3, kind="deposit")],
     "step: deposit in EUR"),
])
def test_hops_that_differ(before: list[Hop], after: list[Hop], message: str) -> None:
    with pytest.raises(ClearingError, match=message):
        compare("step", before, after)
    compare("step", before, before)


def test_a_changed_file_changes_the_digest_of_its_kind() -> None:
    files = [FileRecord(f"{number}.xml", "a_xml", 1, 10, "EUR", str(number) * 64)
             for number in range(3)]
    one, = file_hops(files)
    assert (one.count, one.sum_minor) == (3, 30)
    assert file_hops(reversed(files)) == [one]
    swapped = [FileRecord(file.path, "a_xml", 1, 10, "EUR", other.sha256)
               for file, other in zip(files, reversed(files), strict=True)]
    assert file_hops(swapped)[0].digest != one.digest
