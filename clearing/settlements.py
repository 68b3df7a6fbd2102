"""The night's settlements: one a merchant, account and currency with phone payments.

Knows how a journal row becomes a payment and the three files a settlement is; the payout itself
was decided when the day was posted (credits.py), here it is only named. Memory holds one
merchant's day.
"""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import msgspec

from clearing.details import read_json
from clearing.folder import DayFolder
from clearing.localtime import date_and_time
from clearing.pages import write_page
from clearing.party import Party, parse_party
from clearing.queries import Connection, query
from clearing.rows import grouped
from clearing.run_id import RunId
from clearing.settlement import Merchant, Payment, Payout, Settlement, make_settlement
from clearing.summary import FileRecord
from clearing.tables import write_table

_Group = tuple[str, int | None, str]


class _Detail(msgspec.Struct, frozen=True):
    purpose: str = ""
    reference: str = ""


_COLUMNS = ("date", "time", "kind", "reference", "refund_of", "approval_code", "purpose",
            "merchant_reference", "amount_minor", "currency")


async def write_settlements(connection: Connection, run_id: RunId,
                            folder: DayFolder) -> list[FileRecord]:
    """settlements/<number>.json, .html and .csv."""
    numbers: dict[_Group, tuple[str, Payout]] = {}
    for position, row in enumerate(await connection.fetch(query("payouts"), str(run_id)), 1):
        payout = Payout("carried" if row["held"] else "sent", row["held"], row["end_to_end_id"])
        group = (row["place_id"], row["account_id"], row["currency"])
        numbers[group] = (run_id.document("S", position), payout)
    files: list[FileRecord] = []
    async for rows in grouped(connection, _group, "payment_lines", str(run_id),
                              run_id.business_date):
        number, payout = numbers[_group(rows[0])]
        files.extend(_write(folder, _settlement(number, run_id, rows, payout)))
    return files


def _group(row: asyncpg.Record) -> _Group:
    return row["merchant_id"], row["account_id"], row["currency"]


def _settlement(number: str, run_id: RunId, rows: list[asyncpg.Record],
                payout: Payout) -> Settlement:
    merchant_id, account_id, currency = _group(rows[0])
    party = parse_party(rows[0]["party"])
    name = rows[0]["merchant"] or (party.name if party else merchant_id)
    return make_settlement(
        number=number, run_id=str(run_id), date=run_id.business_date.isoformat(),
        currency=currency,
        merchant=Merchant(merchant_id, account_id, name, party.iban if party else ""),
        payments=tuple(_payment(row, party) for row in rows), payout=payout)


def _payment(row: asyncpg.Record, party: Party | None) -> Payment:
    # Where it cannot be read the money is still right; only its description is missing.
    detail = read_json(row["detail"], _Detail) or _Detail()
    day, time = date_and_time(row["decided_at"], party.time_zone if party else "UTC")
    return Payment(
        date=day, time=time, kind="refund" if row["kind"] == "reversal" else "payment",
        reference=row["key"], refund_of=row["original_key"] if row["kind"] == "reversal" else "",
        approval_code=row["approval_code"], purpose=detail.purpose,
        merchant_reference=detail.reference, amount_minor=row["posted_minor"])


def _write(folder: DayFolder, settlement: Settlement) -> Iterator[FileRecord]:
    path = f"settlements/{settlement.number}"
    folder.write(f"{path}.json", msgspec.json.format(msgspec.json.encode(settlement)) + b"\n")
    with folder.open(f"{path}.html") as sink:
        write_page(sink, "settlement.html", settlement=settlement)
    with folder.open(f"{path}.csv") as sink:
        write_table(sink, _COLUMNS, (
            (*msgspec.structs.astuple(payment), settlement.currency)
            for payment in settlement.payments))
    for form in ("json", "html", "csv"):
        yield FileRecord(f"{path}.{form}", f"settlement_{form}", len(settlement.payments),
                         settlement.net_minor, settlement.currency)
