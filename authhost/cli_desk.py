"""The operator's desk: cards, their issue, the host's keys, who may use the admin API.

A part of the command `authhost`. Reads arguments, calls console or key_console, prints; the errors
of both are said by cli.py.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import get_args

from authhost import console, key_console, logs
from authhost.admin import cards
from authhost.admin.access_desk import add_access
from authhost.admin.refusals import Refused
from authhost.cli_options import (
    DATA,
    QUIET,
    Failed,
    add_command,
    add_database,
    add_hsm,
    database_url,
    hsms,
    up_url,
)
from authhost.hsm_keys import KeyEntry
from authhost.hsm_session import HsmSession, hsm_session

_ISSUE = ("card", "issue")
Commands = argparse._SubParsersAction  # argparse has no public name for it
Lines = Sequence[str]


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """The commands `card`, `key` and `access`."""
    parser = commands.add_parser("card", help="show, block, unblock, close or issue cards")
    actions = parser.add_subparsers(required=True, metavar="action")
    for name, text in (("show", "what is stored of it"), ("block", "nothing is approved any more"),
                       ("unblock", "it may buy again"), ("activate", "it may buy from now on"),
                       ("close", "it ends, for good"),
                       ("unlock-pin", "forgive its wrong PINs")):
        action = add_command(actions, name, _card, text)
        action.set_defaults(action=name)
        action.add_argument("number", help="the card's id, or its number on standard input with -")
        if name == "block":
            action.add_argument("--reason", choices=get_args(cards.Reason),
                                default=cards.ADMINISTRATOR)
        _with_servers(action)
    add_command(actions, "issue", _issue, "personalize a batch of cards; --help says how")
    _add_keys(commands)
    add_access(commands)


def is_issue(argv: Sequence[str]) -> bool:
    """`authhost card issue ...`: its arguments are the room issuing's own."""
    return tuple(argv[:2]) == _ISSUE


def issue(argv: Sequence[str]) -> int:
    """Issue cards; database and HSM are those of a running `authhost up` where none are named."""
    from issuing.cli import main  # noqa: PLC0415  # brings chip cards, which no host needs

    rest = list(argv[2:])
    where = argparse.Namespace(data_dir=DATA)
    if not {"-h", "--help"} & set(rest):
        for option, name in (("--database-url", "database_url"), ("--hsm", "hsm_url")):
            if not any(part.partition("=")[0] == option for part in rest):
                rest += [option, up_url(where, name, option)]
    return main(["issue", *rest])


def _issue(_: argparse.Namespace) -> int:
    raise AssertionError("main() hands `card issue` over before its arguments are read")


def _add_keys(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("key", help="the HSM's keys that are stored for the host")
    actions = parser.add_subparsers(required=True, metavar="action")
    add_command(actions, "list", _key_list, "every key, its version and check value")
    generate = add_command(actions, "generate", _key_generate, "a new key, made by the HSM")
    generate.add_argument("--usage", required=True, help="X9.143: P0, V2, C0, E0, M3, B0, 52 ...")
    generate.add_argument("--algorithm", required=True, help="T2, T3, A1, A2, A3")
    generate.add_argument("--mode", default="", help="of use; default: the usual one of the usage")
    store = add_command(actions, "store", _key_store, "a key that was formed at the HSM's console")
    store.add_argument("--block", required=True, help="as `hsm-sim form-key` printed it")
    import_ = add_command(actions, "import", _key_import,
                          "a key that came under a zone master key")
    import_.add_argument("--block", required=True, help="TR-31, without a letter before it")
    export = add_command(actions, "export", _key_export, "a key to be sent to a partner")
    for action in (generate, store, import_, export):
        action.add_argument("name", help="program/FLEET/pvk, acquirer/900001/zpk, zmk/PARTNER ...")
    for action in (import_, export):
        action.add_argument("--zmk", required=True, help="the name after zmk/")
    for action in actions.choices.values():
        _with_servers(action)


def _with_servers(parser: argparse.ArgumentParser) -> None:
    add_database(parser)
    add_hsm(parser)


def _card(arguments: argparse.Namespace) -> int:
    url = database_url(arguments)
    logs.configure(QUIET)

    async def run() -> dict[str, object]:
        card_id = await _card_id(arguments, url)
        if arguments.action != "show":
            await console.change_card(url, card_id, arguments.action.replace("-", "_"),
                                      getpass.getuser(), getattr(arguments, "reason", ""))
        return await console.show_card(url, card_id)

    try:
        shown = asyncio.run(run())
    except Refused as refused:
        raise Failed(refused.detail) from None
    return _say([f"{name:<16}{value}" for name, value in shown.items()])


async def _card_id(arguments: argparse.Namespace, url: str) -> int:
    if arguments.number.isdigit() and len(arguments.number) < 13:
        return int(arguments.number)
    if arguments.number != "-":
        raise Failed("give the card's id, or - and the card number on standard input: "
                     "arguments are seen by every user of this machine")
    number = sys.stdin.readline().strip()
    async with hsm_session(url, *hsms(arguments)) as session:
        index = await session.pan_index()
        return await console.find_card(url, await index.of(number))


def _key_list(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, _: str) -> Lines:
        return key_console.as_lines(await session.keys.all())

    return _say(_with_keys(arguments, run))


def _key_generate(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, url: str) -> Lines:
        return _made(await key_console.generate(
            session, url, arguments.name, arguments.usage, arguments.algorithm, arguments.mode,
            getpass.getuser()))

    return _say(_with_keys(arguments, run))


def _key_store(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, url: str) -> Lines:
        return _made(await key_console.store(session, url, arguments.name, arguments.block,
                                             getpass.getuser()))

    return _say(_with_keys(arguments, run))


def _key_import(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, url: str) -> Lines:
        return _made(await key_console.import_key(session, url, arguments.name, arguments.zmk,
                                                  arguments.block, getpass.getuser()))

    return _say(_with_keys(arguments, run))


def _key_export(arguments: argparse.Namespace) -> int:
    async def run(session: HsmSession, url: str) -> Lines:
        given = await key_console.export_key(session, url, arguments.name, arguments.zmk,
                                             getpass.getuser())
        return [given.exported, f"check value {given.kcv}"]

    return _say(_with_keys(arguments, run))


def _made(entry: KeyEntry) -> Lines:
    return [f"{entry.name} version {entry.version}, check value {entry.kcv}"]


def _with_keys(arguments: argparse.Namespace,
               work: Callable[[HsmSession, str], Awaitable[Lines]]) -> Lines:
    """Run an operator's work with the database and the HSMs."""
    url = database_url(arguments)
    logs.configure(QUIET)

    async def run() -> Lines:
        async with hsm_session(url, *hsms(arguments)) as session:
            return await work(session, url)

    return asyncio.run(run())


def _say(lines: Lines) -> int:
    for line in lines:
        print(line)
    return 0
