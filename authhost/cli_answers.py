"""The commands `authhost answer` and `authhost exceptions`: arguments in, a room called, lines out.

Knows argparse and printing; what an answer means is clearing's. Errors are said by cli.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any, Final

from authhost.cli_options import Failed, add_command, add_database, database_url
from authhost.streams import STREAMS

Commands = argparse._SubParsersAction  # argparse has no public name for it
_MOST: Final = 1_000  # exceptions that are listed
_DAY_S: Final = 86_400


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Both."""
    answer = add_command(commands, "answer", _answer,
                         "take a bank's answer about our files (pain.002, camt.054)")
    answer.add_argument("file", type=Path, nargs="+", metavar="FILE")
    exceptions = add_command(commands, "exceptions", _exceptions,
                             "what the clearing cannot explain by itself, the newest first")
    exceptions.add_argument("--stream", choices=STREAMS, default="", help="of this stream alone")
    exceptions.add_argument("--reason", default="", metavar="REASON",
                            help="of this one alone (docs/answers.md has them)")
    exceptions.add_argument("--owner", default="", metavar="NAME", help="who looks after it")
    exceptions.add_argument("--all", action="store_true", help="what is closed, too")
    exceptions.add_argument("--json", action="store_true", help="one JSON array")
    for parser in (answer, exceptions):
        add_database(parser)


def _answer(arguments: argparse.Namespace) -> int:
    from authhost.admin.bank_answers import tell_answer  # noqa: PLC0415  # as for the night
    from clearing.camt053 import StatementError  # noqa: PLC0415

    for path in arguments.file:
        try:
            told = asyncio.run(tell_answer(database_url(arguments), path.read_bytes()))
        except StatementError as error:
            raise Failed(f"{path}: {error}") from None
        for one in told:
            found = ", ".join(f"{count} {what}" for what, count in sorted(one.outcomes.items()))
            print(f"{one.message_id} about {one.about}: "
                  f"{'told before' if one.known else found or 'nothing of ours'}")
    return 0


def _exceptions(arguments: argparse.Namespace) -> int:
    rows = asyncio.run(_listed(arguments))
    if arguments.json:
        print(json.dumps(rows, default=str))
        return 0
    if not rows:
        print("no exceptions")
    for row in rows:
        owner = row["owner"] or "-"
        print(f"{row['exception_id']:>8} {row['age_s'] // _DAY_S:>4} d {row['state']:<9}"
              f"{row['stream']:<9}{row['reason']:<22}{row['subject']:<36}"
              f"{row['amount_minor']:>14} {row['currency']:<4}{owner}")
    return 0


async def _listed(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from authhost.admin.clearing_exceptions import Wanted, list_open  # noqa: PLC0415
    from clearing.queries import connect  # noqa: PLC0415  # only these need its libraries

    connection = await connect(database_url(arguments))
    try:
        return await list_open(connection, Wanted(
            stream=arguments.stream, reason=arguments.reason, owner=arguments.owner,
            state="*" if arguments.all else ""), _MOST)
    finally:
        await connection.close()
