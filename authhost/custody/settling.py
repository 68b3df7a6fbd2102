"""A stay is compared with its count, and what agrees is settled.

Knows one transaction: the stay's lock, its count, its deposits, its cases. It may be run at any
time and as often as one likes: after a count, a recount, a decision, a deposit that came late.
What is to be booked is written beside it (custody_posting) and posted after the commit.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from authhost.custody import opening
from authhost.custody.counting import Count, CountedItem, CountedPiece, Counterfeit
from authhost.custody.matching import COUNTERFEIT, Booked, Difference, Told, differences
from authhost.custody.opening import HOST, NewCase, open_case
from authhost.custody.statements import statement
from authhost.safes.life import COUNTED
from authhost.safes.moves import move

_TOLERANCE: Final = "tolerance"
_UNDECIDED: Final = frozenset({"open", "proposed"})
Place = tuple[str, int | None, str]  # kind of a case, account, currency


class Stay(msgspec.Struct, frozen=True):
    """One stay of a cassette in a safe."""

    stay_id: int
    cassette_id: str
    terminal_id: str
    state: str


async def lock_stay(connection: asyncpg.Connection, stay_id: int) -> Stay | None:
    """A stay under its lock, which comes before those of its cases and deposits."""
    row = await connection.fetchrow(statement("stay_lock"), stay_id)
    return Stay(*row.values()) if row is not None else None


async def match_stay(connection: asyncpg.Connection, stay_id: int, now: datetime) -> str:
    """Compare and settle within this transaction; the stay's state after it, '' for no stay.

    A stay without a count, or still in its safe, stays as it is.
    """
    stay = await lock_stay(connection, stay_id)
    if stay is None:
        return ""
    counted = await connection.fetchrow(statement("count_newest"), stay_id)
    if counted is None or stay.state == "in_safe":
        return stay.state
    # All of them locked first, in the order of keys: a night that moves some waits for no other.
    deposits = await connection.fetch(statement("stay_told"), stay_id)
    # These and no other: one that was committed since is compared by the next match.
    await move(connection, [row["key"] for row in deposits], "picked_up", who=HOST,
               why="the cassette has left", at=now)
    count = count_of(counted)
    found = differences([_told(row) for row in deposits], count, [
        Booked(*row.values()) for row in await connection.fetch(statement("stay_booked"), stay_id)])
    await _keep_cases(connection, stay, count, found, now)
    waiting = {(row["account_id"], row["currency"]) for row in
               await connection.fetch(statement("stay_cases"), stay_id)
               if row["state"] in _UNDECIDED}
    await _settle(connection, stay, deposits, waiting, now)
    state = "counted" if waiting else "settled"
    await connection.execute(statement("stay_put"), stay_id, state, now)
    return state


def count_of(row: asyncpg.Record) -> Count:
    """A row of cash_count as it was told."""
    pieces: list[CountedPiece] = []
    items: list[CountedItem] = []
    for part in json.loads(row["pieces"]):
        if part["kind"] in {"note", "coin"}:
            pieces.append(msgspec.convert(part, CountedPiece))
        else:
            items.append(CountedItem(kind=part["kind"], number=part.get("number", ""),
                                     currency=part["currency"], amount_minor=part["value_minor"]))
    counterfeits = msgspec.json.decode(row["counterfeits"], type=tuple[Counterfeit, ...])
    return Count(cassette=row["cassette_id"], reference=row["reference"],
                 counted_at=row["counted_at"], pieces=tuple(pieces), items=tuple(items),
                 counterfeits=counterfeits)


async def put_posting(connection: asyncpg.Connection, kind: str, account_id: int,
                      amount_minor: int, currency: str, who: str, now: datetime, *,
                      stay: Stay | None = None, case_id: int | None = None,
                      deposit_key: str | None = None, **detail: Any) -> None:
    """What is to be booked, in the transaction that decides it. detail: what the row's has too."""
    about = {"case_id": case_id, "deposit_key": deposit_key}
    if stay is not None:
        about |= {"stay_id": stay.stay_id, "cassette": stay.cassette_id,
                  "terminal_id": stay.terminal_id}
    said = {name: value for name, value in {**about, **detail}.items() if value is not None}
    await connection.execute(
        statement("posting_put"), kind, account_id, amount_minor, currency, case_id,
        stay.stay_id if stay is not None else None, deposit_key,
        msgspec.json.encode(said).decode(), who, now)


