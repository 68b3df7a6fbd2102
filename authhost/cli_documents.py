"""Pages from the command line: `authhost documents`, where the night leaves them for later.

Knows arguments and what a person wants to see; calls clearing.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from pathlib import Path

from authhost.cli_night import day_of
from authhost.cli_options import DATA, Failed, add_command, add_database, database_url
from authhost.streams import STREAMS

Commands = argparse._SubParsersAction  # argparse has no public name for it


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """The command `documents`."""
    documents = add_command(commands, "documents", _documents,
                            "typeset the invoices and statements of a released day as PDF")
    documents.add_argument("--date", type=day_of, required=True, metavar="YYYY-MM-DD")
    documents.add_argument("--stream", choices=STREAMS, action="append",
                           help="this stream alone, repeatable (default: all)")
    documents.add_argument("--out", type=Path, default=Path("files"),
                           help="where the night's files are (default ./files)")
    documents.add_argument("--data-dir", type=Path, default=DATA)
    add_database(documents)


def _documents(arguments: argparse.Namespace) -> int:
    from clearing.documents.apart import write_apart  # noqa: PLC0415  # only pages need a typesetter
    from clearing.errors import ClearingError  # noqa: PLC0415

    try:
        made = asyncio.run(write_apart(database_url(arguments), arguments.date, arguments.out,
                                       tuple(arguments.stream or STREAMS)))
    except ClearingError as error:
        raise Failed(str(error)) from None
    for kind, count in sorted(Counter(record.kind for record in made).items()):
        print(f"{kind:<24}{count:>8}")
    print(f"{len(made)} pages in {arguments.out / arguments.date.isoformat()}")
    return 0
