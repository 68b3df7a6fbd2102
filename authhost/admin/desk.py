"""The desk: the one place where a row of master data is made, changed, read and listed.

Knows nouns, scopes and statements. Every change is one transaction: the row locked, compared with
what the client has seen, checked, written, audited with before and after, and the fence or the
rules version raised last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import msgspec

from authhost.admin import checks
from authhost.admin.access import Actor, Role, allow, allow_fields
from authhost.admin.loosening import loosened
from authhost.admin.nouns import ACCOUNT, PRODUCT, PRODUCT_GROUP, Noun, Raises
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import (
    audit,
    differences,
    raise_fence,
    raise_group,
    raise_program,
    raise_rules,
    raise_tanks,
)
from authhost.admin.references import look_up, number_is_free
from authhost.admin.refusals import Conflict, Forbidden, Invalid, Moved, Unknown
from authhost.admin.statements import statement
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed

MOST_ROWS: Final = 1_000
_NUMBERED: Final = ("vehicle", "driver")


class Desk:
    """Master data over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """All of it or nothing; what the database refuses is said in our words."""
        async with Borrowed(self._pool) as connection:
            with_words = said_by_database(connection)
            async with with_words:
                yield connection

    async def create(self, actor: Actor, noun: Noun, values: Row, request: Asked | None) -> Row:
        """A new row, as it is shown. Refused."""
        allow(actor, f"{noun.name}.create")
        values = _own(actor, noun, values)
        for name in noun.required:
            if values.get(name) is None:
                raise Invalid("is missing", name)
        checks.check(values)
        async with self.transaction() as connection:
            return await once(connection, actor, request,
                              lambda: insert(connection, actor, noun, values))

    async def change(self, actor: Actor, noun: Noun, key: int | str | None, values: Row,
                     seen: str) -> Row:
        """Change what is named. seen: the tag that the client read, '*' for any. Refused."""
        allow(actor, f"{noun.name}.change")
        allow_fields(actor, noun.name, frozenset(values))
        checks.check(values)
        async with self.transaction() as connection:
            before = await locked(connection, actor, noun, key)
            if seen not in {"*", tag_of(shown(noun, before))}:
                raise Moved(f"the {noun.name} was changed since it was read", "If-Match")
            moved = differences(before, _columns(noun, values))
            for name in moved:
                if name in (*noun.fixed, noun.key):
                    raise Invalid("is set when it is made, and stays", name)
            if not moved:
                return shown(noun, before)
            await _may_move(connection, actor, noun, before, values)
            if noun is not PRODUCT_GROUP:  # a range may name what is sold one day
                await look_up(connection, values, before.get("account_id"))
            if noun.name in _NUMBERED and moved.keys() & {"number", "status"}:
                # One that comes back may find its number with another one.
                await number_is_free(connection, noun.name, key, before | values,
                                     before["account_id"])
            after = await update(connection, actor, noun, before,
                                 {name: new for name, (_, new) in moved.items()},
                                 f"{noun.name} {key}: {', '.join(sorted(moved))} changed")
            await raise_for(connection, noun, after)
            return shown(noun, after)

    async def read(self, actor: Actor, noun: Noun, key: int | str | None) -> Row:
        """A row as it is shown. Unknown where it is not there, or another's."""
        allow(actor, f"{noun.name}.read")
        async with Borrowed(self._pool) as connection:
            text = statement("row_read", **_names(noun))
            found = await connection.fetchval(text, key, scope(actor, noun)) \
                if key is not None else None
        if found is None:
            raise Unknown(f"there is no such {noun.name}", noun.key)
        return shown(noun, json.loads(found))

    async def page(self, actor: Actor, noun: Noun, within: int | str | None, status: str,
                   after: int | str | None, most: int) -> list[Row]:
        """A page of rows by key. within: an account or site to look at, inside the scope."""
        allow(actor, f"{noun.name}.read")
        own = scope(actor, noun)
        if own is not None and within not in {None, own}:
            return []
        async with Borrowed(self._pool) as connection:
            text = statement("row_list", key_type=noun.key_type, **_names(noun))
            rows = await connection.fetch(text, within if own is None else own, after, status,
                                          min(most, MOST_ROWS))
        return [shown(noun, json.loads(row["row"])) for row in rows]


def tag_of(row: Mapping[str, Any]) -> str:
    """What names this state of a row (an entity tag, RFC 9110)."""
    text = msgspec.json.encode(row, order="sorted")
    return f'"{hashlib.blake2b(text, digest_size=12).hexdigest()}"'


def scope(actor: Actor, noun: Noun) -> int | str | None:
    """What an actor's rows of a noun are compared with; None: everything is his to see."""
    if noun.scope == "account_id" and actor.account_id is not None:
        return actor.account_id
    return actor.site_id if noun.scope == "site_id" else None


def shown(noun: Noun, row: Mapping[str, Any]) -> Row:
    """A row without what nobody is shown."""
    return {name: value for name, value in row.items() if name not in noun.hidden}


async def locked(connection: asyncpg.Connection, actor: Actor, noun: Noun,
                 key: int | str | None) -> Row:
    """A row under its lock. Unknown where it is not there, or another's."""
    found = await connection.fetchval(statement("row_lock", **_names(noun)), key,
                                      scope(actor, noun)) if key is not None else None
    if found is None:
        raise Unknown(f"there is no such {noun.name}", noun.key)
    row: Row = json.loads(found)
    return row


