"""The till's screen in plain text: one asks, one answers, a line each. Works over a pipe too.

Knows words and questions; all that happens is the program's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from terminals.json_door import NoAnswer, Problem
from terminals.money import amount, minor_of
from terminals.phone.door import explained
from terminals.screen import ask, follow
from terminals.till.bodies import Captured, Payment, Refund
from terminals.till.program import Till
from terminals.till.shown import on_screen

HELP: Final = """\
request     ask a phone for money            code    a QR for the payer's own bank
link        a QR of a link: who opens it pays
show        how one stands                   list    the last ones
cancel      take one back                    capture the goods went out
refund      give back                        pay     what the last nights have paid
again       send once more what went unanswered
quit        end; an empty answer leaves a question. Without an id: the last one"""
_ROWS: Final = "20"
_WAIT_S: Final = 190.0
_CODES: Final = frozenset({"EUR", "RSD"})


class Screen:
    """One person before one till."""

    def __init__(self, till: Till, currency: str) -> None:
        self._till = till
        self._currency = currency
        self._last = ""  # the payment that was asked last
        self._words: dict[str, Callable[[], Awaitable[None]]] = {
            "request": self._request, "code": self._code, "link": self._link, "show": self._show,
            "list": self._list, "cancel": self._cancel, "capture": self._capture,
            "refund": self._refund, "pay": self._pay, "again": self._again}

    async def run(self) -> int:
        """Until `quit`, or the input's end."""
        return await follow({name: self._told(word) for name, word in self._words.items()}, HELP,
                            (ValueError,))

    def _told(self, word: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """What the host refuses, or does not answer, in the till's words."""
        async def told() -> None:
            try:
                await word()
            except Problem as problem:
                print(explained(problem))
            except NoAnswer as problem:
                print(problem)
                if self._till.unsent is not None:
                    print("it may have been done: `again` asks, and does it once")

        return told

    async def _request(self) -> None:
        phone = await ask("Phone")
        await self._follow(await self._asked(phone, "phone"))

    async def _code(self) -> None:
        if self._currency not in _CODES:
            raise ValueError(f"there is no code for {self._currency}")
        await self._shown(await self._asked(None, "qr"))

    async def _link(self) -> None:
        await self._shown(await self._asked(None, "phone"))

    async def _asked(self, phone: str | None, kind: str) -> Payment:
        minor = minor_of(await ask("Amount"), self._currency)
        purpose = await ask("Purpose", "purchase")
        reference = await ask("Reference (empty: none)", "")
        asked = await self._till.request(minor, self._currency, purpose, phone=phone, kind=kind,
                                         reference=reference)
        self._last = asked.id
        print(asked.line, flush=True)
        return asked

    async def _shown(self, asked: Payment) -> None:
        print(on_screen(await self._till.code(asked.id)), flush=True)
        await self._follow(asked)

    async def _follow(self, asked: Payment) -> None:
        found = await self._till.wait(asked.id, _WAIT_S)
        print(found.line, flush=True)

    async def _show(self) -> None:
        print((await self._till.payment(await self._id())).line)

    async def _list(self) -> None:
        for one in (await self._till.payments(limit=_ROWS)).data:
            print(one.line)

    async def _cancel(self) -> None:
        print((await self._till.cancel(await self._id())).line)

    async def _capture(self) -> None:
        payment = await self._till.payment(await self._id())
        text = await ask("Amount (empty: all that is left)", "")
        minor = minor_of(text, payment.currency) if text else None
        final = minor is not None and await ask("Is that all? (yes, no)", "no") == "yes"
        _print(await self._till.capture(payment.id, minor, final=final))

    async def _refund(self) -> None:
        payment = await self._till.payment(await self._id())
        minor = minor_of(await ask("Amount"), payment.currency)
        _print(await self._till.refund(payment.id, minor,
                                       reason=await ask("Reason (empty: none)", "")))

    async def _pay(self) -> None:
        for one in (await self._till.settlements(limit=_ROWS)).data:
            print("\n".join(one.lines))

    async def _again(self) -> None:
        if self._till.unsent is None:
            print("there is nothing")
            return
        found = await self._till.again()
        if isinstance(found, Payment):
            self._last = found.id
        _print(found)

    async def _id(self) -> str:
        return await ask("Payment", self._last or None)


def _print(done: object) -> None:
    match done:
        case Payment():
            print(done.line)
        case Captured():
            print(f"captured {amount(done.amount_minor, done.currency)}: {done.state}")
        case Refund():
            print(f"{done.id} {amount(done.amount_minor, done.currency)} {done.state} "
                  f"{done.why}".rstrip())
        case _:
            print("done")
