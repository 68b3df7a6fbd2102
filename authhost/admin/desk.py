"""The desk: the one place where a row of master data is made, changed, read and listed.

Knows nouns, scopes and statements. Every change is one transaction: the row locked, compared with
what the client has seen, checked, written, audited with before and after, and the fence or the
rules version raised last.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import msgspec

from authhost.admin import checks
from authhost.admin.access import Actor, allow, allow_fields
from authhost.admin.loosening import loosened
from authhost.admin.nouns import (
    ACCOUNT,
    BANK,
    DEPOSITOR,
    PRODUCT,
    PRODUCT_GROUP,
    SAFE,
    Noun,
    Raises,
)
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import (
    audit,
    differences,
    raise_all_clients,
    raise_cassette,
    raise_fence,
    raise_group,
    raise_program,
    raise_rules,
    raise_tanks,
)
from authhost.admin.references import is_safe, look_up, number_is_free, safes_are_there
from authhost.admin.refusals import Conflict, Forbidden, Invalid, Moved, Unknown
from authhost.admin.sight import seen
from authhost.admin.statements import statement
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed
from authhost.safes.raising import raise_clients

MOST_ROWS: Final = 1_000
_NUMBERED: Final = ("vehicle", "driver")
# Told by a device every minute: no part of the state that a client has read and changes.
_LIVE: Final = frozenset({"shift", "shift_by", "software", "signed_on_at", "last_seen_at", "fill"})


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
                     tag: str) -> Row:
        """Change what is named. tag: of the state that the client read, '*' for any. Refused."""
        allow(actor, f"{noun.name}.change")
        allow_fields(actor, noun.name, frozenset(values))
        checks.check(values)
        async with self.transaction() as connection:
            before = await locked(connection, actor, noun, key)
            if tag not in {"*", tag_of(visible(actor, noun, before))}:
                raise Moved(f"the {noun.name} was changed since it was read", "If-Match")
            moved = differences(before, _columns(noun, values))
            for name in moved:
                if name in (*noun.fixed, noun.key):
                    raise Invalid("is set when it is made, and stays", name)
            if not moved:
                return visible(actor, noun, before)
            checks.whole(noun.name, before | values)
            await _may_move(connection, actor, noun, before, values)
            await _named(connection, noun, values, before.get("account_id"))
            if noun.name in _NUMBERED and moved.keys() & {"number", "status"}:
                # One that comes back may find its number with another one.
                await number_is_free(connection, noun.name, key, before | values,
                                     before["account_id"])
            after = await update(connection, actor, noun, before,
                                 {name: new for name, (_, new) in moved.items()},
                                 f"{noun.name} {key}: {', '.join(sorted(moved))} changed")
            await raise_for(connection, noun, after)
            return visible(actor, noun, after)

    async def read(self, actor: Actor, noun: Noun, key: int | str | None) -> Row:
        """A row as it is shown. Unknown where it is not there, or another's."""
        allow(actor, f"{noun.name}.read")
        found = None
        if key is not None:
            async with Borrowed(self._pool) as connection:
                found = await _found(connection, actor, noun, "row_read", key)
        if found is None:
            raise Unknown(f"there is no such {noun.name}", noun.key)
        return visible(actor, noun, found)

    async def page(self, actor: Actor, noun: Noun, asked: Mapping[str, int | str], status: str,
                   after: int | str | None, most: int) -> list[Row]:
        """A page of rows by key. asked: whose to look at (column: value), inside the scope."""
        allow(actor, f"{noun.name}.read")
        bounds = [*asked.items(), *filter(None, [scope(actor, noun)])]
        condition, values = _within(noun, bounds, 4)
        async with Borrowed(self._pool) as connection:
            text = statement("row_list", table=noun.name, key=noun.key, key_type=noun.key_type,
                             within=condition)
            rows = await connection.fetch(text, after, status, min(most, MOST_ROWS), *values)
        return [visible(actor, noun, json.loads(row["row"])) for row in rows]


def tag_of(row: Mapping[str, Any]) -> str:
    """What names this state of a row (an entity tag, RFC 9110)."""
    settled = {name: value for name, value in row.items() if name not in _LIVE}
    text = msgspec.json.encode(settled, order="sorted")
    return f'"{hashlib.blake2b(text, digest_size=12).hexdigest()}"'


def scope(actor: Actor, noun: Noun) -> tuple[str, int | str] | None:
    """(column, value) that an actor's rows of a noun are bound by; None: all are his to see."""
    return actor.scope if noun.bounds else None


def shown(noun: Noun, row: Mapping[str, Any]) -> Row:
    """A row without what nobody is shown, its bytes as text."""
    row = {name: value for name, value in row.items() if name not in noun.hidden}
    if row.get("deposit_key"):
        row["deposit_key"] = base64.b64encode(bytes.fromhex(row["deposit_key"][2:])).decode()
    return row


