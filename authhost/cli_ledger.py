"""The command `authhost ledger`: the trial balance, and the proof that it is what was booked.

Knows arguments and how a table is printed; what is booked is clearing's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import UTC, datetime
from itertools import groupby

import msgspec

from authhost.cli_options import (
    Failed,
    add_command,
    add_database,
    database_url,
    day_of,
)
from clearing.errors import ClearingError
from clearing.ledger import AccountBalance, Verified, trial_balance, verify
from clearing.money import plain
from clearing.queries import connect


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Into the commands of `authhost`."""
    parser = add_command(commands, "ledger", _ledger,
                         "the trial balance, and whether the books are what was booked")
    parser.add_argument("--known-at", type=_instant, metavar="INSTANT",
                        help="as the books stood then (ISO 8601, UTC where it names no zone)")
    parser.add_argument("--up-to", type=day_of, metavar="YYYY-MM-DD",
                        help="the last business date that counts")
    parser.add_argument("--verify", action="store_true",
                        help="compute every run's digest again, and the chain over all runs")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_database(parser)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no instant like 2026-07-24T06:00:00+02:00") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _ledger(arguments: argparse.Namespace) -> int:
    balances, verified = asyncio.run(_asked(arguments))
    if arguments.json:
        print(json.dumps(msgspec.to_builtins({"accounts": balances, "verified": verified})))
        return 0
    if not balances:
        print("nothing is booked")
    width = max((len(f"{one.code} {one.name}") for one in balances), default=0) + 2
    for currency, accounts in groupby(balances, lambda one: one.currency):
        print(f"{'account':<{width}}{'debits':>18}{'credits':>18}{'balance':>18} {currency}")
        total = 0
        for one in accounts:
            total += one.balance_minor
            amounts = (one.debits_minor, one.credits_minor, one.balance_minor)
            print(f"{f'{one.code} {one.name}':<{width}}"
                  + "".join(f"{plain(minor, currency):>18}" for minor in amounts))
        print(f"{'':<{width + 36}}{plain(total, currency):>18}\n")
    if verified is not None:
        print(f"{verified.runs} runs are what was booked; the chain's digest is "
              f"{verified.chain_digest or 'none'}")
    return 0


async def _asked(
        arguments: argparse.Namespace) -> tuple[tuple[AccountBalance, ...], Verified | None]:
    connection = await connect(database_url(arguments))
    try:
        verified = await verify(connection, arguments.known_at) if arguments.verify else None
        return await trial_balance(connection, arguments.known_at, arguments.up_to), verified
    except ClearingError as error:
        raise Failed(str(error)) from None
    finally:
        await connection.close()
