"""Fleets' invoices for offices: what was made, how each account is invoiced, and one asked for now.

Knows the tables of invoices, and that the next night makes what is asked for; must not make any.
A fleet sees its own.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

import asyncpg
import msgspec

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.fields import Fields, Id
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit, differences
from authhost.admin.refusals import Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed

KINDS: Final = ("fleet", "credit_note", "fee", "self_billed", "corrective")
Short = Annotated[str, msgspec.Meta(max_length=100)]


class InvoicingTerms(Fields, frozen=True, kw_only=True):
    """How an account is invoiced from the next night on; what is left out is as it is without a
    row. forms: at least one, each once."""

    account_id: Id
    vat_id: Annotated[str, msgspec.Meta(pattern="^([A-Z]{2}[0-9A-Z+*]{2,13})?$")] = ""
    company_id: Annotated[str, msgspec.Meta(max_length=40)] = ""
    country: Annotated[str, msgspec.Meta(pattern="^([A-Z]{2})?$")] = ""
    email: Annotated[str, msgspec.Meta(max_length=254)] = ""
    endpoint_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    endpoint_scheme: Annotated[str, msgspec.Meta(pattern="^([0-9A-Z]{2,4})?$")] = ""
    invoice_period: Literal["day", "week", "half_month", "month"] = "day"
    payment_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 14
    collected_by: Literal["transfer", "direct_debit", "netted"] = "transfer"
    price_basis: Literal["gross", "net"] = "gross"
    buyer_reference: Short = ""
    forms: Annotated[tuple[Literal["ubl", "cii", "ksef", "csv", "pdf"], ...],
                     msgspec.Meta(min_length=1, max_length=5)] = ("ubl", "csv", "pdf")


class InvoiceWanted(Fields, frozen=True, kw_only=True):
    """An account's invoice before its period ends, of all that is open up to a day."""

    account_id: Id
    up_to: date


class Invoices:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def listed(self, actor: Actor, account_id: int | None, kind: str,
                     days: tuple[date | None, date | None], after: str, most: int) -> list[Row]:
        """Invoices by their day and number. days: of issue, both ends included; None: open."""
        allow(actor, "invoice.read")
        place = pages.place_of(after, date, str) or [None, None]
        return await self._rows("invoice_list", account_id, actor.account_id, kind, *days, *place,
                                most)

    async def terms(self, actor: Actor, account_id: int | None) -> list[Row]:
        """How accounts are invoiced that have told something of it."""
        allow(actor, "invoicing.read")
        return await self._rows("invoicing_list", account_id, actor.account_id)

    async def put_terms(self, actor: Actor, given: InvoicingTerms) -> Row:
        """An account's terms, whole. Unknown: no such account; refused by the database."""
        allow(actor, "invoicing.change")
        told = given.given()
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            before = await connection.fetchrow(statement("invoicing_one"), given.account_id)
            if before is None:
                raise Unknown("there is no such account", "account_id")
            await connection.execute(statement("invoicing_put"), *told.values())
            subject = f"invoicing/{given.account_id}"
            await audit(connection, actor, subject, subject, differences(dict(before), told))
        return told

    async def ask(self, actor: Actor, given: InvoiceWanted, request: Asked | None) -> Row:
        """One more request. Unknown: no such account."""
        allow(actor, "invoice.ask")

        async def work() -> Row:
            number = await connection.fetchval(statement("invoice_ask"), given.account_id,
                                               given.up_to, actor.name)
            if number is None:
                raise Unknown("there is no such account", "account_id")
            await audit(connection, actor, f"account/{given.account_id}",
                        f"invoice_request/{number}", {"up_to": (None, given.up_to.isoformat())})
            return {"request_id": number, **given.given()}

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)

    async def _rows(self, name: str, *values: object) -> list[Row]:
        async with Borrowed(self._pool) as connection:
            return [dict(row) for row in await connection.fetch(statement(name), *values)]
