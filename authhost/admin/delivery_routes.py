"""Where the clearing's files go: routes, made and changed by administrators, each step audited.

Knows the table of routes; how a file gets there is clearing's. No key and no password is kept in a
route, only where it lies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, Literal

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from authhost.admin import checks
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database, tag_of
from authhost.admin.fields import END, Clock, Fields, Zone
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit, differences
from authhost.admin.refusals import Invalid, Moved, Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed
from clearing.errors import ClearingError
from clearing.release.targets import Target, check_target

RouteName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}" + END)]
Pattern = Annotated[str, msgspec.Meta(max_length=100)]
Patterns = Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=200)]],
                     msgspec.Meta(min_length=1, max_length=100)]


class DeliveryRoute(Fields, frozen=True):
    """Whose files, of which kinds, go where, not before which time, from which business date on."""

    name: RouteName | UnsetType = UNSET
    recipient: Pattern | UnsetType = UNSET
    kinds: Patterns | UnsetType = UNSET
    paths: Patterns | UnsetType = UNSET
    target: Target | UnsetType = UNSET
    not_before: Clock | UnsetType | None = UNSET
    time_zone: Zone | UnsetType = UNSET
    valid_from: date | UnsetType = UNSET
    status: Literal["active", "paused", "closed"] | UnsetType = UNSET


_STANDARD = {"recipient": "*", "kinds": ["*"], "paths": ["*"], "not_before": None,
             "time_zone": "UTC", "status": "active"}
_FIXED = ("name", "valid_from")
_COUNTED = ("delivered", "waiting", "given_up", "said")  # of its files, by what became of them


class DeliveryRoutes:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def all(self, actor: Actor) -> list[Row]:
        """Every route by name, and how many files each has brought, has still to bring, gave up."""
        allow(actor, "delivery_route.read")
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("delivery_routes"), "")
        return [_shown(row) | {name: row[name] for name in _COUNTED} for row in rows]

    async def read(self, actor: Actor, name: str) -> Row:
        """One, as it was made or changed. Unknown."""
        allow(actor, "delivery_route.read")
        async with Borrowed(self._pool) as connection:
            return await _read(connection, name)

    async def add(self, actor: Actor, route: DeliveryRoute, request: Asked | None) -> Row:
        """A new one, as it is kept. Refused."""
        allow(actor, "delivery_route.change")
        given = {**_STANDARD, **_checked(route)}
        for name in (*_FIXED, "target"):
            if given.get(name) is None:
                raise Invalid("is missing", name)

        async def work() -> Row:
            await connection.execute(statement("delivery_route_add"), *_columns(given))
            await _audited(connection, actor, given["name"], {}, given)
            return await _read(connection, given["name"])

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)

    async def change(self, actor: Actor, name: str, route: DeliveryRoute, tag: str) -> Row:
        """What is named, for the runs that are released from now on. tag: as a desk's."""
        allow(actor, "delivery_route.change")
        given = _checked(route)
        for fixed in _FIXED:
            if fixed in given:
                raise Invalid("is set when it is made, and stays", fixed)
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            await connection.execute("SELECT FROM delivery_route WHERE name = $1 FOR UPDATE", name)
            before = await _read(connection, name)
            if tag not in {"*", tag_of(before)}:
                raise Moved("the route was changed since it was read", "If-Match")
            if differences(before, given):
                await connection.execute(statement("delivery_route_change"),
                                         *_columns({**before, **given}))
                await _audited(connection, actor, name, before, given)
            return await _read(connection, name)

    async def retry(self, actor: Actor, name: str) -> Row:
        """Somebody has looked: what was given up, and what waits for its pause, goes again now."""
        allow(actor, "delivery_route.change")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await _read(connection, name)
            await connection.execute(statement("delivery_route_retry"), name)
            await audit(connection, actor, f"delivery_route/{name}", f"route {name} tries again")
            return row


def _checked(route: DeliveryRoute) -> dict[str, Any]:
    given = route.given()
    checks.check({name: given[name] for name in ("time_zone",) if name in given})
    if not isinstance(route.target, UnsetType):
        try:
            check_target(route.target)
        except ClearingError as error:
            raise Invalid(str(error), "target") from None
    return given


def _columns(values: Mapping[str, Any]) -> tuple[Any, ...]:
    """As the statements take them."""
    clock = values["not_before"]
    return (values["name"], values["recipient"], values["kinds"], values["paths"],
            json.dumps(values["target"]), time.fromisoformat(clock) if clock else None,
            values["time_zone"], date.fromisoformat(values["valid_from"]), values["status"])


async def _read(connection: asyncpg.Connection, name: str) -> Row:
    rows = await connection.fetch(statement("delivery_routes"), name)
    if not rows:
        raise Unknown("there is no such route", "name")
    return _shown(rows[0])


def _shown(row: asyncpg.Record) -> Row:
    clock = row["not_before"]
    kept = {name: value for name, value in row.items() if name not in _COUNTED}
    return {**kept, "target": json.loads(row["target"]),
            "valid_from": row["valid_from"].isoformat(),
            "not_before": None if clock is None else f"{clock:%H:%M}"}


async def _audited(connection: asyncpg.Connection, actor: Actor, name: str,
                   before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    moved = differences(before, after)
    await audit(connection, actor, f"delivery_route/{name}",
                f"route {name}: {', '.join(sorted(moved))}", moved)
