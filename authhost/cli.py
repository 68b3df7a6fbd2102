"""The command `authhost`: what an operator types. Reads arguments, calls a room, prints.

Exit codes: 0 done, 1 refused or failed with a reason in words, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import asyncpg
import uvloop

from authhost import console, key_console, logs
from authhost.bootstrap import make_host
from authhost.clock import Clock
from authhost.embedded import EmbeddedError, embedded
from authhost.hsm.address import HsmAddress
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.hsm_session import HsmSession, hsm_session
from authhost.journal.entry import JournalUnavailable
from authhost.journal.migrate import MigrationError, check, migrate
from authhost.settings import (
    HttpListen,
    IsoListen,
    Settings,
    SettingsError,
    TlsFiles,
    hsm_addresses,
)
from authhost.state.client import StateUnavailable
from iso import IsoError, describe_text, parse_input
from iso import get as get_profile

DATA = Path("authhost-data")
_QUIET = "critical"  # of a command that ends: what it has to say, it says in words
Command = Callable[[argparse.Namespace], int]
T = TypeVar("T")


class Failed(Exception):  # it is said to a person, not caught by code
    """A command that cannot be done, and why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    try:
        return command(arguments)
    except (Failed, SettingsError, EmbeddedError, MigrationError, StateUnavailable, IsoError,
            HsmUnavailable, HsmRefused, JournalUnavailable, console.UnknownCard,
            key_console.KeyProblem) as error:
        print(f"authhost: {error}", file=sys.stderr)
        return 1
    except (asyncpg.PostgresError, OSError) as error:
        print(f"authhost: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="authhost", description="Payment authorization and clearing.")
    commands = parser.add_subparsers(required=True, metavar="command")

    demo = _command(commands, "demo", _demo, "a simulated day and its night, on embedded servers")
    demo.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--out", type=Path, default=Path("authhost-demo"),
                      help="where the night's files go (default ./authhost-demo)")

    up = _command(commands, "up", _up, "everything on embedded servers until Ctrl-C")
    up.add_argument("--data-dir", type=Path, default=DATA)
    up.add_argument("--example", action="store_true",
                    help="put an example portfolio into a new database, and say how to use it")
    _doors(up, iso="ifsf:binary2:127.0.0.1:8583", http="127.0.0.1:8580")

    serve = _command(commands, "serve", _serve, "one host process against given servers")
    serve.add_argument("--database-url", required=True)
    serve.add_argument("--redis-url", required=True)
    _hsm(serve)
    migrate_ = _command(commands, "migrate", _migrate, "bring a database's schema up to date")
    migrate_.add_argument("--database-url", required=True)
    migrate_.add_argument("--first-day", type=_date, metavar="YYYY-MM-DD",
                          help="open the first business day of a new database")
    _doors(serve, iso=None, http=None)

    clear = _command(commands, "clear", _clear, "close a business day and write its files")
    clear.add_argument("--date", type=_date, required=True, metavar="YYYY-MM-DD")
    clear.add_argument("--out", type=Path, default=Path("files"))
    clear.add_argument("--data-dir", type=Path, default=DATA)
    _database(clear)

    decode = _command(commands, "decode", _decode, "show an ISO 8583 message field by field")
    decode.add_argument("--profile", default="ifsf")
    decode.add_argument("message", help="a file, hex, or - for standard input")

    card = _command(commands, "card", _card, "block, unblock or show a card")
    card.add_argument("action", choices=("block", "unblock", "unlock-pin", "show"))
    card.add_argument("number", help="the card's id, or its number on standard input with -")
    card.add_argument("--data-dir", type=Path, default=DATA)
    _database(card)
    _hsm(card)
    _key_parser(commands)
    return parser


