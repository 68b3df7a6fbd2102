"""The command `authhost`: what an operator types. Reads arguments, calls a room, prints.

Exit codes: 0 done, 1 refused or failed with a reason in words, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import msgspec
import uvloop

from authhost import (
    cli_answers,
    cli_desk,
    cli_documents,
    cli_invoices,
    cli_ledger,
    cli_night,
    cli_release,
    console,
    key_console,
    logs,
)
from authhost.bootstrap import make_host
from authhost.certificates import commands as certificate_commands
from authhost.certificates.authority import AuthorityError
from authhost.cli_options import (
    DATA,
    Command,
    Failed,
    Misused,
    add_cash,
    add_command,
    add_database,
    add_hsm,
    add_paying,
    authority_of,
    database_url,
    day_of,
    operator_of,
    public_url_of,
    push_subject_of,
    screening_of,
    tls_files,
)
from authhost.clock import Clock
from authhost.core_dumps import forbid_core_dumps
from authhost.embedded import EmbeddedError, embedded
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.hsm_session import hsm_session
from authhost.journal.entry import JournalUnavailable
from authhost.journal.migrate import MigrationError, check, migrate
from authhost.nights_beside import NightsBeside, NightsWanted, nights_command
from authhost.pricing import commands as price_commands
from authhost.push import commands as push_commands
from authhost.settings import (
    HttpListen,
    IsoListen,
    Settings,
    SettingsError,
    hsm_addresses,
)
from authhost.state.client import StateUnavailable
from authhost.station import commands as catalogue_commands
from iso import IsoError, describe_text, parse_input
from iso import get as get_profile


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    given = sys.argv[1:] if argv is None else argv
    try:
        if cli_desk.is_issue(given):
            return cli_desk.issue(given)
        arguments = _parser().parse_args(given)
        command: Command = arguments.command
        return command(arguments)
    except Misused as error:
        print(f"authhost: {error}", file=sys.stderr)
        return 2
    except (Failed, SettingsError, EmbeddedError, MigrationError, StateUnavailable, IsoError,
            HsmUnavailable, HsmRefused, JournalUnavailable, console.UnknownCard,
            key_console.KeyProblem, AuthorityError) as error:
        print(f"authhost: {error}", file=sys.stderr)
        return 1
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        print(f"authhost: the database says: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"authhost: {_in_words(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _in_words(error: OSError) -> str:
    """A file by its name, a server by where it was looked for."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, ConnectionError | TimeoutError | FileNotFoundError | socket.gaierror):
        return f"a server does not answer: {error or type(error).__name__}"
    return str(error) or type(error).__name__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="authhost", description="Payment authorization and clearing.")
    commands = parser.add_subparsers(required=True, metavar="command")

    demo = add_command(commands, "demo", _demo,
                       "a simulated day and its night, on embedded servers")
    demo.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--out", type=Path, default=Path("authhost-demo"),
                      help="where the night's files go (default ./authhost-demo)")

    up = add_command(commands, "up", _up, "everything on embedded servers until Ctrl-C")
    up.add_argument("--data-dir", type=Path, default=DATA, metavar="DIR",
                    help=f"where databases, keys and logs are (default ./{DATA})")
    up.add_argument("--example", action="store_true",
                    help="put an example portfolio into a new database, and say how to use it")
    _doors(up, iso="ifsf:binary2:127.0.0.1:8583", http="127.0.0.1:8580")
    up.set_defaults(plain_phones=True)

    serve = add_command(commands, "serve", _serve, "one host process against given servers")
    serve.add_argument("--database-url", required=True)
    serve.add_argument("--redis-url", required=True)
    add_hsm(serve)
    migrate_ = add_command(commands, "migrate", _migrate, "bring a database's schema up to date")
    migrate_.add_argument("--database-url", required=True)
    migrate_.add_argument("--first-day", type=day_of, metavar="YYYY-MM-DD",
                          help="open the first business day of a new database")
    _doors(serve, iso=None, http=None)

    statement = add_command(commands, "statement", _statement,
                            "compare a bank's statement (camt.053) with what was sent to it")
    statement.add_argument("file", type=Path, metavar="FILE")
    add_database(statement)

    decode = add_command(commands, "decode", _decode, "show an ISO 8583 message field by field")
    decode.add_argument("--profile", default="ifsf")
    decode.add_argument("message", help="a file, hex, or - for standard input")

    cli_answers.add(commands)
    cli_desk.add(commands)
    cli_documents.add(commands)
    cli_invoices.add(commands)
    cli_ledger.add(commands)
    cli_night.add(commands)
    cli_release.add(commands)
    price_commands.add(commands)
    catalogue_commands.add(commands)
    certificate_commands.add(commands)
    push_commands.add(commands)
    return parser


def _doors(parser: argparse.ArgumentParser, iso: str | None, http: str | None) -> None:
    parser.add_argument("--iso", action="append", default=None,
                        help=f"profile:framing:host:port[:tls], repeatable (default {iso})")
    parser.add_argument("--http", default=http, help="host:port[:tls]")
    parser.add_argument("--tls-ca", type=Path, help="who may connect (PEM)")
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    add_cash(parser)
    add_paying(parser)
    parser.add_argument("--nights", type=Path, nargs="?", const=Path("files"), metavar="DIR",
                        help="do the nights too, in a process beside this one: `authhost nights` "
                        "with its files in DIR (./files)")
    parser.add_argument("--nights-settings", type=Path, metavar="FILE",
                        help="what the operator decides about them (JSON: docs/operations.md)")
    parser.add_argument("--clock", default="", help="real_us:origin_us:rate of a simulated clock")
    parser.add_argument("--log-level", default="info",
                        choices=("debug", "info", "warning", "error"))
    parser.set_defaults(default_iso=iso)


