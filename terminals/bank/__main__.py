"""A bank, by hand:

    python -m terminals.bank serve --books bank.sqlite --listen 127.0.0.1:8643 \\
        --tls ca.pem server.pem server.key
    python -m terminals.bank import --books bank.sqlite night/bank/deposits-EUR.xml
    python -m terminals.bank statement --books bank.sqlite --iban DE.. --day 2026-11-22
    python -m terminals.bank books --books bank.sqlite

Knows arguments and printing; the rest is this package's. `import`, `statement` and `books` work on
the file of a bank that is not running; a running one takes the same over HTTPS (docs/banks.md).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

import msgspec
import uvloop

from terminals import pki
from terminals.bank.books import Books
from terminals.bank.conduct import Conduct
from terminals.bank.desk import Desk, Told, bring
from terminals.bank.server import BankServer, real_now_us
from terminals.database import StoreError


def main(arguments: list[str]) -> int:
    """The command line; 0 where all is well."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "serve":
            return uvloop.run(_serve(options))
        return _at_desk(options)
    except (StoreError, OSError, msgspec.DecodeError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m terminals.bank", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="listen until SIGTERM")
    serve.add_argument("--listen", default="127.0.0.1:8643", metavar="HOST:PORT")
    serve.add_argument("--tls", nargs=3, type=Path, metavar="FILE",
                       help="whose certificates clients have, our certificate, its key (PEM)")
    serve.add_argument("--conduct", type=Path, help="JSON: rules of how to behave")
    imports = commands.add_parser("import", help="take a night's pain.001 files")
    imports.add_argument("files", nargs="+", type=Path)
    statement = commands.add_parser("statement", help="print a camt.053")
    statement.add_argument("--iban", required=True)
    statement.add_argument("--day", required=True, help="ISO 8601")
    statement.add_argument("--currency", default="")
    books = commands.add_parser("books", help="print all payments as JSON")
    for command in (serve, imports, statement, books):
        command.add_argument("--books", type=Path, required=True, help="an SQLite file")
    return parser


async def _serve(options: argparse.Namespace) -> int:
    tls = None
    if options.tls:
        ca, certificate, key = options.tls
        tls = pki.server_context(ca, pki.Identity(certificate, key))
    host, _, port = options.listen.rpartition(":")
    done = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    server = BankServer(options.books, tls, host=host, port=int(port))
    if options.conduct:
        await server.behave(msgspec.json.decode(options.conduct.read_bytes(), type=Conduct))
    async with server as bank:
        print(json.dumps({"event": "ready", "url": bank.url}), flush=True)
        await done.wait()
    return 0


def _at_desk(options: argparse.Namespace) -> int:
    with contextlib.closing(Books(options.books)) as books:
        desk = Desk(books, real_now_us, lambda _: None)
        good = True
        if options.command == "import":
            for path in options.files:
                good &= _said(bring(books, path.read_bytes(), real_now_us))
        elif options.command == "books":
            good = _said(desk.answer("GET", "/books", b""))
        else:
            currency = f"&currency={options.currency}" if options.currency else ""
            good = _said(desk.answer(
                "GET", f"/statements/{options.iban}?day={options.day}{currency}", b""))
    return 0 if good else 1


def _said(told: Told) -> bool:
    print(told.body.decode())
    return told.status == 200


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
