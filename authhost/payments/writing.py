"""The lane that payments are written by: append.sql, and what it goes on with here.

Knows the table of states as the statement takes it. A lane of its own, so that fuel and cash do
not wait for phones, nor carry their statement.
"""

from __future__ import annotations

from typing import Final

from authhost.journal.append import Append
from authhost.journal.statements import statement
from authhost.payments.life import BANK, WORD, after, befores
from authhost.payments.names import named_by

_MOVES: Final = tuple(sorted(WORD | BANK))
_TEXT: Final = statement("append") + statement("append_payments")


def payments_append() -> Append:
    """The work of the lane."""
    table = (list(_MOVES), [" ".join(befores(event)) for event in _MOVES],
             [str(after(event) or "") for event in _MOVES])
    return Append(_TEXT, lambda entries: (*table, [named_by(entry.key) for entry in entries
                                                   if entry.leg == 0]))
