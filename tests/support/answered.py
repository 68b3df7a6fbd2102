"""What a night's orders have come to, after banks have said things in some order.

Knows the tables that answers change, and that a later night books them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from hypothesis import strategies as st

from authhost.admin.bank_answers import tell_answer
from authhost.admin.bank_statements import tell_file

STATE: Final = {
    "facts": "SELECT end_to_end_id, fact, amount_minor, run_id IS NULL FROM bank_fact",
    "books": "SELECT code, coalesce(account_id, 0), sum(amount_minor)::int "
             "FROM ledger_entry GROUP BY 1, 2",
    "transfers": "SELECT transaction, amount_minor FROM ledger_transfer",
    "again": "SELECT before_id, due, coalesce(run_id, '') FROM clearing_again",
    "exceptions": "SELECT reason, subject FROM clearing_exception WHERE state <> 'closed'",
    "seen": "SELECT end_to_end_id FROM credit_seen",
}


def orders(count: int) -> st.SearchStrategy[list[int]]:
    """Each of so many messages once, in any order, and then any of them again."""
    return st.tuples(st.permutations(range(count)),
                     st.lists(st.integers(0, count - 1), max_size=4)).map(
        lambda told: [*told[0], *told[1]])


async def tell_all(url: str, messages: Sequence[bytes], order: Sequence[int]) -> None:
    """These messages, in this order."""
    for number in order:
        told = tell_file if b"camt.053" in messages[number] else tell_answer
        await told(url, messages[number])


async def state_of(url: str, **more: str) -> dict[str, Any]:
    """The rows of STATE, and of more statements, each sorted."""
    connection = await asyncpg.connect(url)
    try:
        return {name: sorted(map(tuple, await connection.fetch(text)))
                for name, text in {**STATE, **more}.items()}
    finally:
        await connection.close()
