"""Breaks 10 at a payer's bank: an answer that was lost is taken for a no, and the payer's money has
moved."""

from __future__ import annotations

import sys
from typing import Any

from authhost.bank.meanings import Meaning
from authhost.payments.ordering import Ordering
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Silence is a no."""
    real = Ordering._put

    def put(self: Ordering, order: Any, said: Meaning, word: str, wait_s: float,
            tried: int) -> None:
        if said is Meaning.ASK and not word:
            self._answers.no(order, "", "timed_out", tried)
        else:
            real(self, order, said, word, wait_s, tried)

    patch(Ordering, "_put", put)


if __name__ == "__main__":
    sys.exit(serve(plant))
