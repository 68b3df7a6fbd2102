"""The hash of a journal row: every column counts, and none can pass for another."""

from datetime import UTC, date, datetime, timedelta

import pytest

from authhost.receipts import canonical

KEY = bytes(range(32))
ROW = {
    "business_date": date(2026, 7, 23), "id": 16, "key": "a/S/21//000001", "leg": 0,
    "kind": "deposit", "approved": True, "action": "000", "reason": "approved",
    "approval_code": "123456", "requested_minor": 1000, "amount_minor": 1000, "posted_minor": 1000,
    "currency": "EUR", "terminal_id": "S", "merchant_id": "M", "site_id": "", "original_key": "",
    "flags": "", "decided_at": datetime(2026, 7, 23, 8, tzinfo=UTC),
    "recorded_at": datetime(2026, 7, 23, 8, 0, 0, 123456, tzinfo=UTC), "rules_version": 1,
    "account_id": None, "fence": 1, "money": 1000, "count": 1, "detail": '{"kind":"cash"}'}
OTHER = {str: "č", int: 7, bool: False, date: date(2027, 1, 1), type(None): 0,
         datetime: datetime(2027, 1, 1, tzinfo=UTC)}


def test_the_text_is_what_the_paper_says_it_is():
    text = canonical.canonical(ROW).decode()
    assert text.startswith("authhost receipt 1\nbusiness_date:10:2026-07-23\nid:2:16\n")
    assert "\napproved:1:1\n" in text
    assert "\nrecorded_at:16:1784793600123456\n" in text
    assert "\naccount_id:-:\n" in text
    assert text.endswith('\ndetail:15:{"kind":"cash"}')


@pytest.mark.parametrize("column", canonical.COLUMNS)
def test_each_column_counts(column):
    changed = ROW | {column: OTHER[type(ROW[column])]}
    assert canonical.digest(KEY, changed) != canonical.digest(KEY, ROW)


def test_no_value_passes_for_another():
    one = ROW | {"reason": "a\napproval_code:1:b", "approval_code": ""}
    other = ROW | {"reason": "a", "approval_code": "b"}
    assert canonical.canonical(one) != canonical.canonical(other)
    assert canonical.digest(KEY, ROW | {"account_id": None}) \
        != canonical.digest(KEY, ROW | {"account_id": ""})


def test_the_zone_of_an_instant_does_not_count_and_the_key_does():
    zoned = datetime.fromisoformat("2026-07-23T10:00:00+02:00")
    assert canonical.digest(KEY, ROW | {"decided_at": zoned}) == canonical.digest(KEY, ROW)
    later = ROW["recorded_at"] + timedelta(microseconds=1)
    assert canonical.digest(KEY, ROW | {"recorded_at": later}) != canonical.digest(KEY, ROW)
    assert canonical.digest(bytes(32), ROW) != canonical.digest(KEY, ROW)


def test_a_hash_of_one_purpose_is_none_of_another():
    digest = canonical.digest(KEY, ROW)
    assert canonical.seal(KEY, digest, b"{}") != canonical.seal(KEY, digest, b"{} ")
    assert canonical.keyed(KEY, b"row", b"x") != canonical.keyed(KEY, b"parties", b"x")
