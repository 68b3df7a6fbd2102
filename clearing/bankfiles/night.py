"""The night's files of credits: for each purpose, currency and bank as many as the bank takes.

Knows which credits go into which file, and that this is decided once and stored (bank_file): a
repeat writes the same files, and what a bank says of one is found by its message id. How a file is
written is pain001's and tables', what a bank is told of each deposit is details' and advice's.
Streams from the database to the disk.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from urllib.parse import quote

import asyncpg
import msgspec

from clearing.bankfiles.advice import PURPOSE as ADVISED
from clearing.bankfiles.advice import suspects_of, write_advice
from clearing.bankfiles.details import write_details
from clearing.bankfiles.forms import ORDER_COLUMNS, FileForm
from clearing.bankfiles.orders_csv import CreditTable
from clearing.bankfiles.pain001 import Credit, CreditTransferFile, Message
from clearing.bankfiles.queries import query as own
from clearing.bankfiles.splitting import Nowhere, Sized, Slice, split
from clearing.bankfiles.table_check import ENDING, describe
from clearing.banks import Bank, Way, debtor_for, parse_bank
from clearing.days.calendars import calendar, value_date
from clearing.days.closing import bank_calendar
from clearing.folder import DayFolder
from clearing.party import parse_party
from clearing.queries import Connection, query
from clearing.release.life import NIGHT, note
from clearing.rows import ROWS_AT_A_TIME
from clearing.run_id import RunId
from clearing.settings import Debtor, Settings
from clearing.summary import FileRecord

_NAMES: Final = {"deposit_credit": "deposits", "merchant_payout": "payouts",
                 "instant_credit": "instant", "supplier_payment": "suppliers"}
_PAYS: Final = frozenset({"deposit_credit", "merchant_payout", "supplier_payment"})
_HAS_DETAILS: Final = frozenset({"deposit_credit", "instant_credit"})
_FIRST, _LAST = "", "~"  # before and after every EndToEndId
_MOST_MINOR: Final = 2**63 - 1
_HEAD_BYTES: Final = 4_096  # of a payment file, beside its credits: more than ever was


class BankFile(msgspec.Struct, frozen=True):
    """A row of bank_file: one file of orders, and which credits are in it."""

    message_id: str
    kind: str
    purpose: str
    bank_id: str
    currency: str
    path: str
    count: int
    sum_minor: int
    execute_on: date
    first_id: str
    last_id: str
    least_minor: int = 1
    most_minor: int = _MOST_MINOR


class _Batch(msgspec.Struct, frozen=True):
    """What one bank is to pay for one purpose in one currency."""

    total: asyncpg.Record
    name: str
    bank_number: int
    form: FileForm
    way: Way
    debtor: Debtor

    @property
    def base(self) -> str:
        """The path of its files, as far as they share one."""
        return _base(self.name, self.total["currency"], self.total["bank_id"])


async def write_bank_files(connection: Connection, run_id: RunId, settings: Settings,
                           folder: DayFolder) -> list[FileRecord]:
    """bank/deposits-EUR.xml, bank/payouts-EUR.xml ... and the details of what is in them.

    A client's bank has files of its own, bank/deposits-EUR-<bank>.xml; of a bank that takes small
    files alone they are numbered, bank/deposits-EUR-<bank>.1.xml ... No file where there is nothing
    to pay; credits that a bank gave at once have details alone.
    """
    night = _Night(connection, run_id, settings, folder)
    totals = await connection.fetch(query("credit_totals"), str(run_id))
    numbers = _bank_numbers(total["bank_id"] for total in totals)
    banks = {row["party_id"]: parse_bank(row["party_id"], row["content"])
             for row in await connection.fetch(query("banks"), str(run_id))}
    stored: dict[tuple[str, str, str], list[BankFile]] = {}
    for row in await connection.fetch(own("files"), str(run_id), ["pain001", "csv"]):
        file = msgspec.convert(dict(row), BankFile)
        stored.setdefault((file.purpose, file.currency, file.bank_id), []).append(file)
    made: list[tuple[str, FileRecord]] = []  # with the bank that it is for
    for total in totals:
        purpose, currency, bank_id = total["purpose"], total["currency"], total["bank_id"]
        batch = _batch(total, banks.get(bank_id), settings, numbers.get(bank_id, 0))
        if purpose in _PAYS:
            files = stored.get((purpose, currency, bank_id)) or await night.decided(batch)
            for file in files:
                made += [(bank_id, record) for record in await night.write(batch, file)]
        if purpose in _HAS_DETAILS:
            message_id = run_id.message_id(batch.name, currency, batch.bank_number)
            made.append((bank_id, await write_details(
                connection, run_id, total, message_id, f"{batch.base}-details.json", folder)))
    made += await _advices(connection, run_id, settings, folder, totals, banks)
    return [msgspec.structs.replace(record, recipient=settings.bankfiles.recipient(bank_id))
            for bank_id, record in made]


async def _advices(connection: Connection, run_id: RunId, settings: Settings, folder: DayFolder,
                   totals: Sequence[asyncpg.Record],
                   banks: Mapping[str, Bank]) -> list[tuple[str, FileRecord]]:
    """What banks that want it are told of deposits; of suspects also where nobody is credited."""
    suspects = await suspects_of(connection, run_id)
    keys = {(row["currency"], row["bank_id"]) for row in totals if row["purpose"] == ADVISED}
    numbers = _bank_numbers(bank_id for _, bank_id in keys | suspects.keys())
    made = []
    for currency, bank_id in sorted(keys | suspects.keys()):
        form = banks[bank_id].form if bank_id in banks else settings.bankfiles.own
        if form.advice:
            message_id = run_id.message_id("advice", currency, numbers.get(bank_id, 0))
            made += [(bank_id, record) for record in await write_advice(
                connection, run_id, (currency, bank_id), form, message_id,
                _base("deposits", currency, bank_id),
                suspects.get((currency, bank_id), ()), folder)]
    return made


def _base(name: str, currency: str, bank_id: str) -> str:
    """The path of a bank's files, as far as they share one."""
    tail = f"-{quote(bank_id, safe='')}" if bank_id else ""
    return f"bank/{name}-{currency}{tail}"


