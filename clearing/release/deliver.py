"""Deliveries: what was released goes to whom the routes say, once, checked, and written down.

Knows the routes, the queue of each and the pauses between tries; how a file gets to a target is
its Delivery's. One process at a time works at a route. What dies in the middle is taken up where
it was: the queue says what was being handed over, and the target what of it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from clearing.exceptions import close_explained, open_exception
from clearing.queries import Connection, connect
from clearing.release.bringing import Failed, Outcome, bring
from clearing.release.life import NIGHT
from clearing.release.opening import open_delivery
from clearing.release.ports import Delivery, Receipt, Undeliverable, Undelivered
from clearing.release.releasing import release_approved
from clearing.release.route import Route, active_routes, due_at
from clearing.release.statements import statement

AT_ONCE: Final = 100  # files between two words to the database
MOST_TRIES: Final = 12  # then a person is told; the tries go on, an hour apart
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)


class Delivered(msgspec.Struct, frozen=True):
    """What came of one route's turn: files."""

    route: str
    delivered: int = 0
    waiting: int = 0  # of what was due: for a later try
    given_up: int = 0  # for a person
    said: str = ""  # the last reason


async def deliver_due(database_url: str, out_dir: Path, now: datetime) -> tuple[Delivered, ...]:
    """Show what was approved, then bring everything that is due; what came of each route.

    now: with its offset. Never fails for a target: what it says is in the result, and kept.
    """
    connection = await connect(database_url)
    try:
        await release_approved(connection, out_dir)
        routes = await active_routes(connection)
        for route in routes:  # first of all, for a file is delivered when all its routes have it
            due = now if route.defect else due_at(route, now)
            await connection.execute(statement("plan"), route.route_id, due)
        return tuple([await _route_turn(connection, route, out_dir, now) for route in routes])
    finally:
        await connection.close()


async def _route_turn(connection: Connection, route: Route, out_dir: Path,
                      now: datetime) -> Delivered:
    if not await connection.fetchval(statement("lock_route"), route.route_id):
        return Delivered(route.name, said="another process is at it")
    try:
        if not await connection.fetchval(statement("is_due"), route.route_id, now):
            return Delivered(route.name)
        try:
            if route.target is None:
                raise Undeliverable(f"the route cannot be read: {route.defect}")
            delivery = await open_delivery(route.target)
        except (Undelivered, Undeliverable) as error:
            return await _closed_target(connection, route, now, error)
        try:
            return await _all_due(connection, route, delivery, out_dir, now)
        finally:
            await delivery.close()
    finally:
        await connection.execute(statement("unlock_route"), route.route_id)


async def _closed_target(connection: Connection, route: Route, now: datetime,
                         error: Exception) -> Delivered:
    """Nothing can go there now: every file of it has had a try."""
    rows = await connection.fetch(statement("put_off_route"), route.route_id, now, str(error),
                                  FIRST_PAUSE, LONGEST_PAUSE)
    if isinstance(error, Undeliverable) or any(row["tries"] >= MOST_TRIES for row in rows):
        await _tell(connection, "route", route.name, route, str(error))
    return Delivered(route.name, waiting=len(rows), said=str(error))


async def _all_due(connection: Connection, route: Route, delivery: Delivery, out_dir: Path,
                   now: datetime) -> Delivered:
    total = Delivered(route.name)
    after = 0
    while True:
        rows = await connection.fetch(statement("due_parcels"), route.route_id, now, after, AT_ONCE)
        if not rows:
            if total.delivered and not total.waiting:
                await close_explained(connection, reason="not_delivered", subject_kind="route",
                                      subjects=[route.name], why="it was delivered after all")
            return total
        after = rows[-1]["delivery_id"]
        outcomes = await bring(connection, route, delivery, out_dir, rows)
        await _keep(connection, route, outcomes, now)
        total = _added(total, list(outcomes.values()))


async def _keep(connection: Connection, route: Route, outcomes: dict[int, Outcome],
                now: datetime) -> None:
    """Write down what came of each, all at once, and what it means to the lives of the files."""
    done = {number: one for number, one in outcomes.items() if isinstance(one, Receipt)}
    failed = {number: one for number, one in outcomes.items() if isinstance(one, Failed)}
    async with connection.transaction():
        if done:
            rows = await connection.fetch(
                statement("delivered"), list(done), now,
                [msgspec.json.encode(receipt).decode() for receipt in done.values()])
            await connection.execute(statement("note_delivered"), list(done), NIGHT, now)
            await close_explained(connection, reason="not_delivered", subject_kind="file",
                                  subjects=[_subject(route, row) for row in rows],
                                  why="it was delivered after all")
        if failed:
            rows = await connection.fetch(
                statement("put_off"), list(failed), now, [one.said for one in failed.values()],
                [one.may_be_there for one in failed.values()],
                [one.lost for one in failed.values()], FIRST_PAUSE, LONGEST_PAUSE)
            for row in rows:
                if row["state"] == "given_up":
                    await _tell(connection, "file", _subject(route, row), route, row["said"])
            if any(row["tries"] >= MOST_TRIES and row["state"] != "given_up" for row in rows):
                await _tell(connection, "route", route.name, route, rows[0]["said"])


async def _tell(connection: Connection, subject_kind: str, subject: str, route: Route,
                said: str) -> None:
    await open_exception(connection, stream="", reason="not_delivered", subject_kind=subject_kind,
                         subject=subject, content={"route": route.name, "said": said})


def _subject(route: Route, row: asyncpg.Record) -> str:
    return f"{route.name}: {row['run_id']}/{row['path']}"


def _added(total: Delivered, outcomes: Sequence[Outcome]) -> Delivered:
    failed = [one for one in outcomes if isinstance(one, Failed)]
    lost = sum(one.lost for one in failed)
    return Delivered(total.route, total.delivered + len(outcomes) - len(failed),
                     total.waiting + len(failed) - lost, total.given_up + lost,
                     failed[0].said if failed else total.said)
