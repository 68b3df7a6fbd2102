"""What a night decides for the parties' own books, in the transaction that posts the day.

Knows the order: what was sold at dealers' stations, the papers, the transfers, and at last the
lines for customers' own books, among them those that the papers have made.
"""

from __future__ import annotations

from datetime import timedelta

from clearing.invoices.config import Invoicing
from clearing.ownbooks.bookings import collect_bookings
from clearing.ownbooks.fee_billing import bill_fees, open_fees
from clearing.ownbooks.paper_store import store_papers
from clearing.ownbooks.station_sales import store_station_sales
from clearing.ownbooks.supplier_billing import bill_suppliers
from clearing.ownbooks.supplier_payment import pay_suppliers
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings


async def decide_own_books(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Called last, when all else that the night books is booked."""
    following = await connection.fetchval(query("closed_day"), run_id.stream,
                                          run_id.business_date)
    if following is None:  # a day from before days were kept
        following = run_id.business_date + timedelta(days=1)
    if run_id.stream == "fuel":
        await store_station_sales(connection, run_id, settings)
    else:
        await open_fees(connection, run_id)
    if _may_invoice(settings.invoicing):
        if run_id.stream != "fuel":
            await store_papers(connection, run_id,
                               await bill_fees(connection, run_id, settings, following))
        if run_id.stream != "payments":
            await store_papers(connection, run_id,
                               await bill_suppliers(connection, run_id, settings, following))
    await pay_suppliers(connection, run_id, settings)
    await collect_bookings(connection, run_id, following)


def _may_invoice(seller: Invoicing) -> bool:
    """Without a tax number the law knows no invoice: fees and work wait until there is one."""
    return bool(seller.vat_id or seller.tax_number)
