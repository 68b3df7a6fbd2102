"""The night's invoices: one a fleet and currency with something cleared.

Knows how a journal row becomes lines, and the two files an invoice is; must not know where a row
came from or what follows. Memory holds one fleet's day at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import msgspec

from clearing.folder import DayFolder
from clearing.fuel_items import FuelDetail, Item, booked_items, credited_items, read_detail
from clearing.invoice import Buyer, Invoice, Line, make_invoice
from clearing.localtime import date_and_time
from clearing.pages import write_page
from clearing.party import Party, parse_party
from clearing.queries import Connection
from clearing.rows import grouped
from clearing.run_id import RunId
from clearing.settings import Debtor, Settings
from clearing.summary import Case, FileRecord

_NO_DETAIL = FuelDetail()


async def write_invoices(connection: Connection, run_id: RunId, settings: Settings,
                         folder: DayFolder) -> tuple[list[FileRecord], list[Case]]:
    """invoices/<number>.json and .html; the cases are what a person should look at."""
    files: list[FileRecord] = []
    cases: list[Case] = []
    number = 0
    async for rows in grouped(connection, _fleet, "fuel_lines", str(run_id),
                              run_id.business_date):
        number += 1
        invoice, found = _invoice(run_id.document("F", number), run_id, settings, rows)
        cases.extend(found)
        files.extend(_write(folder, invoice))
    return files, cases


def _fleet(row: asyncpg.Record) -> tuple[int, str]:
    return row["account_id"], row["currency"]


def _invoice(number: str, run_id: RunId, settings: Settings,
             rows: list[asyncpg.Record]) -> tuple[Invoice, list[Case]]:
    account_id, currency = _fleet(rows[0])
    party = parse_party(rows[0]["party"])
    assert party is not None, account_id  # placed as fuel: its account was there
    cases: list[Case] = []

    def lines() -> Iterator[tuple[str, Line]]:
        for row in rows:
            detail = read_detail(row["detail"])
            if detail is None:
                cases.append(Case("invoice_line", account_id, row["key"], row["posted_minor"],
                                  currency, "detail_unreadable"))
            yield from _lines(row, detail or _NO_DETAIL, party, settings)

    invoice = make_invoice(
        number=number, run_id=str(run_id), date=run_id.business_date.isoformat(),
        currency=currency, debtor=seller_for(settings, currency),
        buyer=Buyer(account_id, party.name, party.address), lines=lines())
    if not party.address.complete:
        cases.append(Case("invoice", account_id, number, invoice.total_minor, currency,
                          "address_incomplete"))
    return invoice, cases


def seller_for(settings: Settings, currency: str) -> Debtor:
    """The operator; the account for another currency where there is none for this one."""
    return settings.debtor(currency) or next(iter(settings.debtors.values()))


def _lines(row: asyncpg.Record, detail: FuelDetail, party: Party,
           settings: Settings) -> Iterator[tuple[str, Line]]:
    items: tuple[Item, ...]
    if row["kind"] in {"reversal", "return"} and row["posted_minor"] < 0:
        items = credited_items(detail.items, row["posted_minor"], row["original_minor"])
        credit_for = row["original_key"]
        credit_date = row["original_date"].isoformat() if row["original_date"] else ""
    else:
        items = booked_items(detail.items, row["posted_minor"])
        credit_for = credit_date = ""
    day, time = date_and_time(row["sold_at"], party.time_zone)
    label = detail.vehicle or row["plate"] or row["card"] or "no vehicle"
    for item in items:
        group = settings.group(item.product)
        yield label, Line(
            date=day, time=time, site=row["site"], card=row["card"],
            driver=detail.driver or row["driver"],
            odometer="" if detail.odometer is None else str(detail.odometer),
            product=item.product, product_group=group.name,
            quantity="" if item.quantity is None else f"{item.quantity:f}", unit=item.unit,
            unit_price="" if item.unit_price is None else f"{item.unit_price:f}",
            amount_minor=item.amount_minor, vat_basis_points=group.vat_basis_points,
            reference=row["key"], credit_for=credit_for, credit_date=credit_date,
        )


def _write(folder: DayFolder, invoice: Invoice) -> Iterator[FileRecord]:
    path = f"invoices/{invoice.number}"
    folder.write(f"{path}.json", msgspec.json.format(msgspec.json.encode(invoice)) + b"\n")
    with folder.open(f"{path}.html") as sink:
        write_page(sink, "invoice.html", invoice=invoice)
    for form in ("json", "html"):
        yield FileRecord(f"{path}.{form}", f"invoice_{form}", invoice.transactions,
                         invoice.total_minor, invoice.currency)
