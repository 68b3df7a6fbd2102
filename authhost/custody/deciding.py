"""What a decision does: to the credit, to the deposit, to the books. One function a proposal.

Knows deposits' moves and the outbox of postings; who may decide was looked at before. Everything
is written in the transaction of the decision; what is posted, is posted after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import asyncpg
import msgspec

from authhost.admin.refusals import Conflict
from authhost.custody.settling import Stay, free, lock_stay, put_posting
from authhost.custody.statements import statement
from authhost.safes.life import COUNTED, GIVEN, Credit
from authhost.safes.moves import move

_OUTSTANDING: Final = frozenset({Credit.SENT, Credit.UNKNOWN})


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One account's part of an adjustment, minor units, signed: negative is taken from it."""

    account_id: int
    amount_minor: Annotated[int, msgspec.Meta(ge=-10**12, le=10**12)]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A row of cash_case under its lock."""

    case_id: int
    kind: str
    terminal_id: str | None
    stay_id: int | None
    deposit_key: str | None
    account_id: int | None
    currency: str
    amount_minor: int
    state: str
    proposal: str
    proposed_minor: int
    proposed_by: str
    decided_by: str
    why: str
    content: Mapping[str, Any]
    shares: tuple[Share, ...]


async def apply(connection: asyncpg.Connection, case: Case, who: str, now: datetime) -> bool:
    """Do what was proposed; True where something is to be booked. Conflict: it cannot be now."""
    stay = await lock_stay(connection, case.stay_id) if case.stay_id is not None else None
    if case.proposal == "release":
        await _release(connection, case, who, now)
        return False
    if case.proposal == "reverse":
        return await _reverse(connection, case, stay, who, now)
    if case.proposal == "reject" or (case.proposal == "adjust" and case.kind == "withheld"):
        await _moved(connection, case, "reject", who, now)
    if case.proposal != "adjust":
        return False
    for share in case.shares:
        await _adjust(connection, case, stay, share, who, now)
    return True


async def _release(connection: asyncpg.Connection, case: Case, who: str, now: datetime) -> None:
    """The credit goes its way: at once where the bank takes it, else by night."""
    route = await connection.fetchrow(statement("route"), case.deposit_key)
    if route is None:
        raise Conflict("the deposit is nobody's: adjust in its place", "proposal")
    if route["state"] == "reversed":
        raise Conflict("the deposit is reversed", "proposal")
    if route["counted_first"] and route["state"] not in COUNTED:
        raise Conflict("nobody has counted it: it is credited after its count", "proposal")
    if case.kind == "refused_by_bank":
        await _moved(connection, case, "rejected_to_night", who, now)
    elif route["rail"]:
        await _moved(connection, case, "release", who, now, bank_id=route["bank_id"],
                     rail=route["rail"], next_at=now)
    else:
        await _moved(connection, case, "release_to_night", who, now, bank_id=route["bank_id"])


async def _reverse(connection: asyncpg.Connection, case: Case, stay: Stay | None, who: str,
                   now: datetime) -> bool:
    """The deposit never was: its credit ends, or is taken back by an adjustment."""
    row = await connection.fetchrow(statement("deposit_lock"), case.deposit_key)
    if row is None or row["state"] == "reversed":
        raise Conflict("the deposit is reversed already", "proposal")
    if row["credit"] in _OUTSTANDING:
        raise Conflict("the bank has not answered yet: wait for it", "proposal")
    key = row["key"]
    await move(connection, [key], "withdraw", who=who, why=case.why, at=now)
    taken_back = row["credit"] in GIVEN and row["amount_minor"] > 0
    if taken_back:
        await _adjust(connection, case, stay, Share(
            account_id=row["account_id"], amount_minor=-row["amount_minor"]), who, now)
    if row["state"] not in COUNTED:
        await free(connection, [key], who, now, stay=stay, deposit_key=key)
    await move(connection, [key], "reversed", who=who, why=case.why, at=now)
    for other in await connection.fetch(statement("deposit_cases"), key, case.case_id):
        await connection.execute(statement("case_gone"), other["case_id"], now,
                                 f"the deposit is reversed: case {case.case_id}")
    return taken_back


async def _adjust(connection: asyncpg.Connection, case: Case, stay: Stay | None, share: Share,
                  who: str, now: datetime) -> None:
    terminal = {} if stay is not None else {"terminal_id": case.terminal_id}
    await put_posting(
        connection, "adjustment", share.account_id, share.amount_minor, case.currency, who, now,
        stay=stay, case_id=case.case_id, deposit_key=case.deposit_key, kind_of_case=case.kind,
        why=case.why, proposed_by=case.proposed_by, decided_by=who, **terminal)


async def _moved(connection: asyncpg.Connection, case: Case, event: str, who: str, now: datetime,
                 **columns: Any) -> None:
    """Move the case's deposit. Conflict where its credit has gone on meanwhile."""
    assert case.deposit_key is not None, "a credit is a deposit's"
    if not await move(connection, [case.deposit_key], event, who=who, why=case.why, at=now,
                      **columns):
        raise Conflict("the deposit's credit has gone on meanwhile", "proposal")
