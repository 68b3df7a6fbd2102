"""Bugs planted on purpose: each module changes one thing in the real code, and a test must see it.

    python -m tests.planted.no_fence serve ...      a host with that bug, for the crash run
    plant(monkeypatch.setattr)                      the same in a test's own process

The production code has no hook for this: a module here replaces what it needs by name, and fails
loudly when that name, or the text it changes, is gone. Each docstring names what it breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from authhost.cli import main

Patch = Callable[[Any, str, Any], None]
Plant = Callable[[Patch], None]

# Against what proves a card, against a fleet's rules, against a deposit's credit, against payments
# and their races; all others are against what crashes, and have their scenario there.
PROOFS = ("approves_without_hsm", "tries_not_journaled", "repeat_is_a_try",
          "cryptogram_not_claimed")
FLEETS = ("group_limit_ignored", "rolling_forgets_a_bucket", "gives_back_today",
          "roll_up_counts_twice", "quarter_from_wrong_month", "hydration_forgets_products",
          "reversed_reading_stays", "increment_outlives_its_hold")

DEPOSITS = ("new_name_each_try", "silence_goes_by_night", "silence_is_forgotten",
            "sent_before_it_is_written", "booked_under_a_new_reference")
PAYMENTS = ("debit_leaves_first", "new_debit_name_each_try", "silent_bank_says_no",
            "refund_leaves_first", "noted_before_it_is_told", "refusal_keeps_what_it_counted")
RACES = ("second_word_books_again", "each_word_has_its_claim")


def serve(plant: Plant) -> int:
    """Plant the bug for good, then be the command `authhost`."""
    plant(setattr)
    return main()


def changed(text: str, old: str, new: str) -> str:
    """`text` with one thing changed; AssertionError when it is not there exactly once."""
    assert text.count(old) == 1, f"{text.count(old)} times in the text: {old}"
    return text.replace(old, new)
