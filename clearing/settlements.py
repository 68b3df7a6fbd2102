"""The night's settlements: one a merchant, account and currency with something to settle.

Knows how a journal row becomes a payment, and which files a settlement is; what is paid was decided
when the day was posted (settling.py), here it is only written down. Memory holds one merchant's
day. Its page is clearing.documents'.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import msgspec

from authhost.payments.plans import Kind, Plan
from clearing.details import read_json
from clearing.errors import ClearingError
from clearing.folder import DayFolder
from clearing.localtime import date_and_time
from clearing.party import Address, Party, parse_party
from clearing.payout import FeeLine, fee_of_row
from clearing.queries import Connection, query
from clearing.rows import grouped
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.settlement import Kept, Merchant, Payment, Payout, Settlement, difference
from clearing.settlement_forms import write_csv, write_xml
from clearing.settling import moved_of
from clearing.summary import FileRecord

_Group = tuple[str, int | None, str]
_Of = Mapping[str, list[Any]]  # by the settlement's number
_FeeKey = tuple[Kind, int, int]  # what the fee of a payment hangs on, but for the plan


class _Detail(msgspec.Struct, frozen=True):
    purpose: str = ""
    reference: str = ""


async def write_settlements(connection: Connection, run_id: RunId, settings: Settings,
                            folder: DayFolder) -> list[FileRecord]:
    """settlements/<number>.csv and .xml."""
    files: list[FileRecord] = []
    async for settlement in settled(connection, run_id):
        path = f"settlements/{settlement.number}"
        with folder.open(f"{path}.csv") as sink:
            write_csv(sink, settlement)
        with folder.open(f"{path}.xml") as sink:
            write_xml(sink, settlement, settings.seller(settlement.currency).name)
        files += [record_of(settlement, form) for form in ("csv", "xml")]
    return files


def record_of(settlement: Settlement, form: str) -> FileRecord:
    """What the manifest says of one form of a settlement."""
    return FileRecord(f"settlements/{settlement.number}.{form}", f"settlement_{form}",
                      len(settlement.payments), settlement.turnover_minor, settlement.currency,
                      recipient=f"merchant/{settlement.merchant.merchant_id}")


async def settled(connection: Connection, run_id: RunId) -> AsyncIterator[Settlement]:
    """Each settlement of a run with its payments. ClearingError: one does not add up."""
    run, day = str(run_id), run_id.business_date
    fees = await _by_number(connection, "settlement_fees", FeeLine, run)
    kept = await _by_number(connection, "settlement_kept", Kept, run, day)
    decided = {_group(row): row for row in await connection.fetch(query("settlements"), run)}
    async for rows in grouped(connection, _group, "payment_lines", run, day):
        yield _settlement(run_id, decided.pop(_group(rows[0])), rows, fees, kept)
    for row in decided.values():
        yield _settlement(run_id, row, [], fees, kept)


async def _by_number(connection: Connection, name: str, shape: type[FeeLine] | type[Kept],
                     *values: object) -> _Of:
    """Rows of a query whose first column is the number, the others a `shape`; dates as texts."""
    found: dict[str, list[Any]] = {}
    for number, *row in await connection.fetch(query(name), *values):
        found.setdefault(number, []).append(shape(*(
            part.isoformat() if hasattr(part, "isoformat") else part for part in row)))
    return found


def _group(row: asyncpg.Record) -> _Group:
    return row["merchant_id"], row["account_id"], row["currency"]


def _settlement(run_id: RunId, row: asyncpg.Record, rows: list[asyncpg.Record], fees: _Of,
                kept: _Of) -> Settlement:
    party = parse_party(row["party"])
    name = row["merchant"] or (party.name if party else row["merchant_id"])
    plan = msgspec.json.decode(row["plan"], type=Plan)
    payout = Payout("carried" if row["held"] else "sent", row["held"], row["end_to_end_id"],
                    row["payout_minor"], row["payable_on"].isoformat())
    named = {field: row[field] for field in (
        "number", "currency", "gross_minor", "refunds_minor", "fees_by", "fees_minor",
        "vat_minor", "held_back_minor", "released_minor", "net_minor", "opening_minor",
        "closing_minor")}
    address = party.address if party else Address()
    settlement = Settlement(
        run_id=str(run_id), date=run_id.business_date.isoformat(), created=run_id.created,
        plan=row["plan_id"], payout=payout, fees=tuple(fees.get(row["number"], ())),
        merchant=Merchant(row["merchant_id"], row["account_id"], name, party.iban if party else "",
                          address),
        payments=_payments(rows, party, plan), kept=tuple(kept.get(row["number"], ())),
        held_back_until=row["release_on"].isoformat() if row["held_back_minor"] else "", **named)
    if off := difference(settlement):
        raise ClearingError(f"{run_id}: settlement {settlement.number}: {off}")
    return settlement


def _payments(rows: list[asyncpg.Record], party: Party | None, plan: Plan) -> tuple[Payment, ...]:
    """The rows of one merchant; of payments of one amount the fee is worked out once."""
    zone = party.time_zone if party else "UTC"
    fees: dict[_FeeKey, int] = {}
    made = []
    for row in rows:
        # Where it cannot be read the money is still right; only its description is missing.
        detail = read_json(row["detail"], _Detail) or _Detail()
        day, time = date_and_time(row["decided_at"], zone)
        refund = row["fee_kind"] == "refund"
        kind = "payment" if not refund else "refund" if row["kind"] == "reversal" \
            else "refund_returned"
        if kind == "refund_returned":
            fee = fee_of_row(plan, moved_of(row))
        else:
            known = row["fee_kind"], row["posted_minor"], row["before_minor"]
            if known not in fees:
                fees[known] = fee_of_row(plan, moved_of(row))
            fee = fees[known]
        made.append(Payment(
            date=day, time=time, kind=kind, reference=row["key"],
            refund_of=row["original_key"] if kind == "refund" else "",
            approval_code=row["approval_code"], purpose=detail.purpose,
            merchant_reference=detail.reference, amount_minor=row["posted_minor"], fee_minor=fee))
    return tuple(made)