async def insert(connection: asyncpg.Connection, actor: Actor, noun: Noun, values: Row) -> Row:
    """Write a new row, its fence, its audit, as it is shown. The values were checked."""
    values = _columns(noun, values)
    if noun is not PRODUCT_GROUP:  # a range may name what is sold one day
        named = {name: value for name, value in values.items() if name != noun.key}
        await look_up(connection, named, values.get("account_id"))
    if noun.name in _NUMBERED:
        await number_is_free(connection, noun.name, None, values, values["account_id"])
    if noun.made and values.get(noun.key) is None:
        values[noun.key] = await connection.fetchval(statement("new_id"))
    if noun is PRODUCT_GROUP and values.get("group_id") is None:
        values["group_id"] = await connection.fetchval(statement("new_group_id"))
    text = statement("row_insert", table=noun.name, columns=", ".join(values))
    row: Row = json.loads(await connection.fetchval(text, json.dumps(values)))
    made = shown(noun, row)
    key = made[noun.key]
    await audit(connection, actor, f"{noun.name}/{key}", f"{noun.name} {key} is made",
                {name: (None, made[name]) for name in values if name in made})
    if noun is ACCOUNT:
        await connection.execute("INSERT INTO fence (account_id) VALUES ($1)", key)
    else:
        await raise_for(connection, noun, row)
    return made


async def update(connection: asyncpg.Connection, actor: Actor, noun: Noun, before: Row,
                 values: Row, what: str) -> Row:
    """Write named columns of a locked row, and its audit; the row after. Raises nothing yet."""
    key = before[noun.key]
    text = statement("row_update", table=noun.name, key=noun.key, columns=", ".join(values))
    after: Row = json.loads(await connection.fetchval(text, key, json.dumps(values)))
    await audit(connection, actor, f"{noun.name}/{key}", what,
                differences(shown(noun, before), shown(noun, after)))
    return after


async def raise_for(connection: asyncpg.Connection, noun: Noun, row: Row) -> None:
    """What a change of this row moves on: the last thing in its transaction."""
    if noun.raises is Raises.FENCE:
        await raise_fence(connection, row["account_id"])
    elif noun.raises is Raises.RULES:
        await raise_rules(connection)
        # Rules before fences, as every batch locks them.
        if noun is PRODUCT_GROUP:
            await raise_group(connection, row["name"])
        elif noun is PRODUCT:
            await raise_tanks(connection)
    elif noun.raises is Raises.PROGRAM:
        await raise_program(connection, row["program_id"])


@asynccontextmanager
async def said_by_database(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction; what the database refuses is Refused, and never shows a value."""
    try:
        async with connection.transaction():
            yield
    except asyncpg.UniqueViolationError as error:
        raise Conflict("there is one already", _field(error)) from None
    except asyncpg.ForeignKeyViolationError as error:
        raise Invalid("it names what is not there", _field(error)) from None
    except (asyncpg.CheckViolationError, asyncpg.NotNullViolationError) as error:
        raise Invalid("the database does not take this value", _field(error)) from None
    except (asyncpg.DataError, asyncpg.CharacterNotInRepertoireError) as error:
        raise Invalid(type(error).__name__) from None
    except asyncpg.DeadlockDetectedError as error:
        raise JournalUnavailable(str(error)) from None


def _field(error: asyncpg.PostgresError) -> str:
    """The column that a constraint is about, from its name."""
    column = getattr(error, "column_name", None)
    if column:
        return str(column)
    name = str(getattr(error, "constraint_name", "") or "")
    table = str(getattr(error, "table_name", "") or "")
    inner = name.removeprefix(f"{table}_")
    for ending in ("_fkey", "_check", "_key", "_number"):
        inner = inner.removesuffix(ending)
    return {"pkey": "", "pan_hmac": "pan"}.get(inner, inner)


def _names(noun: Noun) -> dict[str, str]:
    """What a statement about a noun is filled with. Without a scope the key stands in for it."""
    return {"table": noun.name, "key": noun.key, "scope": noun.scope or noun.key,
            "scope_type": noun.scope_type if noun.scope else noun.key_type}


def _columns(noun: Noun, values: Row) -> Row:
    if noun is PRODUCT_GROUP and "products" in values:
        return {**values, "products": checks.expanded(values["products"])}
    return dict(values)


def _own(actor: Actor, noun: Noun, values: Row) -> Row:
    """A fleet's client makes things of its own account, and need not name it."""
    if actor.account_id is None or noun.scope != "account_id":
        return dict(values)
    if values.get("account_id", actor.account_id) != actor.account_id:
        raise Unknown("there is no such account", "account_id")
    if noun.key in values and noun.key != "account_id":
        # It could take the ids that others are to be given, and learn which there are.
        raise Forbidden(f"the role {actor.role} may not choose an id", f"{noun.name}.create")
    return {**values, "account_id": actor.account_id}


async def _may_move(connection: asyncpg.Connection, actor: Actor, noun: Noun, before: Row,
                    values: Row) -> None:
    """A fleet's client moves limits towards less, and lifts no block but its own."""
    if actor.role != Role.FLEET:
        return
    if "limits" in values:
        fleet = before["limits"]
        if noun is not ACCOUNT:
            text = await connection.fetchval(
                "SELECT limits::text FROM account WHERE account_id = $1", before["account_id"])
            fleet = json.loads(text)
        name = loosened(before["limits"], values["limits"], fleet)
        if name:
            raise Forbidden(f"the limit {name} would let more through than now, and than the "
                            "fleet's own", f"{noun.name}.change.limits")
    if values.get("status", before.get("status")) != before.get("status") \
            and before["status"] != "active":
        subject = f"{noun.name}/{before[noun.key]}"
        if await connection.fetchval(statement("status_by"), subject) != Role.FLEET:
            raise Forbidden("somebody else blocked it", f"{noun.name}.change.status")
