"""A file of cards, limits, vehicles or drivers, taken in whole or not at all.

Knows the tables, the PAN index and how the room's pure parts fit together. 1. Read, checked and
looked up first; every fault is told, by line and column. 2. Then one transaction: the file's
digest claims its place (the same file again does nothing), rows in bulk, an audit row a subject,
and, last, one raise of each account's fence.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import asyncpg
import msgspec

from authhost.admin import import_rows
from authhost.admin.access import Actor, allow
from authhost.admin.csv_lines import Fault, hidden, read_lines
from authhost.admin.desk import said_by_database
from authhost.admin.import_kinds import KINDS, Kind, row_of
from authhost.admin.import_rows import References, Row
from authhost.admin.raising import audit, encoded, raise_fences
from authhost.admin.refusals import Conflict, Invalid
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed
from authhost.pan_index import PanIndex
from authhost.translate.incoming import mask

MOST_FAULTS: Final = 1_000
_CHUNK: Final = 5_000  # rows a statement
_STATEMENT_S: Final = 60
_NOUNS: Final = {"cards": "card", "vehicles": "vehicle", "drivers": "driver"}
_KEPT: Final = {  # columns that are written; what stands is compared by them
    "card": ("account_id", "expiry", "program_id", "subaccount_id", "vehicle_id", "driver_id",
             "products", "sites", "limits", "offline_max_minor"),
    "vehicle": ("plate", "number", "tank_ml", "status"),
    "driver": ("name", "number", "status")}
_NEW: Final = {"card": "import_cards", "vehicle": "import_vehicles", "driver": "import_drivers"}
_TAKEN_BY: Final = "taken_by"  # the id of another one that has the number of a line


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. rows: lines with values; problems: the first thousand."""

    state: Literal["imported", "dry_run", "unchanged", "refused"]
    kind: str
    sha256: str
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: tuple[Fault, ...] = ()
    more_problems: int = 0


class _Faulty(Exception):
    """Something is wrong with a line: nothing is kept."""


class _Plan(msgspec.Struct, frozen=True):
    """What is to be written. new: rows; moved: (noun, id) -> (columns before, after)."""

    noun: str
    new: list[dict[str, Any]]
    moved: dict[tuple[str, int], tuple[dict[str, Any], dict[str, Any]]]
    accounts: set[int]
    same: int


class Imports:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, pan_index: PanIndex) -> None:
        self._pool = pool
        self._pan_index = pan_index

    async def take(self, actor: Actor, kind_name: str, content: bytes, *,
                   dry_run: bool) -> Report:
        """Take a file in. Refused: who may not, no such kind. HsmUnavailable, HsmRefused."""
        allow(actor, "import.run")
        if kind_name not in KINDS:
            raise Invalid(f"one of {', '.join(KINDS)}", "kind")
        kind = KINDS[kind_name]
        digest = hashlib.sha256(content).digest()
        # A big file takes a second to read: not in the loop that answers terminals.
        rows, faults = await asyncio.to_thread(_read, kind, content)
        hashes = {} if faults else await self._hashes(rows)
        report = Report(state="refused", kind=kind_name, sha256=digest.hex(), rows=len(rows))
        try:
            if faults:
                raise _Faulty
            async with Borrowed(self._pool) as connection, said_by_database(connection):
                if not dry_run and not await connection.fetchval(
                        statement("import_begin"), kind_name, digest, len(rows), actor.name):
                    return msgspec.structs.replace(report, state="unchanged", unchanged=len(rows))
                plan = await self._plan(connection, kind, rows, hashes, faults)
                if faults:
                    raise _Faulty  # and its place goes with the transaction
                report = msgspec.structs.replace(
                    report, state="dry_run" if dry_run else "imported", added=len(plan.new),
                    changed=len(plan.moved), unchanged=plan.same)
                if not dry_run:
                    await _write(connection, actor, plan, report)
                return report
        except _Faulty:
            return msgspec.structs.replace(
                report, problems=tuple(_told(fault) for fault in
                                       sorted(faults, key=_place)[:MOST_FAULTS]),
                more_problems=max(len(faults) - MOST_FAULTS, 0))

    async def _hashes(self, rows: list[Row]) -> dict[str, tuple[bytes, str]]:
        """Each number's keyed hash and its mask: the HSM is asked in one go."""
        pans = [row.values["pan"] for row in rows if "pan" in row.values]
        found = await self._pan_index.of_all(pans)
        return {pan: (pan_hmac, mask(pan)) for pan, pan_hmac in found.items()}

    async def _plan(self, connection: asyncpg.Connection, kind: Kind, rows: list[Row],
                    hashes: Mapping[str, tuple[bytes, str]], faults: list[Fault]) -> _Plan:
        by_hash = await _cards_by_hash(connection, [one for one, _ in hashes.values()])
        known = await _references(connection, rows, by_hash)
        if kind.name == "limits":
            lists = import_rows.limits(rows, known, by_hash, hashes, faults)
            return await _plan_limits(connection, lists, known)
        if kind.name == "cards":
            made = import_rows.cards(rows, known, hashes, faults)
            standing = await _standing_cards(connection, made)
        else:
            made = import_rows.holders(_NOUNS[kind.name], rows, known, faults)
            standing = await _standing_holders(connection, _NOUNS[kind.name], made)
        return _compared(_NOUNS[kind.name], rows, made, standing, faults)