def _command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str,
             command: Command, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _key_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("key", help="the HSM's keys that are stored for the host")
    actions = parser.add_subparsers(required=True, metavar="action")
    _command(actions, "list", _key_list, "every key, its version and check value")
    generate = _command(actions, "generate", _key_generate, "a new key, made by the HSM")
    generate.add_argument("--usage", required=True, help="X9.143: P0, V2, C0, E0, M3, B0, 52 ...")
    generate.add_argument("--algorithm", required=True, help="T2, T3, A1, A2, A3")
    generate.add_argument("--mode", default="", help="of use; default: the usual one of the usage")
    import_ = _command(actions, "import", _key_import, "a key that came under a zone master key")
    import_.add_argument("--block", required=True, help="TR-31, without a letter before it")
    export = _command(actions, "export", _key_export, "a key to be sent to a partner")
    for action in (generate, import_, export):
        action.add_argument("name", help="program/FLEET/pvk, acquirer/900001/zpk, zmk/PARTNER ...")
    for action in (import_, export):
        action.add_argument("--zmk", required=True, help="the name after zmk/")
    for action in actions.choices.values():
        action.add_argument("--data-dir", type=Path, default=DATA)
        _database(action)
        _hsm(action)


def _hsm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hsm", action="append", default=None,
                        help="hsm://host:port or hsms://host:port (TLS), one an HSM; "
                        "a tool's default: that of a running `authhost up`")
    parser.add_argument("--hsm-ca", type=Path, help="who signs the HSMs' certificates (PEM)")
    parser.add_argument("--hsm-cert", type=Path, help="the host's own, for the HSMs")
    parser.add_argument("--hsm-key", type=Path)


def _database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database-url", help="default: that of a running `authhost up`")


def _doors(parser: argparse.ArgumentParser, iso: str | None, http: str | None) -> None:
    parser.add_argument("--iso", action="append", default=None,
                        help=f"profile:framing:host:port[:tls], repeatable (default {iso})")
    parser.add_argument("--http", default=http, help="host:port[:tls]")
    parser.add_argument("--tls-ca", type=Path, help="who may connect (PEM)")
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    parser.add_argument("--clock", default="", help="real_us:origin_us:rate of a simulated clock")
    parser.add_argument("--log-level", default="info",
                        choices=("debug", "info", "warning", "error"))
    parser.set_defaults(default_iso=iso)


def _settings(arguments: argparse.Namespace, database_url: str, redis_url: str,
              hsm: Sequence[str]) -> Settings:
    texts = arguments.iso or ([arguments.default_iso] if arguments.default_iso else [])
    hsm_tls = _files(arguments, "hsm")
    return Settings(
        database_url=database_url, redis_url=redis_url,
        hsm=hsm_addresses(hsm, hsm_tls), hsm_tls=hsm_tls,
        iso=tuple(IsoListen.parse(text) for text in texts),
        http=HttpListen.parse(arguments.http) if arguments.http else None,
        tls=_files(arguments, "tls"), clock=Clock.parse(arguments.clock),
        log_level=arguments.log_level)


def _files(arguments: argparse.Namespace, prefix: str) -> TlsFiles | None:
    names = [f"{prefix}_{part}" for part in ("ca", "cert", "key")]
    files: list[Path] = [path for name in names if (path := getattr(arguments, name, None))]
    if not files:
        return None
    if len(files) < len(names):
        raise SettingsError(f"--{prefix}-ca, --{prefix}-cert and --{prefix}-key go together")
    return TlsFiles(*files)


def _serve(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments, arguments.database_url, arguments.redis_url,
                         arguments.hsm or ())
    logs.configure(settings.log_level)
    uvloop.run(_check_and_run(settings))
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
    logs.configure(arguments.log_level)
    with embedded(arguments.data_dir) as servers:
        urls = {"database_url": servers.postgres.url, "redis_url": servers.valkey.url,
                "hsm_url": servers.hsm.url}
        settings = _settings(arguments, urls["database_url"], urls["redis_url"],
                             [urls["hsm_url"]])
        (arguments.data_dir / "urls.json").write_text(json.dumps(urls))
        uvloop.run(_prepare_and_run(settings, arguments.data_dir, example=arguments.example))
    return 0


async def _prepare_and_run(settings: Settings, data_dir: Path, *, example: bool) -> None:
    await migrate(settings.database_url)
    today = settings.clock.now().date()
    if example:
        from demo.example import seed_example  # noqa: PLC0415  # brings terminals

        async with hsm_session(settings.database_url, settings.hsm) as session:
            print(await seed_example(settings.database_url, data_dir, today,
                                     await session.pan_index()), file=sys.stderr)
    await console.open_first_day(settings.database_url, today)
    await _run_host(settings)


async def _check_and_run(settings: Settings) -> None:
    """A host does not change a schema by itself: it says that somebody has to."""
    await check(settings.database_url)
    await _run_host(settings)