def _settings(arguments: argparse.Namespace, database_url: str, redis_url: str,
              hsm: Sequence[str]) -> Settings:
    texts = arguments.iso or ([arguments.default_iso] if arguments.default_iso else [])
    hsm_tls = tls_files(arguments, "hsm")
    return Settings(
        database_url=database_url, redis_url=redis_url,
        hsm=hsm_addresses(hsm, hsm_tls), hsm_tls=hsm_tls,
        iso=tuple(IsoListen.parse(text) for text in texts),
        http=HttpListen.parse(arguments.http) if arguments.http else None,
        tls=tls_files(arguments, "tls"), bank_tls=tls_files(arguments, "bank"),
        screening=screening_of(arguments.screening),
        operator=operator_of(arguments.operator), authority=authority_of(arguments),
        public=HttpListen.public(arguments.public) if arguments.public else None,
        payer_ca=tuple(arguments.payer_ca or ()), phone_region=arguments.phone_region,
        plain_phones=arguments.plain_phones, private_callbacks=arguments.private_callbacks,
        public_url=public_url_of(arguments.public_url), push_key=arguments.push_key,
        push_subject=push_subject_of(arguments.push_subject), clock=Clock.parse(arguments.clock),
        log_level=arguments.log_level)


def _serve(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments, arguments.database_url, arguments.redis_url,
                         arguments.hsm or ())
    nights = cli_night.nights_wanted(arguments)
    logs.configure(settings.log_level)
    uvloop.run(_check_and_run(settings, nights))
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    async def run() -> list[str]:
        applied = await migrate(arguments.database_url)
        if arguments.first_day is not None:
            await console.open_first_day(arguments.database_url, arguments.first_day)
        return applied

    for name in asyncio.run(run()):
        print(name)
    return 0


def _up(arguments: argparse.Namespace) -> int:
    nights = cli_night.nights_wanted(arguments)
    logs.configure(arguments.log_level)
    with embedded(arguments.data_dir) as servers:
        urls = {"database_url": servers.postgres.url, "redis_url": servers.valkey.url,
                "hsm_url": servers.hsm.url}
        settings = _settings(arguments, urls["database_url"], urls["redis_url"],
                             [urls["hsm_url"]])
        (arguments.data_dir / "urls.json").write_text(json.dumps(urls))
        uvloop.run(_prepare_and_run(settings, arguments.data_dir, nights,
                                    example=arguments.example))
    return 0


async def _prepare_and_run(settings: Settings, data_dir: Path, nights: NightsWanted | None, *,
                           example: bool) -> None:
    await migrate(settings.database_url)
    today = settings.clock.now().date()
    if example:
        from demo.example import authority, end_day_soon, seed_example  # noqa: PLC0415  # brings terminals

        if nights is not None:
            today, told = await end_day_soon(settings.database_url, settings.clock.now())
            print(told, file=sys.stderr)
        async with hsm_session(settings.database_url, settings.hsm) as session:
            print(await seed_example(settings.database_url, data_dir, today, session),
                  file=sys.stderr)
        if settings.authority is None:
            settings = msgspec.structs.replace(settings, authority=authority(data_dir))
    await console.open_first_day(settings.database_url, today)
    await _run_host(settings, nights)


async def _check_and_run(settings: Settings, nights: NightsWanted | None) -> None:
    """A host does not change a schema by itself: it says that somebody has to."""
    await check(settings.database_url)
    await _run_host(settings, nights)


async def _run_host(settings: Settings, wanted: NightsWanted | None) -> None:
    """Serve until SIGTERM or Ctrl-C, then drain."""
    forbid_core_dumps()
    host = await make_host(settings)
    nights = None if wanted is None else NightsBeside(nights_command(
        settings.database_url, wanted, str(settings.clock), settings.log_level))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        ports = await host.start()
    except OSError:  # a port is taken: what has begun is seen through, and says nothing of its own
        await host.stop()
        raise
    if nights is not None:
        nights.start()
    print(json.dumps({"event": "ready", "pid": os.getpid(), "ports": ports}), flush=True)
    await stop.wait()
    await host.stop()
    if nights is not None:
        await nights.stop()


def _statement(arguments: argparse.Namespace) -> int:
    from authhost.admin.bank_statements import tell_file  # noqa: PLC0415  # as for the night
    from clearing.camt053 import StatementError  # noqa: PLC0415

    try:
        told = asyncio.run(tell_file(database_url(arguments), arguments.file.read_bytes()))
    except StatementError as error:
        raise Failed(f"{arguments.file}: {error}") from None
    for one in told:
        found = ", ".join(f"{count} {what}" for what, count in one.outcomes.items())
        print(f"{one.reference}: {found or 'nothing new'}; missing {one.missing}, "
              f"cases {one.cases}")
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from demo.run import run_demo  # noqa: PLC0415  # brings terminals, which no host needs

    with tempfile.TemporaryDirectory(prefix="authhost-demo-") as data_dir:
        return uvloop.run(run_demo(Path(data_dir), arguments.seed, arguments.json, arguments.out))


def _decode(arguments: argparse.Namespace) -> int:
    profile = get_profile(arguments.profile)
    text: str | bytes
    if arguments.message == "-":
        text = sys.stdin.buffer.read()
    elif os.path.isfile(arguments.message):  # False, not an error, for a long message in hex
        text = Path(arguments.message).read_bytes()
    else:
        text = arguments.message
    try:
        print(describe_text(profile, parse_input(text)))
    except ValueError as error:
        raise Failed(str(error)) from None
    return 0
