"""A payer's phone as a program: enrolment, what waits, the payer's signed word.

Knows its own key, opened by a PIN, and what a payer reads before signing; must not know accounts.
"""

from terminals.phone.program import Phone
from terminals.phone.shown import Login, Waiting

__all__ = ["Login", "Phone", "Waiting"]
