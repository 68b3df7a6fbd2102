"""The night's bank files: one a purpose and currency.

Knows which credits go into which file; how one is written is pain001's alone. Streams from the
database to the disk.
"""

from __future__ import annotations

from clearing.folder import DayFolder
from clearing.journal_day import ROWS_AT_A_TIME
from clearing.pain001 import Credit, CreditTransferFile, Message
from clearing.party import parse_party
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord

_NAMES = {"deposit_credit": "deposits", "merchant_payout": "payouts"}


async def write_bank_files(connection: Connection, run_id: RunId, settings: Settings,
                           folder: DayFolder) -> list[FileRecord]:
    """bank/deposits-EUR.xml, bank/payouts-EUR.xml ...; no file where there is nothing to pay."""
    files = []
    for total in await connection.fetch(query("credit_totals"), str(run_id)):
        purpose, currency = total["purpose"], total["currency"]
        name = _NAMES[purpose]
        message = Message(run_id.message_id(name, currency), run_id.created,
                          run_id.business_date.isoformat(), currency, total["count"],
                          total["sum_minor"])
        path = f"bank/{name}-{currency}.xml"
        debtor = settings.debtor(currency)
        assert debtor is not None, currency  # else its credits would be held
        with folder.open(path) as sink:
            document = CreditTransferFile(sink, message, debtor)
            document.begin()
            await _add_credits(connection, run_id, purpose, currency, document)
            document.end()
        files.append(FileRecord(path, f"{purpose}_xml", message.count, message.sum_minor,
                                currency))
    return files


async def _add_credits(connection: Connection, run_id: RunId, purpose: str, currency: str,
                       document: CreditTransferFile) -> None:
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(query("credits"), str(run_id), purpose, currency,
                                           prefetch=ROWS_AT_A_TIME):
            party = parse_party(row["party"])
            assert party is not None, row["end_to_end_id"]  # else it would be held
            document.add(Credit(row["end_to_end_id"], row["amount_minor"], party.name,
                                party.iban, party.bic, party.address, row["remittance"]))
