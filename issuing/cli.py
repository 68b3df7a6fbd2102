"""The commands of issuing: `issue` a batch, make its `keys`, `certify` a terminal, mend a `card`.

Reads arguments, connects, calls, prints. Exit codes: 0 done, 1 refused or stopped with a reason in
words, 2 wrong arguments. A stopped batch is gone on with by the same command.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg

from authhost.core_dumps import forbid_core_dumps
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.hsm_session import HsmSession, hsm_session
from authhost.settings import SettingsError, TlsFiles, hsm_addresses
from chip import certificates as cvc
from chip.certificates import Role
from chip.errors import CardProblem
from chip.pcsc import PcscReader
from chip.reader import Reader
from issuing import desk
from issuing.batch import BatchError, read_batch
from issuing.chip_hsm import ChipHsm
from issuing.chip_session import ChipSession
from issuing.feeders import (
    Feeder,
    FolderFeeder,
    NoMoreCards,
    OperatorFeeder,
    virtual_reader,
)
from issuing.issue import ChipMedium, Issuing, IssuingFailed, Order, Summary
from issuing.keys import (
    AUTHENTICATION,
    MissingKey,
    certify,
    chip_keys,
    issuer_keys,
    make_keys,
    new_issuer_key,
    put_transport_key,
    required,
)
from issuing.ledger import BatchRefused, ledger
from issuing.program import CHIP, STRIPE, UnknownProgram, read_program
from issuing.states import WrongMove
from issuing.stripe import Encoder, VirtualEncoder

VIRTUAL: Final = "virtual"
_BATCH_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_SERVICE_CODES: Final = {CHIP: "200", STRIPE: "120"}
_TERMINAL_DAYS: Final = 90  # short: a card cannot look at a list of revoked ones
Command = Callable[[argparse.Namespace], Awaitable[int]]


class Failed(Exception):  # it is said to a person, not caught by code
    """A command that cannot be done, and why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    try:
        return asyncio.run(_run(command, arguments))
    except (Failed, BatchError, BatchRefused, IssuingFailed, NoMoreCards, MissingKey, WrongMove,
            UnknownProgram, HsmRefused, HsmUnavailable, CardProblem, SettingsError) as error:
        print(f"issuing: {error}", file=sys.stderr)
        return 1
    except (asyncpg.PostgresError, OSError, ValueError) as error:
        print(f"issuing: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


async def _run(command: Command, arguments: argparse.Namespace) -> int:
    return await command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="issuing", description="Personalize cards.")
    commands = parser.add_subparsers(required=True, metavar="command")

    issue = _command(commands, "issue", _issue, "make the cards of a batch, or go on with it")
    issue.add_argument("--batch", type=Path, required=True, metavar="FILE", help="CSV or JSON")
    issue.add_argument("--batch-id", help="default: the file's name without its ending")
    issue.add_argument("--program", required=True)
    issue.add_argument("--iin", required=True, help="6 to 8 digits that every number begins with")
    issue.add_argument("--length", type=int, default=18, help="of the card number (default 18)")
    issue.add_argument("--medium", choices=(CHIP, STRIPE), default=CHIP)
    issue.add_argument("--reader", default="", metavar="NAME",
                       help="a PC/SC reader by a part of its name, or virtual:FOLDER")
    issue.add_argument("--encoder", choices=(VIRTUAL,), help="for stripes")
    issue.add_argument("--pin-length", type=int, default=4, choices=range(4, 13), metavar="4-12")
    issue.add_argument("--service-code", help="default 200 with a chip, 120 without")
    issue.add_argument("--today", type=date.fromisoformat, help="default: today, UTC")

    keys = _command(commands, "keys", _keys, "make the keys that issuing needs and lists them")
    keys.add_argument("--program", required=True)
    keys.add_argument("--transport-key", metavar="BLOCK:KCV",
                      help="the chip factory's master, as a key ceremony of the HSM printed it")
    keys.add_argument("--new-issuer-key", action="store_true",
                      help="one more pair for certificates; the ones before stay known")

    terminal = _command(commands, "certify", _certify, "sign a terminal's key for chip cards")
    terminal.add_argument("--terminal", required=True, help="its id, at most 8 characters")
    terminal.add_argument("--point", required=True, help="its P-256 point, uncompressed, hex")
    terminal.add_argument("--days", type=int, default=_TERMINAL_DAYS)
    terminal.add_argument("--today", type=date.fromisoformat)

    card = _command(commands, "card", _card, "a finished chip card at the issuer's desk")
    card.add_argument("action", choices=("unblock-pin", "block"))
    card.add_argument("--reader", default="", metavar="NAME",
                      help="a PC/SC reader by a part of its name, or virtual:FILE")
    return parser


