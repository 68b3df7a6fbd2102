"""What pay by phone needs before its day, and what is read after it: users of shops, phones that
are enrolled, payers' money at two banks.

Knows the office, the host's public door and the banks; the stories are in phones.py.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from demo.bank_app import BankApp
from demo.handset import Handset
from demo.office import Office
from demo.parties import Account, Portfolio
from demo.phone_books import START_MINOR, PhoneBooks, Seen
from demo.phones import Equipment, PhoneDay
from demo.portfolio import BUSINESS_DATE, COLLECTING, LATE_BANK, OPERATOR, PROMPT_BANK
from demo.search import Spoken
from demo.shops import CURRENCY, Shop, Shops
from demo.tally import Tally
from terminals.bank.books import Account as Watched
from terminals.bank.conduct import Conduct, Rule
from terminals.bank.server import BankServer

_LATE_MS: Final = 400  # real: until the bank that is late knows what became of a debit
_AT_ONCE: Final = 16  # phones that enrol side by side
_DEAF: Final = frozenset({"away"})  # phones that nobody tells anything
_BROKE: Final = frozenset({"poor"})


class PhoneSite(msgspec.Struct, frozen=True, kw_only=True):
    """Where it happens. url: the host's public door; tls: of a name that is in a certificate, ''
    for nobody's; now: the day's clock."""

    url: str
    home: Path
    authority: Path  # whose certificate the door has
    tls: Callable[[str], ssl.SSLContext]
    now: Callable[[], datetime]


class PhoneRoom:
    """One day's. banks: those that listen, by their ids."""

    def __init__(self, site: PhoneSite, portfolio: Portfolio, banks: Mapping[str, BankServer],
                 tally: Tally, books: PhoneBooks, spoken: Spoken) -> None:
        self._site = site
        self._portfolio = portfolio
        self._banks = banks
        self._tally = tally
        self._books = books
        self._spoken = spoken
        self._shops: list[Shop] = []
        self._handsets: list[Handset] = []

    async def open(self, stack: AsyncExitStack, office: Office, desk: Office) -> PhoneDay:
        """Everybody is there. desk: the prompt bank's own."""
        site = self._site
        await self._open_accounts(office)
        makers = Shops(site.url, site.tls, lambda: site.now().timestamp(), self._tally)
        await makers.plan(office)
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(handset: Handset) -> None:
            async with turns:
                await handset.enrol(office)
            if handset.payer.role not in _DEAF:
                handset.listen()

        for payer in self._portfolio.payers:
            handset = Handset(payer, site.url, site.authority, site.home / payer.phone,
                              Random(payer.phone), site.now, self._tally)
            stack.push_async_callback(handset.close)
            self._handsets.append(handset)
            self._spoken.pins.add(handset.pin)
        shops = self._portfolio.shops()
        async with asyncio.TaskGroup() as group:
            for handset in self._handsets:
                group.create_task(one(handset))
            tills = [group.create_task(makers.till(office, shop.merchant_id, number))
                     for number, shop in enumerate(shops)]
            agents = {handset.number: (shop.merchant_id, group.create_task(
                makers.agent(office, shop.merchant_id, handset.number)))
                for handset, shop in zip(self._of("agent"), shops, strict=False)}
        self._shops = [task.result() for task in tills]
        for till in self._shops:
            stack.push_async_callback(till.close)
        browser = makers.door()
        stack.push_async_callback(browser.close)
        self._books.phones = len(self._handsets)
        roles = sorted({handset.payer.role for handset in self._handsets})
        return PhoneDay(Equipment(
            shops=self._shops, handsets={role: self._of(role) for role in roles},
            agents={phone: (merchant, task.result()) for phone, (merchant, task) in agents.items()},
            makers=makers, office=office, browser=browser,
            app=BankApp(PROMPT_BANK, self._banks[PROMPT_BANK], desk, BUSINESS_DATE),
            customers=[self._account(handset) for handset in self._of("ordinary")]),
            self._tally, self._books)

    async def read(self) -> None:
        """The day's end as shops and payers have it."""
        for shop in self._shops:
            self._books.shops |= {one.id: one for one in await shop.archive()}
        for handset in self._handsets:
            await handset.fetched()
            self._books.payers |= {name: Seen(one.state, one.reason, one.amount_minor)
                                   for name, one in handset.memory().items()}

    def settle(self) -> None:
        """What banks have in their books; who paid by code has what the application booked."""
        books = self._books
        ours = set(COLLECTING.values())
        for bank_id in COLLECTING:
            bank = self._banks[bank_id].books
            books.booked |= {one.end_to_end_id: one for one in bank.payments()
                             if {one.creditor, one.debtor} & ours}
        for payment_id, entry in books.codes.items():
            booked = books.booked.get(entry)
            if booked is not None and booked.paid:
                books.payers[payment_id] = Seen("CAPTURED", "", booked.amount_minor)
                books.customers[payment_id] = booked.debtor
        for iban in books.started:
            books.balances[iban] = next(
                (found.balance_minor for bank_id in COLLECTING
                 if (found := self._banks[bank_id].books.watched(iban, CURRENCY)) is not None),
                None)

    async def _open_accounts(self, office: Office) -> None:
        """Payers' money, and where it goes. One bank never says at once what becomes of a debit."""
        for payer in self._portfolio.payers:
            account = self._portfolio.account(payer.account_id)
            assert account.iban is not None, "a payer has an account at a bank"
            start = 0 if payer.role in _BROKE else START_MINOR
            books = self._banks[account.bank_id or ""].books
            books.watch(Watched(account.iban, CURRENCY, start))
            books.commit()
            self._books.started[account.iban] = start
            self._books.accounts[account.account_id] = account.iban
        await self._banks[LATE_BANK].behave(Conduct(rules=(
            Rule(do="pend", delay_ms=_LATE_MS, creditor=COLLECTING[LATE_BANK]),)))
        await office.put(f"/collecting-accounts/{COLLECTING[PROMPT_BANK]}", {
            "bank_id": PROMPT_BANK, "currency": CURRENCY, "name": OPERATOR, "status": "active"})

    def _of(self, role: str) -> list[Handset]:
        return [handset for handset in self._handsets if handset.payer.role == role]

    def _account(self, handset: Handset) -> Account:
        return self._portfolio.account(handset.payer.account_id)
