"""The command `hsm-sim`: what operators and custodians type. Reads arguments, calls a room, prints.

Passphrases and components are asked for without being shown, or read from files for demos and
tests; never taken as arguments, which every user of the machine can see. Exit codes: 0 done, 1
refused or failed with a reason in words, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path

import msgspec
import uvloop

from hsm_sim import console, store
from hsm_sim.audit import FILE as AUDIT_FILE
from hsm_sim.audit import Broken, verified
from hsm_sim.authority import ACTIVITIES
from hsm_sim.bootstrap import opened
from hsm_sim.ceremony import BadComponent, Part, combine, read_component
from hsm_sim.console import FormKey, Reply, Request
from hsm_sim.crypto.ciphers import kcv, odd_parity
from hsm_sim.crypto.ibm3624 import tells_pin
from hsm_sim.custodians import Unproved
from hsm_sim.lmk import KEY_BYTES
from hsm_sim.printer import Printer, PrinterError
from hsm_sim.private_files import StoreError
from hsm_sim.process import Listen, serve
from hsm_sim.prompts import PromptError, ask_parts, ask_passphrase
from hsm_sim.settings import Settings

DATA = Path("hsm-data")
Command = Callable[[argparse.Namespace], int]


class Failed(Exception):  # it is said to a person, not caught by code
    """A command that cannot be done, and why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump of this process is its keys
    before = os.umask(0o077)
    try:
        return command(arguments)
    except (Failed, StoreError, BadComponent, Unproved, PromptError, PrinterError,
            OSError) as error:
        print(f"hsm-sim: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        os.umask(before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hsm-sim", description="A payment HSM in a process.")
    commands = parser.add_subparsers(required=True, metavar="command")
    _serve_parser(commands)

    ceremony = _command(commands, "key-ceremony", _key_ceremony,
                        "two or three custodians form the LMK of a new HSM")
    _custodians(ceremony, components=True)
    form = _command(commands, "form-key", _form_key,
                    "two or three custodians form a key; prints its key block under the LMK")
    form.add_argument("--usage", required=True, help="K0 a zone's key, B0 a base derivation key")
    form.add_argument("--algorithm", required=True, choices=("A", "T"))
    form.add_argument("--mode", default="B", help="mode of use (default B: both directions)")
    form.add_argument("--exportability", default="N", choices=("N", "E", "S"))
    _custodians(form, components=True)
    component = _command(commands, "component", _component,
                         "print a random component and its check value, for its custodian's eyes")
    component.add_argument("--algorithm", default="A", choices=("A", "T"))
    component.add_argument("--bits", type=int, default=256, choices=(128, 192, 256))

    custodian = _command(commands, "custodian", _custodian, "add or list custodians")
    custodian.add_argument("action", choices=("add", "list"))
    custodian.add_argument("--name", help="the new custodian")
    custodian.add_argument("--new-passphrase-file", type=Path)
    _custodians(custodian, components=False)

    authorise = _command(commands, "authorise", _authorise,
                         "one custodian's word for an activity; the second one opens it")
    authorise.add_argument("--activity", required=True, choices=ACTIVITIES)
    authorise.add_argument("--minutes", type=int, default=10)
    _custodians(authorise, components=False)
    close = _command(commands, "close", _close, "close an activity, or all")
    close.add_argument("--activity", choices=ACTIVITIES)
    _command(commands, "status", _status, "what a running HSM says of itself, as JSON")
    audit = _command(commands, "audit", _audit, "print the audit log, or verify its chain")
    audit.add_argument("--verify", action="store_true")
    return parser


def _serve_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serving = _command(commands, "serve", _serve, "answer hosts until SIGTERM or Ctrl-C")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", default="1500", help="TCP (default 1500), 0 a free one, or off")
    serving.add_argument("--tls-port", type=int, default=2500)
    serving.add_argument("--tls-cert", type=Path)
    serving.add_argument("--tls-key", type=Path)
    serving.add_argument("--tls-ca", type=Path, help="who may connect (PEM)")
    serving.add_argument("--header-length", type=int, default=4, choices=range(256),
                         metavar="0-255")
    serving.add_argument("--variant-lmk", default="", metavar="ID",
                         help="a Triple DES variant LMK beside the key-block LMK, such as 01")
    serving.add_argument("--mailer-cert", type=Path,
                         help="the print shop's certificate: PIN mailers are encrypted to it")
    serving.add_argument("--mailer-spool", type=Path, help="where encrypted mailers go")
    serving.add_argument("--decimalization-table", action="append", default=[], metavar="DIGITS",
                         help="16 digits for 0 to F (IBM 3624), repeatable; "
                              "default 0123456789012345")
    serving.add_argument("--disable", action="append", default=[], metavar="COMMAND",
                         help="a command that is answered 68, repeatable")


