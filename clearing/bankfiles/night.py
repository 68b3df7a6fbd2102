"""The night's bank files: one a purpose, currency and bank.

Knows which credits go into which file; how one is written is pain001's alone, and what a bank is
told of each deposit is bank_details'. Streams from the database to the disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

import asyncpg

from clearing.bankfiles.details import write_details
from clearing.banks import debtor_for, parse_bank
from clearing.folder import DayFolder
from clearing.bankfiles.pain001 import Credit, CreditTransferFile, Message
from clearing.party import parse_party
from clearing.queries import Connection, query
from clearing.rows import ROWS_AT_A_TIME
from clearing.run_id import RunId
from clearing.settings import Debtor, Settings
from clearing.summary import FileRecord

_NAMES: Final = {"deposit_credit": "deposits", "merchant_payout": "payouts",
                 "instant_credit": "instant"}
_PAYS: Final = frozenset({"deposit_credit", "merchant_payout"})
PURPOSES: Final = {name: purpose for purpose, name in _NAMES.items() if purpose in _PAYS}
_HAS_DETAILS: Final = frozenset({"deposit_credit", "instant_credit"})


async def write_bank_files(connection: Connection, run_id: RunId, settings: Settings,
                           folder: DayFolder) -> list[FileRecord]:
    """bank/deposits-EUR.xml, bank/payouts-EUR.xml ... and the details of what is in them.

    A client's bank has files of its own: bank/deposits-EUR-<bank>.xml. No file where there is
    nothing to pay; credits that a bank gave at once have details alone.
    """
    files = []
    banks = {row["party_id"]: parse_bank(row["party_id"], row["content"])
             for row in await connection.fetch(query("banks"), str(run_id))}
    totals = await connection.fetch(query("credit_totals"), str(run_id))
    numbers = bank_numbers(totals)
    for total in totals:
        purpose, currency, bank_id = total["purpose"], total["currency"], total["bank_id"]
        name = _NAMES[purpose]
        tail = f"-{quote(bank_id, safe='')}" if bank_id else ""
        path = f"bank/{name}-{currency}{tail}"
        message_id = run_id.message_id(name, currency, numbers.get(bank_id, 0))
        if purpose in _PAYS:
            debtor = debtor_for(banks.get(bank_id), settings, currency)
            assert debtor is not None, currency  # else its credits would be held
            await _write_file(connection, run_id, total, debtor, f"{path}.xml", message_id, folder)
            files.append(FileRecord(f"{path}.xml", f"{purpose}_xml", total["count"],
                                    total["sum_minor"], currency))
        if purpose in _HAS_DETAILS:
            files.append(await write_details(connection, run_id, total, message_id,
                                             f"{path}-details.json", folder))
    return files


def bank_numbers(totals: Iterable[asyncpg.Record]) -> dict[str, int]:
    """The number of each bank in the message ids of a night; a bank's own name may not fit."""
    return {bank_id: number for number, bank_id in
            enumerate(sorted({row["bank_id"] for row in totals if row["bank_id"]}), 1)}


async def _write_file(connection: Connection, run_id: RunId, total: asyncpg.Record, debtor: Debtor,
                      path: str, message_id: str, folder: DayFolder) -> None:
    message = Message(message_id, run_id.created, run_id.business_date.isoformat(),
                      total["currency"], total["count"], total["sum_minor"])
    with folder.open(path) as sink:
        document = CreditTransferFile(sink, message, debtor)
        document.begin()
        await _add_credits(connection, run_id, total, document)
        document.end()


async def _add_credits(connection: Connection, run_id: RunId, total: asyncpg.Record,
                       document: CreditTransferFile) -> None:
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(query("credits"), str(run_id), total["purpose"],
                                           total["currency"], total["bank_id"],
                                           prefetch=ROWS_AT_A_TIME):
            party = parse_party(row["party"])
            assert party is not None, row["end_to_end_id"]  # else it would be held
            document.add(Credit(row["end_to_end_id"], row["amount_minor"], party.name,
                                party.iban, party.bic, party.address, row["remittance"]))
