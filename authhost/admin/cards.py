"""What may become of a card: issued, activated, blocked, unblocked, replaced, closed, unlocked.

Knows the rules of a card's status; the command line and the JSON API both come here, and nowhere
else is one changed. 1. `lost`, `stolen` and an administrator's block are an administrator's to
lift; a fleet lifts its own alone. 2. A card that is not effective yet is activated, not unblocked.
3. A replaced card ends when its replacement begins; what was lost or stolen stays so. 4. Closed is
for ever. Each raises the fence with it.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import asyncpg
import msgspec

from authhost.admin import checks
from authhost.admin.access import Actor, Role, allow
from authhost.admin.desk import (
    insert,
    locked,
    said_by_database,
    shown,
    update,
)
from authhost.admin.nouns import CARD
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit, raise_fence
from authhost.admin.refusals import Conflict, Forbidden, Invalid
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed
from authhost.journal.statements import statement as journal_statement
from authhost.pan_index import PanIndex
from authhost.translate.incoming import card_ref

LOST: Final = "lost"
STOLEN: Final = "stolen"
FLEET: Final = "fleet"
ADMINISTRATOR: Final = "administrator"
Reason = Literal["lost", "stolen", "fleet", "administrator"]
_USED: Final = ("active", "blocked", LOST, STOLEN)
_INHERITED: Final = ("subaccount_id", "vehicle_id", "driver_id", "products", "sites", "hours",
                     "limits", "prompts", "offline_max_minor", "program_id", "account_id")
_ENDS: Final = ("active", "blocked", "not_effective")  # with its replacement's beginning


class Replacement(msgspec.Struct, frozen=True):
    """A card in another one's place, under its own number."""

    pan: str
    expiry: str
    when: Literal["now", "activation"]

    def __repr__(self) -> str:
        return "Replacement(hidden)"


class Cards:
    """Cards over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, pan_index: PanIndex) -> None:
        self._pool = pool
        self._pan_index = pan_index

    async def issue(self, actor: Actor, values: Row, request: Asked | None) -> Row:
        """A card row for a number that is told once. Refused; HsmUnavailable, HsmRefused."""
        allow(actor, "card.create")
        for name in CARD.required:
            if values.get(name) is None:
                raise Invalid("is missing", name)
        checks.check(values)
        columns = {**values, **await self._hashed(values["pan"], values["expiry"])}
        del columns["pan"]
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request,
                              lambda: insert(connection, actor, CARD, columns))

    async def replace(self, actor: Actor, card_id: int | None, wanted: Replacement,
                      request: Asked | None) -> Row:
        """A new card with the old one's holder and rules; the new one as it is shown. Refused."""
        allow(actor, "card.replace")
        checks.check({"pan": wanted.pan})
        number = await self._hashed(wanted.pan, wanted.expiry)
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, lambda: _replaced(
                connection, actor, card_id, {**number, "expiry": wanted.expiry},
                at_once=wanted.when == "now"))

    async def find(self, actor: Actor, pan: str) -> int | None:
        """The id of the card with this number, inside the scope."""
        allow(actor, "card.read")
        pan_hmac = await self._pan_index.of(pan)
        async with Borrowed(self._pool) as connection:
            number: int | None = await connection.fetchval(
                statement("card_by_number"), pan_hmac, actor.account_id)
        return number

    async def do(self, actor: Actor, card_id: int | None, action: str, reason: str,
                 request: Asked | None) -> Row:
        """One of ACTIONS; the card after it. Refused."""
        allow(actor, f"card.{action}")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request,
                              lambda: act(connection, actor, card_id, action, reason))

    async def _hashed(self, pan: str, expiry: str) -> dict[str, Any]:
        ref = card_ref(await self._pan_index.of(pan), pan, expiry)
        return {"pan_hmac": f"\\x{ref.pan_hmac.hex()}", "pan_masked": ref.pan_masked}


