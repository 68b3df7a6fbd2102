"""What a terminal has booked, read from the journal by the keys of its messages.

Knows keys, states and postings; compares nothing. The terminal's own date and sequence number are
in a message's key, whatever business date the night gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final

import asyncpg

from authhost import keys
from authhost.model import Kind
from authhost.states import State
from authhost.station.comparing import Booked, ProductTotal, Told
from authhost.station.statements import sql

MOST_POSTINGS: Final = 50_000
_KINDS: Final = {Kind.COMPLETION.value: "sale"}
_TAKEN: Final = (State.TAKEN, State.REVERSED, State.RETURNED)
_CLASSES: Final = {
    "sale": (Kind.SALE, Kind.COMPLETION), "offline_sale": (Kind.OFFLINE_SALE,),
    "return": (Kind.RETURN,), "reversal": (Kind.REVERSAL,)}


class TooMany(Exception):
    """More postings than a shift has: the range is wrong."""


async def read(connection: asyncpg.Connection, acquirer: str, terminal_id: str, first: date,
               last: date) -> list[Booked]:
    """All that a terminal has booked on its own dates, both included, in the order of the keys.

    TooMany.
    """
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    lows = [keys.class_key(acquirer, terminal_id, one, f"{day:%Y%m%d}", "")
            for one in _classes(_CLASSES) for day in days]
    rows = await connection.fetch(sql("shift_transactions"), lows,
                                  [low[:-1] + "0" for low in lows], MOST_POSTINGS)
    if len(rows) == MOST_POSTINGS:
        raise TooMany(f"{terminal_id}: more than {MOST_POSTINGS} postings")
    found = (_booked(key, list(legs)) for key, legs in groupby(rows, lambda row: row["key"]))
    return [one for one in found if one is not None]


async def fates(connection: asyncpg.Connection, acquirer: str, terminal_id: str,
                missing: Sequence[Told]) -> list[str]:
    """What became of transactions that are not booked, one each; '' where nobody has met them."""
    candidates = [[keys.class_key(acquirer, terminal_id, one, told.local_date.replace("-", ""),
                                  sequence)
                   for one in _classes([told.kind])
                   for sequence in dict.fromkeys((told.sequence, told.sequence.zfill(6)))]
                  for told in missing]
    rows = await connection.fetch(sql("shift_missing"),
                                  sorted({key for some in candidates for key in some}))
    why = {row["key"]: row["why"] or "booked nothing" for row in rows}
    return [next((why[key] for key in some if key in why), "") for some in candidates]


def _classes(kinds: Iterable[str]) -> list[str]:
    """The message classes of kinds, each once. A take may have come as any take."""
    wanted = [kind for name in kinds
              for kind in (_CLASSES["sale"] + _CLASSES["offline_sale"]
                           if name in {"sale", "offline_sale"} else _CLASSES[name])]
    return list(dict.fromkeys(keys.CLASS[kind] for kind in wanted if kind in keys.CLASS))


def _booked(key: str, legs: list[asyncpg.Record]) -> Booked | None:
    """One message's postings as a transaction; None for what booked no money."""
    head = legs[0]
    kind = _KINDS.get(head["kind"], head["kind"])
    given_back = kind in {"reversal", "return"}
    posted = sum(leg["posted_minor"] for leg in legs)
    if given_back:
        if not posted:
            return None  # a hold that was given up
    elif head["state"] not in _TAKEN or not head["amount_minor"]:
        return None
    _, _, _, day, sequence = key.split("/")
    took = [leg for leg in legs if given_back or leg["money"] >= 0]  # a hold's release is no sale
    return Booked(
        key, kind, head["card_type"], sequence, f"{day[:4]}-{day[4:6]}-{day[6:]}",
        head["amount_minor"], products(took, -1 if given_back and posted < 0 else 1),
        head["state"] == State.REVERSED, head["original_key"])


def products(legs: Sequence[asyncpg.Record], sign: int) -> tuple[ProductTotal, ...]:
    """The products of some postings, summed; one product without a name where none is said."""
    sums: dict[str, tuple[int, int]] = {}
    for leg in legs:
        said = leg["products"] or f":{leg['money']}:{leg['volume']}"
        for part in said.split(";"):
            product, money, volume = part.split(":")
            before = sums.get(product, (0, 0))
            sums[product] = before[0] + sign * int(money), before[1] + sign * int(volume)
    return tuple(ProductTotal(product, *sums[product]) for product in sorted(sums)
                 if any(sums[product]))
