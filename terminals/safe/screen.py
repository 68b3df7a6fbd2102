"""The safe's screen in plain text: one asks, one answers, a line each. Works over a pipe too.

Knows words and questions; all that happens is the program's. The machine is the one in software:
what is typed as notes is what a person would put in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from terminals.paper import money
from terminals.questions import minor_of
from terminals.safe.compared import compared
from terminals.safe.counted import Count, Line, Slip, Suspect, Total, parsed
from terminals.safe.depositing import BadOrder
from terminals.safe.machine import MachineInSoftware
from terminals.safe.program import SafeProgram, answered
from terminals.safe.rows import Row
from terminals.safe.states import Kind, State
from terminals.screen import Words, ask, follow

HELP: Final = """\
deposit     notes and coins: 5000x4 is four notes of 50.00, 200x3c three coins of 2.00
envelope    an envelope that is counted later          cheque  a cheque
shift       open the shift, or close it                day     end of day
swap        the courier takes the cassette             inside  what it holds
state       line, queue, shift, cassette               status  tell the host how we are
queue       what waits, what is parked                 again   send a parked one again
receipt     print again                                alarm   tell of something
quit        end; an empty answer leaves a question"""
_WAIT_S: Final = 5.0


class Screen:
    """One person before one safe."""

    def __init__(self, safe: SafeProgram, machine: MachineInSoftware) -> None:
        self._safe = safe
        self._machine = machine
        self._words: Words = {
            "deposit": self._deposit, "envelope": self._envelope, "cheque": self._cheque,
            "shift": self._shift, "day": self._day, "swap": self._swap, "inside": self._inside,
            "state": self._state, "status": self._status, "queue": self._queue,
            "again": self._again, "receipt": self._receipt, "alarm": self._alarm}

    async def run(self) -> int:
        """Until `quit`, or the input's end."""
        await self._state()
        return await follow(self._words, HELP, (BadOrder, ValueError))

    async def _deposit(self) -> None:
        currency = await self._currency()
        pieces = parsed((await ask("Notes and coins (5000x4 200x3c)")).split())
        suspects = tuple(Suspect(minor_of(word), currency, "2", serial)
                         for word, _, serial in (text.partition("/") for text in (
                             await ask("Suspects (20.00/serial, empty: none)", "")).split()))
        slip = await self._slip("cash")
        self._machine.insert(Count(currency=currency, pieces=pieces, suspects=suspects))
        offer = await self._safe.offer(slip)
        print(answered(offer))
        if offer.may_stack and await ask("Let the notes in? (yes, no)", "yes") == "yes":
            await self._told(await self._safe.confirm(offer))
            return
        await self._safe.hand_back(offer)
        print("the notes are handed back")

    async def _envelope(self) -> None:
        await self._uncounted("envelope")

    async def _cheque(self) -> None:
        await self._uncounted("cheque")

    async def _uncounted(self, kind: Literal["envelope", "cheque"]) -> None:
        currency = await self._currency()
        number = await ask("Number")
        amount = minor_of(await ask("Amount as declared"))
        bank = await ask("Bank (empty: none)", "") if kind == "cheque" else ""
        slip = await self._slip(kind, number, amount, bank)
        self._machine.insert(Count(currency=currency))
        _, row = await self._safe.deposit(slip)
        assert row is not None, "nobody is asked about it"
        await self._told(row)

    async def _slip(self, kind: Literal["cash", "envelope", "cheque"], number: str = "",
                    declared_minor: int = 0, bank: str = "") -> Slip:
        return Slip(
            kind=kind, number=number, declared_minor=declared_minor, bank=bank,
            depositor=await ask("Depositor"), client=await ask("Client (empty: the safe's)", ""),
            reference=await ask("Reference (empty: none)", ""))

    async def _told(self, row: Row) -> None:
        row = await self._safe.told(row, _WAIT_S)
        print(await self._safe.receipt(row), flush=True)

    async def _shift(self) -> None:
        shift = await self._safe.shift()
        if shift is None:
            shift, _ = await self._safe.open_shift(await ask("Opened by"))
            print(f"shift {shift.number} is open")
            return
        row, totals = await self._safe.close_shift(await ask("Closed by"))
        print(f"shift {shift.number} is closed")
        await self._balanced(row, totals)

    async def _day(self) -> None:
        await self._balanced(*await self._safe.end_of_day())

    async def _balanced(self, row: Row, totals: Iterable[Total]) -> None:
        for line in totals:
            print(f"{line.currency} {line.kind:<9}{line.count:>5} {money(line.amount_minor):>12}")
        row = await self._safe.told(row, _WAIT_S)
        print("\n".join(compared(row.answer)) if row.state is State.FORWARDED
              else "the host is told later")

    async def _swap(self) -> None:
        into = await ask("The cassette that comes (18 digits, empty: none)", "")
        _, inside = await self._safe.swap(
            into, courier=await ask("Courier", ""), guard=await ask("Guard", ""),
            seal=await ask("Seal", ""))
        _print_lines(inside)
        print(f"inside now: {into or 'none'}")

    async def _inside(self) -> None:
        _print_lines(await self._safe.inside())

    async def _state(self) -> None:
        counts, shift, stay = (await self._safe.counts(), await self._safe.shift(),
                               await self._safe.stay())
        line = {True: "on line", False: "OFF LINE", None: "not tried yet"}[self._safe.online]
        print(f"{self._safe.config.terminal.id} {self._safe.config.terminal.name} | {line} | "
              f"waiting {counts.unsent}, parked {counts.parked} | "
              f"shift {shift.number if shift else 'none'} | "
              f"cassette {stay.cassette if stay else 'none'}")

    async def _status(self) -> None:
        row = await self._safe.told(await self._safe.status(), _WAIT_S)
        print("told" if row.state is State.FORWARDED else "the host is told later")

    async def _queue(self) -> None:
        rows = await self._safe.queue()
        for row in rows:
            print(f"{row.sequence} {row.local_time:%d.%m. %H:%M} {row.kind} {row.amount_minor}"
                  f" {row.state} {row.status or ''}".rstrip())
        print(f"{len(rows)} messages")

    async def _again(self) -> None:
        row = await self._safe.find(int(await ask("Number")))
        if row is None:
            raise BadOrder("there is no such message")
        await self._safe.send_again(row)
        print(f"{row.sequence} waits again")

    async def _receipt(self) -> None:
        last = await self._safe.last_deposit()
        number = await ask("Number", str(last.sequence) if last is not None else None)
        row = await self._safe.find(int(number))
        if row is None or row.kind is not Kind.DEPOSIT:
            raise BadOrder("there is no such deposit")
        print(await self._safe.receipt(row, copy=True), flush=True)

    async def _alarm(self) -> None:
        await self._safe.alarm(await ask("Code"), await ask("info, warning or alarm", "warning"),
                               await ask("What is it"))

    async def _currency(self) -> str:
        currencies = self._safe.config.terminal.currencies
        return await ask("Currency", currencies[0]) if len(currencies) > 1 else currencies[0]


def _print_lines(lines: Iterable[Line]) -> None:
    for line in lines:
        print(f"{line.currency} {money(line.value_minor):>8} {line.kind} x {line.count}")