def _command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str,
             command: Command, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    parser.add_argument("--data-dir", type=Path, default=DATA)
    parser.add_argument("--console", type=Path, help="Unix socket (default: in the data folder)")
    return parser


def _custodians(parser: argparse.ArgumentParser, *, components: bool) -> None:
    parser.add_argument("--custodian", action="append", default=[], metavar="NAME",
                        help="repeatable, as are the files, in the same order")
    parser.add_argument("--passphrase-file", action="append", default=[], type=Path)
    if components:
        parser.add_argument("--component-file", action="append", default=[], type=Path,
                            help="the component, and again or its check value")


def _serve(arguments: argparse.Namespace) -> int:
    if bool(arguments.tls_cert) != bool(arguments.tls_key) \
            or (arguments.tls_ca and not arguments.tls_cert):
        raise Failed("--tls-cert and --tls-key go together, and --tls-ca with them")
    if bool(arguments.mailer_cert) != bool(arguments.mailer_spool):
        raise Failed("--mailer-cert and --mailer-spool go together")
    if arguments.port != "off" and not arguments.port.isdigit():
        raise Failed(f"--port {arguments.port}: a number, or off")
    listen = Listen(
        host=arguments.host, port=None if arguments.port == "off" else int(arguments.port),
        tls_port=arguments.tls_port, certificate=arguments.tls_cert, key=arguments.tls_key,
        ca=arguments.tls_ca, console=_console(arguments))
    settings = Settings(header_length=arguments.header_length,
                        disabled=frozenset(name.encode() for name in arguments.disable))
    if arguments.decimalization_table:
        settings = msgspec.structs.replace(
            settings, decimalization_tables=_tables(arguments.decimalization_table))
    printer = Printer(arguments.mailer_cert, arguments.mailer_spool) \
        if arguments.mailer_cert else None
    with opened(arguments.data_dir, settings, variant_lmk_id=arguments.variant_lmk,
                may_create=True, printer=printer) as hsm:
        uvloop.run(serve(hsm, listen))
    return 0


def _tables(tables: Sequence[str]) -> frozenset[str]:
    for table in tables:
        if len(table) != 16 or not (table.isascii() and table.isdigit()) or tells_pin(table):
            raise Failed(f"--decimalization-table {table}: 16 digits, at least eight of them "
                         "different and none more than four times")
    return frozenset(tables)


def _key_ceremony(arguments: argparse.Namespace) -> int:
    if store.exists(arguments.data_dir):
        raise Failed(f"{arguments.data_dir} has master keys: under another LMK every key block "
                     "made so far would be lost. Take another data folder")
    parts = ask_parts(arguments, "A", confirm=True)
    lmk = combine([read_component("A", part.component, part.again) for part in parts])
    if len(lmk) != KEY_BYTES:
        raise Failed(f"components of the LMK have {2 * KEY_BYTES} hexadecimal characters")
    with opened(arguments.data_dir, Settings(), lmk=lmk) as hsm:
        for part in parts:
            if part.custodian in hsm.custodians.names():
                hsm.custodians.prove(part.custodian, part.passphrase)
            else:
                hsm.custodians.add(part.custodian, part.passphrase, os.urandom)
        check_value = hsm.unit.key_block_lmk.check_value.hex().upper()
        hsm.audit("key ceremony", custodians=[part.custodian for part in parts],
                  check_value=check_value)
    print(f"LMK {hsm.unit.key_block_lmk.lmk_id}, check value {check_value}")
    return 0


