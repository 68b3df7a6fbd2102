"""The advice of deposits, in the form that a client's bank wants: a table, XML, or BAI2.

Knows what a bank is told so that it can credit takings and explain them (CASH-50): each deposit in
each credit, what a count has found more or less, and pieces that are suspected to be counterfeit
(CASH-51), which no credit has. Must not know how a credit was put together, nor the forms' bytes.
Streams; memory holds one client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

import asyncpg

from clearing.bankfiles.advice_lines import Advice, Client, Line
from clearing.bankfiles.advice_table import AdviceTable
from clearing.bankfiles.advice_xml import AdviceDocument
from clearing.bankfiles.bai2 import Bai2File
from clearing.bankfiles.details import Item, item_of
from clearing.bankfiles.forms import ADVICE_COLUMNS, FileForm
from clearing.bankfiles.queries import query
from clearing.bankfiles.table_check import ENDING, describe
from clearing.folder import DayFolder
from clearing.iso20022 import Sink
from clearing.money import plain
from clearing.party import Address, Party, parse_party
from clearing.queries import Connection
from clearing.rows import ROWS_AT_A_TIME
from clearing.run_id import RunId
from clearing.summary import FileRecord

PURPOSE: Final = "deposit_credit"
_NOBODY: Final = Party("", "UTC", "", "", Address())


async def store_suspects(connection: Connection, run_id: RunId, *, own_bank: bool) -> None:
    """Decide, in the transaction of the night, which pieces banks are told of tonight: each once.
    own_bank: whether the operator's own bank wants an advice."""
    await connection.execute(query("counterfeits_told"), str(run_id), own_bank)


async def suspects_of(connection: Connection,
                      run_id: RunId) -> dict[tuple[str, str], list[Client]]:
    """The pieces that a run tells banks of, by currency and bank, client by client."""
    found: dict[tuple[str, str], dict[int, tuple[Party, list[Line]]]] = {}
    for row in await connection.fetch(query("counterfeits"), str(run_id)):
        party = parse_party(row["party"]) or _NOBODY
        value = f"{plain(row['value_minor'], row['currency'])} {row['currency']}"
        item = Item("counterfeit", row["deposit_key"], 0, row["terminal_id"],
                    date=row["seen_on"].isoformat(),
                    why=f"SUSPECTED COUNTERFEIT {value}, CATEGORY {row['category']}")
        clients = found.setdefault((row["currency"], row["bank_id"]), {})
        clients.setdefault(row["account_id"], (party, []))[1].append(Line("", item, row["serial"]))
    return {key: [Client(account_id, party.name, party.iban, lines)
                  for account_id, (party, lines) in clients.items()]
            for key, clients in found.items()}


async def write_advice(connection: Connection, run_id: RunId, key: tuple[str, str],
                       form: FileForm, message_id: str, base: str, suspects: Sequence[Client],
                       folder: DayFolder) -> list[FileRecord]:
    """`base`-advice.xml, .bai2, or .csv with its description. key: currency and bank."""
    currency, bank_id = key
    row = await connection.fetchrow(query("advice_count"), str(run_id), PURPOSE, currency, bank_id)
    assert row is not None
    count = row["count"] + sum(len(client.lines) for client in suspects)
    advice = Advice(message_id, run_id.business_date, currency, count, row["sum_minor"])
    path = f"{base}-advice.{form.advice}"
    with folder.open(path) as sink:
        writer = _writer(form, sink, advice, bank_id)
        writer.begin()
        async for client in _clients(connection, run_id, key, suspects):
            writer.add(client)
        writer.end()
    made = [FileRecord(path, f"deposit_advice_{form.advice}", count, row["sum_minor"], currency)]
    if form.advice == "csv":
        columns = form.advice_csv.columns or ADVICE_COLUMNS
        folder.write(path + ENDING, describe(form.advice_csv, columns, currency))
        made.append(FileRecord(path + ENDING, "form_json", len(columns), 0, ""))
    return made


def _writer(form: FileForm, sink: Sink, advice: Advice,
            bank_id: str) -> AdviceTable | AdviceDocument | Bai2File:
    match form.advice:
        case "csv":
            return AdviceTable(sink, advice, form.advice_csv,
                               form.advice_csv.columns or ADVICE_COLUMNS)
        case "xml":
            return AdviceDocument(sink, advice)
        case _:
            return Bai2File(sink, advice, form.bai2_sender, bank_id or "BANK")


async def _clients(connection: Connection, run_id: RunId, key: tuple[str, str],
                   suspects: Sequence[Client]) -> AsyncIterator[Client]:
    """Those with credits, each with its suspects, and then those with suspects alone."""
    left = {client.account_id: client for client in suspects}
    rows: list[asyncpg.Record] = []
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(query("advice_items"), str(run_id), PURPOSE, *key,
                                           prefetch=ROWS_AT_A_TIME):
            if rows and rows[0]["account_id"] != row["account_id"]:
                yield _client(rows, left.pop(rows[0]["account_id"], None))
                rows = []
            rows.append(row)
        if rows:
            yield _client(rows, left.pop(rows[0]["account_id"], None))
    for client in left.values():
        yield client


def _client(rows: Sequence[asyncpg.Record], suspects: Client | None) -> Client:
    party = parse_party(rows[0]["party"]) or _NOBODY
    lines = [Line(row["end_to_end_id"], item_of(row)) for row in rows]
    return Client(rows[0]["account_id"], party.name, party.iban,
                  [*lines, *(suspects.lines if suspects is not None else ())])
