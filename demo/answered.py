"""The days after: banks take the night's files, answer them, and their books are those of ours.

Knows the files, the commands that read answers, and two accounts of the ledger; the house has books
of its own, from the files alone. Something is refused and something comes back, of credits and of
direct debits, so that the next nights have something to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import asyncpg

from authhost.admin.bank_answers import tell_answer
from authhost.admin.bank_statements import tell_file
from clearing.run import clear
from clearing.settings import Settings
from demo.debits import collected, have_collected_again
from demo.insert import statement
from demo.portfolio import BANKS, BUSINESS_DATE
from demo.result import Banked, CameBack, Position
from terminals.bank.books import Payment
from terminals.house.ledger import House
from terminals.house.orders import Order, read_file

# BUSINESS_DATE is a Friday: its files are executed on Monday, and the nights go on meanwhile. What
# was told to fleets on Friday is in Saturday's files, and is collected on Tuesday.
_MONDAY: Final = BUSINESS_DATE + timedelta(days=3)
_TUESDAY: Final = _MONDAY + timedelta(days=1)
_REFUSED, _RETURNED = "AM04", "AC04"
_UNCOVERED: Final = "AM04"
_ComesBack = Callable[[House], list[tuple[str, str]]]  # EndToEndIds and reasons


async def answered(database_url: str, files: Path, payments: Iterable[Payment],
                   settings: Settings) -> Banked:
    """Play the days to the night of the Tuesday, and compare. payments: at once, by banks' books.
    settings: those of the night."""
    own = {debtor.iban for debtor in settings.debtors.values()}
    ours = own | {account for _, _, account in BANKS.values()}
    house = House(dict.fromkeys(ours), refuse={_smallest(files): _REFUSED})
    house.execute((_order(one) for one in payments if one.source == "online" and one.paid
                   and one.debtor in ours), BUSINESS_DATE.isoformat())
    nights = [BUSINESS_DATE + timedelta(days=number) for number in range(3)]
    for day in nights[1:]:
        await clear(database_url, day, files, settings)
    at_house = _AtHouse(database_url, files, house)
    await at_house.day(_MONDAY, nights, _largest)
    await clear(database_url, _MONDAY, files, settings)
    await at_house.day(_TUESDAY, [_MONDAY], _uncovered)
    await have_collected_again(database_url)
    at_bank = _sums(house)
    await clear(database_url, _TUESDAY, files, settings)
    for path in _files(files, [_TUESDAY]):
        house.take(path.read_bytes(), f"{_TUESDAY}T21:00:00Z")
    return await _compared(database_url, at_house, at_bank)


class _AtHouse:
    """The bank's working days: the files that came, and what the host is told of them."""

    def __init__(self, database_url: str, files: Path, house: House) -> None:
        self._database_url = database_url
        self._folder = files
        self.house = house
        self.files = 0
        self.answers = 0

    async def day(self, today: date, nights: Sequence[date], comes_back: _ComesBack) -> None:
        """Take the files of these nights, book, give something back, tell it all; statements are
        of every day since the first of these nights."""
        house, orders = self.house, _files(self._folder, nights)
        told = [house.take(path.read_bytes(), f"{today}T06:00:00Z") for path in orders]
        house.settle(today.isoformat())
        for name, reason in comes_back(house):
            house.give_back(name, reason, today.isoformat())
        told += [house.notice(*account, today.isoformat(), f"{today}T12:00:00Z")
                 for account in house.accounts()]
        for content in told:
            await tell_answer(self._database_url, content)
        days = [*nights, today] if nights[0] == BUSINESS_DATE else [today]
        statements = [house.statement(*account, day.isoformat(), f"{today}T19:00:00Z")
                      for account in house.accounts() for day in days]
        for content in statements:
            await tell_file(self._database_url, content)
        self.files += len(orders)
        self.answers += len(told) + len(statements)


def _files(folder: Path, days: Iterable[date]) -> list[Path]:
    return [path for day in days
            for path in sorted((folder / day.isoformat()).glob("*/bank/*.xml"))]


def _order(payment: Payment) -> Order:
    return Order(payment.end_to_end_id, "", "credit", payment.debtor, payment.creditor,
                 payment.currency, payment.amount_minor, payment.booked_on)


def _smallest(files: Path) -> str:
    """The smallest payout of the night: the house lacks the money for it; '' where there is none.
    """
    return min(((order.amount_minor, order.end_to_end_id)
                for path in _files(files, [BUSINESS_DATE]) if "payouts" in path.name
                for order in read_file(path.read_bytes()).orders), default=(0, ""))[1]


def _largest(house: House) -> list[tuple[str, str]]:
    """The largest credit of a file, where there is one: its account was closed."""
    return [(name, _RETURNED) for _, name in _booked(house, "credit")[-1:]]


def _uncovered(house: House) -> list[tuple[str, str]]:
    """The smallest direct debit: its debtor has no money."""
    return [(name, _UNCOVERED) for _, name in _booked(house, "debit")[:1]]


def _booked(house: House, kind: str) -> list[tuple[int, str]]:
    return sorted((order.amount_minor, name) for name, (file, order) in house.state.booked.items()
                  if file and order.kind == kind)


def _sums(house: House) -> dict[str, int]:
    found: dict[str, int] = {}
    for iban, currency in house.accounts():
        found[currency] = found.get(currency, 0) + house.balance(iban, currency)
    return found


async def _compared(database_url: str, at_house: _AtHouse, at_bank: Mapping[str, int]) -> Banked:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(statement("bank_positions"))
        back = await connection.fetch(statement("bank_exceptions"))
    finally:
        await connection.close()
    booked = {row["currency"]: (row["account_minor"], row["transit_minor"]) for row in rows}
    waits: dict[str, int] = {}
    for _, order in at_house.house.state.orders:
        sign = -1 if order.kind == "credit" else 1
        waits[order.currency] = waits.get(order.currency, 0) + sign * order.amount_minor
    positions = []
    for currency in sorted(booked.keys() | at_bank.keys() | waits.keys()):
        account, transit = booked.get(currency, (0, 0))
        positions.append(Position(
            currency=currency, account_minor=account, bank_minor=at_bank.get(currency, 0),
            transit_minor=transit, waiting_minor=waits.get(currency, 0)))
    return Banked(files=at_house.files, answers=at_house.answers, positions=tuple(positions),
                  came_back=tuple(CameBack(*row.values()) for row in back),
                  collected=await collected(database_url))
