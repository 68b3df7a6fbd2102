"""The night's settlements: one a merchant, account and currency with something to settle.

Knows how a journal row becomes a payment and the three files a settlement is; what is paid was
decided when the day was posted (settling.py), here it is only written down. Memory holds one
merchant's day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import asyncpg
import msgspec

from authhost.payments.plans import Plan
from clearing.details import read_json
from clearing.folder import DayFolder
from clearing.localtime import date_and_time
from clearing.pages import write_page
from clearing.party import Party, parse_party
from clearing.payout import FeeLine, fee_of_row
from clearing.queries import Connection, query
from clearing.rows import grouped
from clearing.run_id import RunId
from clearing.settlement import Merchant, Payment, Payout, Settlement
from clearing.settling import moved_of
from clearing.summary import FileRecord
from clearing.tables import write_table

_Group = tuple[str, int | None, str]


class _Detail(msgspec.Struct, frozen=True):
    purpose: str = ""
    reference: str = ""


_COLUMNS = ("date", "time", "kind", "reference", "refund_of", "approval_code", "purpose",
            "merchant_reference", "amount_minor", "fee_minor", "currency")


async def write_settlements(connection: Connection, run_id: RunId,
                            folder: DayFolder) -> list[FileRecord]:
    """settlements/<number>.json, .html and .csv; no table where there is no payment."""
    fees: dict[str, list[FeeLine]] = {}
    for row in await connection.fetch(query("settlement_fees"), str(run_id)):
        fees.setdefault(row["number"], []).append(FeeLine(
            row["kind"], row["count"], row["base_minor"], row["amount_minor"]))
    decided = {_group(row): row for row in
               await connection.fetch(query("settlements"), str(run_id))}
    files: list[FileRecord] = []
    async for rows in grouped(connection, _group, "payment_lines", str(run_id),
                              run_id.business_date):
        row = decided.pop(_group(rows[0]))
        files.extend(_write(folder, _settlement(run_id, row, rows, fees)))
    for row in decided.values():
        files.extend(_write(folder, _settlement(run_id, row, [], fees)))
    return files


def _group(row: asyncpg.Record) -> _Group:
    return row["merchant_id"], row["account_id"], row["currency"]


def _settlement(run_id: RunId, row: asyncpg.Record, rows: list[asyncpg.Record],
                fees: Mapping[str, list[FeeLine]]) -> Settlement:
    party = parse_party(row["party"])
    name = row["merchant"] or (party.name if party else row["merchant_id"])
    plan = msgspec.json.decode(row["plan"], type=Plan)
    payout = Payout("carried" if row["held"] else "sent", row["held"], row["end_to_end_id"],
                    row["payout_minor"], row["payable_on"].isoformat())
    named = {field: row[field] for field in (
        "number", "currency", "gross_minor", "refunds_minor", "fees_by", "fees_minor",
        "vat_minor", "held_back_minor", "released_minor", "net_minor", "opening_minor",
        "closing_minor")}
    return Settlement(
        run_id=str(run_id), date=run_id.business_date.isoformat(), plan=row["plan_id"],
        merchant=Merchant(row["merchant_id"], row["account_id"], name, party.iban if party else ""),
        payments=tuple(_payment(one, party, plan) for one in rows), payout=payout,
        fees=tuple(fees.get(row["number"], ())),
        held_back_until=row["release_on"].isoformat() if row["held_back_minor"] else "", **named)


def _payment(row: asyncpg.Record, party: Party | None, plan: Plan) -> Payment:
    # Where it cannot be read the money is still right; only its description is missing.
    detail = read_json(row["detail"], _Detail) or _Detail()
    day, time = date_and_time(row["decided_at"], party.time_zone if party else "UTC")
    moved = moved_of(row)
    kind = "payment" if moved.is_payment else "refund" if row["kind"] == "reversal" \
        else "refund_returned"
    return Payment(
        date=day, time=time, kind=kind, reference=row["key"],
        refund_of=row["original_key"] if kind == "refund" else "",
        approval_code=row["approval_code"], purpose=detail.purpose,
        merchant_reference=detail.reference, amount_minor=row["posted_minor"],
        fee_minor=fee_of_row(plan, moved))


def _write(folder: DayFolder, settlement: Settlement) -> Iterator[FileRecord]:
    path = f"settlements/{settlement.number}"
    forms = ["json", "html"]
    folder.write(f"{path}.json", msgspec.json.format(msgspec.json.encode(settlement)) + b"\n")
    with folder.open(f"{path}.html") as sink:
        write_page(sink, "settlement.html", settlement=settlement)
    if settlement.payments:
        forms.append("csv")
        with folder.open(f"{path}.csv") as sink:
            write_table(sink, _COLUMNS, (
                (*msgspec.structs.astuple(payment), settlement.currency)
                for payment in settlement.payments))
    for form in forms:
        yield FileRecord(f"{path}.{form}", f"settlement_{form}", len(settlement.payments),
                         settlement.turnover_minor, settlement.currency)
