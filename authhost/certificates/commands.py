"""`authhost certificates`: the authority and its certificates by the command line.

Reads arguments and files, calls the desk, prints. Only what signs needs the authority's key.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg

from authhost import logs
from authhost.admin.access import operator
from authhost.admin.refusals import Refused
from authhost.certificates.authority import (
    CERTIFICATE,
    AuthorityError,
    FileAuthority,
    pem,
    replace_file,
)
from authhost.certificates.desk import DAYS, OVERLAP_DAYS, REASONS, Certificates, Wanted
from authhost.certificates.requests import MOST_BYTES
from authhost.cli_options import QUIET, Failed, add_command, add_database, database_url
from authhost.clock import Clock

_DIRECTORY: Final = Path("authority")
_PAGE: Final = 1_000
Lines = Sequence[str]
Work = Callable[[Certificates], Awaitable[Lines]]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `certificates`."""
    parser = commands.add_parser("certificates", help="certificates of devices, and who signs them")
    actions = parser.add_subparsers(required=True, metavar="action")
    init = add_command(actions, "init", _init, "a new authority: its key and its certificate")
    init.add_argument("--name", default="authhost devices", help="of the authority")
    issue = add_command(actions, "issue", _issue, "a certificate for a request (PKCS#10)")
    renew = add_command(actions, "renew", _renew,
                        "a certificate in place of the one in force, which ends a while later")
    renew.add_argument("--overlap", type=int, default=OVERLAP_DAYS, metavar="DAYS",
                       help=f"until the old ones end (default {OVERLAP_DAYS})")
    for action in (issue, renew):
        action.add_argument("terminal")
        action.add_argument("request", type=Path, help="a file")
        action.add_argument("--days", type=int, default=DAYS, help=f"default {DAYS}")
        action.add_argument("--out", type=Path, help="default: standard output")
    adopt = add_command(actions, "adopt", _adopt,
                        "another authority's certificate is one of the terminal's")
    adopt.add_argument("terminal")
    adopt.add_argument("certificate", type=Path, help="a file")
    revoke = add_command(actions, "revoke", _revoke, "refused at every door from this second on")
    revoke.add_argument("serial", help="hexadecimal, as `list` shows it")
    revoke.add_argument("--reason", choices=sorted(REASONS), default="unspecified")
    listed = add_command(actions, "list", _list, "certificates, until when, what became of them")
    listed.add_argument("--terminal", default="")
    listed.add_argument("--ending", type=int, metavar="DAYS",
                        help="those alone that end within so many days")
    crl = add_command(actions, "crl", _crl, "the list of revoked ones, for servers that take one")
    crl.add_argument("--out", type=Path, required=True)
    for action in (init, issue, renew, crl):
        action.add_argument("--authority", type=Path, default=_DIRECTORY, metavar="DIRECTORY",
                            help=f"default ./{_DIRECTORY}")
        action.add_argument("--passphrase-file", type=Path, required=True,
                            help="that opens its key; readable by its owner alone")
    for name, action in actions.choices.items():
        if name != "init":
            add_database(action)


def _init(arguments: argparse.Namespace) -> int:
    try:
        FileAuthority.create(arguments.authority, arguments.passphrase_file, arguments.name,
                             datetime.now(UTC))
    except AuthorityError as error:
        raise Failed(str(error)) from None
    print(f"{arguments.authority / CERTIFICATE}: put it into the file of --tls-ca of every host")
    return 0


def _issue(arguments: argparse.Namespace) -> int:
    wanted = _wanted(arguments)

    async def run(desk: Certificates) -> Lines:
        row = await desk.issue(operator(getpass.getuser()), wanted, None)
        return _given(arguments.out, row["certificate"], row["serial"])

    return _say(arguments, run)


def _renew(arguments: argparse.Namespace) -> int:
    wanted = _wanted(arguments)
    if arguments.overlap < 0:
        raise Failed("--overlap: not less than nothing")

    async def run(desk: Certificates) -> Lines:
        row = await desk.renew(operator(getpass.getuser()), wanted, None,
                               overlap_days=arguments.overlap)
        return _given(arguments.out, row["certificate"], row["serial"])

    return _say(arguments, run)


def _adopt(arguments: argparse.Namespace) -> int:
    text = _text(arguments.certificate)

    async def run(desk: Certificates) -> Lines:
        row = await desk.adopt(operator(getpass.getuser()), arguments.terminal, text, None)
        return [f"{row['serial']} is one of {arguments.terminal} until {row['not_after']}"]

    return _say(arguments, run)


def _revoke(arguments: argparse.Namespace) -> int:
    async def run(desk: Certificates) -> Lines:
        row = await desk.revoke(operator(getpass.getuser()), arguments.serial, arguments.reason)
        return [f"{row['serial']} of {row['terminal_id']} is revoked"]

    return _say(arguments, run)


def _list(arguments: argparse.Namespace) -> int:
    until = None
    if arguments.ending is not None:
        until = datetime.now(UTC) + timedelta(days=arguments.ending)

    async def run(desk: Certificates) -> Lines:
        lines: list[str] = []
        after: str | None = ""
        while after is not None:
            rows, after = await desk.page(operator(getpass.getuser()), arguments.terminal, until,
                                          after, _PAGE)
            lines += [f"{row['terminal_id']:<24}{row['serial']:<42}{row['not_after'][:10]} "
                      f"{row['revoked_at'] or '-'} {row['reason']}".rstrip() for row in rows]
        return lines

    return _say(arguments, run)


def _crl(arguments: argparse.Namespace) -> int:
    async def run(desk: Certificates) -> Lines:
        found = await desk.revoked(operator(getpass.getuser()))
        replace_file(arguments.out, pem(found))
        return [f"{arguments.out}: {len(found)} revoked, next by {found.next_update_utc:%Y-%m-%d}"]

    return _say(arguments, run)


def _wanted(arguments: argparse.Namespace) -> Wanted:
    return Wanted(terminal_id=arguments.terminal, request=_text(arguments.request),
                  days=arguments.days)


def _text(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise Failed(f"{path} is larger than {MOST_BYTES} bytes")
    try:
        return path.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise Failed(f"{path} is no PEM file") from None


def _given(out: Path | None, certificate: str, serial: str) -> Lines:
    if out is None:
        return [certificate.rstrip()]
    replace_file(out, certificate.encode())
    return [f"{out}: {serial}"]


def _say(arguments: argparse.Namespace, work: Work) -> int:
    url = database_url(arguments)
    logs.configure(QUIET)
    try:
        authority = FileAuthority.open(arguments.authority, arguments.passphrase_file) \
            if hasattr(arguments, "authority") else None
    except AuthorityError as error:
        raise Failed(str(error)) from None

    async def run() -> Lines:
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            return await work(Certificates(pool, authority, Clock()))

    try:
        for line in asyncio.run(run()):
            print(line)
    except Refused as refused:
        raise Failed(f"{refused.where}: {refused.detail}") from None
    return 0
