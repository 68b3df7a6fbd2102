"""`python -m terminals.pos`: single messages by hand, a terminal's screen, the edge as a service.

Knows arguments, exit codes and printing; the rest is `terminals.pos` and `terminals.edge`.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

import iso
from terminals.by_hand.door import context
from terminals.by_hand.edge import edge_main
from terminals.link import Address
from terminals.pin_pad import PinPad
from terminals.pos import Exchange, Pos
from terminals.purchase import Card, Item, Sale, Terminal
from terminals.session_keys import BadKeys, SessionKeys

_TDES_KEYS: Final = (16, 24)
_AES_KEYS: Final = (16, 24, 32)
_EDGE: Final = ("screen", "run")
_ABOUT: Final = """\
A fuel terminal.

  screen   a terminal to stand before: card, PIN, product, litres, odometer, receipt; holds and
           their completion, returns, reversals, the off-line queue, the shift
  run      the edge program as a service: sells for a till, stores, forwards, fetches the catalogue
  sale, preauthorize, echo, sign-on, cut-over, change-keys
           one message; its answer is printed field by field, masked"""
_EXAMPLES: Final = """\
  python -m terminals.pos --terminal T0101 --merchant STATION01 screen
  python -m terminals.pos --config station.toml run
  python -m terminals.pos --terminal T0101 --pan - sale 41.35 <<< 7013370000000000017"""


def pos_main(arguments: list[str]) -> int:
    """`python -m terminals.pos`: 0 when approved (or answered, for what asks no approval)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command in _EDGE:
        return edge_main(parser, options)
    if not options.terminal:
        parser.error("--terminal is wanted")
    if options.ask_pin:
        options.pin = getpass.getpass("PIN: ")
    if (options.pin or options.command == "change-keys") and not options.tmk:
        parser.error("a PIN and a key change need --tmk")
    try:
        options.tmk = bytes.fromhex(options.tmk)
    except ValueError:
        parser.error("--tmk is not hexadecimal")
    if options.tmk and len(options.tmk) not in (_AES_KEYS if options.aes else _TDES_KEYS):
        parser.error("--tmk has 16 or 24 bytes, or with --aes also 32")
    return asyncio.run(_pos(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m terminals.pos", description=_ABOUT, epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_argument_group("the host and this terminal")
    where.add_argument("--host", default="127.0.0.1")
    where.add_argument("--port", type=int, default=8583)
    where.add_argument("--profile", choices=["ifsf", "ops", "x9tg23"], default="ifsf")
    where.add_argument("--framing", default="binary2")
    where.add_argument("--terminal", default="", help="field 41")
    where.add_argument("--merchant", default="", help="field 42")
    where.add_argument("--acquirer", default="280131", help="field 32")
    where.add_argument("--tls", nargs="+", type=Path, metavar="FILE",
                       help="the authority, and for mutual TLS certificate and key")
    where.add_argument("--tmk", default="", metavar="HEX", help="the terminal's master key: "
                       "session keys are asked for first, and every message has a MAC")
    where.add_argument("--aes", action="store_true", help="the master key is an AES key")
    edge = parser.add_argument_group("screen and run")
    edge.add_argument("--config", type=Path, metavar="FILE",
                      help="the station's settings, TOML: docs/edge.md; run needs it")
    edge.add_argument("--data-dir", type=Path, metavar="FOLDER", help="without --config: the "
                      "screen's store; edge-TERMINAL unless told")
    one = parser.add_argument_group("single messages")
    one.add_argument("--pan", default="", help="the card number, or - to read it from "
                     "standard input: arguments are seen by every user of this machine")
    one.add_argument("--expiry", default="2912", help="YYMM")
    one.add_argument("--currency", default="EUR")
    one.add_argument("--product", default="019")
    one.add_argument("--stan", type=int, help="field 11; default: from the time of day")
    one.add_argument("--track", default="", help="track 2 in place of --pan and --expiry, or - "
                     "to read it from standard input")
    pin = one.add_mutually_exclusive_group()
    pin.add_argument("--pin", default="", help="of the card; for tests")
    pin.add_argument("--ask-pin", action="store_true", help="the PIN is typed in, unseen")
    parser.add_argument("command", choices=["screen", "run", "sale", "preauthorize", "echo",
                                            "sign-on", "cut-over", "change-keys"])
    parser.add_argument("amount", nargs="?", type=Decimal, default=Decimal(0), help="41.35")
    return parser


async def _pos(options: argparse.Namespace) -> int:
    now = datetime.now().astimezone()
    tls = context(options.tls)
    address = Address(host=options.host, port=options.port, profile=options.profile,
                      framing=options.framing, tls=tls)
    terminal = Terminal(options.terminal, options.merchant, options.acquirer)
    stan = options.stan or now.hour * 36_000 + now.minute * 600 + now.second * 10 + 1
    keys = SessionKeys(options.tmk, "A" if options.aes else "T") if options.tmk else None
    async with Pos(terminal, address, now=lambda: datetime.now().astimezone(), keys=keys,
                   first_stan=stan) as pos:
        try:
            exchange = await _do(options, pos)
        except BadKeys as error:
            print(f"no new keys: {error}", file=sys.stderr)
            return 1
    return _show(exchange, options.profile)


async def _do(options: argparse.Namespace, pos: Pos) -> Exchange:
    """The command, after new session keys where there is a master key."""
    sale = _sale(options) if options.command in ("sale", "preauthorize") else None
    if pos.keys is not None:
        exchange = await pos.change_keys()
        if options.command == "change-keys" or not pos.keys.ready:
            return exchange
    if sale is None:
        return await {"echo": pos.echo, "sign-on": pos.sign_on,
                      "cut-over": pos.cut_over}[options.command]()
    pin = None
    if options.pin:
        assert pos.keys is not None, "a PIN needs keys"
        pin = PinPad(pos.keys).encipher(options.pin, sale.card.pan)
    ask = pos.sale if options.command == "sale" else pos.preauthorize
    return await ask(sale, pin=pin)


def _sale(options: argparse.Namespace) -> Sale:
    minor = int((options.amount * 100).quantize(Decimal(1), ROUND_HALF_UP))
    item = Item(options.product, "U", Decimal(1), options.amount, minor)
    if options.track:
        track = sys.stdin.readline().strip() if options.track == "-" else options.track
        return Sale(Card.of_track(track), minor, options.currency, (item,))
    pan = sys.stdin.readline().strip() if options.pan == "-" else options.pan
    return Sale(Card(pan, options.expiry), minor, options.currency, (item,))


def _show(exchange: Exchange, profile: str) -> int:
    if exchange.reply is None:
        print("no answer", file=sys.stderr)
        return 1
    print("\n".join(iso.describe(iso.get(profile), exchange.reply.message)))
    print(f"{exchange.latency_s * 1000:.1f} ms, sent {exchange.sent} times")
    return 0 if exchange.reply.approved or exchange.reply.action == "800" else 1
