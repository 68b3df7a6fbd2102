"""Pick-up requests: an event with all that a courier needs, and how far he is.

Knows the table of requests and what is read for one. A safe has at most one that is not over: who
asks again is given it, with the earlier time. A swap ends it, whoever did the swap.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import asyncpg
import msgspec

from authhost.admin.access import Actor, may
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Forbidden, Unknown
from authhost.clock import Clock
from authhost.custody.statements import statement
from authhost.journal.reads import Borrowed

Reason = Literal["threshold", "forecast", "alarm", "asked"]
State = Literal["accepted", "done", "cancelled"]
Row = dict[str, Any]
_AMOUNTS: Final = frozenset({"expected", "pieces"})
_NAMES: Final = frozenset({"contacts"})
_WORDS: Final = frozenset({"placement", "note"})  # people write names into these
_BEFORE: Final[dict[str, tuple[str, ...]]] = {
    "accepted": ("open",), "done": ("open", "accepted"), "cancelled": ("open", "accepted")}


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A pick-up that a person asks for."""

    terminal_id: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    needed_by: datetime | None = None
    note: Annotated[str, msgspec.Meta(max_length=400)] = ""


class Pickups:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def ask(self, terminal_id: str, reason: Reason, needed_by: datetime | None, *,
                  who: str, **more: Any) -> Row:
        """The request of a safe: a new one, or the one that is not over yet. Unknown: no safe.

        more: what else its content has: a forecast, an alarm's text.
        """
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await self._ask(connection, terminal_id, reason, needed_by, who, more)

    async def ask_as(self, actor: Actor, wanted: Asked) -> Row:
        """A person asks; a client for his own safes."""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            if actor.account_id is not None and not await connection.fetchval(
                    statement("safe_is_of"), wanted.terminal_id, actor.account_id):
                raise Unknown("there is no such safe", "terminal_id")
            if actor.courier_id is not None:
                raise Forbidden("a courier is asked", "pickup.change")
            more = {"note": wanted.note} if wanted.note else {}
            row = await self._ask(connection, wanted.terminal_id, "asked", wanted.needed_by,
                                  actor.name, more)
            await audit(connection, actor, f"safe/{wanted.terminal_id}",
                        f"pick-up {row['pickup_id']} is asked for")
            return _seen_by(actor, row)

    async def listed(self, actor: Actor, *, state: str, terminal_id: str, after: int,
                     most: int) -> list[Row]:
        """Requests by number: a courier's own, a client's safes'. state '': not over."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("pickups_read"), None, state, terminal_id, actor.account_id,
                actor.courier_id, after, most)
        return [_seen_by(actor, _shown(row)) for row in rows]

    async def change(self, actor: Actor, pickup_id: int | None, state: State) -> Row:
        """Accept it, say that it is done, or cancel it. Conflict: it is over already."""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await connection.fetchrow(
                statement("pickups_read"), pickup_id, "*", "", actor.account_id, actor.courier_id,
                0, 1) if pickup_id is not None else None
            if row is None:
                raise Unknown("there is no such pick-up", "id")
            if actor.account_id is not None and state != "cancelled":
                raise Forbidden("a client asks and cancels; the courier does the rest",
                                "pickup.change")
            if row["state"] == state:
                return _seen_by(actor, _shown(row))  # told twice
            if not await connection.fetchval(statement("pickup_move"), pickup_id, state,
                                             list(_BEFORE[state]), actor.name,
                                             self._clock.now()):
                raise Conflict(f"the pick-up is {row['state']}", "id")
            await audit(connection, actor, f"safe/{row['terminal_id']}",
                        f"pick-up {pickup_id} is {state}", {"state": (row["state"], state)})
            row = await connection.fetchrow(statement("pickups_read"), pickup_id, "*", "", None,
                                            None, 0, 1)
        return _seen_by(actor, _shown(row))

    async def _ask(self, connection: asyncpg.Connection, terminal_id: str, reason: str,
                   needed_by: datetime | None, who: str, more: dict[str, Any]) -> Row:
        content = await connection.fetchrow(statement("pickup_content"), terminal_id)
        if content is None:
            raise Unknown("there is no such safe", "terminal_id")
        said = json.loads(content["content"]) | more
        pickup_id = await connection.fetchval(
            statement("pickup_put"), terminal_id, content["stay_id"], content["courier_id"],
            reason, needed_by, json.dumps(said), who, self._clock.now())
        return _shown(await connection.fetchrow(statement("pickups_read"), pickup_id, "*", "",
                                                None, None, 0, 1))


def _seen_by(actor: Actor, row: Row) -> Row:
    """A courier carries it and must know what; a client shares the safe with others; whoever
    watches sees neither names nor amounts."""
    hidden: frozenset[str] = frozenset()
    if actor.account_id is not None:
        hidden = _AMOUNTS | _NAMES
    elif actor.courier_id is None and not may(actor, "deposit.names"):
        hidden = _NAMES
    watches = actor.scope is None and not may(actor, "deposit.amounts")
    if watches:
        hidden = _AMOUNTS | _NAMES | _WORDS
    content = {name: value for name, value in row["content"].items() if name not in hidden}
    return {**{name: value for name, value in row.items() if not watches or name != "changed_by"},
            "content": content}


def _shown(row: asyncpg.Record | None) -> Row:
    assert row is not None, "it was read, or written, in this transaction"
    return {**row, "content": json.loads(row["content"])}
