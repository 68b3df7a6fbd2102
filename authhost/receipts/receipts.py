"""Receipts over the database: made once, printed any number of times, verified by their code.

Knows the journal, the tables of receipts and the key. The journal's row is read and hashed anew
each time; what it says of the parties is what was written down, and sealed, when the receipt was
first made. Whoever prints first has the original; all that follow are copies, with their number.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from authhost.journal.reads import Borrowed
from authhost.operator import Operator
from authhost.receipts import canonical, code, document, pdf, text
from authhost.receipts.document import Client, Parties, Receipt, SafeParty, Told
from authhost.receipts.language import Language
from authhost.receipts.pdf import Paper
from authhost.receipts.statements import statement
from authhost.safes.life import end_to_end_id

PRINTS_AT_ONCE: Final = 1  # a PDF takes a processor
PRINTS_WAITING: Final = 64
MOST_COPIES: Final = 1_000


class NoReceipt(Exception):
    """There is no such deposit, or it is somebody else's."""


class Altered(Exception):
    """What was written down of a receipt is not what was sealed, or the row is another."""


class TooManyPrints(Exception):
    """More at once than are waited for, or more copies of one receipt than anybody needs."""


class Receipts:
    """key: 32 bytes, see key.py. operator: whose name stands above."""

    def __init__(self, pool: asyncpg.Pool, key: bytes, operator: Operator) -> None:
        self._pool = pool
        self._key = key
        self._operator = operator
        self._printing = asyncio.Semaphore(PRINTS_AT_ONCE)
        self._waiting = 0

    async def document(self, key: str) -> Receipt:
        """The receipt of a deposit by its key; made now, if it is the first time.

        NoReceipt, Altered, JournalUnavailable.
        """
        async with Borrowed(self._pool) as connection:
            return await self._of_key(connection, key)

    async def verify(self, text: str) -> Receipt | None:
        """The receipt that a code names; None where it was not made here of that row.

        BadCode where it cannot be a code at all. Altered, JournalUnavailable.
        """
        place = code.read(self._key, text)
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement("receipt_row"), place.business_date,
                                            place.journal_id)
            if row is None:
                return None
            digest = canonical.digest(self._key, dict(row))
            return await self._of_row(connection, row, digest) if code.fits(place, digest) else None

    async def printed(self, receipt: Receipt, *, who: str, form: str, request: str) -> Receipt:
        """The receipt with the number of this printing, which is written down.

        request: asked for again by the same person under the same one, it is the same printing.
        TooManyPrints, JournalUnavailable.
        """
        key = receipt.key
        async with Borrowed(self._pool) as connection, connection.transaction():
            await connection.execute(statement("receipt_lock"), key)
            number = await connection.fetchval(statement("print_known"), key, who, request)
            if number is None:
                number = await connection.fetchval(statement("print_put"), key, who, request, form)
                if number >= MOST_COPIES:
                    raise TooManyPrints(f"this receipt was printed {number} times")
        return msgspec.structs.replace(receipt, copy=number)

    async def pdf(self, receipt: Receipt, words: Language, paper: Paper) -> bytes:
        """The receipt as a file, made beside the event loop. TooManyPrints."""
        if self._waiting >= PRINTS_WAITING:
            raise TooManyPrints("too many documents are being made")
        self._waiting += 1
        try:
            async with self._printing:
                return await asyncio.to_thread(pdf.pdf, receipt, words, paper)
        finally:
            self._waiting -= 1

    @staticmethod
    def text(receipt: Receipt, words: Language) -> str:
        """The receipt in 40 columns."""
        return text.text(receipt, words)

    async def visible(self, account_id: int | None, own: int | None, bank_id: str | None) -> bool:
        """Whether an account is inside a scope; None is any."""
        if own is None and bank_id is None:
            return True
        async with Borrowed(self._pool) as connection:
            return bool(await connection.fetchval(statement("receipt_visible"), account_id, own,
                                                  bank_id))

    async def acquirer(self, terminal_id: str) -> str | None:
        """Whose keys a terminal's messages have; None where there is no such terminal."""
        async with Borrowed(self._pool) as connection:
            found: str | None = await connection.fetchval(
                "SELECT acquirer_id FROM terminal WHERE terminal_id = $1", terminal_id)
            return found

    async def _of_key(self, connection: asyncpg.Connection, key: str) -> Receipt:
        place = await connection.fetchrow(statement("receipt_place"), key)
        row = None if place is None else await connection.fetchrow(
            statement("receipt_row"), place["business_date"], place["journal_id"])
        if row is None or row["key"] != key:
            raise NoReceipt(key)
        return await self._of_row(connection, row, canonical.digest(self._key, dict(row)))

    async def _of_row(self, connection: asyncpg.Connection, row: asyncpg.Record,
                      digest: bytes) -> Receipt:
        told, lost = document.told(row["detail"])
        if not told.cassette:  # the device names none: the one that was inside
            told = msgspec.structs.replace(told, cassette=row["cassette_inside"])
        stored = await connection.fetchrow(statement("receipt_read"), row["key"])
        if stored is None:
            written = msgspec.json.encode(await self._parties(connection, row, told))
            await connection.execute(statement("receipt_put"), row["key"], digest,
                                     written.decode(), canonical.seal(self._key, digest, written))
            stored = await connection.fetchrow(statement("receipt_read"), row["key"])
            assert stored is not None, "written, or somebody else's"
        written = stored["parties"].encode()
        if not (hmac.compare_digest(stored["digest"], digest) and hmac.compare_digest(
                stored["seal"], canonical.seal(self._key, digest, written))):
            raise Altered(row["key"])
        parties = msgspec.json.decode(written, type=Parties)
        return _receipt(row, told, parties, stored, code.made(
            self._key, row["business_date"], row["id"], digest),
            (*lost, *document.missing(parties, told, row["deposit_kind"])))

    async def _parties(self, connection: asyncpg.Connection, row: asyncpg.Record,
                       told: Told) -> Parties:
        found = await connection.fetchrow(statement("receipt_parties"), row["terminal_id"],
                                          row["account_id"], told.depositor)
        if found is None:  # a terminal that has gone
            return Parties(self._operator, Client(), SafeParty(row["terminal_id"]))
        client = Client()
        if found["account_id"] is not None:
            client = Client(found["account_id"], found["client"],
                            document.address_of(json.loads(found["address"])),
                            found["iban"] or "", found["bank"])
        safe = SafeParty(found["terminal_id"], found["model"], found["merchant"], found["site"],
                         document.placed(json.loads(found["placement"]), found["site_country"]))
        return Parties(self._operator, client, safe, found["depositor"])


def _receipt(row: asyncpg.Record, told: Told, parties: Parties, stored: asyncpg.Record,
             receipt_code: str, missing: tuple[str, ...]) -> Receipt:
    business_date: date = row["business_date"]
    zone = ZoneInfo(row["time_zone"])
    return Receipt(
        number=f"{business_date:%Y%m%d}-{row['terminal_id']}-{row['id']:X}", code=receipt_code,
        digest=stored["digest"].hex(), key=row["key"], kind=row["deposit_kind"],
        amount_minor=row["amount_minor"] or told.declared_minor, currency=row["currency"],
        account_id=row["account_id"],
        business_date=business_date, recorded_at=row["recorded_at"].astimezone(zone), told=told,
        parties=parties, end_to_end_id=end_to_end_id(business_date, row["id"]),
        state=row["state"], credit=row["credit"], issued_at=stored["issued_at"].astimezone(zone),
        missing=missing)
