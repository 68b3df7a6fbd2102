"""The clearing's exceptions, worked by people: seen, owned, noted, decided.

Knows who may, and that what moves money is proposed by one and decided by another; what a decision
books is the room's that opened it, with the next run of its stream. Each step is audited and kept.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import asyncpg
import msgspec

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Forbidden, Invalid, Moved, Unknown
from authhost.admin.statements import statement
from authhost.admin.suspended import check_target
from authhost.admin.withdrawing import check_withdrawal
from authhost.journal.reads import Borrowed
from clearing.exceptions import ways

STATES: Final = ("*", "open", "assigned", "proposed", "decided", "closed")
_WORKED: Final = frozenset({"open", "assigned", "proposed"})
_AT_ONCE: Final = "decision"  # what has carried out a decision that no run has to
Note = Annotated[str, msgspec.Meta(max_length=400)]
Said = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Target = Annotated[str, msgspec.Meta(max_length=100)]
Row = dict[str, Any]


class Assigned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who looks after it; '' nobody."""

    owner: Annotated[str, msgspec.Meta(max_length=100)]
    note: Note = ""


class Noted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody has found out."""

    note: Said


class Suggested(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be done, and why. target: of a match, the key of the authorization."""

    decision: Literal["retry", "accept", "match", "write_off", "charge_back", "refund", "release",
                      "reject", "withdraw"]
    note: Said
    target: Target = ""


class Settled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision about the proposal that was seen. approve False: it is open again."""

    approve: bool
    decision: str
    target: Target = ""
    note: Note = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A filter; '' and None: any. before: opened before."""

    stream: str = ""
    reason: str = ""
    owner: str = ""
    state: str = ""
    before: datetime | None = None


class ClearingExceptions:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def listed(self, actor: Actor, wanted: Wanted, after: str,
                     most: int) -> tuple[list[Row], str | None]:
        """A page, the newest first, and the cursor of the next one."""
        allow(actor, "clearing_exception.read")
        place = pages.place_of(after, int)
        async with Borrowed(self._pool) as connection:
            rows = await _fetch(connection, wanted, before=place[0] if place else None, most=most)
        return list(map(_shown, rows)), pages.following(rows, most, "exception_id")

    async def read(self, actor: Actor, number: int | None) -> Row:
        """One, with what it may come to and all that happened to it. Unknown."""
        allow(actor, "clearing_exception.read")
        async with Borrowed(self._pool) as connection:
            return await _read(connection, number)

    async def assign(self, actor: Actor, number: int | None, wanted: Assigned) -> Row:
        """Give it to somebody. Conflict where it is decided."""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await _locked(connection, actor, number)
            state = row["state"] if row["state"] == "proposed" else (
                "assigned" if wanted.owner else "open")
            event = f"assigned to {wanted.owner}" if wanted.owner else "given back"
            await _move(connection, actor, row, event, wanted.note, state=state,
                        owner=wanted.owner)
            return await _read(connection, number)

    async def note(self, actor: Actor, number: int | None, wanted: Noted) -> Row:
        """Write down what was found out. Conflict where it is decided."""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await _locked(connection, actor, number)
            await _move(connection, actor, row, "noted", wanted.note)
            return await _read(connection, number)

    async def propose(self, actor: Actor, number: int | None, wanted: Suggested) -> Row:
        """Say what is to be done: it is done where no money moves, else a second person decides.

        Invalid: nothing of this reason comes to that, or not so. Conflict: it was matched before;
        nothing waits that could be withdrawn.
        """
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await _locked(connection, actor, number, decision=wanted.decision)
            if _told_again(row, actor, wanted.decision):
                return await _read(connection, number)
            known = ways(row["reason"], row["subject_kind"])
            way = known.get(wanted.decision)
            if way is None:
                raise Invalid(f"of this one: {', '.join(sorted(known))}", "decision")
            account_id = await check_target(connection, row, wanted.decision, wanted.target)
            await check_withdrawal(connection, row, wanted.decision)
            if way.moves_money:
                await _move(connection, actor, row, _event("proposed", wanted), wanted.note,
                            state="proposed", decision=wanted.decision, proposed_by=actor.name,
                            target=wanted.target, target_account_id=account_id)
            else:
                await connection.execute(statement("clearing_exception_decide"),
                                         row["exception_id"], wanted.decision, actor.name,
                                         _AT_ONCE)
                await _move(connection, actor, row, f"decided {wanted.decision}", wanted.note,
                            state="closed", decision=wanted.decision, proposed_by="",
                            decided_by=actor.name)
            return await _read(connection, number)

    async def decide(self, actor: Actor, number: int | None, wanted: Settled) -> Row:
        """Let the next run do what was proposed, or send it back. Forbidden: the proposer himself,
        or somebody whom he has let in; Moved: another proposal; Conflict: what a match names was
        captured since."""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await _locked(connection, actor, number, action="decide",
                                decision=wanted.decision if wanted.approve else "")
            if wanted.approve and _told_again(row, actor, wanted.decision):
                return await _read(connection, number)
            if row["state"] != "proposed":
                raise Conflict(f"it is {row['state']}: nothing is proposed", "id")
            if actor.name == row["proposed_by"]:
                raise Forbidden("who proposes does not decide", "clearing_exception.decide")
            if await connection.fetchval(statement("let_in"), actor.name, row["proposed_by"]):
                raise Forbidden("one of the two has let the other in: a third decides",
                                "clearing_exception.decide")
            if wanted.decision != row["decision"]:
                raise Moved(f"what is proposed is {row['decision']}", "decision")
            if wanted.target != row["target"]:
                raise Moved(f"what is proposed is {row['target']!r}", "target")
            if not wanted.approve:
                await _move(connection, actor, row, "sent back", wanted.note, decision="",
                            state="assigned" if row["owner"] else "open", proposed_by="",
                            target="", target_account_id=None)
            else:
                # A capture may have come, or a night, since it was proposed.
                await check_target(connection, row, row["decision"], row["target"])
                await check_withdrawal(connection, row, row["decision"])
                await connection.execute(statement("clearing_exception_decide"),
                                         row["exception_id"], row["decision"], actor.name, "")
                await _move(connection, actor, row, _event("decided", wanted), wanted.note,
                            state="decided", decided_by=actor.name)
            return await _read(connection, number)