async def free(connection: asyncpg.Connection, keys: Sequence[str], who: str, now: datetime, *,
               stay: Stay | None = None, deposit_key: str | None = None) -> None:
    """What these deposits counted in their accounts' balance is given back, by VERIFICATION rows.

    A deposit is freed once: with the move that leaves the states of what is not counted yet.
    """
    for row in await connection.fetch(statement("freed"), list(keys)):
        await put_posting(connection, "verification", row["account_id"], row["amount_minor"],
                          row["currency"], who, now, stay=stay, deposit_key=deposit_key,
                          deposits=row["deposits"])


async def _keep_cases(connection: asyncpg.Connection, stay: Stay, count: Count,
                      found: Sequence[Difference], now: datetime) -> None:
    """One case for each difference, none for what has gone."""
    rows = await connection.fetch(statement("stay_cases"), stay.stay_id)
    cases: dict[Place, asyncpg.Record] = {_place(row): row for row in rows
                                          if row["state"] in _UNDECIDED}
    known = {_place(row) for row in rows}
    borne: Counter[Place] = Counter()  # within the tolerance before: a recount has no new one
    for row in rows:
        borne[_place(row)] += row["amount_minor"] if row["decided_by"] == _TOLERANCE else 0
    tolerances = await _tolerances(connection, found)
    for one in found:
        place = (one.kind, one.account_id, one.currency)
        content = _content(one, count)
        open_one = cases.pop(place, None)
        if open_one is not None and one.amount_minor:
            if open_one["amount_minor"] != one.amount_minor:
                await connection.execute(
                    statement("case_amount"), open_one["case_id"], one.amount_minor,
                    msgspec.json.encode(content).decode(), now,
                    f"it was {open_one['amount_minor']}")
            await _keep_counterfeits(connection, stay, open_one["case_id"], one, count)
            continue
        if open_one is not None:
            cases[place] = open_one
            continue
        if not one.amount_minor and place in known:
            continue  # the sum agrees, and that its parts do not has been told
        tolerated = (one.kind != COUNTERFEIT
                     and abs(one.amount_minor + borne[place]) <= tolerances[place])
        case_id = await open_case(connection, NewCase(
            kind=one.kind, terminal_id=stay.terminal_id, stay_id=stay.stay_id,
            account_id=one.account_id, currency=one.currency, amount_minor=one.amount_minor,
            content=content,
            due_at=opening.end_of(opening.due(count.counted_at)) if one.counterfeits else None),
            now, closed_by=_TOLERANCE if tolerated else "",
            why="within the tolerance" if tolerated else "")
        if case_id is not None:
            await _keep_counterfeits(connection, stay, case_id, one, count)
    for row in cases.values():
        await connection.execute(statement("case_gone"), row["case_id"], now,
                                 "the count agrees now")
        if row["kind"] == COUNTERFEIT:
            mine = [piece["counterfeit_id"] for piece in
                    await connection.fetch(statement("counterfeits_of_stay"), stay.stay_id)
                    if piece["case_id"] == row["case_id"]]
            await connection.execute(statement("counterfeits_drop"), mine)


