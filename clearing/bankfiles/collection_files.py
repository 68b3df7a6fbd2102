"""The files of a night's collections: pain.008 by scheme, and whom to tell of what.

Knows which collections go into which file, and that a bank takes so many; what is collected is
decided and stored (collecting), the form of a file is pain008's and notice_file's.
"""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from clearing.bankfiles.collecting import decide_notices
from clearing.bankfiles.config import Creditor
from clearing.bankfiles.notice_file import Notice, write_notices
from clearing.bankfiles.pain008 import END_OF_BLOCK, Block, Collection, DirectDebitFile
from clearing.bankfiles.queries import query
from clearing.bankfiles.splitting import Nowhere, Sized, Slice, split
from clearing.folder import DayFolder
from clearing.party import parse_address
from clearing.queries import Connection
from clearing.release.life import NIGHT, note
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord

_EURO: Final = "EUR"
_KIND: Final = "collection_xml"
_HEAD_BYTES: Final = 4_096  # of a file, beside its collections and their blocks: more than ever was
_LONGEST_ID: Final = "M" * 33  # of a file whose blocks are numbered
_MOST_MINOR: Final = 2**63 - 1


async def write_collections(connection: Connection, run_id: RunId, settings: Settings,
                            folder: DayFolder) -> list[FileRecord]:
    """bank/collections-EUR-core.xml, -b2b.xml, and bank/notices.csv for the invoices of tonight."""
    creditor = settings.bankfiles.collection.creditor
    if creditor is None:
        return []
    records = await _write_notices(connection, run_id, settings, creditor, folder)
    rows = await connection.fetch(query("debits"), str(run_id))
    number = 0
    for scheme, found in groupby(rows, lambda row: row["scheme"]):
        of_scheme = list(found)
        sized = _sized(of_scheme, creditor, measured=settings.bankfiles.own.most_bytes is not None)
        slices = list(split(sized, settings.bankfiles.own, _HEAD_BYTES))
        for position, one in enumerate(slices, 1):
            number += 1
            part = f".{position}" if len(slices) > 1 else ""
            path = f"bank/collections-{_EURO}-{scheme.lower()}{part}.xml"
            records.append(await _write_file(
                connection, run_id, creditor, path,
                run_id.message_id("collect", _EURO, file=number), one,
                [row for row in of_scheme
                 if one.first_id <= row["end_to_end_id"] <= one.last_id], folder))
    own = settings.bankfiles.recipient("")
    return [msgspec.structs.replace(record, recipient=own) if record.kind == _KIND else record
            for record in records]


def _sized(rows: list[asyncpg.Record], creditor: Creditor, *, measured: bool) -> list[Sized]:
    """Each collection; the first of a block has its head too, as long as one can be. A file that
    begins within a block has that head among the bytes of its own."""
    if not measured:
        return [Sized(row["end_to_end_id"], row["amount_minor"]) for row in rows]
    writer = DirectDebitFile(Nowhere(), _LONGEST_ID, "", _EURO, (), creditor)
    sized = []
    for key, found in groupby(rows, _block_of):
        largest = Block(1, *key, len(rows), _MOST_MINOR)
        size = len(writer.rendered_head(largest)) + len(END_OF_BLOCK)
        for row in found:
            size += len(writer.rendered(_collection(row)))
            sized.append(Sized(row["end_to_end_id"], row["amount_minor"], size))
            size = 0
    return sized


def _block_of(row: asyncpg.Record) -> tuple[str, str, date]:
    """What the collections of one block share."""
    return row["scheme"], row["sequence_type"], row["collect_on"]


async def _write_file(connection: Connection, run_id: RunId, creditor: Creditor, path: str,
                      message_id: str, one: Slice, rows: list[asyncpg.Record],
                      folder: DayFolder) -> FileRecord:
    grouped = [(key, list(found)) for key, found in groupby(rows, _block_of)]
    blocks = [Block(number, *key, len(found), sum(row["amount_minor"] for row in found))
              for number, (key, found) in enumerate(grouped, 1)]
    with folder.open(path) as sink:
        document = DirectDebitFile(sink, message_id, run_id.created, _EURO, blocks, creditor)
        document.begin()
        for _, found in grouped:
            document.block()
            for row in found:
                document.add(_collection(row))
        document.end()
    first_day = min(block.collect_on for block in blocks)
    await connection.execute(
        query("debit_file_new"), message_id, str(run_id), _EURO, path, one.count, one.sum_minor,
        first_day, one.first_id, one.last_id)
    await note(connection, run_id, path, "generated", NIGHT, {
        "message_id": message_id, "count": one.count, "sum_minor": one.sum_minor,
        "currency": _EURO, "collect_on": first_day})
    return FileRecord(path, _KIND, one.count, one.sum_minor, _EURO)


async def _write_notices(connection: Connection, run_id: RunId, settings: Settings,
                         creditor: Creditor, folder: DayFolder) -> list[FileRecord]:
    # What was verified does not change: what is issued since then is told by the next night.
    if await connection.fetchval(query("run_status"), str(run_id)) == "posted":
        async with connection.transaction():
            await decide_notices(connection, run_id, settings)
    rows = await connection.fetch(query("notices"), str(run_id))
    if not rows:
        return []
    notices = [Notice(creditor_id=creditor.identifier, **dict(row)) for row in rows]
    with folder.open("bank/notices.csv") as sink:
        write_notices(sink, notices)
    return [FileRecord("bank/notices.csv", "notice_csv", len(notices), 0, "")]


def _collection(row: asyncpg.Record) -> Collection:
    return Collection(
        row["end_to_end_id"], row["amount_minor"], row["mandate_id"], row["signed_on"],
        row["debtor_name"], row["iban"], row["bic"],
        parse_address(msgspec.json.decode(row["address"])), row["remittance"],
        row["original_id"], row["original_iban"], row["original_creditor"])