def visible(actor: Actor, noun: Noun, row: Mapping[str, Any]) -> Row:
    """A row as this actor sees it."""
    return seen(actor.role, noun.name, shown(noun, row))


async def locked(connection: asyncpg.Connection, actor: Actor, noun: Noun,
                 key: int | str | None) -> Row:
    """A row under its lock. Unknown where it is not there, or another's."""
    row = await _found(connection, actor, noun, "row_lock", key) if key is not None else None
    if row is None:
        raise Unknown(f"there is no such {noun.name}", noun.key)
    return row


async def insert(connection: asyncpg.Connection, actor: Actor, noun: Noun, values: Row) -> Row:
    """Write a new row, its fence, its audit, as it is shown. The values were checked."""
    values = _columns(noun, values)
    checks.whole(noun.name, values)
    if noun is SAFE:
        await is_safe(connection, values["terminal_id"])
    named = {name: value for name, value in values.items() if name != noun.key}
    await _named(connection, noun, named, values.get("account_id"))
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
    elif noun.raises is Raises.SAFE:
        # The rules too: who has seen that there is no such safe has no fence to compare.
        await raise_rules(connection)
        await raise_clients(connection, row["terminal_id"])
    elif noun.raises is Raises.CASSETTE:
        await raise_rules(connection)
        await raise_cassette(connection, row["cassette_id"])
    elif noun.raises is Raises.CLIENTS:
        await raise_rules(connection)
        await raise_all_clients(connection)


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
    return {"pkey": "", "pan_hmac": "pan", "account_id_code": "code",
            "terminal_id_reference": "reference"}.get(inner, inner)


async def _found(connection: asyncpg.Connection, actor: Actor, noun: Noun, name: str,
                 key: int | str) -> Row | None:
    """A row within the scope by the statement `name`, None where it is not there."""
    condition, values = _within(noun, list(filter(None, [scope(actor, noun)])), 2)
    text = statement(name, table=noun.name, key=noun.key, within=condition)
    found = await connection.fetchval(text, key, *values)
    return None if found is None else json.loads(found)


def _within(noun: Noun, bounds: Sequence[tuple[str, int | str]],
            first: int) -> tuple[str, list[int | str]]:
    """Whose rows, as a condition on t, and its values from parameter `first` on."""
    parts: list[str] = []
    values: list[int | str] = []
    for column, value in bounds:
        if column not in noun.bounds:
            return "false", []
        place = str(first + len(values))
        name = noun.reach.get(column, "")
        parts.append(statement(name, place=place) if name else f"t.{column} = ${place}")
        values.append(value)
    return " AND ".join(f"({part})" for part in parts) or "true", values


async def _named(connection: asyncpg.Connection, noun: Noun, values: Row,
                 account_id: int | None) -> None:
    """Whether what a row names is there, and its account's. Invalid."""
    if noun is not PRODUCT_GROUP:  # a range may name what is sold one day
        await look_up(connection, values, account_id)
    if noun is DEPOSITOR and account_id is not None and values.get("terminals"):
        await safes_are_there(connection, values["terminals"], account_id)


def _columns(noun: Noun, values: Row) -> Row:
    if noun is PRODUCT_GROUP and "products" in values:
        return {**values, "products": checks.expanded(values["products"])}
    if values.get("deposit_key"):
        return {**values, "deposit_key": f"\\x{checks.key_bytes(values['deposit_key']).hex()}"}
    return dict(values)


def _own(actor: Actor, noun: Noun, values: Row) -> Row:
    """Whoever has an account makes things of it, and need not name it."""
    if actor.account_id is None or noun.scope != "account_id":
        return dict(values)
    if values.get("account_id", actor.account_id) != actor.account_id:
        raise Unknown("there is no such account", "account_id")
    if noun.key in values and noun.key != "account_id":
        # He could take the ids that others are to be given, and learn which there are.
        raise Forbidden(f"the role {actor.role} may not choose an id", f"{noun.name}.create")
    return {**values, "account_id": actor.account_id}


async def _may_move(connection: asyncpg.Connection, actor: Actor, noun: Noun, before: Row,
                    values: Row) -> None:
    """Who has a scope moves limits towards less, closes no bank, lifts no block but his own."""
    if actor.scope is None:
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
    status = values.get("status", before.get("status"))
    if status == before.get("status"):
        return
    where = f"{noun.name}.change.status"
    if noun is BANK and status == "closed":
        raise Forbidden("a bank is closed by the administrator", where)
    if before["status"] != "active":
        subject = f"{noun.name}/{before[noun.key]}"
        if await connection.fetchval(statement("status_by"), subject) != actor.role:
            raise Forbidden("somebody else set it", where)
