"""The command `authhost ledger`: the trial balance, and the proof that it is what was booked.

Knows arguments and how a table is printed; what is booked is clearing's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

import msgspec

from authhost.cli_options import DATA, Failed, add_command, add_database, database_url
from clearing.errors import ClearingError
from clearing.ledger import AccountBalance, trial_balance, verify
from clearing.money import plain
from clearing.queries import connect


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Into the commands of `authhost`."""
    parser = add_command(commands, "ledger", _ledger,
                         "the trial balance, and whether the books are what was booked")
    parser.add_argument("--known-at", type=_instant, metavar="INSTANT",
                        help="as the books stood then (ISO 8601, UTC where it names no zone)")
    parser.add_argument("--up-to", type=date.fromisoformat, metavar="YYYY-MM-DD",
                        help="the last business date that counts")
    parser.add_argument("--verify", action="store_true",
                        help="compute every run's digest again, and the chain over all runs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data-dir", type=Path, default=DATA)
    add_database(parser)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _ledger(arguments: argparse.Namespace) -> int:
    balances, verified = asyncio.run(_asked(arguments))
    if arguments.json:
        print(json.dumps({"accounts": msgspec.to_builtins(balances), "verified_runs": verified}))
        return 0
    for currency, accounts in groupby(balances, lambda one: one.currency):
        print(f"{'account':<48}{'debits':>18}{'credits':>18}{'balance':>18} {currency}")
        total = 0
        for one in accounts:
            total += one.balance_minor
            amounts = (one.debits_minor, one.credits_minor, one.balance_minor)
            print(f"{one.code} {one.name:<43}"
                  + "".join(f"{plain(minor, currency):>18}" for minor in amounts))
        print(f"{'':<84}{plain(total, currency):>18}\n")
    if verified is not None:
        print(f"{verified} runs are what was booked")
    return 0


async def _asked(arguments: argparse.Namespace) -> tuple[tuple[AccountBalance, ...], int | None]:
    connection = await connect(database_url(arguments))
    try:
        verified = await verify(connection) if arguments.verify else None
        return await trial_balance(connection, arguments.known_at, arguments.up_to), verified
    except ClearingError as error:
        raise Failed(str(error)) from None
    finally:
        await connection.close()
