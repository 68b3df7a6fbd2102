"""The queue of what a clearing cannot explain by itself: opened here, worked by people.

Knows the table of exceptions and that the same thing is said once while it is open; must not know
what a reason means to its room. What each reason may come to is data (exception_reasons.csv): a
reason that is not there may come to anything, and everything of it needs a second person. Of what
is in suspense a reason may come to something else (`<reason>/suspense`): money moves then.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from clearing.queries import Connection, query

DECISIONS: Final = ("retry", "accept", "match", "write_off", "charge_back", "refund", "release",
                    "reject", "withdraw")
# Of what only one reason knows: no other can come to it.
_OF_ONE_REASON: Final = frozenset({"match", "withdraw"})


class Way(msgspec.Struct, frozen=True):
    """What an exception may come to. moves_money: two people decide it."""

    decision: str
    moves_money: bool
    says: str


async def open_exception(connection: Connection, *, stream: str, reason: str, subject_kind: str,
                         subject: str, run_id: str | None = None, account_id: int | None = None,
                         currency: str = "", amount_minor: int = 0,
                         content: Mapping[str, object] = {}, who: str = "clearing") -> int:
    """The number of the open exception about this: a new one, or the one that there is.

    amount_minor: minor units of currency, signed as the subject is.
    """
    number: int = await connection.fetchval(
        query("exception_new"), stream, reason, subject_kind, subject, run_id, account_id,
        currency, amount_minor, msgspec.json.encode(content).decode(), who)
    return number


async def close_explained(connection: Connection, *, reason: str, subject_kind: str,
                          subjects: Sequence[str], why: str, who: str = "clearing") -> None:
    """Close what has explained itself, where nobody has decided it yet."""
    await connection.execute(query("exception_gone"), reason, subject_kind, list(subjects), who,
                             why)


def ways(reason: str, subject_kind: str = "") -> Mapping[str, Way]:
    """What an exception of this reason, about such a thing, may come to, by its decision."""
    return (reasons().get(f"{reason}/{subject_kind}") or reasons().get(reason)
            or {one: Way(one, True, "") for one in DECISIONS if one not in _OF_ONE_REASON})


@cache
def reasons() -> Mapping[str, Mapping[str, Way]]:
    """The table: reason, decision."""
    text = files(__package__).joinpath("exception_reasons.csv").read_text(encoding="utf-8")
    found: dict[str, dict[str, Way]] = {}
    for row in csv.DictReader(text.splitlines()):
        way = Way(row["decision"], row["moves_money"] == "yes", row["says"])
        found.setdefault(row["reason"], {})[way.decision] = way
    return found
