"""A file that a bank has sent about our orders, taken whole or not at all.

Knows which messages there are; each is read apart from the database, and stored in one transaction
with all that follows. What it says is booked by the next run of each order's stream.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import Final

import msgspec

from clearing.answers.booked import take_notice
from clearing.answers.notices import Notice, read_notices
from clearing.answers.orders import rules_now
from clearing.answers.pain002 import Report, read_report
from clearing.answers.reports import Foreign, Told, take_report
from clearing.camt053 import StatementError
from clearing.queries import Connection

# The message that a file says it is, within its first bytes; its reader looks at all of it.
_NAMED: Final = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:(pain\.002|camt\.054)\.001\.\d\d")
_HEAD: Final = 4_096


class Answer(msgspec.Struct, frozen=True):
    """A file that was read, and can be believed. digest: SHA-256 of its bytes."""

    digest: bytes
    report: Report | None
    notices: tuple[Notice, ...] = ()


def read_answer(content: bytes) -> Answer:
    """A pain.002 or camt.054, without a database: a large one takes its time. StatementError."""
    named = _NAMED.search(content[:_HEAD])
    if named is None:
        raise StatementError("is neither pain.002 nor camt.054")
    digest = hashlib.sha256(content).digest()
    if named[1] == b"pain.002":
        return Answer(digest, read_report(content))
    return Answer(digest, None, read_notices(content))


async def take_answer(connection: Connection, answer: Answer, who: str, bank_id: str | None = None,
                      accounts: Collection[str] | None = None) -> tuple[Told, ...]:
    """Store it in a transaction of its own. bank_id, accounts: of the bank that tells it; None:
    anybody's. StatementError: it cannot be about what was sent; nothing of it is stored."""
    async with connection.transaction():
        rules = await rules_now(connection)
        if answer.report is not None:
            return (await take_report(connection, answer.report, answer.digest, who, bank_id,
                                      rules),)
        for one in answer.notices:
            if accounts is not None and one.iban not in accounts:
                raise Foreign(f"there is no account {one.iban} of this bank",
                              f"Ntfctn {one.reference}")
        # In one order of accounts, lest two files wait for each other.
        return tuple([await take_notice(connection, one, answer.digest, who, rules)
                      for one in sorted(answer.notices, key=lambda one: (one.iban,
                                                                         one.reference))])
