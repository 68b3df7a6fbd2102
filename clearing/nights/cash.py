"""The night of cash: deposits credited, fees charged, differences booked.

Knows the order in which a night moves deposits; every move is authhost.safes.moves', in the
transaction that stores the credits. Must not know the files that the credits go into. A repeat of
the run reads what is stored here.
"""

from __future__ import annotations

from typing import Final

from authhost.safes.moves import move
from clearing.answers.booking import book_answers
from clearing.bankfiles.advice import store_suspects
from clearing.bankfiles.night import write_bank_files
from clearing.banks import parse_bank
from clearing.bookings import state_bookings, write_bookings
from clearing.credits import store_credits
from clearing.deposit_credits import deposit_credits
from clearing.documents.night import write_documents
from clearing.engine.posting import Placer
from clearing.errors import ClearingError
from clearing.fee_accrual import charge_fees
from clearing.fee_files import write_fee_statements
from clearing.folder import DayFolder
from clearing.instant import book_instant
from clearing.nights.work import Work, files_of
from clearing.ownbooks.deciding import decide_own_books
from clearing.ownbooks.writing import write_own_books
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.safe_totals import write_safe_totals
from clearing.settings import Settings
from clearing.summary import FileRecord


async def decide(connection: Connection, run_id: RunId, settings: Settings,
                 _: Placer) -> None:
    """Decide the credits of a run once and book those that go.

    The deposits are locked first, all at once and in key order; so nobody else moves one until
    this night is stored, and who waited finds it in a file. ClearingError: a deposit of the day
    has no row of its own, and nobody would pay it.
    """
    run, day = str(run_id), run_id.business_date
    key = await connection.fetchval(query("no_deposit_row"), run, day)
    if key is not None:
        raise ClearingError(f"{run_id}: deposit {key} has no row in table deposit")
    who = f"clearing {run}"
    locked = await connection.fetch(query("lock_deposits"))
    await move(connection, [row["key"] for row in locked if row["credit"] == "queued"], "give_up",
               who=who, why="the bank has no way to credit at once now")
    reversed_keys = [row["key"] for row in
                     await connection.fetch(query("reversed_deposits"), run, day)]
    await move(connection, reversed_keys, "reversed", who=who, why="given back on its own day")
    await move(connection, reversed_keys, "withdraw", who=who, why="given back on its own day")
    await connection.execute(query("due_item_new"), run, day)
    await store_suspects(connection, run_id, own_bank=bool(settings.bankfiles.own.advice))
    await connection.execute(query("snapshot_clients"), run)
    instant = await book_instant(connection, run_id, who)
    await charge_fees(connection, run_id, settings)
    banks = {row["party_id"]: parse_bank(row["party_id"], row["content"])
             for row in await connection.fetch(query("banks"), run)}
    deposits = await deposit_credits(connection, run_id, settings, banks, who)
    again = await book_answers(connection, run_id, settings, banks)
    await store_credits(connection, [*instant, *deposits, *again])
    await connection.execute(query("owing_ended"))
    await connection.execute(query("owing_new"), run)
    await connection.execute(query("withdrawn"), run)
    await connection.execute(query("counted"), run)
    for posting in ("post_credits", "post_items", "post_fees", "post_differences"):
        await connection.execute(query(posting), run)
    await state_bookings(connection, run_id)
    await decide_own_books(connection, run_id, settings)


async def _safes(connection: Connection, run_id: RunId, _: Settings,
                 folder: DayFolder) -> list[FileRecord]:
    return await write_safe_totals(connection, run_id, folder)


WORK: Final = Work(decide, (
    ("fees", files_of(write_fee_statements)), ("bookings", files_of(write_bookings)),
    ("own books", files_of(write_own_books)),
    ("documents", files_of(write_documents)),
    ("bank", files_of(write_bank_files)), ("safes", files_of(_safes))))
