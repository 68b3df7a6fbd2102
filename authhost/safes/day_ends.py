"""The end of a safe's day: its sums and pieces since the last one, compared; what is inside carried
on. Knows the deposits between two numbers of the device.
"""

from __future__ import annotations

from authhost.safes import balancing
from authhost.safes.messages import Moment
from authhost.safes.statements import statement
from authhost.safes.told import piece_differences, state_of, total_differences
from authhost.translate.safe_bodies import ComparedAnswer, Counter, EndOfDay, Total


async def ended(moment: Moment, body: EndOfDay) -> ComparedAnswer:
    """Both sides' sums of the day. Pieces are compared where the device tells them."""
    connection, terminal_id = moment.connection, moment.terminal_id
    before = await connection.fetchval(statement("day_before"), terminal_id, moment.sequence)
    span = terminal_id, before, moment.sequence
    host = tuple(Total(**dict(row))
                 for row in await connection.fetch(statement("day_totals"), *span))
    pieces = tuple(Counter(**dict(row))
                   for row in await connection.fetch(statement("day_pieces"), *span))
    if moment.shift:
        moment.warnings.append("shift_not_closed")
    inside = await balancing.pieces_inside(connection, terminal_id, before=moment.sequence)
    found = total_differences(body.totals, host)
    by_value = piece_differences(body.denominations, pieces) if body.denominations else ()
    return ComparedAnswer(
        **moment.said(), state=state_of(found, by_value), host=host, pieces=pieces,
        inside=inside[1] if inside is not None else (), differences=found,
        piece_differences=by_value)
