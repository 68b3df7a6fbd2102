"""What a pain.002 says of payees' names, kept with what else is known of them.

Knows the codes of a verification of payee (Regulation (EU) 2024/886, article 5c): as a status of
its own, which is given before the order is decided, or as the reason of one; must not know what the
next night makes of it (bankfiles.payees). Codes are a table of data: those of the EPC's scheme
(EPC218-23: MTCH, CMTC, NMTC, NOAP) and of the external payment statuses that banks answer files
with (RCVC, RVMC, RVNM, RVNA).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from clearing.answers.orders import File
from clearing.answers.pain002 import Said
from clearing.answers.statements import statement
from clearing.queries import Connection

_CLOSE: Final = "close_match"  # the one of which the bank's own name is told
_LONGEST: Final = 140


async def keep_names(connection: Connection, file: File, words: Mapping[str, Said],
                     message_id: str) -> Counter[str]:
    """Store what is new of the payees of a file's credits; how many there are of each outcome, of
    those that something is said of."""
    rows = [(name, outcome, said.text[:_LONGEST] if outcome == _CLOSE else "")
            for name, said in words.items() if file.orders[name].kind == "credit"
            if (outcome := outcome_of(said))]
    if rows:
        await connection.execute(statement("names_new"), file.run_id, message_id,
                                 *map(list, zip(*rows, strict=True)))
    return Counter(outcome for _, outcome, _ in rows)


def outcome_of(said: Said) -> str:
    """match, close_match, no_match, not_possible; '' where nothing is said of the name."""
    return _outcomes().get(said.status) or _outcomes().get(said.reason, "")


@cache
def _outcomes() -> Mapping[str, str]:
    text = files(__package__).joinpath("names.csv").read_text(encoding="utf-8")
    return {row["code"]: row["outcome"] for row in csv.DictReader(text.splitlines())}
