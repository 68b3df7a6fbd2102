"""Cases: what needs a person, proposed by one and decided by another.

Knows the table of cases and which proposals each kind may have; what a decision does is
deciding.py's. Who decides names what he decides about: a proposal that was changed meanwhile is
not the one that he has seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Forbidden, Invalid, Moved, Unknown
from authhost.clock import Clock
from authhost.custody.deciding import Case, Share, apply
from authhost.custody.opening import NewCase, open_case
from authhost.custody.settling import lock_stay, match_stay
from authhost.custody.statements import statement
from authhost.journal.reads import Borrowed

Proposal = Literal["release", "adjust", "reverse", "reject", "dismiss"]
Row = dict[str, Any]
# What each kind may come to. A difference is booked or borne; a credit is given or not.
PROPOSALS: Final[Mapping[str, frozenset[str]]] = {
    "withheld": frozenset({"release", "reject", "adjust", "reverse"}),
    "difference": frozenset({"adjust", "dismiss"}),  # and, about one deposit, reverse
    "counterfeit": frozenset({"adjust", "dismiss"}),
    "unknown_cassette": frozenset({"adjust", "dismiss"}),
    "refused_by_bank": frozenset({"release", "reverse", "dismiss"}),
    "compare": frozenset({"adjust", "dismiss"}),
}
_BOUNDED: Final = frozenset({"difference", "counterfeit"})
_MOST_MINOR: Final = 10**12
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class Proposed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A proposal. shares: of an adjustment, who bears or gets how much, minor units, signed;
    without them the whole difference is the case's own account's."""

    proposal: Proposal
    why: Why
    shares: Annotated[tuple[Share, ...], msgspec.Meta(max_length=100)] = ()


class Doubted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A deposit that somebody has doubts about: its key, and why."""

    deposit: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    why: Why


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision about the proposal that was seen. approve False: it is open again."""

    approve: bool
    proposal: Proposal
    amount_minor: Annotated[int, msgspec.Meta(ge=-_MOST_MINOR, le=_MOST_MINOR)] = 0
    why: Annotated[str, msgspec.Meta(max_length=400)] = ""


