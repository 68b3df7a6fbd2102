"""Wholesale lists come in: all of a file or nothing, who and when, and nothing twice.

Knows the tables of base prices; how a file is read is `price_list`'s. The tables' triggers raise
the rules version with what is added.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import msgspec

from authhost.pricing.price_list import ListRow, Problem, jump, read_list, stored_row
from authhost.pricing.statements import statement

MOST_PROBLEMS: Final = 200  # told; the rest is counted
JUMP_PERCENT: Final = Decimal(20)
State = Literal["imported", "dry_run", "unchanged", "refused"]


class Report(msgspec.Struct, frozen=True):
    """What became of a file. refused: nothing was stored, and `problems` says why.

    rows: in the file; added, corrected, unchanged: what they are against the prices that stand.
    unchanged as a state: every row stands already, or this very file was imported before (then
    import_id is that import's).
    """

    state: State
    sha256: str
    import_id: int | None = None
    rows: int = 0
    added: int = 0
    corrected: int = 0
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    more_problems: int = 0


class _Plan(msgspec.Struct):
    """The rows of a file against what stands, each with the version that it will have."""

    new: list[tuple[ListRow, int]] = []
    corrected: int = 0
    unchanged: int = 0
    problems: list[Problem] = []


async def import_base_prices(connection: asyncpg.Connection, content: bytes | str, *, source: str,
                             who: str, role: str = "operator", file: str = "",
                             time_zone: str = "UTC", dry_run: bool = False,
                             accept_jumps: bool = False, reason: str = "",
                             jump_percent: Decimal = JUMP_PERCENT) -> Report:
    """Import a list, in a transaction of its own; what is wrong is a value, see Report.

    source: whose list it is, like OMV. time_zone: of times without an offset. reason: why prices
    that stand already are changed; without it a change is refused. accept_jumps: take prices that
    are more than jump_percent from the last one.
    """
    raw = content.encode() if isinstance(content, str) else content
    refused = Report("refused", hashlib.sha256(raw).hexdigest())
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _with_problems(refused, [Problem(0, "", f"no time zone {time_zone!r}")])
    products = {row["product"] for row in await connection.fetch("SELECT product FROM product")}
    # A big file takes a second to read: not in the loop that answers terminals.
    rows, problems = await asyncio.to_thread(read_list, raw, source, zone, products)
    if problems:
        return _with_problems(msgspec.structs.replace(refused, rows=len(rows)), problems)
    async with connection.transaction():
        await connection.execute(statement("queue"))
        same = await connection.fetchval(statement("same_file"), refused.sha256, source)
        if same is not None and not reason:
            return Report("unchanged", refused.sha256, same, len(rows), unchanged=len(rows))
        plan = _plan(rows, await _standing(connection, source, rows), reason,
                     None if accept_jumps else jump_percent)
        report = Report("dry_run", refused.sha256, None, len(rows),
                        len(plan.new) - plan.corrected, plan.corrected, plan.unchanged)
        if plan.problems:
            return _with_problems(msgspec.structs.replace(report, state="refused"), plan.problems)
        if not plan.new:
            return msgspec.structs.replace(report, state="unchanged", import_id=same)
        if dry_run:
            return report
        head = (source, file, report.sha256, reason, len(rows), who)
        import_id = await connection.fetchval(statement("import_add"), *head)
        await connection.execute(statement("base_prices_add"), import_id, source,
                                 *_columns(plan.new))
        report = msgspec.structs.replace(report, state="imported", import_id=import_id)
        await connection.execute(
            statement("audit_prices"), who, role,
            f"{report.added} base prices of {source} imported, {report.corrected} corrected",
            f"price_import/{import_id}", _change(report, file, reason, accept_jumps))
    return report


async def _standing(connection: asyncpg.Connection, source: str, rows: Sequence[ListRow],
                    ) -> dict[tuple[str, str, str], list[tuple[ListRow, int]]]:
    """The prices that stand of each series, in order of time, with their versions."""
    series = sorted({row.series for row in rows})
    records = await connection.fetch(
        statement("series_of"), source, *(list(column) for column in zip(*series, strict=True)))
    standing: dict[tuple[str, str, str], list[tuple[ListRow, int]]] = {}
    for record in records:
        *values, version = record.values()
        row = stored_row(values)
        standing.setdefault(row.series, []).append((row, version))
    return standing


def _plan(rows: Sequence[ListRow], standing: dict[tuple[str, str, str], list[tuple[ListRow, int]]],
          reason: str, jump_percent: Decimal | None) -> _Plan:
    """What each row is: new, a correction, there already, or a problem."""
    plan = _Plan()
    ordered = sorted(rows, key=lambda row: (row.series, row.valid_from))
    for series, group in groupby(ordered, key=lambda row: row.series):
        old = {row.valid_from: (row, version) for row, version in standing.get(series, [])}
        new = {row.valid_from: row for row in group}
        last: ListRow | None = None
        for moment in sorted({*old, *new}):
            before, version = old.get(moment, (None, 0))
            row = new.get(moment)
            if row is not None and before is not None and _same(row, before):
                plan.unchanged += 1
            elif row is not None:
                _take(plan, row, before, version, reason)
                if last is not None and jump_percent is not None:
                    problem = jump(last, row, jump_percent)
                    plan.problems += [problem] if problem is not None else []
            last = row or before
    plan.new.sort(key=lambda pair: pair[0].line)
    plan.problems.sort(key=lambda problem: problem.line)
    return plan


def _take(plan: _Plan, row: ListRow, before: ListRow | None, version: int, reason: str) -> None:
    plan.new.append((row, version + 1))
    if before is None:
        return
    plan.corrected += 1
    if not reason:
        plan.problems.append(Problem(
            row.line, "valid_until" if before.price == row.price else "price",
            f"differs from what stands for this instant ({_said(before)}): a new version of the"
            " list needs a reason"))


def _same(row: ListRow, other: ListRow) -> bool:
    return msgspec.structs.replace(row, line=0) == msgspec.structs.replace(other, line=0)


def _said(row: ListRow) -> str:
    until = f", until {row.valid_until:%Y-%m-%d %H:%M} UTC" if row.valid_until else ""
    return f"{row.price:f} {row.currency}/{row.unit} {row.tax_basis}{until}"


def _columns(new: Sequence[tuple[ListRow, int]]) -> tuple[list[object], ...]:
    """One list a column, in the order of base_prices_add."""
    rows = [(row.product, row.price, row.currency, row.unit, row.tax_basis, row.temperature,
             row.valid_from, row.valid_until, version) for row, version in new]
    return tuple(list(column) for column in zip(*rows, strict=True))


def _change(report: Report, file: str, reason: str, accept_jumps: bool) -> str:
    change = {"sha256": report.sha256, "file": file, "rows": report.rows, "added": report.added,
              "corrected": report.corrected, "reason": reason, "accept_jumps": accept_jumps}
    return msgspec.json.encode({name: [None, value] for name, value in change.items()}).decode()


def _with_problems(report: Report, problems: Sequence[Problem]) -> Report:
    return msgspec.structs.replace(report, problems=tuple(problems[:MOST_PROBLEMS]),
                                   more_problems=max(0, len(problems) - MOST_PROBLEMS))
