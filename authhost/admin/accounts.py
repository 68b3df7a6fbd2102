"""What is done with an account beside changing its fields: block, close, fund; a meter's reset.

Knows the desk's parts and the port `fund`, which journals a payment; must not know how that does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from authhost.admin.access import Actor, allow
from authhost.admin.desk import locked, raise_for, said_by_database, shown, update
from authhost.admin.nouns import ACCOUNT, VEHICLE
from authhost.admin.once import Asked, Row, once, remembered
from authhost.admin.raising import audit, raise_fence
from authhost.admin.refusals import Conflict, Invalid
from authhost.bookings import BookingRefused
from authhost.journal.reads import Borrowed

# account, minor units (negative: taken back), currency, reference (one a funding), who
Fund = Callable[[int, int, str, str, str], Awaitable[object]]

_MOVES: Final = {"block": (("active",), "blocked"), "unblock": (("blocked",), "active"),
                 "close": (("active", "blocked"), "closed")}
ACCOUNT_ACTIONS: Final = tuple(_MOVES)


class AccountActions:
    """Over a pool of connections and the port that journals a payment."""

    def __init__(self, pool: asyncpg.Pool, fund: Fund) -> None:
        self._pool = pool
        self._fund = fund

    async def do(self, actor: Actor, account_id: int | None, action: str,
                 request: Asked | None) -> Row:
        """Block, unblock or close; the account after it. Refused."""
        allow(actor, f"account.{'close' if action == 'close' else 'block'}")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request,
                              lambda: _moved(connection, actor, account_id, action))

    async def fund(self, actor: Actor, account_id: int | None, amount_minor: int, currency: str,
                   reference: str, request: Asked | None) -> Row:
        """Paid in: journaled once a reference. Refused.

        The port is asked before the key is kept: a repeat asks it again, and it knows the
        reference.
        """
        allow(actor, "account.fund")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            account = await locked(connection, actor, ACCOUNT, account_id)
            known = await remembered(connection, actor, request)
        if known is not None:
            return known
        if account["currency"] != currency:
            raise Invalid(f"the account is kept in {account['currency']}", "currency")
        if account["status"] == "closed":
            raise Conflict("the account is closed", "status")
        number = int(account["account_id"])
        try:
            await self._fund(number, amount_minor, currency, reference, actor.name)
        except BookingRefused as refused:
            where, _, what = str(refused).partition(": ")
            raise Invalid(what, where) from None

        async def noted() -> Row:
            await audit(connection, actor, f"account/{number}",
                        f"account {number}: {amount_minor} {currency} paid in, {reference}",
                        {"funded": (None, {"amount_minor": amount_minor, "currency": currency,
                                           "reference": reference})})
            return {"account_id": number, "amount_minor": amount_minor, "currency": currency,
                    "reference": reference}

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, noted)

    async def reset_meter(self, actor: Actor, vehicle_id: int | None,
                          request: Asked | None) -> Row:
        """A new odometer, or one that was read wrong: readings below the new fence are over."""
        allow(actor, "vehicle.reset_meter")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request,
                              lambda: _reset(connection, actor, vehicle_id))


async def _moved(connection: asyncpg.Connection, actor: Actor, account_id: int | None,
                 action: str) -> Row:
    allowed, status = _MOVES[action]
    before = await locked(connection, actor, ACCOUNT, account_id)
    if before["status"] not in allowed:
        raise Conflict(f"the account is {before['status']}", "status")
    after = await update(connection, actor, ACCOUNT, before, {"status": status},
                         f"account {account_id} is {status} now")
    await raise_for(connection, ACCOUNT, after)
    return shown(ACCOUNT, after)


async def _reset(connection: asyncpg.Connection, actor: Actor, vehicle_id: int | None) -> Row:
    before = await locked(connection, actor, VEHICLE, vehicle_id)
    fence = await raise_fence(connection, before["account_id"])
    after = await update(connection, actor, VEHICLE, before, {"meter_reset_fence": fence},
                         f"vehicle {vehicle_id}: readings below fence {fence} forgotten")
    return shown(VEHICLE, after)