async def _keep_counterfeits(connection: asyncpg.Connection, stay: Stay, case_id: int,
                             one: Difference, count: Count) -> None:
    """The pieces of a case: those that are new are put down, those that have gone are dropped."""
    if one.kind != COUNTERFEIT:
        return
    wanted = Counter((piece.currency, piece.value_minor, piece.serial)
                     for piece in one.counterfeits)
    gone = []
    for row in await connection.fetch(statement("counterfeits_of_stay"), stay.stay_id):
        piece = (row["currency"], row["value_minor"], row["serial"])
        if wanted[piece] > 0:
            wanted[piece] -= 1
        elif row["case_id"] == case_id:
            gone.append(row["counterfeit_id"])
    await connection.execute(statement("counterfeits_drop"), gone)
    await connection.execute(statement("case_pieces"), case_id,
                             msgspec.json.encode(one.counterfeits).decode())
    await opening.put_counterfeits(connection, case_id, one.account_id, wanted.elements(),
                                   count.counted_at)


async def _tolerances(connection: asyncpg.Connection,
                      found: Sequence[Difference]) -> dict[Place, int]:
    """How much each difference may be; of a shared one, what the strictest client allows."""
    accounts = {part.account_id for one in found for part in one.parts
                if part.account_id is not None}
    accounts |= {one.account_id for one in found if one.account_id is not None}
    rows = await connection.fetch(statement("tolerances"), sorted(accounts))
    by_account = {row["account_id"]: row["tolerance_minor"] for row in rows}
    tolerances: dict[Place, int] = {}
    for one in found:
        holders = [one.account_id] if one.account_id is not None else [
            part.account_id for part in one.parts]
        tolerances[one.kind, one.account_id, one.currency] = min(
            (by_account.get(holder, 0) if holder is not None else 0 for holder in holders),
            default=0)
    return tolerances


async def _settle(connection: asyncpg.Connection, stay: Stay, deposits: Sequence[asyncpg.Record],
                  waiting: set[tuple[int | None, str]], now: datetime) -> None:
    """Deposits that no open case concerns are verified, or adjusted; their exposure is freed."""
    shared = {currency for account_id, currency in waiting if account_id is None}
    ready = [row for row in deposits if row["currency"] not in shared
             and (row["account_id"], row["currency"]) not in waiting]
    differed = {(row["account_id"], row["currency"])
                for row in await connection.fetch(statement("stay_adjusted"), stay.stay_id)}
    by_event: dict[str, list[str]] = {"matched": [], "differed_decided": []}
    for row in ready:
        other = (row["account_id"], row["currency"]) in differed
        by_event["differed_decided" if other else "matched"].append(row["key"])
    for event, keys in by_event.items():
        await move(connection, keys, event, who=HOST, why=f"count of {stay.cassette_id}", at=now)
    # Not by what moved now, for a verified one may move once more: it was freed before.
    fresh = [row["key"] for row in ready if row["state"] not in COUNTED]
    await free(connection, fresh, HOST, now, stay=stay)
    credited = await connection.fetch(statement("credited_by_count"),
                                      [row["key"] for row in ready])
    await move(connection, [row["key"] for row in credited], "counted", who=HOST,
               why="credited after the count", at=now)


def _told(row: asyncpg.Record) -> Told:
    """A deposit as the pure comparison sees it."""
    pieces = tuple((int(one["value_minor"]), str(one.get("kind", "note")), int(one["count"]))
                   for one in json.loads(row["denominations"]))
    suspects = tuple((one["value_minor"], one["serial"]) for one in json.loads(row["suspects"])
                     if one["currency"] == row["currency"])
    return Told(row["key"], row["account_id"], row["kind"], row["currency"], row["amount_minor"],
                pieces, suspects, row["number"], row["rejected"])


def _content(one: Difference, count: Count) -> dict[str, Any]:
    """What a case says of a difference."""
    return {
        "reference": count.reference, "denominations": one.lines, "parts": one.parts,
        "counterfeits": one.counterfeits, "items": [
            {"kind": kind, "number": number, "told_minor": told, "found_minor": found}
            for kind, number, told, found in one.items]}


def _place(row: asyncpg.Record) -> Place:
    return row["kind"], row["account_id"], row["currency"]
