"""`authhost access`: who is let in to the admin API, by the command line.

Reads arguments, calls the keyring, prints. The first administrator is made here: over HTTP one has
to be let in already.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from authhost import logs
from authhost.admin.access import SCOPES, Role, operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.admin.refusals import Refused
from authhost.cli_options import QUIET, Failed, add_command, add_database, database_url

_DAYS = 365


def add_access(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `access` with add, list and revoke."""
    parser = commands.add_parser("access", help="who may use the admin API, and as what")
    actions = parser.add_subparsers(required=True, metavar="action")
    new = add_command(actions, "add", _add, "let somebody in; the token is printed this once")
    new.add_argument("name", help="a person's or a program's")
    new.add_argument("--role", required=True, choices=[str(role) for role in Role])
    new.add_argument("--account", type=int, help="of a fleet, a safe's client, his cashier")
    new.add_argument("--site", help="of a station's manager")
    new.add_argument("--bank", help="of a bank")
    new.add_argument("--courier", help="of a courier")
    new.add_argument("--certificate", default="", metavar="COMMON-NAME",
                     help="that the client must show over mutual TLS, beside the token")
    new.add_argument("--no-token", action="store_true", help="the certificate alone is to do")
    new.add_argument("--days", type=int, default=_DAYS, help=f"until it ends (default {_DAYS})")
    add_command(actions, "list", _list, "everybody, and until when")
    out = add_command(actions, "revoke", _revoke, "let nobody in by this name, from now on")
    out.add_argument("name")
    for action in actions.choices.values():
        add_database(action)


def _add(arguments: argparse.Namespace) -> int:
    wanted = NewAccess(
        name=arguments.name, role=Role(arguments.role), account_id=arguments.account,
        site_id=arguments.site, bank_id=arguments.bank, courier_id=arguments.courier,
        certificate=arguments.certificate,
        with_token=not arguments.no_token,
        expires_at=datetime.now(UTC) + timedelta(days=arguments.days))

    async def run(keyring: Keyring) -> Sequence[str]:
        _, token = await keyring.add(operator(getpass.getuser()), wanted)
        return [token] if token else []

    return _say(arguments, run)


def _list(arguments: argparse.Namespace) -> int:
    async def run(keyring: Keyring) -> Sequence[str]:
        return [" ".join((
            f"{row['name']:<24}{row['role']:<16}",
            f"{next((row[one] for one in SCOPES if row[one] is not None), '-'):<14}",
            f"{row['expires_at']:%Y-%m-%d}", "token" if row["token"] else "-",
            row["certificate"] or "-", "revoked" if row["revoked_at"] else ""))
            for row in await keyring.all(operator(getpass.getuser()))]

    return _say(arguments, run)


def _revoke(arguments: argparse.Namespace) -> int:
    async def run(keyring: Keyring) -> Sequence[str]:
        await keyring.revoke(operator(getpass.getuser()), arguments.name)
        return [f"{arguments.name} is out"]

    return _say(arguments, run)


def _say(arguments: argparse.Namespace,
         work: Callable[[Keyring], Awaitable[Sequence[str]]]) -> int:
    url = database_url(arguments)
    logs.configure(QUIET)

    async def run() -> Sequence[str]:
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            return await work(Keyring(pool))

    try:
        for line in asyncio.run(run()):
            print(line)
    except Refused as refused:
        where = f"{refused.where}: " if refused.where else ""
        raise Failed(f"{where}{refused.detail}") from None
    return 0
