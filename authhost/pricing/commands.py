"""The command `authhost prices`: arguments in, a room's function called, lines printed.

Exit codes: 0 done, 1 refused with reasons in words.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from authhost.cli_options import Failed, add_command, add_database, database_url
from authhost.clock import Clock
from authhost.pricing import desk
from authhost.pricing.importing import JUMP_PERCENT, Report
from authhost.pricing.price_list import MOST_BYTES, read_instant
from authhost.pricing.terms import BadTerms
from authhost.pricing.vat import VatRate

Commands = argparse._SubParsersAction  # argparse has no public name for it


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """The command `prices` with its actions."""
    parser = commands.add_parser("prices", help="contract prices, wholesale lists, VAT rates")
    actions = parser.add_subparsers(required=True, metavar="action")
    _add_import(actions)
    contract = add_command(actions, "contract", _contract, "write a contract's next version")
    contract.add_argument("file", type=Path, help="JSON, see docs/prices.md")
    contract.add_argument("--dry-run", action="store_true", help="check it, store nothing")
    listing = add_command(actions, "list", _list, "every version of a fleet's contracts")
    listing.add_argument("account", type=int)
    _add_vat(actions)
    show = add_command(actions, "show", _show, "a fleet's price for a product, explained")
    show.add_argument("account", type=int)
    show.add_argument("--product", required=True)
    show.add_argument("--at", default="", help="an instant, or a time in the fleet's zone; now")
    show.add_argument("--site", default="")
    show.add_argument("--unit", default="", help="of sale; default: the product's")
    show.add_argument("--pump", type=_decimal, default=Decimal(0), help="price, VAT included")
    show.add_argument("--quantity", type=_decimal, default=Decimal(1))
    for action in actions.choices.values():
        add_database(action)
    for action in (actions.choices[name] for name in ("import", "contract", "vat")):
        action.add_argument("--who", default=getpass.getuser(), help="default: who is logged in")


def _add_import(actions: Commands[argparse.ArgumentParser]) -> None:
    parser = add_command(actions, "import", _import, "import a wholesale list (CSV)")
    parser.add_argument("file", type=Path)
    parser.add_argument("--source", required=True, help="whose list, like OMV")
    parser.add_argument("--zone", default="UTC", help="of times without an offset")
    parser.add_argument("--dry-run", action="store_true", help="check it, store nothing")
    parser.add_argument("--accept-jumps", action="store_true",
                        help="take prices far from the last one")
    parser.add_argument("--jump-percent", type=_decimal, default=JUMP_PERCENT,
                        help=f"what is far; default {JUMP_PERCENT}")
    parser.add_argument("--reason", default="", help="why prices that stand are changed")


def _add_vat(actions: Commands[argparse.ArgumentParser]) -> None:
    parser = add_command(actions, "vat", _vat, "enter a VAT rate from a date on")
    parser.add_argument("--product", required=True, help="a code, @group, or * for any")
    parser.add_argument("--percent", required=True, help="like 20 or 5.5; none: no rate any more")
    parser.add_argument("--from", dest="start", required=True, help="its first instant")
    parser.add_argument("--zone", default="UTC", help="of an instant without an offset")
    parser.add_argument("--country", default="", help="ISO 3166, two letters")
    parser.add_argument("--site", default="")


def _import(arguments: argparse.Namespace) -> int:
    with arguments.file.open("rb") as file:
        content = file.read(MOST_BYTES + 1)

    async def run() -> Report:
        return await desk.import_list(
            database_url(arguments), content, source=arguments.source, who=arguments.who,
            file=arguments.file.name, time_zone=arguments.zone, dry_run=arguments.dry_run,
            accept_jumps=arguments.accept_jumps, reason=arguments.reason,
            jump_percent=arguments.jump_percent)

    report = asyncio.run(run())
    refused = report.state == "refused"
    for line in desk.report_lines(report):
        print(line, file=sys.stderr if refused else sys.stdout)
    return 1 if refused else 0


def _contract(arguments: argparse.Namespace) -> int:
    return _say_one(desk.write_contract(database_url(arguments), arguments.file.read_bytes(),
                                        arguments.who, dry_run=arguments.dry_run))


def _list(arguments: argparse.Namespace) -> int:
    return _say(desk.contract_lines(database_url(arguments), arguments.account))


def _vat(arguments: argparse.Namespace) -> int:
    try:
        rate = VatRate(product=arguments.product, country=arguments.country, site=arguments.site,
                       valid_from=read_instant(arguments.start, _zone(arguments.zone)),
                       basis_points=_basis_points(arguments.percent))
    except ValueError as error:
        raise Failed(str(error)) from None
    return _say_one(desk.write_vat_rate(database_url(arguments), rate, arguments.who))


def _show(arguments: argparse.Namespace) -> int:
    return _say(desk.show(
        database_url(arguments), arguments.account, arguments.product, clock=Clock(),
        at=arguments.at, site=arguments.site, unit=arguments.unit, pump=arguments.pump,
        quantity=arguments.quantity))


def _say(lines: Awaitable[Sequence[str]]) -> int:
    async def run() -> Sequence[str]:
        return await lines

    try:
        print(*asyncio.run(run()), sep="\n")
    except BadTerms as bad:
        raise Failed("\n  ".join(("refused, nothing was stored:", *bad.problems))) from None
    return 0


def _say_one(line: Awaitable[str]) -> int:
    async def run() -> Sequence[str]:
        return [await line]

    return _say(run())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise Failed(f"no time zone {name!r}") from None


def _basis_points(percent: str) -> int | None:
    if percent == "none":
        return None
    try:
        points = Decimal(percent) * 100
        if points != int(points):
            raise ValueError(f"{percent} %: two decimals at most")
    except (InvalidOperation, OverflowError):
        raise ValueError(f"{percent!r} is no percent") from None
    return int(points)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not number.is_finite() or number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return number
