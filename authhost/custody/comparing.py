"""What was credited here against what a bank has booked, or against receipts on paper.

Knows an account's deposits and the credits of nights over business dates; who differs gets a case.
The comparison itself is `compared`: two tables of references and amounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Invalid, Unknown
from authhost.clock import Clock
from authhost.custody.opening import NewCase, open_case
from authhost.custody.statements import statement
from authhost.journal.reads import Borrowed
from authhost.safes.life import end_to_end_id

MOST_LINES: Final = 20_000
_MOST_DAYS: Final = 366
_SHOWN: Final = 200  # lines that a case keeps of each side
Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$")]
Amount = Annotated[int, msgspec.Meta(ge=-10**15, le=10**15, description="Minor units.")]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One credit that a bank has booked, or one receipt. reference: EndToEndId, or the receipt's
    number at its safe."""

    reference: Reference
    terminal_id: str = ""
    amount_minor: Amount


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is compared: a bank's credits by EndToEndId, receipts, or a sum alone."""

    account_id: int
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    from_day: date
    until_day: date
    booked: Annotated[tuple[Entry, ...], msgspec.Meta(max_length=MOST_LINES)] | None = None
    receipts: Annotated[tuple[Entry, ...], msgspec.Meta(max_length=MOST_LINES)] | None = None
    booked_minor: Amount | None = None


class Differs(msgspec.Struct, frozen=True):
    """One reference whose amounts are not the same; None: it is missing there."""

    reference: str
    ours_minor: int | None
    theirs_minor: int | None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. difference_minor: theirs less ours."""

    agrees: bool
    lines: int
    ours_minor: int
    theirs_minor: int
    difference_minor: int
    differs: tuple[Differs, ...] = ()
    case_id: int | None = None


def compared(ours: Mapping[str, int], theirs: Mapping[str, int]) -> tuple[Differs, ...]:
    """All references that are missing on a side, or differ, in order."""
    return tuple(Differs(name, ours.get(name), theirs.get(name))
                 for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name))


class Comparing:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def compare(self, actor: Actor, wanted: Wanted) -> Compared:
        """Compare, and open a case where it differs; the same difference has one case. Refused."""
        kinds = [wanted.booked is not None, wanted.receipts is not None,
                 wanted.booked_minor is not None]
        if sum(kinds) != 1:
            raise Invalid("one of booked, receipts and booked_minor", "booked")
        if not 0 <= (wanted.until_day - wanted.from_day).days < _MOST_DAYS:
            raise Invalid(f"from_day to until_day, {_MOST_DAYS} days at most", "until_day")
        theirs = _summed(wanted)
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            bank_id = await connection.fetchrow(statement("account_bank"), wanted.account_id)
            if bank_id is None or actor.bank_id not in {None, bank_id["bank_id"]}:
                raise Unknown("there is no such account", "account_id")
            found = await self._compared(connection, wanted, theirs)
            if found.agrees:
                return found
            case_id = await self._case(connection, wanted, found)
            await audit(connection, actor, f"account/{wanted.account_id}",
                        f"what is booked differs by {found.difference_minor}: case {case_id}")
        return msgspec.structs.replace(found, case_id=case_id)

    async def _compared(self, connection: asyncpg.Connection, wanted: Wanted,
                        theirs: Mapping[str, int]) -> Compared:
        of = (wanted.account_id, wanted.currency, wanted.from_day, wanted.until_day)
        rows = await connection.fetch(statement("credited"), *of)
        if wanted.receipts is not None:
            ours = _receipts(rows)
        else:
            ours = {end_to_end_id(row["business_date"], row["journal_id"]): row["amount_minor"]
                    for row in rows if row["credited"]}
            ours |= {row["end_to_end_id"]: row["amount_minor"]
                     for row in await connection.fetch(statement("filed"), *of)}
        if wanted.booked_minor is not None:
            ours = {"": sum(ours.values())}
        differs = compared(ours, theirs)
        return Compared(agrees=not differs, lines=len({*ours, *theirs}),
                        ours_minor=sum(ours.values()), theirs_minor=sum(theirs.values()),
                        difference_minor=sum(theirs.values()) - sum(ours.values()),
                        differs=differs)

    async def _case(self, connection: asyncpg.Connection, wanted: Wanted, found: Compared) -> int:
        """The case of this difference: the one that is open, or a new one."""
        of = f"{wanted.account_id}/{wanted.currency}/{wanted.from_day}/{wanted.until_day}"
        what = "receipts" if wanted.receipts is not None else "bank"
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"compare/{of}")
        known: int | None = await connection.fetchval(
            statement("case_compare"), f"{what}/{of}", found.difference_minor)
        if known is not None:
            return known
        made = await open_case(connection, NewCase(
            kind="compare", account_id=wanted.account_id, currency=wanted.currency,
            amount_minor=found.difference_minor,
            content={"of": f"{what}/{of}", "with": what, "ours_minor": found.ours_minor,
                     "theirs_minor": found.theirs_minor, "lines": len(found.differs),
                     "differs": found.differs[:_SHOWN]}), self._clock.now())
        assert made is not None, "nothing else holds a case of this kind back"
        return made


def _summed(wanted: Wanted) -> dict[str, int]:
    """Their side by reference; a reference that is there twice is summed, and so differs."""
    if wanted.booked_minor is not None:
        return {"": wanted.booked_minor}
    theirs: Counter[str] = Counter()
    for entry in (*(wanted.booked or ()), *(wanted.receipts or ())):
        theirs[f"{entry.terminal_id}/{entry.reference}" if wanted.receipts is not None
               else entry.reference] += entry.amount_minor
    return dict(theirs)


def _receipts(rows: list[asyncpg.Record]) -> dict[str, int]:
    ours: Counter[str] = Counter()
    for row in rows:
        if row["receipt"] and row["stands"]:
            ours[f"{row['terminal_id']}/{row['receipt']}"] += row["amount_minor"]
    return dict(ours)