class Cases:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def listed(self, actor: Actor, *, state: str, kind: str, terminal_id: str,
                     after: int, most: int) -> list[Row]:
        """Cases by number: a client's own, those of a bank's clients."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("cases_read"), None, state, kind, terminal_id, actor.account_id,
                actor.bank_id, after, most)
        return [_shown(actor, row) for row in rows]

    async def read(self, actor: Actor, case_id: int | None) -> Row:
        """A case with all that happened to it. Unknown."""
        async with Borrowed(self._pool) as connection:
            return await self._read(connection, actor, case_id)

    @staticmethod
    async def _read(connection: asyncpg.Connection, actor: Actor, case_id: int | None) -> Row:
        row = await connection.fetchrow(
            statement("cases_read"), case_id, "", "", "", actor.account_id, actor.bank_id, 0,
            1) if case_id is not None else None
        if row is None:
            raise Unknown("there is no such case", "id")
        changes = await connection.fetch(statement("case_changes"), case_id)
        postings = await connection.fetch(statement("case_postings"), case_id)
        return {**_shown(actor, row), "changes": [dict(change) for change in changes],
                "postings": [dict(posting) for posting in postings]}

    async def doubt(self, actor: Actor, doubted: Doubted) -> Row:
        """A case about one deposit, so that two people may reverse it. Unknown, Conflict."""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await connection.fetchrow(statement("deposits_named"), [doubted.deposit])
            if row is None:
                raise Unknown("there is no such deposit", "deposit")
            case_id = await open_case(connection, NewCase(
                kind="difference", terminal_id=row["terminal_id"], stay_id=row["stay_id"],
                deposit_key=row["key"], account_id=row["account_id"], currency=row["currency"],
                amount_minor=-row["amount_minor"],
                content={"doubted_by": actor.name, "doubt": doubted.why}), self._clock.now())
            if case_id is None:
                raise Conflict("there is a case about this deposit, or was", "deposit")
            await audit(connection, actor, f"case/{case_id}",
                        f"case {case_id} is opened about the deposit {row['key']}")
            return await self._read(connection, actor, case_id)

    async def propose(self, actor: Actor, case_id: int | None, wanted: Proposed) -> Row:
        """Say what is to be done; a second person decides. Refused."""
        now = self._clock.now()
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            case = await _locked(connection, case_id)
            if case.state not in {"open", "proposed"}:
                raise Conflict(f"the case is {case.state}", "id")
            may = _proposals(case)
            if wanted.proposal not in may:
                raise Invalid(f"of this case: {', '.join(sorted(may))}", "proposal")
            shares = await _shares(connection, case, wanted)
            amount = sum(share.amount_minor for share in shares)
            await connection.execute(
                statement("case_propose"), case.case_id, wanted.proposal, amount, actor.name, now,
                wanted.why, msgspec.json.encode(shares).decode())
            await audit(connection, actor, f"case/{case.case_id}",
                        f"case {case.case_id}: {wanted.proposal} is proposed",
                        {"state": (case.state, "proposed"), "amount_minor": (None, amount)})
            return await self._read(connection, actor, case_id)

    async def decide(self, actor: Actor, case_id: int | None, decision: Decision) -> Row:
        """Do what was proposed, or send it back. Refused: the proposer himself, another proposal.

        What is to be booked is written with the decision, and posted by the sweep.
        """
        now = self._clock.now()
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            case = await _locked(connection, case_id)
            if _told_again(actor, case, decision):
                return await self._read(connection, actor, case_id)
            if case.state != "proposed":
                raise Conflict(f"the case is {case.state}", "id")
            if actor.name == case.proposed_by:
                raise Forbidden("who proposes does not decide", "case.decide")
            if await connection.fetchval(statement("let_in_by"), actor.name, case.proposed_by):
                raise Forbidden("one of the two has let the other in: a third decides",
                                "case.decide")
            if (decision.proposal, decision.amount_minor) != (case.proposal, case.proposed_minor):
                raise Moved(f"what is proposed is {case.proposal} {case.proposed_minor}",
                            "proposal")
            if decision.approve:
                await self._approve(connection, actor, case, decision.why, now)
            else:
                await connection.execute(statement("case_send_back"), case.case_id, actor.name,
                                         now, decision.why)
            await audit(connection, actor, f"case/{case.case_id}",
                        f"case {case.case_id}: {case.proposal} is "
                        f"{'decided' if decision.approve else 'sent back'}",
                        {"proposed_by": (case.proposed_by, case.proposed_by),
                         "amount_minor": (None, case.proposed_minor)})
            return await self._read(connection, actor, case_id)

    async def _approve(self, connection: asyncpg.Connection, actor: Actor, case: Case, why: str,
                       now: datetime) -> None:
        to_book = await apply(connection, case, actor.name, now)
        await connection.execute(
            statement("case_decide"), case.case_id, "decided" if to_book else "closed",
            actor.name, now, why)
        if case.stay_id is not None:
            await match_stay(connection, case.stay_id, now)


async def _locked(connection: asyncpg.Connection, case_id: int | None) -> Case:
    """A case under its lock, which comes after that of its stay."""
    found = await connection.fetchrow(statement("case_stay"), case_id) \
        if case_id is not None else None
    if found is None:
        raise Unknown("there is no such case", "id")
    if found["stay_id"] is not None:
        await lock_stay(connection, found["stay_id"])
    row = await connection.fetchrow(statement("case_lock"), case_id)
    assert row is not None, "a case is never deleted"
    values = {**row, "stay_id": found["stay_id"]}
    return msgspec.convert({**values, "content": json.loads(values["content"]),
                            "shares": json.loads(values["shares"])}, Case)


def _proposals(case: Case) -> frozenset[str]:
    may = PROPOSALS[case.kind]
    return may | {"reverse"} if case.kind == "difference" and case.deposit_key else may


def _told_again(actor: Actor, case: Case, decision: Decision) -> bool:
    """A decision whose answer was lost: it stands, and is told again."""
    return (decision.approve and case.state in {"decided", "closed"}
            and case.decided_by == actor.name
            and (decision.proposal, decision.amount_minor) == (case.proposal, case.proposed_minor))


async def _shares(connection: asyncpg.Connection, case: Case,
                  wanted: Proposed) -> tuple[Share, ...]:
    """Who bears or gets how much. Invalid where it cannot be so."""
    if wanted.proposal != "adjust":
        if wanted.shares:
            raise Invalid("an adjustment has them, and nothing else", "shares")
        return ()
    shares = wanted.shares
    if not shares:
        if case.account_id is None or case.kind == "withheld" or not case.amount_minor:
            raise Invalid("say who bears it, and how much", "shares")
        shares = (Share(account_id=case.account_id, amount_minor=case.amount_minor),)
    accounts = [share.account_id for share in shares]
    if len(set(accounts)) != len(accounts):
        raise Invalid("an account is there twice", "shares")
    there = {row["account_id"]: row["currency"] for row in
             await connection.fetch(statement("accounts_of"), accounts, case.stay_id)}
    for place, share in enumerate(shares):
        if share.account_id not in there:
            raise Invalid("no client of this safe", f"shares[{place}].account_id")
        if case.currency and there[share.account_id] != case.currency:
            raise Invalid(f"the account is kept in {there[share.account_id]}, the case in "
                          f"{case.currency}", f"shares[{place}].account_id")
        if not share.amount_minor:
            raise Invalid("is nothing", f"shares[{place}].amount_minor")
        if case.kind in _BOUNDED and (share.amount_minor < 0) != (case.amount_minor < 0):
            raise Invalid("goes against the difference", f"shares[{place}].amount_minor")
    total = sum(share.amount_minor for share in shares)
    if case.kind in _BOUNDED and abs(total) > abs(case.amount_minor):
        raise Invalid(f"more than the difference, {case.amount_minor}", "shares")
    if case.kind == "withheld" and not 0 < total <= _MOST_MINOR:
        raise Invalid("of a withheld deposit, what is to be credited in its place", "shares")
    return shares


def _shown(actor: Actor, row: asyncpg.Record) -> Row:
    """A case as it is for whoever asks: of a shared safe nobody sees the others' parts."""
    content = json.loads(row["content"])
    if actor.scope is not None:
        for name in ("parts", "shares"):
            content[name] = [one for one in content.get(name, ())
                             if one["account_id"] == row["account_id"]]
    return {**row, "content": content}