async def _run_host(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C, then drain."""
    host = await make_host(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ports = await host.start()
    print(json.dumps({"event": "ready", "pid": os.getpid(), "ports": ports}), flush=True)
    await stop.wait()
    await host.stop()


def _clear(arguments: argparse.Namespace) -> int:
    from clearing.errors import ClearingError  # noqa: PLC0415  # only the night needs its libraries
    from clearing.run import clear  # noqa: PLC0415  # only the night needs its libraries

    try:
        summary = asyncio.run(clear(_database_url(arguments), arguments.date, arguments.out,
                                    progress=lambda step: print(f"{step} ...", file=sys.stderr)))
    except ClearingError as error:
        raise Failed(str(error)) from None
    for file in summary.files:
        print(f"{file.kind:<24}{file.count:>8}{file.sum_minor:>16} {file.currency:<4}{file.path}")
    print(f"balanced: {summary.balanced}")
    return 0 if summary.balanced else 1


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


def _card(arguments: argparse.Namespace) -> int:
    url = _database_url(arguments)
    logs.configure(_QUIET)

    async def run() -> dict[str, object]:
        card_id = await _card_id(arguments, url)
        if arguments.action == "unlock-pin":
            await console.unlock_pin(url, card_id, getpass.getuser())
        elif arguments.action != "show":
            status = "blocked" if arguments.action == "block" else "active"
            await console.set_card_status(url, card_id, status, getpass.getuser())
        return await console.show_card(url, card_id)

    for name, value in asyncio.run(run()).items():
        print(f"{name:<16}{value}")
    return 0


async def _card_id(arguments: argparse.Namespace, url: str) -> int:
    if arguments.number.isdigit() and len(arguments.number) < 13:
        return int(arguments.number)
    if arguments.number != "-":
        raise Failed("give the card's id, or - and the card number on standard input: "
                     "arguments are seen by every user of this machine")
    number = sys.stdin.readline().strip()
    async with hsm_session(url, *_hsms(arguments)) as session:
        index = await session.pan_index()
        return await console.find_card(url, await index.of(number))


def _key_list(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, _: str) -> list[str]:
        return key_console.as_lines(await session.keys.all())

    return _say(_with_keys(arguments, run))


def _key_generate(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, url: str) -> list[str]:
        made = await key_console.generate(session, url, arguments.name, arguments.usage,
                                          arguments.algorithm, arguments.mode, getpass.getuser())
        return [f"{made.name} version {made.version}, check value {made.kcv}"]

    return _say(_with_keys(arguments, run))


def _key_import(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, url: str) -> list[str]:
        made = await key_console.import_key(session, url, arguments.name, arguments.zmk,
                                            arguments.block, getpass.getuser())
        return [f"{made.name} version {made.version}, check value {made.kcv}"]

    return _say(_with_keys(arguments, run))


def _key_export(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, url: str) -> list[str]:
        given = await key_console.export_key(session, url, arguments.name, arguments.zmk,
                                             getpass.getuser())
        return [given.exported, f"check value {given.kcv}"]

    return _say(_with_keys(arguments, run))


def _with_keys(arguments: argparse.Namespace,
               work: Callable[[HsmSession, str], Awaitable[T]]) -> T:
    """Run an operator's work with the database and the HSMs."""
    url = _database_url(arguments)
    logs.configure(_QUIET)

    async def run() -> T:
        async with hsm_session(url, *_hsms(arguments)) as session:
            return await work(session, url)

    return asyncio.run(run())


def _say(lines: Sequence[str]) -> int:
    for line in lines:
        print(line)
    return 0


def _hsms(arguments: argparse.Namespace) -> tuple[tuple[HsmAddress, ...], TlsFiles | None]:
    tls = _files(arguments, "hsm")
    texts = arguments.hsm or [_url(arguments, "hsm_url", "--hsm")]
    return hsm_addresses(texts, tls), tls


def _database_url(arguments: argparse.Namespace) -> str:
    return arguments.database_url or _url(arguments, "database_url", "--database-url")


def _url(arguments: argparse.Namespace, name: str, option: str) -> str:
    urls = getattr(arguments, "data_dir", DATA) / "urls.json"
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads(urls.read_text())[name])
    raise Failed(f"no {option}, and no `authhost up` has left {urls}")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-07-23") from None
