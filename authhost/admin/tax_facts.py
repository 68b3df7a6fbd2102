"""What invoices need of others: exchange rates of central banks, numbers that KSeF has given.

Knows two tables that only grow. What was told wrongly is told again, and the latest holds for what
is made from then on. A number is one invoice's at a time, and of that invoice's seller.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

import asyncpg
import msgspec

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.fields import END, Currency, Fields
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed

_KSEF_NUMBER: Final = re.compile(r"[0-9]{10}-[0-9]{8}-[0-9A-F]{12}-[0-9A-F]{2}")
_SIGNED: Final = 32  # letters of a KSeF number that its check is of
_NIP: Final = 10  # letters that it begins with: its seller


class ExchangeRate(Fields, frozen=True, kw_only=True):
    """What one unit of `currency` is in `in_currency`, as it was published that day.

    rate: a decimal of six places at most. source: the table, as the bank calls it.
    """

    currency: Currency
    in_currency: Currency
    published_on: date
    rate: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?" + END)]
    source: Annotated[str, msgspec.Meta(max_length=60)] = ""


class KsefNumber(Fields, frozen=True, kw_only=True):
    """The number that KSeF has given an invoice of ours (UPO, NumerKSeFDokumentu); '' where it has
    given none after all."""

    number: Annotated[str, msgspec.Meta(min_length=1, max_length=35)]
    ksef_number: Annotated[str, msgspec.Meta(max_length=35)]


def check_of(numbered: str) -> str:
    """The last two letters of a KSeF number: CRC-8 of those before its last hyphen, polynomial
    0x07 from 0x00 (the Ministry of Finance's description of KSeF 2.0, numer-ksef.md)."""
    found = 0
    for letter in numbered[:_SIGNED].encode():
        found ^= letter
        for _ in range(8):
            found = (found << 1 ^ 0x07 if found & 0x80 else found << 1) & 0xFF
    return f"{found:02X}"


class TaxFacts:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def rates(self, actor: Actor, after: str, most: int) -> list[Row]:
        """What was told, the newest first."""
        allow(actor, "exchange_rate.read")
        place = pages.place_of(after, int) or [None]
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("exchange_rate_list"), place[0], most)
        return [{**row, "rate": format(row["rate"], "f")} for row in rows]

    async def tell_rate(self, actor: Actor, given: ExchangeRate, request: Asked | None) -> Row:
        """One more. Refused."""
        allow(actor, "exchange_rate.tell")
        if given.currency == given.in_currency:
            raise Invalid("a currency is itself", "in_currency")
        if not Decimal(given.rate):
            raise Invalid("is nothing", "rate")

        async def work() -> Row:
            number = await connection.fetchval(
                statement("exchange_rate_add"), given.currency, given.in_currency,
                given.published_on, Decimal(given.rate), given.source, actor.name)
            row = {"rate_id": number, **given.given()}
            await audit(connection, actor, f"exchange_rate/{number}",
                        f"{given.currency} in {given.in_currency} on {given.published_on}",
                        {name: (None, value) for name, value in row.items()})
            return row

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)

    async def tell_number(self, actor: Actor, given: KsefNumber, request: Asked | None) -> Row:
        """Keep the number of an invoice from now on. The same again is no other. Refused."""
        allow(actor, "ksef_number.tell")
        number = given.ksef_number
        if number and not (_KSEF_NUMBER.fullmatch(number) and number[-2:] == check_of(number)):
            raise Invalid("is no number of KSeF: its check does not hold", "ksef_number")

        async def work() -> Row:
            await connection.execute(statement("ksef_number_lock"))
            asked = await connection.fetchrow(statement("ksef_number_asked"), given.number, number)
            if asked is None:
                raise Unknown("there is no such invoice", "number")
            if number:
                _fits(number, asked)
            if number != asked["ksef_number"]:
                await connection.execute(statement("ksef_number_add"), given.number, number,
                                         actor.name)
                await audit(connection, actor, f"invoice/{given.number}",
                            f"invoice/{given.number}",
                            {"ksef_number": (asked["ksef_number"] or None, number)})
            return given.given()

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)


def _fits(number: str, asked: asyncpg.Record) -> None:
    """It can be the number of this invoice: of its law, its seller, and of no other. Refused."""
    if not asked["to_ksef"]:
        raise Invalid("is no invoice of KSeF's: it bears another country's VAT", "number")
    if number[:_NIP] != asked["nip"]:
        raise Invalid(f"is of the seller {number[:_NIP]}, the invoice of {asked['nip'] or 'none'}",
                      "ksef_number")
    if asked["taken_by"] is not None:
        raise Conflict(f"it is that of {asked['taken_by']}: tell that one's first, or '' where it "
                       "has none", "ksef_number")
