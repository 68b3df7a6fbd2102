"""`python -m terminals.till`: one thing by hand, or the till's screen.

Knows arguments, files of secrets and exit codes; what happens is the till's program's.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from terminals.by_hand.door import context, http_parser
from terminals.json_door import NoAnswer, Problem
from terminals.money import amount, minor_of
from terminals.phone.door import explained
from terminals.till.bodies import Payment, Settlement
from terminals.till.host import Host
from terminals.till.program import Till
from terminals.till.screen import Screen
from terminals.till.shown import Unreadable, in_picture, on_screen, symbol

_CURRENCIES: Final = {"epc": "EUR", "nbs": "RSD"}  # of each form of code
_SCALE: Final = 6  # pixels of a module in a saved picture
_FILTERS: Final = ("state", "from", "to", "amount", "reference", "phone", "after", "limit")
_EXAMPLES: Final = """\
  python -m terminals.till --client KIOSK --secret-file kiosk.secret request 12.50 --phone +38640...
  python -m terminals.till --client KIOSK --secret-file kiosk.secret request 12.50 --qr epc
  python -m terminals.till --tls ca.pem kiosk.pem kiosk.key screen
  python -m terminals.till read bill.png"""


def till_main(arguments: list[str]) -> int:
    """0 where it was done, or paid; 1 where not, and why on standard error; 2 for arguments."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        if options.command == "read":
            sys.stdout.write(in_picture(options.file).decode(errors="replace") + "\n")
            return 0
        if bool(options.client) != bool(options.secret_file):
            parser.error("--client and --secret-file come together")
        return asyncio.run(_whole(options))
    except (NoAnswer, Unreadable, ValueError, OSError) as error:
        print(error, file=sys.stderr)
    except Problem as problem:
        print(explained(problem), file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = http_parser("terminals.till")
    parser.epilog = _EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--client", default="", help="this till's id at the host")
    parser.add_argument("--secret-file", type=Path, help="with its secret, in one line")
    parser.add_argument("--currency", default="", help="EUR unless told, RSD with --qr nbs")
    parser.add_argument("--key", default="", help="Idempotency-Key of one that went unanswered")
    commands = parser.add_subparsers(dest="command", required=True)
    request = commands.add_parser("request", help="ask for money, and wait for it")
    request.add_argument("amount", help="12.50")
    payer = request.add_mutually_exclusive_group()
    payer.add_argument("--phone", help="the payer's; without it and --qr a link is shown")
    payer.add_argument("--qr", choices=sorted(_CURRENCIES), help="paid in the payer's bank's app")
    request.add_argument("--purpose", default="purchase")
    request.add_argument("--reference", default="", help="the shop's own")
    request.add_argument("--expires", type=int, default=180, metavar="SECONDS")
    request.add_argument("--capture", choices=["automatic", "manual"], default="")
    request.add_argument("--category", default="", help="of the shop (ISO 18245), for --qr nbs")
    request.add_argument("--save", type=Path, metavar="FILE", help="the code as PNG or SVG too")
    request.add_argument("--no-wait", action="store_true")
    for name, about in (("show", "read one"), ("watch", "until nothing is open"),
                        ("cancel", "take it back")):
        commands.add_parser(name, help=about).add_argument("id")
    capture = commands.add_parser("capture", help="the goods went out")
    capture.add_argument("id")
    capture.add_argument("amount", nargs="?", help="all that is left unless told")
    capture.add_argument("--final", action="store_true", help="the rest goes back")
    refund = commands.add_parser("refund", help="give back")
    refund.add_argument("id")
    refund.add_argument("amount")
    refund.add_argument("--reason", default="")
    refund.add_argument("--reference", default="")
    archive = commands.add_parser("list", help="search the archive")
    for name in _FILTERS:
        archive.add_argument(f"--{name}", default="", dest=name)
    settlement = commands.add_parser("settlement", help="what nights have paid")
    settlement.add_argument("number", nargs="?", default="")
    settlement.add_argument("--from", default="", dest="from")
    settlement.add_argument("--to", default="")
    commands.add_parser("read", help="what a code in a picture says").add_argument(
        "file", type=Path)
    commands.add_parser("screen", help="a till to stand before")
    return parser


async def _whole(options: argparse.Namespace) -> int:
    secret = options.secret_file.read_text().strip() if options.secret_file else ""
    host = Host(options.url, client_id=options.client, secret=secret, tls=context(options.tls))
    till = Till(host, new_key=lambda: f"till-{secrets.token_hex(12)}",
                chance=random.SystemRandom().random)
    try:
        if options.command == "screen":
            return await Screen(till, options.currency or "EUR").run()
        return await _COMMANDS[options.command](options, till)
    except NoAnswer:
        if till.unsent is not None:
            print(f"it may have been done; again: --key {till.unsent.key}", file=sys.stderr)
        raise
    finally:
        await host.close()


async def _request(options: argparse.Namespace, till: Till) -> int:
    currency = options.currency or _CURRENCIES.get(options.qr or "", "EUR")
    if options.qr and _CURRENCIES[options.qr] != currency:
        raise ValueError(f"a code of form {options.qr} is in {_CURRENCIES[options.qr]}")
    asked = await till.request(
        minor_of(options.amount, currency), currency, options.purpose, phone=options.phone,
        kind="qr" if options.qr else "phone", reference=options.reference,
        expires_in_s=options.expires, capture=options.capture, key=options.key)
    print(asked.line, flush=True)
    if options.phone is None:
        code = await till.code(asked.id, options.category)
        print(on_screen(code), code.decode(errors="replace"), sep="\n", flush=True)
        if options.save:
            symbol(code).save(str(options.save), scale=_SCALE, light="white")
    if options.no_wait:
        return 0
    return await _followed(till, asked)


async def _followed(till: Till, asked: Payment) -> int:
    seen = asked
    async for found in till.watch(asked.id):
        if found.version > seen.version:
            print(found.line, flush=True)
        seen = found
    return 0 if seen.paid else 1


async def _show(options: argparse.Namespace, till: Till) -> int:
    print((await till.payment(options.id)).line)
    return 0


async def _watch(options: argparse.Namespace, till: Till) -> int:
    found = await till.payment(options.id)
    print(found.line, flush=True)
    return await _followed(till, found)


async def _cancel(options: argparse.Namespace, till: Till) -> int:
    found = await till.cancel(options.id)
    print(found.line)
    return 0 if found.state == "CANCELLED" else 1


async def _capture(options: argparse.Namespace, till: Till) -> int:
    minor = None
    if options.amount:
        minor = minor_of(options.amount, (await till.payment(options.id)).currency)
    found = await till.capture(options.id, minor, final=options.final, key=options.key)
    print(f"captured {amount(found.amount_minor, found.currency)}, in all "
          f"{amount(found.captured_minor, found.currency)}: {found.state}")
    return 0


async def _refund(options: argparse.Namespace, till: Till) -> int:
    currency = (await till.payment(options.id)).currency
    found = await till.refund(options.id, minor_of(options.amount, currency),
                              reason=options.reason, reference=options.reference, key=options.key)
    print(f"{found.id} {amount(found.amount_minor, found.currency)} {found.state}")
    return 0


async def _list(options: argparse.Namespace, till: Till) -> int:
    query = {name: getattr(options, name) for name in _FILTERS if getattr(options, name)}
    if "amount" in query:
        query["amount_minor"] = str(minor_of(query.pop("amount"), options.currency or "EUR"))
    page = await till.payments(**query)
    for one in page.data:
        print(one.line)
    if page.next is not None:
        print(f"more: --after {page.next}")
    return 0


async def _settlement(options: argparse.Namespace, till: Till) -> int:
    found: tuple[Settlement, ...]
    if options.number:
        found = (await till.settlement(options.number),)
    else:
        query = {name: getattr(options, name) for name in ("from", "to") if getattr(options, name)}
        found = (await till.settlements(**query)).data
    for one in found:
        print("\n".join(one.lines))
    return 0


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace, Till], Awaitable[int]]]] = {
    "request": _request, "show": _show, "watch": _watch, "cancel": _cancel, "capture": _capture,
    "refund": _refund, "list": _list, "settlement": _settlement}
