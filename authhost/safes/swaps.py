"""A courier takes the full cassette and leaves an empty one: one stay ends, another begins.

Knows stays, what their deposits become, and the fences of the safe's clients, which are raised
first: from then on no deposit can come into the cassette that leaves. What is told has happened; a
cassette that should not have been inside, or is nobody's, is a warning here and a case.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from authhost.safes import balancing
from authhost.safes.messages import Moment, utc_of
from authhost.safes.moves import move_stay
from authhost.safes.sscc import is_sscc
from authhost.safes.statements import statement
from authhost.safes.told import piece_differences, state_of
from authhost.translate.safe_bodies import ComparedAnswer, Swap


async def swapped(moment: Moment, body: Swap) -> ComparedAnswer:
    """The cassette is out, the next one in; what the one that left should hold."""
    connection, terminal_id = moment.connection, moment.terminal_id
    await moment.raise_clients()
    later = await connection.fetchrow(statement("swap_next"), terminal_id, moment.sequence)
    if later is not None:
        return await _late(moment, body, later)
    found = await balancing.pieces_inside(connection, terminal_id)
    stay_id, pieces = found if found is not None else (None, ())
    if body.into and body.into == moment.cassette and not body.out:
        moment.warnings.append("cassette_inside")  # it was told to be inside before
        return ComparedAnswer(**moment.said(), state="balanced")
    if body.out != moment.cassette:
        await _strange(moment, body, stay_id)
    await _courier(moment, body)
    if stay_id is not None:
        await moment.execute("stay_close", stay_id, moment.at, body.courier or None,
                             body.guard, body.seal)
        await move_stay(connection, stay_id, "picked_up", who=moment.who,
                        why=f"swap {moment.sequence}", at=moment.at)
    await moment.execute("pickup_done", terminal_id, moment.at, moment.who)
    await moment.execute("cassette_set", terminal_id, body.into)
    if body.into:
        await came(moment, body.into)
    moment.cassette = body.into
    differences = piece_differences(body.counters, pieces) if body.counters else ()
    return ComparedAnswer(**moment.said(), state=state_of(differences),
                          piece_differences=differences, inside=pieces)


async def came(moment: Moment, cassette: str, left_at: datetime | None = None) -> int:
    """A cassette is inside from now on, or was until left_at; its stay. What was told to lie in it
    before it was told itself is its own."""
    connection, terminal_id = moment.connection, moment.terminal_id
    seen = await connection.fetchrow(statement("cassette_seen"), cassette, terminal_id)
    assert seen is not None, "it asks for nothing that is not there"
    if not seen["registered"]:
        moment.warnings.append("cassette_unknown" if is_sscc(cassette) else "cassette_number")
    if seen["elsewhere"]:
        moment.warnings.append("cassette_elsewhere")
    stay_id: int = await connection.fetchval(statement("stay_open"), cassette, terminal_id,
                                             moment.at, left_at)
    await moment.execute("stay_adopt", terminal_id, stay_id, cassette, moment.sequence)
    return stay_id


async def _late(moment: Moment, body: Swap, later: asyncpg.Record) -> ComparedAnswer:
    """A later swap was told before this one: what is inside now stays. The cassette that came with
    this one has left with that one."""
    moment.warnings.append("late")
    if body.into:
        left_at = max(utc_of(later["local_time"], moment.safe["time_zone"]), moment.at)
        stay_id = await came(moment, body.into, left_at)
        await move_stay(moment.connection, stay_id, "picked_up", who=moment.who,
                        why=f"swap {later['sequence']}", at=left_at)
    return ComparedAnswer(**moment.said(), state="balanced")


async def _strange(moment: Moment, body: Swap, stay_id: int | None) -> None:
    """Another cassette left than was inside: nobody knows which is right, so a person looks."""
    moment.warnings.append("cassette_out")
    content = {"told": body.out, "expected": moment.cassette, "terminal_id": moment.terminal_id,
               "sequence": moment.sequence}
    await moment.execute("case_cassette", moment.terminal_id, stay_id,
                         msgspec.json.encode(content).decode(), moment.at)


async def _courier(moment: Moment, body: Swap) -> None:
    """Who took it: nobody named, a stranger, or not the safe's own."""
    usual = moment.safe["courier_id"]
    if not body.courier:
        moment.warnings.append("courier_missing")
    elif not await moment.connection.fetchval(statement("courier_known"), body.courier):
        moment.warnings.append("courier_unknown")
    elif usual and body.courier != usual:
        moment.warnings.append("courier_other")
