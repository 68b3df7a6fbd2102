"""How a safe is: it signs on and off, tells how full it is, raises alarms.

Knows the columns of what a safe says of itself. An alarm is its row: whoever watches reads them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import asyncpg
import msgspec

from authhost.safes.messages import Blocked, Moment
from authhost.safes.statements import statement
from authhost.safes.swaps import came
from authhost.translate.safe_bodies import (
    Alarm,
    ClientLine,
    DepositorLine,
    Depositors,
    MessageAnswer,
    SignOff,
    SignOn,
    SignOnAnswer,
    Status,
)


async def signed_on(moment: Moment, body: SignOn) -> SignOnAnswer:
    """The safe begins to work; what it goes by. Blocked: its terminal may not.

    Where no cassette is known to be inside, the one that it tells is the first.
    """
    safe, connection = moment.safe, moment.connection
    if safe["status"] != "active":
        raise Blocked(moment.terminal_id)
    moment.changed = True  # who begins begins with the safe as it is
    await moment.execute("sign_on", moment.terminal_id, body.software, body.model, moment.at)
    if body.first_sequence > 1:
        await moment.execute("sequence_from", moment.terminal_id, body.first_sequence)
        moment.numbers.begin(body.first_sequence)
    if body.cassette and not moment.cassette and not await moment.is_late("swap"):
        await moment.raise_clients()
        await moment.execute("cassette_set", moment.terminal_id, body.cassette)
        await came(moment, body.cassette)
        moment.cassette = body.cassette
    elif body.cassette != moment.cassette:
        moment.warnings.append("cassette")
    clients = await connection.fetch(statement("clients_of"), moment.terminal_id)
    people = await depositors(connection, moment.terminal_id)
    return SignOnAnswer(
        **moment.said(), clients=tuple(ClientLine(**dict(row)) for row in clients),
        depositors_version=people.version, named_depositors=safe["named_depositors"],
        shift_required=safe["shift_required"], currencies=tuple(safe["currencies"]),
        note_capacity=safe["note_capacity"], coin_capacity=safe["coin_capacity"],
        fill_percent=safe["fill_percent"], time_zone=safe["time_zone"])


async def signed_off(moment: Moment, _body: SignOff) -> MessageAnswer:
    """The safe stops working, unless it has signed on since."""
    if not await moment.is_late("sign_on"):
        await moment.execute("sign_off", moment.terminal_id)
    return MessageAnswer(**moment.said())


async def told(moment: Moment, body: Status) -> MessageAnswer:
    """How full it is. What a later one has said stays."""
    if not await moment.is_late("status", "swap"):
        await moment.execute("status_set", moment.terminal_id,
                             msgspec.json.encode(body.fill).decode(), body.software)
    return MessageAnswer(**moment.said())


async def alarmed(moment: Moment, _body: Alarm) -> MessageAnswer:
    """Kept."""
    return MessageAnswer(**moment.said())


async def depositors(connection: asyncpg.Connection, terminal_id: str) -> Depositors:
    """Who may put money in at a safe, and under which version."""
    rows = await connection.fetch(statement("depositors_of"), terminal_id)
    people = tuple(DepositorLine(**dict(row)) for row in rows)
    return Depositors(version=_version(people), depositors=people)


def _version(people: Iterable[DepositorLine]) -> str:
    return hashlib.sha256(msgspec.json.encode(list(people))).hexdigest()[:16]
