"""The command lines of the four clients, for trying a host by hand.

Knows arguments and printing; each client's own module does the rest. Card numbers are printed
masked, though they were typed in clear.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import ssl
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import iso
from terminals import pki
from terminals.json_door import JsonDoor, NoAnswer, Posted, Problem
from terminals.link import Address
from terminals.merchant import Till
from terminals.phone import Phone
from terminals.pin_pad import PinPad
from terminals.pos import Exchange, Pos
from terminals.purchase import Card, Item, Sale, Terminal
from terminals.safe import Denomination, Safe
from terminals.session_keys import BadKeys, SessionKeys

_TDES_KEYS = (16, 24)
_AES_KEYS = (16, 24, 32)


def pos_main(arguments: list[str]) -> int:
    """`python -m terminals.pos`: 0 when approved (or answered, for what asks no approval)."""
    parser = argparse.ArgumentParser(prog="python -m terminals.pos")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8583)
    parser.add_argument("--profile", choices=["ifsf"], default="ifsf")
    parser.add_argument("--framing", default="binary2")
    parser.add_argument("--terminal", required=True, help="field 41")
    parser.add_argument("--merchant", default="", help="field 42")
    parser.add_argument("--acquirer", default="280131", help="field 32")
    parser.add_argument("--pan", default="", help="the card number, or - to read it from "
                        "standard input: arguments are seen by every user of this machine")
    parser.add_argument("--expiry", default="2912", help="YYMM")
    parser.add_argument("--currency", default="EUR")
    parser.add_argument("--product", default="019")
    parser.add_argument("--stan", type=int, help="field 11; default: from the time of day")
    parser.add_argument("--tls", nargs="+", type=Path, metavar="FILE",
                        help="the authority, and for mutual TLS certificate and key")
    parser.add_argument("--track", default="", help="track 2 in place of --pan and --expiry, or - "
                        "to read it from standard input")
    parser.add_argument("--tmk", default="", metavar="HEX", help="the terminal's master key: "
                        "session keys are asked for first, and every message has a MAC")
    parser.add_argument("--aes", action="store_true", help="the master key is an AES key")
    pin = parser.add_mutually_exclusive_group()
    pin.add_argument("--pin", default="", help="of the card; for tests")
    pin.add_argument("--ask-pin", action="store_true", help="the PIN is typed in, unseen")
    parser.add_argument("command", choices=["sale", "preauthorize", "echo", "sign-on", "cut-over",
                                            "change-keys"])
    parser.add_argument("amount", nargs="?", type=Decimal, default=Decimal(0), help="41.35")
    options = parser.parse_args(arguments)
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


async def _pos(options: argparse.Namespace) -> int:
    now = datetime.now().astimezone()
    tls = _context(options.tls)
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


def safe_main(arguments: list[str]) -> int:
    """`python -m terminals.safe`: report a deposit."""
    parser = _http_parser("terminals.safe")
    parser.add_argument("--terminal", required=True)
    parser.add_argument("--currency", default="EUR")
    parser.add_argument("--sequence", type=int, default=1)
    parser.add_argument("--depositor", default="")
    parser.add_argument("--cassette", default="")
    parser.add_argument("notes", nargs="+", help="5000x4: four notes of 50.00")
    options = parser.parse_args(arguments)
    pairs = [note.split("x") for note in options.notes]
    notes = [Denomination(int(value), int(count)) for value, count in pairs]

    async def run(door: JsonDoor) -> Posted:
        safe = Safe(options.terminal, door, now=lambda: datetime.now().astimezone(),
                    currency=options.currency, first_sequence=options.sequence)
        return await safe.deposit(notes, depositor=options.depositor, cassette=options.cassette)

    return _with_door(options, run)


def merchant_main(arguments: list[str]) -> int:
    """`python -m terminals.merchant`: ask a payer for money and wait for the outcome."""
    parser = _http_parser("terminals.merchant")
    parser.add_argument("--till", required=True)
    parser.add_argument("--phone", required=True, help="the payer's, E.164")
    parser.add_argument("--purpose", default="purchase")
    parser.add_argument("--sequence", type=int, default=1)
    parser.add_argument("--wait", type=float, default=60.0, help="seconds")
    parser.add_argument("amount", type=Decimal, help="12.50")
    options = parser.parse_args(arguments)
    minor = int((options.amount * 100).quantize(Decimal(1), ROUND_HALF_UP))

    async def run(door: JsonDoor) -> Posted:
        till = Till(options.till, door, first_sequence=options.sequence)
        posted = await till.request(minor, options.phone, options.purpose)
        print(f"{posted.decision.id} {posted.decision.state}", flush=True)
        if posted.decision.id:
            status = await till.wait(posted.decision.id, options.wait)
            print(f"{status.id} {status.state}")
        return posted

    return _with_door(options, run)


def phone_main(arguments: list[str]) -> int:
    """`python -m terminals.phone`: list what waits, approve or refuse it."""
    parser = _http_parser("terminals.phone")
    parser.add_argument("--phone", required=True, help="E.164")
    parser.add_argument("--key", required=True, type=Path, help="Ed25519 private key, PEM")
    parser.add_argument("command", choices=["list", "approve", "refuse"])
    parser.add_argument("id", nargs="?", default="")
    options = parser.parse_args(arguments)
    key = load_pem_private_key(options.key.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        parser.error("the key is not an Ed25519 key")

    async def run(door: JsonDoor) -> Posted | None:
        phone = Phone(options.phone, key, door)
        waiting = await phone.waiting()
        if options.command == "list":
            for one in waiting:
                print(f"{one.id} {one.amount_minor} {one.currency} {one.merchant_id} "
                      f"{one.purpose}")
            return None
        for one in waiting:
            if one.id == options.id:
                return await phone.answer(one, options.command)
        raise NoAnswer(f"{options.id} does not wait for this phone")

    return _with_door(options, run)


def _http_parser(module: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("--url", default="http://127.0.0.1:8580")
    parser.add_argument("--tls", nargs="+", type=Path, metavar="FILE",
                        help="the authority, and for mutual TLS certificate and key")
    return parser


def _with_door(options: argparse.Namespace, run: Callable[[JsonDoor], Awaitable[Posted | None]]
               ) -> int:
    async def whole() -> int:
        door = JsonDoor(options.url, tls=_context(options.tls))
        try:
            posted = await run(door)
        except (NoAnswer, Problem) as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            await door.close()
        if posted is None:
            return 0
        print(posted.raw.decode())
        return 0 if posted.decision.approved else 1

    return asyncio.run(whole())


def _context(tls: list[Path] | None) -> ssl.SSLContext | None:
    if not tls:
        return None
    identity = pki.Identity(tls[1], tls[2]) if len(tls) > 2 else None
    return pki.client_context(tls[0], identity)
