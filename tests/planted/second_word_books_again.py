"""Breaks the one word of a bank: its yes, told twice, is booked twice."""

from __future__ import annotations

import itertools
import sys

from authhost.payments import names
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Each word has a claim of its own."""
    real, numbers = names.bank_key, itertools.count()
    patch(names, "bank_key", lambda payment: f"{real(payment)}/{next(numbers)}")


if __name__ == "__main__":
    sys.exit(serve(plant))
