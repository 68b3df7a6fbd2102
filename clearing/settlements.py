"""The night's settlements: one a merchant, account and currency with something to settle.

Knows how a journal row becomes a payment, and which files a settlement is; what is paid was decided
when the day was posted (settling.py), here it is only written down. Memory holds one merchant's
day. Its page is clearing.documents'.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from operator import itemgetter
from typing import Any, Final

import asyncpg
import msgspec

from authhost.payments.plans import Plan
from clearing.details import read_json
from clearing.errors import ClearingError
from clearing.folder import DayFolder
from clearing.localtime import of_minute
from clearing.party import Address, Party, parse_party
from clearing.payout import FeeLine, fee_of_row
from clearing.queries import Connection, query
from clearing.rows import grouped
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.settlement import Kept, Merchant, Payment, Payout, Settlement, difference
from clearing.settlement_forms import write_csv, write_xml
from clearing.summary import FileRecord

_Of = Mapping[str, list[Any]]  # by the settlement's number
_group: Final = itemgetter("merchant_id", "account_id", "currency")


class _Detail(msgspec.Struct, frozen=True):
    purpose: str = ""
    reference: str = ""


_UNKNOWN: Final = _Detail()


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
    zone = party.time_zone if party else "UTC"
    return tuple(_payment(row, zone, plan) for row in rows)


def _payment(row: asyncpg.Record, zone: str, plan: Plan) -> Payment:
    """A row of payment_lines.sql."""
    # Where it cannot be read the money is still right; only its description is missing.
    detail = read_json(row["detail"], _Detail) or _UNKNOWN
    day, time = of_minute(row["minute"], zone)
    priced, minor, original = row["fee_kind"], row["posted_minor"], ""
    kind = "payment"
    if priced == "refund":
        kind = "refund_returned"
        if row["kind"] == "reversal":
            kind, original = "refund", row["original_key"]
        if row["fee_plan"] is not None:
            plan = msgspec.json.decode(row["fee_plan"], type=Plan)
    fee = fee_of_row(plan, priced, minor, row["before_minor"], row["fee_base_minor"] or 0)
    return Payment(day, time, kind, row["key"], original, row["approval_code"], detail.purpose,
                   detail.reference, minor, fee)