def _read(kind: Kind, content: bytes) -> tuple[list[Row], list[Fault]]:
    lines, faults = read_lines(content, kind.required, kind.columns)
    rows = []
    for line in lines:
        def say(column: str, what: str, number: int = line.number) -> None:
            faults.append(Fault(number, column, what))

        rows.append(Row(line.number, row_of(kind, line, say)))
    return rows, faults


async def _cards_by_hash(connection: asyncpg.Connection, hashes: list[bytes]) -> dict[bytes, int]:
    rows = await connection.fetch(statement("cards_by_hash"), hashes, timeout=_STATEMENT_S)
    return {row["pan_hmac"]: row["card_id"] for row in rows}


async def _references(connection: asyncpg.Connection, rows: list[Row],
                      by_hash: Mapping[bytes, int]) -> References:
    """All that the lines name, in a few statements."""
    wanted: dict[str, set[int]] = {"card": set(by_hash.values())}
    for row in rows:
        for noun in ("account", "subaccount", "vehicle", "driver"):
            if f"{noun}_id" in row.values:
                wanted.setdefault(noun, set()).add(row.values[f"{noun}_id"])
        if "id" in row.values:
            wanted.setdefault(row.values["scope"], set()).add(row.values["id"])
    owned: dict[tuple[str, int], int] = {}
    for noun in ("subaccount", "vehicle", "driver", "card"):
        text = statement("owners", table=noun)
        found = await connection.fetch(text, list(wanted.get(noun, ())), timeout=_STATEMENT_S)
        owned |= {(noun, row["id"]): row["account_id"] for row in found}
    accounts = await connection.fetch(statement("accounts_named"),
                                      list(wanted.get("account", set()) | set(owned.values())))
    owned |= {("account", row["account_id"]): row["account_id"] for row in accounts}
    there = {row["noun"]: frozenset(row["keys"]) for row in
             await connection.fetch(statement("keys_there"))}
    return References({row["account_id"]: (row["currency"], row["status"]) for row in accounts},
                      owned, there)


