"""The command `authhost invoices`: what was invoiced, what waits, and an invoice asked for now.

Knows arguments and how a table is printed; what is invoiced is the night's.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json

import asyncpg
import msgspec

from authhost.cli_options import Failed, Misused, add_command, add_database, database_url, day_of
from clearing.invoices.console import Open, Told, ask, invoices_of, open_lines
from clearing.money import plain
from clearing.queries import connect


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Into the commands of `authhost`."""
    parser = add_command(commands, "invoices", _invoices,
                         "fleets' invoices, and what no invoice has yet")
    parser.add_argument("--account", type=int, metavar="ID", help="of one account alone")
    for name, what in (("from", "first"), ("until", "last")):
        parser.add_argument(f"--{name}", dest=name, type=day_of,
                            metavar="YYYY-MM-DD", help=f"{what} day of issue")
    parser.add_argument("--ask", type=day_of, metavar="YYYY-MM-DD",
                        help="have the next night invoice what is open up to this day, whatever "
                        "the period; of --account, or of all")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_database(parser)


def _invoices(arguments: argparse.Namespace) -> int:
    first, last = vars(arguments)["from"], arguments.until
    if first is not None and last is not None and first > last:
        raise Misused(f"--from {first} is after --until {last}")
    asked, made, waiting = asyncio.run(_asked(arguments))
    if arguments.json:
        print(json.dumps({"asked": asked, "invoices": msgspec.to_builtins(made),
                          "open": msgspec.to_builtins(waiting)}))
        return 0
    if asked is not None:
        print(f"the next night invoices {asked} accounts up to {arguments.ask}")
    if not made and not waiting:
        print("nothing is invoiced, and nothing is open")
    for one in made:
        corrects = f" corrects {one.corrects}" if one.corrects else ""
        whose = one.party_id or str(one.account_id)
        print(f"{one.number:<16}{one.kind:<12}{whose:>10}  {one.issued_on} "
              f"{plain(one.gross_minor, one.currency):>16} {one.currency}{corrects}")
    for left in waiting:
        print(f"{'open':<28}{left.account_id:>10}  {left.first_day} "
              f"{plain(left.amount_minor, left.currency):>16} {left.currency} {left.lines} lines")
    return 0


async def _asked(arguments: argparse.Namespace) -> tuple[
        int | None, tuple[Told, ...], tuple[Open, ...]]:
    connection = await connect(database_url(arguments))
    try:
        asked = None
        if arguments.ask is not None:
            asked = await ask(connection, arguments.account, arguments.ask, getpass.getuser())
            if arguments.account is not None and not asked:
                raise Failed(f"nothing of account {arguments.account} is open")
        return (asked,
                await invoices_of(connection, arguments.account,
                                  (vars(arguments)["from"], arguments.until)),
                await open_lines(connection, arguments.account))
    except asyncpg.UndefinedTableError:
        raise Failed("the database's schema is older than this program: authhost migrate") from None
    finally:
        await connection.close()