async def act(connection: asyncpg.Connection, actor: Actor, card_id: int | None, action: str,
              reason: str = "") -> Row:
    """Activate, block, unblock, close a card or unlock its PIN, within a transaction. Refused."""
    allow(actor, f"card.{action}")
    before = await locked(connection, actor, CARD, card_id)
    if action == "unlock_pin":
        return await _unlock_pin(connection, actor, before)
    columns = _MOVES[action](actor, before, reason)
    after = await update(connection, actor, CARD, before, columns,
                         f"card {card_id} is {columns['status']} now")
    if action == "activate" and before["replaces"] is not None:
        await end_replaced(connection, actor, before["replaces"])
    await raise_fence(connection, before["account_id"])
    return shown(CARD, after)


def _activate(_: Actor, before: Row, __: str) -> dict[str, str]:
    if before["status"] != "not_effective":
        raise Conflict(f"the card is {before['status']}, not waiting to be activated", "status")
    return {"status": "active", "block_reason": ""}


def _block(actor: Actor, before: Row, reason: str) -> dict[str, str]:
    by_fleet = actor.role == Role.FLEET
    if by_fleet and reason == ADMINISTRATOR:
        raise Forbidden("a fleet blocks by itself, not as the administrator", "card.block")
    if before["status"] not in _USED:
        raise Conflict(f"the card is {before['status']}", "status")
    if by_fleet and before["status"] != "active" and not _is_fleets(before):
        raise Forbidden("somebody else has blocked it already", "card.block")
    status = reason if reason in {LOST, STOLEN} else "blocked"
    if by_fleet and status == "blocked" and before["status"] in {LOST, STOLEN}:
        raise Forbidden("lost or stolen stays so, or it would be the fleet's to lift",
                        "card.block")
    return {"status": status, "block_reason": FLEET if by_fleet or reason == FLEET
            else ADMINISTRATOR}


def _unblock(actor: Actor, before: Row, _: str) -> dict[str, str]:
    if before["status"] not in _USED[1:]:
        raise Conflict(f"the card is {before['status']}, not blocked", "status")
    if actor.role == Role.FLEET and not (before["status"] == "blocked" and _is_fleets(before)):
        raise Forbidden("a fleet lifts its own block alone", "card.unblock")
    return {"status": "active", "block_reason": ""}


def _close(_: Actor, before: Row, __: str) -> dict[str, str]:
    if before["status"] == "closed":
        raise Conflict("the card is closed", "status")
    return {"status": "closed", "block_reason": ""}


_MOVES: Final = {"activate": _activate, "block": _block, "unblock": _unblock, "close": _close}
ACTIONS: Final = (*_MOVES, "unlock_pin")


def _is_fleets(card: Row) -> bool:
    """Blocked by the fleet itself; a block of which nobody knows who did it is not."""
    return bool(card["block_reason"] == FLEET)


async def _unlock_pin(connection: asyncpg.Connection, actor: Actor, before: Row) -> Row:
    """The new fence is the line: what was tried below it counts no more, on any host."""
    fence = await raise_fence(connection, before["account_id"])
    card_id = before["card_id"]
    await connection.execute(journal_statement("card_unlock_pin"), card_id, fence)
    await audit(connection, actor, f"card/{card_id}",
                f"card {card_id}: wrong PINs below fence {fence} forgiven")
    return shown(CARD, before)


async def _replaced(connection: asyncpg.Connection, actor: Actor, card_id: int | None,
                    number: dict[str, Any], *, at_once: bool) -> Row:
    old = await locked(connection, actor, CARD, card_id)
    if old["status"] == "closed":
        raise Conflict("the card is closed", "status")
    by = await connection.fetchval(statement("replaced_by"), card_id)
    if by is not None:
        raise Conflict(f"card {by} takes its place already", "replaces")
    inherited = {name: old[name] for name in _INHERITED}
    new = await insert(connection, actor, CARD, {
        **inherited, **number, "replaces": card_id,
        "status": "active" if at_once else "not_effective"})
    if at_once:
        await end_replaced(connection, actor, old["card_id"])
        await raise_fence(connection, old["account_id"])
    return new


async def end_replaced(connection: asyncpg.Connection, actor: Actor, card_id: int) -> None:
    """The old card ends; one that was lost or stolen stays what it is."""
    old = await locked(connection, actor, CARD, card_id)
    if old["status"] in _ENDS:
        await update(connection, actor, CARD, old, {"status": "closed", "block_reason": ""},
                     f"card {card_id} is closed now: replaced")
