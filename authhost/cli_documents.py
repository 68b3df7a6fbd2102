"""Pages from the command line: `authhost documents`, where the night leaves them for later.

Knows arguments and what a person wants to see; calls clearing.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from collections import Counter
from pathlib import Path

from authhost.cli_options import (
    Failed,
    add_command,
    add_database,
    database_url,
    day_of,
)
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
    add_database(documents)
    pages = add_command(commands, "ksef-pages", _ksef_pages,
                        "typeset a day's invoices that are in KSeF with the numbers it has given")
    pages.add_argument("--date", type=day_of, required=True, metavar="YYYY-MM-DD")
    pages.add_argument("--out", type=Path, required=True, help="a folder for <number>.pdf")
    pages.add_argument("--certificate", type=Path, metavar="PEM",
                       help="the seller's offline certificate of KSeF, for the second code")
    pages.add_argument("--key", type=Path, metavar="PEM", help="its key, of the curve P-256; its "
                       "password is asked from KSEF_KEY_PASSWORD")
    add_database(pages)


def _documents(arguments: argparse.Namespace) -> int:
    from clearing.documents.apart import write_apart  # noqa: PLC0415  # only pages need a typesetter
    from clearing.errors import ClearingError  # noqa: PLC0415

    def begun(step: str) -> None:
        print(f"{step} ...", file=sys.stderr)

    try:
        made = asyncio.run(write_apart(
            database_url(arguments), arguments.date, arguments.out,
            tuple(arguments.stream or STREAMS), getpass.getuser(), begun))
    except ClearingError as error:
        raise Failed(str(error)) from None
    for kind, count in sorted(Counter(file.kind for one in made for file in one.files).items()):
        print(f"{kind:<24}{count:>8}")
    print(f"{sum(len(one.files) for one in made)} pages in "
          f"{arguments.out / arguments.date.isoformat()}")
    for one in made:
        if not one.released:
            print(f"the pages of {one.run_id} wait for the approval of a second person: they are "
                  "hidden")
    return 0


def _ksef_pages(arguments: argparse.Namespace) -> int:
    from clearing.documents.ksef_code import Signer  # noqa: PLC0415
    from clearing.documents.ksef_pages import write_ksef_pages  # noqa: PLC0415
    from clearing.errors import ClearingError  # noqa: PLC0415

    if (arguments.certificate is None) != (arguments.key is None):
        raise Failed("--certificate and --key belong together")
    try:
        signer = None
        if arguments.certificate is not None:
            password = os.environ.get("KSEF_KEY_PASSWORD")
            signer = Signer.read(arguments.certificate.read_bytes(), arguments.key.read_bytes(),
                                 None if password is None else password.encode())
        made = asyncio.run(write_ksef_pages(
            database_url(arguments), arguments.date, arguments.out, signer))
    except (ClearingError, OSError) as error:
        raise Failed(str(error)) from None
    for one in made:
        print(f"{one.number:<16}{one.ksef_number or 'OFFLINE':<36}{one.path}")
    return 0
