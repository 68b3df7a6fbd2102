"""One batch, top to bottom: each line a card, its PIN in a mailer, its row active at the end.

Knows the order of things, and why: `issuing/states.py` has the table. What dies in between leaves
a line that the next run of the same batch goes on with or begins again. Card numbers live in this
process's memory while their card is made; PINs not even there.

    planned   a blank chip proves itself                     nothing was written
              number, PIN and its value; the row, not effective
    numbered  the chip is written, locked, read back; or the stripe
    loaded    the mailer is in the spool
    mailed    the row is active, its account's fence raised
    active
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date
from typing import Final

import msgspec

from authhost.hsm.verbs import Hsm
from authhost.pan_index import PanIndex
from chip.errors import CardProblem
from issuing.batch import Batch, BatchError, Line
from issuing.chip_hsm import ChipHsm
from issuing.chip_session import ChipSession
from issuing.feeders import Feeder
from issuing.keys import ChipKeys, IssuerKeys
from issuing.ledger import Ledger, NewCard, Progress
from issuing.numbers import account_of, card_number, masked
from issuing.personalize import Body, open_blank, personalize
from issuing.portfolio import Portfolio
from issuing.program import Program
from issuing.states import Event, State, is_lost
from issuing.stripe import Encoder, EncoderError, Track2, write_and_compare

ATTEMPTS: Final = 3  # cards spoiled for one line before somebody has to look
WRONG_CHIPS: Final = 5  # chips in a row that are not blank
NUMBERS: Final = 20  # card numbers in a row that were taken


class IssuingFailed(Exception):
    """The batch stops here; it can be gone on with. Says why, without a value."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How the cards of this batch are made. length: of the card number, pin_length: of the PIN."""

    iin: str
    length: int = 18
    pin_length: int = 4
    service_code: str = "200"  # ISO/IEC 7813: 2 a chip, 1 none; then 0, PIN required


class ChipMedium(msgspec.Struct, frozen=True):
    """Chips, and what they are personalized with."""

    feeder: Feeder
    keys: ChipKeys
    issuer: IssuerKeys


class Summary(msgspec.Struct):
    """What a run has done. spoiled: serial or mask of each card that is to be destroyed."""

    issued: int = 0
    finished: int = 0  # begun by an earlier run
    before: int = 0  # active already
    spoiled: list[str] = []


class _Born(msgspec.Struct, frozen=True):
    """A card between its birth and its mailer. pin: under the LMK."""

    pan: str
    pin: str
    progress: Progress

    def __repr__(self) -> str:
        return f"_Born({self.progress.pan_masked})"


