"""`python -m terminals.phone`: a payer's phone by hand, its PIN asked for and never shown."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import random
import re
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from terminals.by_hand.door import context, http_parser
from terminals.json_door import NoAnswer, Problem
from terminals.phone.door import Door, explained
from terminals.phone.faults import Fault
from terminals.phone.keystore import Keystore, KeystoreError, Locked, WrongPin
from terminals.phone.program import Phone, is_open
from terminals.phone.shown import Answer, Login, Waiting, in_words, plain

_COMMANDS: Final = ("enrol", "watch", "list", "pay", "refuse", "renew", "revoke")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_MOST_WAITING: Final = 100  # that were shown to nobody yet


def phone_main(arguments: list[str]) -> int:
    """`python -m terminals.phone`; 0 where it was done, 1 where not, and why on standard error."""
    parser = http_parser("terminals.phone")
    parser.add_argument("--phone", required=True, help="its number, E.164: +38640123456")
    parser.add_argument("--home", required=True, type=Path, metavar="DIR",
                        help="where its keys are")
    parser.add_argument("--code", default="", help="to enrol; asked for where it is not given")
    parser.add_argument("--key", choices=["p256", "ed25519"], default="p256",
                        help="the kind of a new key")
    parser.add_argument("--fault", choices=[str(fault) for fault in Fault if fault], default="",
                        help="what goes wrong with the word, on purpose")
    parser.add_argument("command", choices=_COMMANDS)
    parser.add_argument("id", nargs="?", default="", help="of a payment or login, as list shows it")
    options = parser.parse_args(arguments)
    if not _NUMBER.fullmatch(options.phone):
        parser.error("--phone: + and 7 to 15 digits, the country code first")
    if options.command in {"pay", "refuse"} and not options.id:
        parser.error(f"{options.command}: which one? `list` shows them")
    try:
        return asyncio.run(_run(options))
    except Problem as problem:
        print(explained(problem), file=sys.stderr)
    except (NoAnswer, KeystoreError, WrongPin, Locked) as error:
        print(plain(str(error)), file=sys.stderr)
    except OSError as error:
        print(f"{options.home}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 0 if options.command == "watch" else 1  # it has no other end
    return 1


async def _run(options: argparse.Namespace) -> int:
    keystore = Keystore(options.home)
    door = Door(options.url, tls=context(options.tls))
    phone = Phone(options.phone, keystore, door, chance=random.random)
    try:
        if options.command == "watch":
            await _watch(phone, Fault(options.fault))
        elif options.command == "list":
            for one in await phone.all():
                print(in_words(one))
        elif options.command in {"pay", "refuse"}:
            asked = await phone.find(options.id)
            print(in_words(asked))
            if isinstance(asked, Waiting):
                await phone.opened(asked)
            decision: Answer = "approve" if options.command == "pay" else "refuse"
            return await _answer(phone, asked, decision, Fault(options.fault))
        else:
            await _certificate(phone, keystore, options)
    finally:
        await door.close()
    return 0


async def _certificate(phone: Phone, keystore: Keystore, options: argparse.Namespace) -> None:
    if options.command == "enrol":
        code = options.code or await _typed(lambda: input("Enrolment code: "))
        pin = await _pin()
        if not keystore.begun and await _typed(lambda: getpass.getpass("The same PIN again: ")) \
                != pin:
            raise KeystoreError("the two PINs are not the same: nothing was done")
        identity = await phone.enrol(code, pin, options.key)
        print(f"enrolled: certificate {identity.serial}")
    elif options.command == "renew":
        identity = await phone.renew(await _pin(), options.key)
        print(f"renewed: certificate {identity.serial}")
    else:
        print(f"revoked: certificate {await phone.revoke(await _pin())}")


async def _answer(phone: Phone, asked: Waiting | Login, decision: Answer, fault: Fault) -> int:
    pin = "" if fault is Fault.SILENT else await _pin()
    said = await phone.answer(asked, decision, pin, fault)
    for one in said:
        print(plain(f"{one.id}  {one.state} {one.reason}".rstrip()))
    done = {"approve": {"SIGNED", "PAID", "CAPTURED", "UNKNOWN", "CONFIRMED"},
            "refuse": {"DECLINED_BY_PAYER", "REFUSED"}}[decision]
    return 0 if all(one.state in done for one in said) else 1


async def _watch(phone: Phone, fault: Fault) -> None:
    """Show what comes until interrupted; whoever sits before a terminal is asked for a word."""
    queue: asyncio.Queue[Waiting | Login] = asyncio.Queue(_MOST_WAITING)
    asks = sys.stdin.isatty()

    async def show() -> None:
        while True:
            one = await queue.get()
            if isinstance(one, Waiting) and not is_open(one):
                print(plain(f"{one.id}  {one.state} {one.reason}".rstrip()), flush=True)
                continue
            print(in_words(one), flush=True)
            if isinstance(one, Waiting):
                await _tried(phone.opened(one))
            if asks:
                await _ask(phone, one, fault)

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_gather(phone.news(), queue))
            tasks.create_task(_gather(phone.logins_to_come(), queue))
            tasks.create_task(show())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


async def _ask(phone: Phone, one: Waiting | Login, fault: Fault) -> None:
    word = (await _typed(lambda: input("yes, no, or Enter for later: "))).strip().lower()
    if word in {"yes", "y"}:
        await _tried(_answer(phone, one, "approve", fault))
    elif word in {"no", "n"}:
        await _tried(_answer(phone, one, "refuse", fault))


async def _gather(news: AsyncIterator[Waiting] | AsyncIterator[Login],
                  queue: asyncio.Queue[Waiting | Login]) -> None:
    async for one in news:
        await queue.put(one)


async def _tried(work: Awaitable[object]) -> None:
    """Do it; what goes wrong with one payment is said, and the next one comes."""
    try:
        await work
    except Problem as problem:
        print(explained(problem), file=sys.stderr, flush=True)
    except (NoAnswer, KeystoreError, WrongPin) as error:
        print(plain(str(error)), file=sys.stderr, flush=True)


async def _pin() -> str:
    return await _typed(lambda: getpass.getpass("PIN: "))


async def _typed(ask: Callable[[], str]) -> str:
    """What somebody types, while the phone goes on listening. A thread that nobody waits for: who
    leaves with an interrupt need not press Enter first."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def tell(text: str) -> None:
        if not answer.done():
            answer.set_result(text)

    def read() -> None:
        try:
            text = ask()
        except EOFError:
            text = ""
        loop.call_soon_threadsafe(tell, text)

    threading.Thread(target=read, daemon=True).start()
    return await answer
