"""A route of delivery: whose files of which kinds go where, from which day and hour on.

Knows the table of routes and local time; sends nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import msgspec

from authhost.streams import STREAMS
from clearing.errors import ClearingError
from clearing.queries import Connection
from clearing.release.statements import statement
from clearing.release.targets import Target, read_target
from clearing.run_id import RunId


class Route(msgspec.Struct, frozen=True):
    """An active row of delivery_route. defect: why nothing can go by it; target None then."""

    route_id: int
    name: str
    target: Target | None
    not_before: time | None  # on time_zone's clock
    time_zone: str
    defect: str = ""


async def active_routes(connection: Connection) -> list[Route]:
    """Those that files go by now, by name."""
    return [_route(row) for row in await connection.fetch(statement("active_routes"))]


def _route(row: asyncpg.Record) -> Route:
    target, defect = None, ""
    try:
        ZoneInfo(row["time_zone"])
        target = read_target(row["target"])
    except (ClearingError, ZoneInfoNotFoundError, ValueError) as error:
        defect = str(error)  # somebody has written it past the door
    return Route(row["route_id"], row["name"], target, row["not_before"], row["time_zone"], defect)


def due_at(route: Route, now: datetime) -> datetime:
    """When a file that is released now may go: at once, or later today on the route's clock."""
    if route.not_before is None:
        return now
    local = now.astimezone(ZoneInfo(route.time_zone))
    first = datetime.combine(local.date(), route.not_before, local.tzinfo)
    return max(now, first.astimezone(UTC))


def run_of(text: str) -> RunId:
    """A run from its name, `2026-07-23/cash/1`, or its code, `20260723-CASH-1`.

    ClearingError: that is no run's.
    """
    parts = text.split("/") if "/" in text else text.lower().split("-")
    try:
        day, name, sequence = parts
        number = int(sequence) if sequence.isascii() and sequence.isdecimal() else 0
        if number < 1:
            raise ValueError
        return RunId(date.fromisoformat(day), STREAMS[STREAMS.index(name)], number)
    except ValueError:
        raise ClearingError(f"{text!r} is no run like 2026-07-23/cash/1") from None
