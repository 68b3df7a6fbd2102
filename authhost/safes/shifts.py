"""Shifts of a safe: money is put in while one is open, and its sums are compared at its end.

Knows how a shift opens and closes and what it came to. A shift that does not fit what is known here
is opened or closed all the same, for the device has done so; the answer says what was odd.
"""

from __future__ import annotations

import asyncpg

from authhost.safes.messages import Moment
from authhost.safes.statements import statement
from authhost.safes.told import state_of, total_differences
from authhost.translate.safe_bodies import (
    ComparedAnswer,
    MessageAnswer,
    ShiftClose,
    ShiftOpen,
    Total,
)

_KINDS = ("shift_open", "shift_close")


async def opened(moment: Moment, body: ShiftOpen) -> MessageAnswer:
    """From now on deposits are of this shift."""
    if await _opening(moment.connection, moment.terminal_id, body.shift):
        moment.warnings.append("shift_used_before")
    if moment.shift:
        moment.warnings.append("shift_not_closed")
    await _set(moment, body.shift, body.opened_by)
    return MessageAnswer(**moment.said())


async def closed(moment: Moment, body: ShiftClose, shift: str) -> ComparedAnswer:
    """The end of a shift, and whether both sides have the same sums."""
    opening = await _opening(moment.connection, moment.terminal_id, shift)
    if not opening:
        moment.warnings.append("shift_unknown")
    elif moment.shift != shift:
        moment.warnings.append("shift_not_open")
    host = await sums(moment.connection, moment.terminal_id, shift, opening, moment.sequence)
    found = total_differences(body.totals, host)
    if moment.shift == shift:
        await _set(moment, "", "")
    return ComparedAnswer(**moment.said(), state=state_of(found), host=host,
                          differences=found)


async def sums(connection: asyncpg.Connection, terminal_id: str, shift: str, opening: int,
               closing: int) -> tuple[Total, ...]:
    """What was deposited in a shift, by currency and kind; what was reversed was not.

    opening, closing: the device's numbers of these messages, 0 where no opening is known.
    """
    rows = await connection.fetch(statement("shift_totals"), terminal_id, shift, opening, closing)
    return tuple(Total(**dict(row)) for row in rows)


async def _set(moment: Moment, shift: str, who: str) -> None:
    """Another shift is open; what a later message has said before stays."""
    if await moment.is_late(*_KINDS):
        moment.warnings.append("late")
    else:
        await moment.execute("shift_set", moment.terminal_id, shift, who)
        moment.shift = shift
    # Late or not: which shift was open at which number is seen otherwise from now on.
    await moment.raise_clients()


async def _opening(connection: asyncpg.Connection, terminal_id: str, shift: str) -> int:
    return await connection.fetchval(statement("shift_opened"), terminal_id, shift) or 0