async def list_open(connection: asyncpg.Connection, wanted: Wanted, most: int) -> list[Row]:
    """What waits, the newest first: for who stands at the machine."""
    return list(map(_shown, await _fetch(connection, wanted, most=most)))


async def _fetch(connection: asyncpg.Connection, wanted: Wanted, *, number: int | None = None,
                 before: int | None = None, most: int = 1) -> list[asyncpg.Record]:
    return await connection.fetch(
        statement("clearing_exceptions"), before, number, wanted.stream, wanted.reason,
        wanted.owner, wanted.state, wanted.before, most)


async def _read(connection: asyncpg.Connection, number: int | None) -> Row:
    rows = await _fetch(connection, Wanted(), number=number) if number is not None else []
    if not rows:
        raise Unknown("there is no such exception", "id")
    changes = await connection.fetch(statement("clearing_exception_changes"), number)
    return {**_shown(rows[0]),
            "decisions": [msgspec.to_builtins(way) for way in
                          ways(rows[0]["reason"], rows[0]["subject_kind"]).values()],
            "changes": [dict(change) for change in changes]}


def _shown(row: asyncpg.Record) -> Row:
    return {**row, "content": json.loads(row["content"])}


async def _locked(connection: asyncpg.Connection, actor: Actor, number: int | None, *,
                  action: str = "work", decision: str = "") -> asyncpg.Record:
    """One that is not decided, or just so by him, under its lock. Unknown, Conflict."""
    allow(actor, f"clearing_exception.{action}")
    row = await connection.fetchrow(statement("clearing_exception_lock"), number) \
        if number is not None else None
    if row is None:
        raise Unknown("there is no such exception", "id")
    if row["state"] not in _WORKED and not _told_again(row, actor, decision):
        raise Conflict(f"it is {row['state']}", "id")
    return row


def _told_again(row: asyncpg.Record, actor: Actor, decision: str) -> bool:
    """A decision whose answer was lost: it stands, and is told again."""
    return bool(decision) and (row["decision"], row["decided_by"]) == (decision, actor.name)


def _event(what: str, wanted: Suggested | Settled) -> str:
    return " ".join(filter(None, (what, wanted.decision, wanted.target)))


async def _move(connection: asyncpg.Connection, actor: Actor, row: asyncpg.Record, event: str,
                note: str, **columns: str | int | None) -> None:
    """Write its new state, the change and the audit."""
    before = {name: row[name] for name in
              ("state", "owner", "decision", "proposed_by", "decided_by", "target",
               "target_account_id")}
    after = {**before, **columns}
    number = row["exception_id"]
    await connection.execute(statement("clearing_exception_move"), number, *after.values(), event,
                             actor.name, note)
    await audit(connection, actor, f"clearing_exception/{number}",
                f"exception {number} ({row['reason']}): {event}",
                {name: (before[name], value) for name, value in after.items()
                 if before[name] != value})