def _bank_numbers(bank_ids: Iterable[str]) -> dict[str, int]:
    """The number of each bank in the message ids of a night; a bank's own name may not fit."""
    return {bank_id: number for number, bank_id in
            enumerate(sorted({bank_id for bank_id in bank_ids if bank_id}), 1)}


def _batch(total: asyncpg.Record, bank: Bank | None, settings: Settings, number: int) -> _Batch:
    currency = total["currency"]
    debtor = debtor_for(bank, settings, currency)
    assert debtor is not None, currency  # else its credits would be held
    form = bank.form if bank is not None else settings.bankfiles.own
    way = bank.ways.get(currency) if bank is not None else None
    return _Batch(total, _NAMES[total["purpose"]], number, form, way or Way(currency), debtor)


class _Night:
    """The files of orders of one run."""

    def __init__(self, connection: Connection, run_id: RunId, settings: Settings,
                 folder: DayFolder) -> None:
        self._connection = connection
        self._run_id = run_id
        self._settings = settings
        self._folder = folder

    async def decided(self, batch: _Batch) -> list[BankFile]:
        """Part a batch into files, and store which."""
        total, form = batch.total, batch.form
        bounds = [(1, _MOST_MINOR)]
        most = batch.way.most_minor
        if most is not None and total["largest_minor"] > most:
            bounds = [(1, most), (most + 1, _MOST_MINOR)]
        found = [(one, least, top) for least, top in bounds
                 for one in await self._slices(batch, least, top, is_whole=len(bounds) == 1)]
        currency = total["currency"]
        named = self._settings.bankfiles.calendars.get(currency)
        works = calendar(named) if named else await bank_calendar(
            self._connection, self._run_id.business_date, self._run_id.stream)
        ending = "xml" if form.orders == "pain001" else "csv"
        files = []
        for number, (one, least, top) in enumerate(found, 1):
            file_number = number if len(found) > 1 else 0
            tail = f".{number}" if file_number else ""
            files.append(BankFile(
                self._run_id.message_id(batch.name, currency, batch.bank_number, file_number),
                form.orders, total["purpose"], total["bank_id"], currency,
                f"{batch.base}{tail}.{ending}", one.count, one.sum_minor,
                value_date(self._run_id.business_date, works), one.first_id, one.last_id, least,
                top))
        await self._connection.executemany(own("file_new"), [
            (file.message_id, str(self._run_id), *msgspec.structs.astuple(file)[1:])
            for file in files])
        return files

    async def _slices(self, batch: _Batch, least: int, most: int, *,
                      is_whole: bool) -> Sequence[Slice]:
        total, form = batch.total, batch.form
        if is_whole and not form.splits:
            return [Slice(total["first_id"], total["last_id"], total["count"],
                          total["sum_minor"])]
        everything = BankFile("", form.orders, total["purpose"], total["bank_id"],
                              total["currency"], "", 0, 0, self._run_id.business_date, _FIRST,
                              _LAST, least, most)
        measured = form.most_bytes is not None
        writer = CreditTransferFile(Nowhere(), self._message(batch, everything), batch.debtor)
        sized = [Sized(credit.end_to_end_id, credit.amount_minor,
                       len(writer.rendered(credit)) if measured else 0)
                 async for credit in self._credits(everything)]
        return list(split(sized, form, _HEAD_BYTES))

    async def write(self, batch: _Batch, file: BankFile) -> list[FileRecord]:
        """One file of orders; a table with its description."""
        message, table = self._message(batch, file), batch.form.orders_csv
        columns = table.columns or ORDER_COLUMNS
        with self._folder.open(file.path) as sink:
            document = CreditTransferFile(sink, message, batch.debtor) \
                if file.kind == "pain001" else CreditTable(
                    sink, message, batch.debtor, table, columns, file.execute_on)
            document.begin()
            async for credit in self._credits(file):
                document.add(credit)
            document.end()
        detail: Mapping[str, object] = {
            "message_id": file.message_id, "count": file.count, "sum_minor": file.sum_minor,
            "currency": file.currency, "execute_on": file.execute_on,
            "payees_verified": batch.form.verify_payees}
        await note(self._connection, self._run_id, file.path, "generated", NIGHT, detail)
        if file.kind == "pain001":
            return [FileRecord(file.path, f"{file.purpose}_xml", file.count, file.sum_minor,
                               file.currency)]
        described = file.path + ENDING
        self._folder.write(described, describe(table, columns, file.currency))
        return [FileRecord(file.path, f"{file.purpose}_csv", file.count, file.sum_minor,
                           file.currency),
                FileRecord(described, "form_json", len(columns), 0, "")]

    def _message(self, batch: _Batch, file: BankFile) -> Message:
        form, way = batch.form, batch.way
        if way.most_minor is not None and file.least_minor > way.most_minor:
            way = Way(way.currency, service_level=way.service_level)
        return Message(
            file.message_id, self._run_id.created, file.execute_on.isoformat(), file.currency,
            file.count, file.sum_minor,
            way.payment_type(form.category_purposes.get(batch.name, "")),  # type: ignore[call-overload]
            form.purposes.get(batch.name, ""),  # type: ignore[call-overload]
            form.batch_booking)

    async def _credits(self, file: BankFile) -> AsyncIterator[Credit]:
        async with self._connection.transaction(readonly=True):
            async for row in self._connection.cursor(
                    own("credits"), str(self._run_id), file.purpose, file.currency, file.bank_id,
                    file.first_id, file.last_id, file.least_minor, file.most_minor,
                    prefetch=ROWS_AT_A_TIME):
                party = parse_party(row["party"])
                assert party is not None, row["end_to_end_id"]  # else it would be held
                yield Credit(row["end_to_end_id"], row["amount_minor"], party.name, party.iban,
                             party.bic, party.address, row["remittance"])
