"""The days after: banks take the night's files, answer them, and their books are those of ours.

Knows the files, the commands that read answers, and two accounts of the ledger; the house has books
of its own, from the files alone. Something is refused and something comes back, so that the next
night has something to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import asyncpg

from authhost.admin.bank_answers import tell_answer
from authhost.admin.bank_statements import tell_file
from clearing.run import clear
from clearing.settings import load_settings
from demo.insert import statement
from demo.portfolio import BANKS, BUSINESS_DATE
from demo.result import Banked, CameBack, Position
from terminals.bank.books import Payment
from terminals.house.ledger import House
from terminals.house.orders import Order, read_file

# BUSINESS_DATE is a Friday: its files are executed on Monday, and the nights go on meanwhile.
_MONDAY: Final = 3
_REFUSED, _RETURNED = "AM04", "AC04"


async def answered(database_url: str, files: Path, payments: Iterable[Payment]) -> Banked:
    """Play the days to the night of the Monday, and compare. payments: at once, by banks' books."""
    own = {debtor.iban for debtor in load_settings().debtors.values()}
    ours = own | {account for _, _, account in BANKS.values()}
    house = House(dict.fromkeys(ours), refuse={_smallest(files): _REFUSED})
    house.execute((_order(one) for one in payments if one.source == "online" and one.paid
                   and one.debtor in ours), BUSINESS_DATE.isoformat())
    days = [BUSINESS_DATE + timedelta(days=number) for number in range(_MONDAY + 1)]
    for day in days[1:-1]:
        await clear(database_url, day, files)
    monday, told = days[-1].isoformat(), []
    orders = _files(files, days[:-1])
    told += [house.take(path.read_bytes(), f"{monday}T06:00:00Z") for path in orders]
    house.settle(monday)
    for name in _largest(house):
        house.give_back(name, _RETURNED, monday)
    told += [house.notice(*account, monday, f"{monday}T12:00:00Z") for account in house.accounts()]
    for content in told:
        await tell_answer(database_url, content)
    statements = [house.statement(*account, day.isoformat(), f"{monday}T19:00:00Z")
                  for account in house.accounts() for day in days]
    for content in statements:
        await tell_file(database_url, content)
    at_bank = _sums(house)
    await clear(database_url, days[-1], files)
    for path in _files(files, days[-1:]):
        house.take(path.read_bytes(), f"{monday}T21:00:00Z")
    return await _compared(database_url, house, at_bank, len(orders), len(told) + len(statements))


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


def _largest(house: House) -> list[str]:
    """The largest credit of a file, where there is one."""
    found = sorted((order.amount_minor, name) for name, (file, order) in house.state.booked.items()
                   if file and order.kind == "credit")
    return [name for _, name in found[-1:]]


def _sums(house: House) -> dict[str, int]:
    found: dict[str, int] = {}
    for iban, currency in house.accounts():
        found[currency] = found.get(currency, 0) + house.balance(iban, currency)
    return found


async def _compared(database_url: str, house: House, at_bank: Mapping[str, int], files: int,
                    answers: int) -> Banked:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(statement("bank_positions"))
        back = await connection.fetch(statement("bank_exceptions"))
    finally:
        await connection.close()
    booked = {row["currency"]: (row["account_minor"], row["transit_minor"]) for row in rows}
    waits: dict[str, int] = {}
    for _, order in house.state.orders:
        sign = -1 if order.kind == "credit" else 1
        waits[order.currency] = waits.get(order.currency, 0) + sign * order.amount_minor
    positions = []
    for currency in sorted(booked.keys() | at_bank.keys() | waits.keys()):
        account, transit = booked.get(currency, (0, 0))
        positions.append(Position(
            currency=currency, account_minor=account, bank_minor=at_bank.get(currency, 0),
            transit_minor=transit, waiting_minor=waits.get(currency, 0)))
    return Banked(files=files, answers=answers, positions=tuple(positions), came_back=tuple(
        CameBack(*row.values()) for row in back))