async def _standing_cards(connection: asyncpg.Connection,
                          made: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    hashes = [bytes.fromhex(row["pan_hmac"][2:]) for row in made]
    rows = await connection.fetch(statement("cards_standing"), hashes, timeout=_STATEMENT_S)
    found = {row["pan_hmac"]: json.loads(row["row"]) for row in rows}
    return [found.get(one) for one in hashes]


async def _standing_holders(connection: asyncpg.Connection, noun: str,
                            made: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    title = "plate" if noun == "vehicle" else "name"
    rows = await connection.fetch(
        statement("holders_standing", table=noun, key=f"{noun}_id", title=title),
        [row.get("account_id") for row in made], [row.get(title) for row in made],
        [row.get("number", "") for row in made], timeout=_STATEMENT_S)
    found = {row["place"]: json.loads(row["row"]) | {_TAKEN_BY: row["taken_by"]} for row in rows}
    return [found.get(place) for place in range(1, len(made) + 1)]


def _compared(noun: str, rows: list[Row], made: list[dict[str, Any]],
              standing: list[dict[str, Any] | None], faults: list[Fault]) -> _Plan:
    plan = _Plan(noun, [], {}, set(), 0)
    same = 0
    taken: list[tuple[int, int, Any]] = []  # line, by whom, number
    for row, new, old in zip(rows, made, standing, strict=True):
        if old is None:
            plan.new.append(new)
            plan.accounts.add(new["account_id"])
            continue
        # A vehicle or driver keeps what its line leaves empty: a tank, above all.
        after = {name: new.get(name, None if noun == "card" else old[name])
                 for name in _KEPT[noun]}
        before = {name: old[name] for name in _KEPT[noun]}
        if old.get(_TAKEN_BY):
            taken.append((row.line, old[_TAKEN_BY], after["number"]))
        if (noun == "driver" and old["name"] != after["name"]) or \
                (noun == "vehicle" and old["plate"] != after["plate"]):
            faults.append(Fault(row.line, "number", "another one of this account has it"))
        elif before == after:
            same += 1
        elif noun == "card":
            faults.append(Fault(row.line, "pan", "there is a card with this number, and its "
                                "values are others; change it by its id or by a file of limits"))
        else:
            plan.moved[noun, old[f"{noun}_id"]] = (before, after)
            plan.accounts.add(old["account_id"])
    for line, other, number in taken:
        _, after = plan.moved.get((noun, other), ({}, {"number": number}))
        if after["number"] == number:  # the file gives the other one no new number
            faults.append(Fault(line, "number", f"{noun} {other} has it"))
    return msgspec.structs.replace(plan, same=same)


async def _plan_limits(connection: asyncpg.Connection,
                       lists: Mapping[tuple[str, int], list[dict[str, Any]]],
                       known: References) -> _Plan:
    """What differs, its rows locked in the order of their ids."""
    plan = _Plan("", [], {}, set(), 0)
    same = 0
    for noun in ("account", "subaccount", "vehicle", "driver", "card"):
        ids = sorted(number for one, number in lists if one == noun)
        if not ids:
            continue
        text = statement("limits_lock", table=noun, key=f"{noun}_id")
        for row in await connection.fetch(text, ids, timeout=_STATEMENT_S):
            place = (noun, row["id"])
            before = json.loads(row["limits"])
            if before == lists[place]:
                same += 1
                continue
            plan.moved[place] = ({"limits": before}, {"limits": lists[place]})
            plan.accounts.add(known.owned[place])
    return msgspec.structs.replace(plan, same=same)


async def _write(connection: asyncpg.Connection, actor: Actor, plan: _Plan,
                 report: Report) -> None:
    what = f"import of {report.kind}, SHA-256 {report.sha256}"
    subjects: list[tuple[str, str]] = []
    for rows in _chunks(plan.new):
        text = statement(_NEW[plan.noun])
        ids = await connection.fetch(text, json.dumps(rows), timeout=_STATEMENT_S)
        if len(ids) != len(rows):
            raise Conflict("somebody else brought in one of these meanwhile: try again")
        subjects += [(f"{plan.noun}/{row['id']}", encoded(
            {name: (None, value) for name, value in json.loads(row["row"]).items()}))
            for row in ids]
    for noun in dict.fromkeys(noun for noun, _ in plan.moved):
        moved = [(number, *both) for (one, number), both in plan.moved.items() if one == noun]
        for some in _chunks(moved):
            columns = ", ".join(some[0][2])
            text = statement("import_update", table=noun, key=f"{noun}_id", columns=columns)
            await connection.execute(
                text, json.dumps([{f"{noun}_id": number, **after} for number, _, after in some]),
                timeout=_STATEMENT_S)
        subjects += [(f"{noun}/{number}", encoded({
            name: (before[name], value) for name, value in after.items()
            if before[name] != value})) for number, before, after in moved]
    for some in _chunks(subjects):
        await connection.execute(statement("audit_put_all"), actor.name, str(actor.role), what,
                                 [one for one, _ in some], [change for _, change in some],
                                 timeout=_STATEMENT_S)
    await audit(connection, actor, f"import/{report.kind}", what,
                {"rows": (None, report.rows), "added": (None, report.added),
                 "changed": (None, report.changed), "sha256": (None, report.sha256)})
    await raise_fences(connection, plan.accounts)


def _chunks(rows: list[Any]) -> Iterable[list[Any]]:
    return (rows[start:start + _CHUNK] for start in range(0, len(rows), _CHUNK))


def _place(fault: Fault) -> tuple[int, str]:
    return fault.line, fault.column


def _told(fault: Fault) -> Fault:
    """A fault as it leaves here: the columns may have been interchanged."""
    return msgspec.structs.replace(fault, message=hidden(fault.message))
