"""The command `authhost catalogue`: arguments in, the desk's function called, lines printed.

Exit codes: 0 done, 1 refused with the reason in words.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
from collections.abc import Awaitable, Callable

import asyncpg

from authhost import logs
from authhost.cli_options import (
    QUIET,
    Failed,
    add_command,
    add_database,
    add_hsm,
    database_url,
    hsms,
)
from authhost.clock import Clock
from authhost.hsm_session import HsmSession, hsm_session
from authhost.pricing.prices import Prices
from authhost.station import desk
from authhost.station.catalogue import NoCatalogue
from authhost.station.signer import NoSuchKey

Commands = argparse._SubParsersAction  # argparse has no public name for it


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """The command `catalogue` with its actions."""
    parser = commands.add_parser("catalogue", help="what terminals sell by without the host")
    actions = parser.add_subparsers(required=True, metavar="action")
    key = add_command(actions, "key", _key, "the keys that sign: number and public point; the "
                      "first is made where there is none")
    one = key.add_mutually_exclusive_group()
    one.add_argument("--add", action="store_true", help="make one more, which does not sign yet")
    one.add_argument("--use", type=int, metavar="NUMBER", help="sign with this one from now on")
    add_command(actions, "build", _build, "build a version now, where something has changed")
    show = add_command(actions, "show", _show, "the newest versions, or what a terminal is told")
    show.add_argument("--terminal", default="", metavar="ID")
    show.add_argument("--base", type=int, default=0, metavar="VERSION",
                      help="what is new beyond this one (default: everything)")
    for action in actions.choices.values():
        add_database(action)
    for action in (key, show):
        add_hsm(action)


def _key(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, url: str) -> desk.Lines:
        return await desk.show_keys(session, url, getpass.getuser(), add=arguments.add,
                                    use=arguments.use)

    return _with_keys(arguments, run)


def _build(arguments: argparse.Namespace) -> int:
    url = database_url(arguments)
    logs.configure(QUIET)

    async def run() -> desk.Lines:
        clock = Clock()
        async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
            return await desk.build(url, Prices(pool, clock), clock)

    return _say(asyncio.run(run()))


def _show(arguments: argparse.Namespace) -> int:
    if arguments.base and not arguments.terminal:
        raise Failed("--base goes with --terminal")

    async def run(session: HsmSession, url: str) -> desk.Lines:
        return await desk.show(session, url, arguments.terminal, arguments.base)

    return _with_keys(arguments, run)


def _with_keys(arguments: argparse.Namespace,
               work: Callable[[HsmSession, str], Awaitable[desk.Lines]]) -> int:
    """Run with the database and the HSMs; what cannot be done is said in words."""
    url = database_url(arguments)
    logs.configure(QUIET)

    async def run() -> desk.Lines:
        async with hsm_session(url, *hsms(arguments)) as session:
            return await work(session, url)

    try:
        return _say(asyncio.run(run()))
    except NoSuchKey as error:
        raise Failed(str(error)) from None
    except NoCatalogue as error:
        raise Failed(f"{error} has no catalogue: no such POS at a site, or nothing is built yet "
                     "(authhost catalogue build)") from None


def _say(lines: desk.Lines) -> int:
    for line in lines:
        print(line)
    return 0
