"""What the operator decides about answers: how long a bank has, how often a credit is tried.

PURE values.
"""

from __future__ import annotations

import msgspec


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """report_days, booked_days: bank working days from a file's execution until its pain.002, and
    until the bank has booked it, must be there; 0: nobody waits. tries: how often a credit that
    came back for a passing cause is paid again by itself.
    """

    report_days: int = 1
    booked_days: int = 3
    tries: int = 2
