"""The days, mandates and credit notes of collections."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.bankfiles.config import Collection, identifier_defect
from clearing.bankfiles.debits import (
    CreditNote,
    Due,
    decide,
    earliest_day,
    horizon,
    notice_day,
)
from clearing.days.calendars import target

NIGHT = date(2026, 7, 23)  # a Thursday
RULES = Collection()


def due(invoice: str = "F-1", amount_minor: int = 1_000, **other: Any) -> Due:
    plain = {"kind": "fleet", "account_id": 1, "currency": "EUR", "due_on": NIGHT,
             "collect_on": date(2026, 7, 27), "mandate_id": "M", "scheme": "CORE",
             "signed_on": date(2026, 1, 1), "debtor_name": "N", "iban": "AT611904300234573201",
             "bic": "", "address": "{}", "one_off": False, "is_last": False, "original_id": "",
             "status": "active"}
    return Due(invoice=invoice, amount_minor=amount_minor, **{**plain, **other})


@pytest.mark.parametrize(("due_on", "days", "collected"), [
    (date(2026, 7, 30), 1, date(2026, 7, 30)),  # when it is due
    (date(2026, 7, 24), 14, date(2026, 8, 6)),  # not before it was known for long enough
    (date(2026, 8, 1), 1, date(2026, 8, 3)),  # a Saturday
    (date(2026, 12, 25), 1, date(2026, 12, 28)),
])
def test_when_an_invoice_is_collected(due_on: date, days: int, collected: date) -> None:
    assert notice_day(NIGHT, due_on, Collection(notice_days=days), target) == collected


def test_the_file_is_at_the_bank_in_time() -> None:
    """Of Thursday's night it is there on Friday, and collects on Monday; of another scheme later.
    """
    assert earliest_day(NIGHT, "CORE", RULES, target) == date(2026, 7, 27)
    rules = Collection(lead_days={"CORE": 2, "B2B": 1}, ahead_days=0)
    assert earliest_day(NIGHT, "CORE", rules, target) == date(2026, 7, 28)
    assert horizon(NIGHT, rules, target) == date(2026, 7, 28)
    assert horizon(NIGHT, RULES, target) == date(2026, 7, 28)


def test_who_was_missed_is_collected_as_soon_as_can_be() -> None:
    made, = decide([due(collect_on=date(2026, 7, 1))], [], NIGHT, RULES, target)
    assert made.collect_on == date(2026, 7, 27)


@pytest.mark.parametrize(("other", "kind", "held"), [
    ({}, "FRST", ""), ({"last_type": "FRST", "last_mandate": "M"}, "RCUR", ""),
    # A mandate that takes over from another one begins again.
    ({"last_type": "RCUR", "last_mandate": "OLD", "original_id": "OLD"}, "FRST", ""),
    ({"one_off": True}, "OOFF", ""), ({"is_last": True}, "FNAL", ""),
    ({"one_off": True, "last_type": "OOFF", "last_mandate": "M"}, "OOFF", "mandate_used"),
    ({"last_type": "FNAL", "last_mandate": "M"}, "RCUR", "mandate_used"),
    ({"currency": "SEK"}, "FRST", "currency_not_collected"),
    ({"signed_on": date(2023, 7, 24)}, "FRST", ""),
    ({"signed_on": date(2023, 7, 23)}, "FRST", "mandate_expired"),
    ({"signed_on": date(2019, 1, 1), "last_on": date(2026, 1, 1), "last_type": "RCUR",
      "last_mandate": "M"}, "RCUR", ""),
])
def test_the_sequence_and_the_end_of_a_mandate(other: dict[str, Any], kind: str,
                                               held: str) -> None:
    made, = decide([due(**other)], [], NIGHT, RULES, target)
    assert (made.sequence_type, made.held) == (kind, held)


def test_one_off_is_for_one() -> None:
    made = decide([due("F-1", one_off=True), due("F-2", one_off=True)], [], NIGHT, RULES, target)
    assert [(one.due.invoice, one.held) for one in made] == [("F-1", ""), ("F-2", "mandate_used")]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 1_000)), max_size=12),
       st.lists(st.tuples(st.integers(1, 3), st.integers(1, 2_000)), max_size=6))
def test_credit_notes_give_back_what_they_say_and_no_more(
        invoices: list[tuple[int, int]], notes: list[tuple[int, int]]) -> None:
    due_now = [due(f"F-{number:02d}", minor, account_id=account, mandate_id=f"M-{account}")
               for number, (account, minor) in enumerate(sorted(invoices))]
    given_back = [CreditNote(f"G-{number:02d}", account, "EUR", minor)
                  for number, (account, minor) in enumerate(sorted(notes))]
    made = decide(due_now, given_back, NIGHT, RULES, target)
    assert len(made) == len(due_now)
    taken: dict[str, int] = {}
    for one in made:
        assert one.amount_minor == one.due.amount_minor - sum(part for _, part in one.netted) >= 0
        assert one.held == ("" if one.amount_minor else "netted")
        for number, part in one.netted:
            assert part > 0
            taken[number] = taken.get(number, 0) + part
    for account in (1, 2, 3):
        owed = sum(minor for who, minor in invoices if who == account)
        back = {note.number: note.open_minor for note in given_back if note.account_id == account}
        assert all(taken.get(number, 0) <= minor for number, minor in back.items())
        assert sum(taken.get(number, 0) for number in back) == min(owed, sum(back.values()))


@pytest.mark.parametrize(("identifier", "defect"), [
    ("DE98ZZZ09999999999", ""), ("DE98ABC09999999999", ""),  # the business code is not checked
    ("DE97ZZZ09999999999", "identifier_invalid"), ("DE98ZZZ0999999999X", "identifier_invalid"),
    ("DE98ZZZ0999 999999", "identifier_invalid"), ("de98zzz09999999999", "identifier_invalid")])
def test_a_creditor_identifier(identifier: str, defect: str) -> None:
    assert identifier_defect(identifier) == defect