def _form_key(arguments: argparse.Namespace) -> int:
    parts = tuple(ask_parts(arguments, arguments.algorithm))
    reply = _ask(arguments, FormKey(arguments.usage, arguments.algorithm, arguments.mode,
                                    arguments.exportability, parts))
    print(f"{reply['key']} {reply['check_value']}")
    return 0


def _component(arguments: argparse.Namespace) -> int:
    size = min(arguments.bits // 8, 24) if arguments.algorithm == "T" else arguments.bits // 8
    value = os.urandom(size)
    value = odd_parity(value) if arguments.algorithm == "T" else value
    print(f"{value.hex().upper()} {kcv(arguments.algorithm, value)[:3].hex().upper()}")
    return 0


def _custodian(arguments: argparse.Namespace) -> int:
    if arguments.action == "list":
        names = _ask(arguments, console.Status())["custodians"]
        assert isinstance(names, list)
        print("\n".join(names))
        return 0
    if not arguments.name:
        raise Failed("custodian add needs --name")
    if len(arguments.passphrase_file) > len(arguments.custodian):
        raise Failed("each --passphrase-file belongs to a --custodian who vouches")
    passphrase = ask_passphrase(arguments.name, arguments.new_passphrase_file, confirm=True)
    witnesses = tuple(Part(name, ask_passphrase(name, file)) for name, file in
                      zip_longest(arguments.custodian, arguments.passphrase_file))
    reply = _ask(arguments, console.AddCustodian(arguments.name, passphrase, witnesses))
    print(reply["message"])
    return 0


def _authorise(arguments: argparse.Namespace) -> int:
    if len(arguments.custodian) != 1:
        raise Failed("authorise takes the word of one --custodian; the other one gives his own")
    file = arguments.passphrase_file[0] if arguments.passphrase_file else None
    name = arguments.custodian[0]
    return _tell(arguments, console.Authorise(arguments.activity, arguments.minutes, name,
                                              ask_passphrase(name, file)))


def _close(arguments: argparse.Namespace) -> int:
    return _tell(arguments, console.Close(arguments.activity))


def _tell(arguments: argparse.Namespace, request: Request) -> int:
    """What only a running HSM can do."""
    print(_checked(console.ask(_console(arguments), request), arguments)["message"])
    return 0


def _status(arguments: argparse.Namespace) -> int:
    reply = _checked(console.ask(_console(arguments), console.Status()), arguments)
    print(json.dumps({name: value for name, value in reply.items() if name != "ok"}, indent=2))
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    path = arguments.data_dir / AUDIT_FILE
    if not arguments.verify:
        if path.exists():
            sys.stdout.write(path.read_text(encoding="utf-8"))
        return 0
    running = console.ask(_console(arguments), console.Status())
    last = {"number": 0, "seal": ""}
    passed = running is None
    try:
        for record in verified(path, store.load(arguments.data_dir).audit_key):
            last = {"number": record.number, "seal": record.seal}
            passed = passed or (running is not None and running.get("audit") == last)
    except Broken as error:
        raise Failed(f"{path}: {error}") from None
    if not passed:
        raise Failed(f"{path}: ends at record {last['number']}, and the running HSM has written "
                     "more: lines were taken off its end")
    print(f"{last['number']} records, the chain holds")
    return 0


def _ask(arguments: argparse.Namespace, request: Request) -> Reply:
    """Ask the running HSM; where none runs, its data folder is opened for this one request."""
    reply = console.ask(_console(arguments), request)
    if reply is None:
        if not store.exists(arguments.data_dir):
            raise Failed(f"{arguments.data_dir} has no master keys yet: see `hsm-sim key-ceremony`")
        with opened(arguments.data_dir, Settings()) as hsm:
            reply = asyncio.run(console.Console(hsm).handle(msgspec.json.encode(request)))
    return _checked(reply, arguments)


def _checked(reply: Reply | None, arguments: argparse.Namespace) -> Reply:
    if reply is None:
        raise Failed(f"no HSM answers at {_console(arguments)}: is `hsm-sim serve` running?")
    if not reply["ok"]:
        raise Failed(str(reply["message"]))
    return reply


def _console(arguments: argparse.Namespace) -> Path:
    path: Path = arguments.console or arguments.data_dir / console.SOCKET
    return path