class Issuing:
    """The story of one batch. today: business date. below: random integers."""

    def __init__(self, hsm: Hsm, index: PanIndex, ledger: Ledger, program: Program, order: Order,
                 medium: ChipMedium | Encoder, today: date,
                 below: Callable[[int], int] = secrets.randbelow) -> None:
        self._hsm = hsm
        self._chip_hsm = ChipHsm(hsm)
        self._index = index
        self._ledger = ledger
        self._program = program
        self._order = order
        self._medium = medium
        self._today = today
        self._below = below
        self._portfolio = Portfolio({}, {}, {})
        self.summary = Summary()

    async def run(self, batch: Batch) -> Summary:
        """All lines. BatchError and BatchRefused before anything is touched; IssuingFailed
        later."""
        medium = "chip" if isinstance(self._medium, ChipMedium) else "stripe"
        self._portfolio = await self._ledger.portfolio(batch)
        faults = self._portfolio.faults(batch)
        if faults:
            raise BatchError(faults)
        card_number(self._order.iin, self._order.length, self._below)  # says now what it cannot do
        await self._ledger.open(batch, medium)
        progress = await self._ledger.progress()
        await self._recover(batch, progress)
        for line in batch.lines:
            if progress[line.line].state is State.PLANNED:
                await self._line(line)
        return self.summary

    async def _recover(self, batch: Batch, progress: dict[int, Progress]) -> None:
        """What an earlier run has left: mailed cards become active, half-made ones are spoiled."""
        for line in batch.lines:
            found = progress[line.line]
            if found.state is State.ACTIVE:
                self.summary.before += 1
            elif found.state is State.MAILED:
                progress[line.line] = await self._ledger.activate(line, found)
                self.summary.finished += 1
            elif is_lost(found.state):
                progress[line.line] = await self._spoil(line, found, "cut off")

    async def _line(self, line: Line) -> None:
        """One line to its end, with another card where one is spoiled."""
        for _ in range(ATTEMPTS):
            # Asked before each card: an authorisation that has run out must not cost one.
            await self._chip_hsm.mailer_ready()
            if isinstance(self._medium, ChipMedium):
                born = await self._chip(line, self._medium)
            else:
                born = await self._stripe(line, self._medium)
            if born is None:
                continue
            loaded = await self._ledger.move(born.progress, Event.LOAD)
            await self._mail(line, born)
            mailed = await self._ledger.move(loaded, Event.MAIL)
            await self._ledger.activate(line, mailed)
            self.summary.issued += 1
            await self._tell(f"line {line.line}: {mailed.pan_masked} is done")
            return
        raise IssuingFailed(f"line {line.line}: {ATTEMPTS} cards were spoiled, look at the reader")

    async def _chip(self, line: Line, medium: ChipMedium) -> _Born | None:
        """A locked chip; None when it was spoiled."""
        session, serial = await self._blank(medium)
        born = await self._born(line, serial.hex().upper())
        body = Body(
            contents=self._portfolio.contents(line, born.pan, self._order.service_code,
                                              medium.keys.version),
            pin=born.pin, pin_tries=self._program.pin_tries, today=self._today)
        try:
            await personalize(session, self._chip_hsm, serial, medium.keys, medium.issuer, body)
        except CardProblem as problem:
            await self._spoil(line, born.progress, str(problem))
            return None
        return born

    async def _blank(self, medium: ChipMedium) -> tuple[ChipSession, bytes]:
        """The next chip that may be begun, in a factory session. IssuingFailed, NoMoreCards."""
        why = ""
        for _ in range(WRONG_CHIPS):
            session = ChipSession(await medium.feeder.next(), self._chip_hsm)
            try:
                serial = await open_blank(session, medium.keys)
            except CardProblem as problem:
                why = str(problem)
            else:
                if serial is not None:
                    return session, serial
                why = "It is not blank."
            await self._tell(f"Not this card. {why}")
        raise IssuingFailed(f"{WRONG_CHIPS} cards in a row cannot be begun: {why}")

    async def _stripe(self, line: Line, encoder: Encoder) -> _Born | None:
        """A written stripe; None when it was spoiled."""
        born = await self._born(line, "")
        code = self._order.service_code
        cvv = await self._program.card_value(self._hsm, born.pan, line.expiry, code)
        try:
            await write_and_compare(encoder, Track2(born.pan, line.expiry, code, cvv))
        except EncoderError as error:
            await self._spoil(line, born.progress, str(error))
            return None
        return born

    async def _born(self, line: Line, serial: str) -> _Born:
        """Number, PIN, its value, and the row that is not effective yet."""
        for _ in range(NUMBERS):
            pan = card_number(self._order.iin, self._order.length, self._below)
            account = account_of(pan)
            pin = await self._hsm.random_pin(account, self._order.pin_length)
            card = NewCard(
                pan_hmac=await self._index.of(pan), pan_masked=masked(pan), card_serial=serial,
                pin_value=await self._program.pin_value(self._hsm, pin, account))
            progress = await self._ledger.number(line, card)
            if progress is not None:
                return _Born(pan, pin, progress)
        raise IssuingFailed(f"{NUMBERS} card numbers in a row are taken: IIN {self._order.iin}"
                            " is full")

    async def _mail(self, line: Line, born: _Born) -> None:
        """The reference is the line's, not the card's: a spoiled card's mailer is replaced."""
        reference = f"{self._ledger.batch_id}-{line.line:05d}"
        await self._chip_hsm.print_mailer(
            account_of(born.pan), born.pin, (reference, born.pan[-4:], line.holder, *line.address))

    async def _spoil(self, line: Line, progress: Progress, why: str) -> Progress:
        name = progress.card_serial or progress.pan_masked
        planned = await self._ledger.spoil(line, progress, why)
        self.summary.spoiled.append(name)
        await self._tell(f"line {line.line}: destroy card {name}. {why}")
        return planned

    async def _tell(self, message: str) -> None:
        if isinstance(self._medium, ChipMedium):
            await self._medium.feeder.tell(message)