def _command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str,
             command: Command, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--hsm", action="append", required=True, metavar="hsm://HOST:PORT",
                        help="repeatable; hsms:// for TLS")
    parser.add_argument("--hsm-ca", type=Path, help="who the HSM is (PEM)")
    parser.add_argument("--hsm-cert", type=Path, help="who we are to it")
    parser.add_argument("--hsm-key", type=Path)
    return parser


async def _issue(arguments: argparse.Namespace) -> int:
    batch_id = arguments.batch_id or arguments.batch.stem
    if not _BATCH_ID.fullmatch(batch_id):
        raise Failed(f"{batch_id!r} is no name of a batch: up to 32 letters, digits, - and _")
    forbid_core_dumps()  # a dump of this process has card numbers
    today = arguments.today or datetime.now(UTC).date()
    batch = read_batch(arguments.batch.read_bytes(), today)
    order = Order(iin=arguments.iin, length=arguments.length, pin_length=arguments.pin_length,
                  service_code=arguments.service_code or _SERVICE_CODES[arguments.medium])
    async with _session(arguments) as session, ledger(
            arguments.database_url, batch_id, arguments.program, getpass.getuser()) as book:
        connection = await asyncpg.connect(arguments.database_url)
        try:
            program = await read_program(connection, session.keys, arguments.program,
                                         arguments.medium)
            medium = await _medium(arguments, session, connection)
        finally:
            await connection.close()
        issuing = Issuing(session.hsm, await session.pan_index(), book, program, order, medium,
                          today)
        try:
            await issuing.run(batch)
        finally:
            _show(issuing.summary)
    return 0


async def _medium(arguments: argparse.Namespace, session: HsmSession,
                  connection: asyncpg.Connection) -> ChipMedium | Encoder:
    if arguments.medium == STRIPE:
        if arguments.encoder != VIRTUAL:
            raise Failed("--medium stripe needs an --encoder")
        return VirtualEncoder()
    return ChipMedium(_feeder(arguments.reader), await chip_keys(session.keys, arguments.program),
                      await issuer_keys(session.keys, connection))


def _feeder(reader: str) -> Feeder:
    kind, _, folder = reader.partition(":")
    if kind == VIRTUAL:
        return FolderFeeder(Path(folder))
    return OperatorFeeder(PcscReader(reader))


async def _keys(arguments: argparse.Namespace) -> int:
    async with _session(arguments) as session:
        connection = await asyncpg.connect(arguments.database_url)
        try:
            if arguments.transport_key:
                block, _, check_value = arguments.transport_key.partition(":")
                await put_transport_key(session.keys, block, check_value)
            names = await make_keys(session.hsm, session.keys, connection, arguments.program)
            if arguments.new_issuer_key:
                await new_issuer_key(ChipHsm(session.hsm), session.keys, connection)
            for name in names:
                print(name)
            for number, point in (await issuer_keys(session.keys, connection)).points.items():
                print(f"issuer key {number} {point.hex().upper()}")
        finally:
            await connection.close()
    return 0


async def _certify(arguments: argparse.Namespace) -> int:
    today = arguments.today or datetime.now(UTC).date()
    holder = arguments.terminal.encode("ascii").ljust(cvc.HOLDER)
    async with _session(arguments) as session:
        connection = await asyncpg.connect(arguments.database_url)
        try:
            issuer = await issuer_keys(session.keys, connection)
        finally:
            await connection.close()
        certificate = await certify(
            ChipHsm(session.hsm), issuer, Role.TERMINAL, holder, bytes.fromhex(arguments.point),
            today, today + timedelta(days=arguments.days))
    print(certificate.encode().hex().upper())
    return 0


async def _card(arguments: argparse.Namespace) -> int:
    async with _session(arguments) as session:
        master = await required(session.keys, AUTHENTICATION)
        chip = ChipSession(_reader(arguments.reader), ChipHsm(session.hsm))
        if arguments.action == "block":
            await desk.block(chip, master.block)
            print("blocked")
        else:
            print(f"PIN tries: {await desk.unblock_pin(chip, master.block)}")
    return 0


def _reader(name: str) -> Reader:
    kind, _, path = name.partition(":")
    return virtual_reader(Path(path)) if kind == VIRTUAL else PcscReader(name)


def _session(arguments: argparse.Namespace) -> contextlib.AbstractAsyncContextManager[HsmSession]:
    files = (arguments.hsm_ca, arguments.hsm_cert, arguments.hsm_key)
    if any(files) and not all(files):
        raise Failed("--hsm-ca, --hsm-cert and --hsm-key go together")
    tls = TlsFiles(*files) if all(files) else None
    return hsm_session(arguments.database_url, hsm_addresses(arguments.hsm, tls), tls)


def _show(summary: Summary) -> None:
    print(f"issued {summary.issued}, finished {summary.finished}, active before {summary.before},"
          f" spoiled {len(summary.spoiled)}")
    for name in summary.spoiled:
        print(f"destroy card {name}")


if __name__ == "__main__":
    raise SystemExit(main())
