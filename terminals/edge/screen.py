"""The terminal's screen in plain text: one asks, one answers, a line each. Works over a pipe too.

Knows words and questions; all that happens is the edge's. A PIN is typed unseen where there is a
terminal, and is kept nowhere.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from chip.dialogue import PinStatus
from chip.errors import CardProblem
from iso import IsoError
from terminals.card_reader import CardReader, Visit
from terminals.edge.edge import Edge
from terminals.edge.questions import items_of, prompt_names
from terminals.edge.rows import Row
from terminals.edge.states import Kind
from terminals.edge.station_door import StationAway
from terminals.edge.ticket import BadOrder, Ticket
from terminals.pin_pad import EncipheredPin
from terminals.purchase import Card, Sale
from terminals.questions import minor_of
from terminals.screen import Cancelled, Words, ask, follow, read

HELP: Final = """\
sale        sell: card, PIN, product, litres, prompts
hold        pre-authorize; then  more  (increase),  complete  (real litres; 0 lets it go)
return      goods of a sale come back
reverse     the last message, or one by its number: give it back
receipt     print again
state       line, queue, shift, catalogue           echo    ask the host whether it is there
queue       what waits for the host, what is parked again   send a parked one again
catalogue   fetch it now                            shift   close the shift
quit        end; an empty answer leaves a question"""
_SOLD: Final = (Kind.SALE, Kind.COMPLETION, Kind.OFFLINE_SALE)


class Screen:
    """One person before one terminal."""

    def __init__(self, edge: Edge, reader: CardReader | None) -> None:
        self._edge = edge
        self._reader = reader
        self._words: Words = {
            "sale": self._sell, "hold": self._hold, "more": self._more,
            "complete": self._complete, "return": self._take_back, "reverse": self._reverse,
            "receipt": self._copy, "state": self._state, "echo": self._echo,
            "queue": self._queue, "again": self._again, "catalogue": self._catalogue,
            "shift": self._shift}

    async def run(self) -> int:
        """Until `quit`, or the input's end."""
        await self._state()
        return await follow(self._words, HELP,
                            (BadOrder, CardProblem, IsoError, StationAway, ValueError))

    async def _sell(self) -> None:
        async with self._card() as (card, visit):
            pin = await self._pin(card, visit)
            items = await items_of(ask)
            sale = Sale(card, sum(item.amount_minor for item in items), self._currency, items,
                        prompts=await self._prompts(visit), second=await self._second(),
                        entry="" if card.track_2 or visit is not None else "key", wants_rest=True)
            ticket = await self._edge.sell(sale, visit=visit, pin=pin)
            while ticket.prompts:
                asked = {name: await ask(f"{name}?") for name in ticket.prompts}
                sale = msgspec.structs.replace(sale, prompts={**sale.prompts, **asked})
                pin = await self._pin(card, visit)
                ticket = await self._edge.sell(sale, visit=visit, pin=pin)
            if ticket.objections == ("pin",) and visit is not None:
                print("the host is silent; the card is asked, for its PIN again")
                await self._pin(card, visit)
                ticket = await self._edge.sell(sale, visit=visit, offline=True)
        await self._show(ticket)

    async def _hold(self) -> None:
        async with self._card() as (card, visit):
            pin = await self._pin(card, visit)
            amount = minor_of(await ask("Amount (0: as much as may be)", "0"))
            sale = Sale(card, amount, self._currency, prompts=await self._prompts(visit),
                        second=await self._second(), wants_rest=True,
                        entry="" if card.track_2 or visit is not None else "key")
            await self._show(await self._edge.preauthorize(sale, visit=visit, pin=pin))

    async def _more(self) -> None:
        hold = await self._named(Kind.PREAUTHORIZATION)
        await self._show(await self._edge.increment(hold, minor_of(await ask("How much more"))))

    async def _complete(self) -> None:
        hold = await self._named(Kind.PREAUTHORIZATION)
        items = await items_of(ask, may_be_none=True)
        sale = Sale(Card("", ""), sum(item.amount_minor for item in items), hold.currency, items,
                    prompts=hold.particulars.prompts)
        await self._show(await self._edge.complete(hold, sale))

    async def _take_back(self) -> None:
        original = await self._named(*_SOLD)
        items = await items_of(ask)
        await self._show(await self._edge.take_back(original, Sale(
            Card("", ""), sum(item.amount_minor for item in items), original.currency, items)))

    async def _reverse(self) -> None:
        original = await self._named(*_SOLD, Kind.PREAUTHORIZATION)
        amount = await ask("Amount (empty: all)", "")
        await self._show(await self._edge.reverse(
            original, minor_of(amount) if amount else None))

    async def _copy(self) -> None:
        print(await self._edge.receipt(await self._named(*_SOLD, Kind.PREAUTHORIZATION, Kind.RETURN,
                                                         Kind.REVERSAL), copy=True))

    async def _state(self) -> None:
        counts, shift = await self._edge.counts(), await self._edge.open_shift()
        version, sizes, refused = await self._edge.catalogue()
        line = {True: "on line", False: "OFF LINE", None: "not tried yet"}[self._edge.online]
        print(f"{self._edge.config.terminal.id} {self._edge.config.terminal.name} | {line} | "
              f"waiting {counts.unsent}, parked {counts.parked} | shift {shift.number}")
        if version is None:
            print("no catalogue: nothing is sold off line")
        else:
            print(f"catalogue {version.version} of {version.issued_at:%d.%m.%Y %H:%M} UTC: "
                  + ", ".join(f"{name} {lines}" for name, lines in sizes.items()))
        if refused:
            print(f"the last catalogue was refused: {refused}")

    async def _echo(self) -> None:
        print("the host answers" if await self._edge.echo() else "the host is silent")

    async def _queue(self) -> None:
        rows = await self._edge.queue()
        for row in rows:
            print(f"{row.sequence} {row.local_time:%d.%m. %H:%M} {row.kind} {row.amount_minor}"
                  f" {row.state} {row.action} {row.reason}".rstrip())
        print(f"{len(rows)} messages")

    async def _again(self) -> None:
        row = await self._edge.find(await ask("Number"))
        if row is None:
            raise BadOrder("there is no such message")
        await self._edge.send_again(row)
        print(f"{row.sequence} waits again")

    async def _catalogue(self) -> None:
        refused = await self._edge.fetch_catalogue()
        if refused:
            print(f"refused: {refused}")
        await self._state()

    async def _shift(self) -> None:
        shift, totals = await self._edge.close_shift()
        print(f"shift {shift.number} is closed")
        for line in totals:
            print(f"{line.card_type or '-':<10} {line.product or '-':<6} {line.kind:<13}"
                  f"{line.count:>4} {line.amount_minor:>10} {line.volume_ml / 1000:>10.3f} l")
        for number, state in [(done.number, state) for done, state
                              in await self._edge.compare_shifts()]:
            print(f"{number}: {state}")

    @property
    def _currency(self) -> str:
        return self._edge.config.terminal.currency

    async def _named(self, *kinds: Kind) -> Row:
        """A message by its number, or the last of these kinds."""
        last = await self._edge.last(*kinds)
        number = await ask("Number", last.sequence if last is not None else "")
        row = await self._edge.find(number) if number else None
        if row is None:
            raise BadOrder("there is no such message")
        return row

    @asynccontextmanager
    async def _card(self) -> AsyncIterator[tuple[Card, Visit | None]]:
        """By number, by track, or the chip that is in the reader."""
        asked = await ask("Card (number, track 2" + (", chip)" if self._reader else ")"))
        if asked == "chip" and self._reader is not None:
            visiting = self._reader.visit()
            visit = await asyncio.to_thread(visiting.__enter__)
            try:
                yield visit.card, visit
            finally:
                await asyncio.to_thread(visiting.__exit__, None, None, None)
        elif asked.isdecimal():
            yield Card(asked, await ask("Expiry YYMM")), None
        else:
            yield Card.of_track(asked.strip(";?")), None

    async def _second(self) -> Card | None:
        asked = await ask("Second card (empty: none)", "")
        if not asked:
            return None
        return Card(asked, await ask("Expiry YYMM")) if asked.isdecimal() \
            else Card.of_track(asked.strip(";?"))

    async def _pin(self, card: Card, visit: Visit | None) -> EncipheredPin | None:
        if visit is None:
            digits = await _pin("PIN (empty: none): ")
            return self._edge.encipher(digits, card.pan) if digits else None
        while visit.chip.pin_required and not visit.chip.pin_verified:
            if visit.reader_takes_pin:
                print("PIN, at the reader", flush=True)
                outcome = await asyncio.to_thread(visit.pin_at_reader)
            else:
                digits = await _pin("PIN: ")
                if not digits:
                    raise Cancelled
                outcome = await asyncio.to_thread(visit.pin_at_pad, digits)
            if outcome.status is PinStatus.BLOCKED:
                raise BadOrder("the PIN's tries are used up")
            if outcome.status is not PinStatus.VERIFIED:
                print(f"PIN {outcome.status}; {outcome.tries_left} tries left")
        return None

    async def _prompts(self, visit: Visit | None) -> dict[str, str]:
        """What the card asks for; the odometer from everybody; more by name."""
        wanted = prompt_names(visit, self._edge.profile)
        answers = {name: await ask(f"{name}?") for name in wanted}
        if "odometer" not in answers and (km := await ask("Odometer (empty: none)", "")):
            answers["odometer"] = km
        while more := await ask("More (driver_number=..., empty: go on)", ""):
            name, _, answer = more.partition("=")
            answers[name.strip()] = answer.strip()
        return answers

    async def _show(self, ticket: Ticket) -> None:
        print(f"{ticket.outcome.upper()}"
              + (f" because of {', '.join(ticket.objections)}" if ticket.objections else ""))
        if ticket.rest is not None and ticket.rest.products:
            print(f"may be sold: {', '.join(ticket.rest.products)} {ticket.rest.text}".rstrip())
        if ticket.row is not None:
            print(await self._edge.receipt(ticket.row), flush=True)


async def _pin(question: str) -> str:
    if sys.stdin.isatty():
        return await asyncio.to_thread(getpass.getpass, question)
    return await read(question) or ""
