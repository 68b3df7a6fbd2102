"""The commands `authhost release`, `files` and `deliver`: let out, look after, bring.

A part of the command `authhost`: reads arguments, calls clearing's release, prints.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from authhost.cli_options import (
    Failed,
    add_command,
    add_database,
    database_url,
    day_of,
)
from clearing.errors import ClearingError
from clearing.queries import Connection, connect
from clearing.release.deliver import Delivered, deliver_due
from clearing.release.people import approve
from clearing.release.releasing import release_run
from clearing.release.reports import (
    FILE_STATES,
    PARTS,
    FilesWanted,
    RunsWanted,
    list_files,
    list_runs,
)
from clearing.release.route import run_of

Commands = argparse._SubParsersAction  # argparse has no public name for it
T = TypeVar("T")
PAGE = 1_000


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Into the commands of `authhost`."""
    release = add_command(commands, "release", _release,
                          "let a run's files out that a second person has approved")
    release.add_argument("run", metavar="RUN", help="2026-07-23/cash/1")
    release.add_argument("--part", default="", choices=PARTS,
                         help="the pages that were made after the night (default: its files)")
    release.add_argument("--approve", action="store_true", help="be that second person")
    release.add_argument("--who", default=getpass.getuser(), metavar="NAME",
                         help="who approves (default: who is logged in)")

    files = add_command(commands, "files", _files, "where each file is, from generated to "
                        "reconciled, and where it went")
    files.add_argument("--run", default="", metavar="RUN",
                       help="2026-07-23/cash/1; default: of all")
    files.add_argument("--state", default="", choices=FILE_STATES, metavar="STATE",
                       help=", ".join(FILE_STATES))
    files.add_argument("--from", dest="since", type=day_of, metavar="YYYY-MM-DD",
                       help="the first business date")
    files.add_argument("--json", action="store_true", help="one JSON array")

    deliver = add_command(commands, "deliver", _deliver,
                          "bring what is due where the routes of delivery say")
    deliver.add_argument("--json", action="store_true", help="one JSON array")
    for parser in (release, deliver):
        parser.add_argument("--out", type=Path, default=Path("files"), metavar="DIR",
                            help="where the nights write (default ./files)")
    for parser in (release, files, deliver):
        add_database(parser)


def _release(arguments: argparse.Namespace) -> int:
    async def work(connection: Connection) -> None:
        run_id = run_of(arguments.run)
        if arguments.approve:
            await approve(connection, run_id, arguments.who, arguments.part)
        await release_run(connection, run_id, arguments.out, arguments.part)

    _with_database(arguments, work)
    print(f"{arguments.run}{f' {arguments.part}' if arguments.part else ''}: released")
    return 0


def _files(arguments: argparse.Namespace) -> int:
    async def work(connection: Connection) -> list[dict[str, Any]]:
        run_id = str(run_of(arguments.run)) if arguments.run else ""
        wanted = FilesWanted(run_id=run_id, state=arguments.state, since=arguments.since)
        rows: list[dict[str, Any]] = []
        if run_id and not await list_runs(connection, RunsWanted(run_id=run_id), 1):
            raise Failed(f"there is no run {run_id}")
        while page := await list_files(connection, wanted, PAGE):
            rows += page
            wanted = msgspec.structs.replace(wanted, after=(page[-1]["run_id"], page[-1]["path"]))
        return rows

    rows = _with_database(arguments, work)
    if arguments.json:
        print(json.dumps(rows))
        return 0
    if not rows:
        print("no such files")
    for row in rows:
        routes = ", ".join(f"{one['route']} {one['state']}" for one in row["deliveries"])
        print(f"{row['run_id']:<24}{row['state']:<16}{row['count']:>8}{row['sum_minor']:>16} "
              f"{row['currency']:<4}{row['path']}  {routes}".rstrip())
    return 0


def _deliver(arguments: argparse.Namespace) -> int:
    turns = asyncio.run(deliver_due(database_url(arguments), arguments.out, datetime.now(UTC)))
    if arguments.json:
        print(json.dumps(msgspec.to_builtins(turns)))
    else:
        for turn in turns:
            print(_line(turn))
        if not turns:
            print("no route of delivery is active")
    return 1 if any(turn.waiting or turn.given_up for turn in turns) else 0


def _line(turn: Delivered) -> str:
    said = f": {turn.said}" if turn.said else ""
    return (f"{turn.route}: {turn.delivered} delivered, {turn.waiting} to be tried again, "
            f"{turn.given_up} given up{said}")


def _with_database(arguments: argparse.Namespace,
                   work: Callable[[Connection], Awaitable[T]]) -> T:
    async def run() -> T:
        connection = await connect(database_url(arguments))
        try:
            return await work(connection)
        except ClearingError as error:
            raise Failed(str(error)) from None
        finally:
            await connection.close()

    return asyncio.run(run())
