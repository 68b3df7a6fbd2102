"""What parties have agreed about their own books, from a day on: versions, never changed.

Knows three tables: posting logics of customers, terms of suppliers, terms of dealers' stations;
what a version may say is clearing.ownbooks.terms'. A day that is closed has been settled: no
version begins on one.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import msgspec

from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.fields import Fields, Id, Key
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed
from clearing.ownbooks.terms import Booking, Station, Supplier, objection


class BookingLogic(Fields, frozen=True):
    """How a customer's accounting system takes what is booked with him, from a day on."""

    account_id: Id
    valid_from: date
    terms: Booking


class SupplierTerms(Fields, frozen=True, kw_only=True):
    """How a supplier is settled with, from a day on. courier_id: whose work is his; null: his
    stations' is (station-terms)."""

    account_id: Id
    valid_from: date
    courier_id: Key | None = None
    terms: Supplier


class StationTerms(Fields, frozen=True):
    """What a dealer's station earns or leaves, from a day on. account_id: the supplier."""

    merchant_id: Key
    valid_from: date
    account_id: Id
    terms: Station


class OwnTerms:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def logics(self, actor: Actor, account_id: int | None) -> list[Row]:
        """Every version of posting logics, the newest day first; a customer's own alone."""
        allow(actor, "booking_logic.read")
        return await self._listed("booking_logic_list", account_id, actor.account_id)

    async def suppliers(self, actor: Actor, account_id: int | None) -> list[Row]:
        """Every version of suppliers' terms; a courier's own alone."""
        allow(actor, "supplier_terms.read")
        return await self._listed("supplier_terms_list", account_id, actor.courier_id)

    async def stations(self, actor: Actor, merchant_id: str) -> list[Row]:
        """Every version of stations' terms."""
        allow(actor, "station_terms.read")
        return await self._listed("station_terms_list", merchant_id)

    async def add_logic(self, actor: Actor, given: BookingLogic, request: Asked | None) -> Row:
        """One more version, as it is kept. Refused."""
        allow(actor, "booking_logic.change")
        why, where = objection(given.terms)
        if why:
            raise Invalid(why, f"terms.{where}")
        return await self._added(actor, given, request, f"booking_logic/{given.account_id}",
                                 "booking_logic_add", given.account_id, given.valid_from)

    async def add_supplier(self, actor: Actor, given: SupplierTerms,
                           request: Asked | None) -> Row:
        """One more version, as it is kept. Refused."""
        allow(actor, "supplier_terms.change")
        return await self._added(
            actor, given, request, f"supplier_terms/{given.account_id}", "supplier_terms_add",
            given.account_id, given.valid_from, given.courier_id)

    async def add_station(self, actor: Actor, given: StationTerms, request: Asked | None) -> Row:
        """One more version, as it is kept. Refused."""
        allow(actor, "station_terms.change")
        return await self._added(
            actor, given, request, f"station_terms/{given.merchant_id}", "station_terms_add",
            given.merchant_id, given.valid_from, given.account_id)

    async def _listed(self, name: str, *values: object) -> list[Row]:
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement(name), *values)
        return [dict(row.items()) | {"terms": msgspec.Raw(row["terms"].encode())} for row in rows]

    async def _added(self, actor: Actor, given: BookingLogic | SupplierTerms | StationTerms,
                     request: Asked | None, subject: str, name: str, *values: object) -> Row:
        told = given.given()

        async def work() -> Row:
            await _check(connection, given)
            version = await connection.fetchval(
                statement(name), *values, msgspec.json.encode(told["terms"]).decode(), actor.name)
            row = {**told, "version": version}
            await audit(connection, actor, subject, f"{subject} from {given.valid_from}",
                        {field: (None, value) for field, value in row.items()})
            return row

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)


async def _check(connection: asyncpg.Connection,
                 given: BookingLogic | SupplierTerms | StationTerms) -> None:
    """Whether the parties are there, and the day is not closed. Unknown, Conflict, Invalid."""
    courier_id = given.courier_id if isinstance(given, SupplierTerms) else None
    merchant_id = given.merchant_id if isinstance(given, StationTerms) else None
    known: Any = await connection.fetchrow(
        statement("own_terms_parties"), given.account_id, courier_id, merchant_id)
    if known is None:
        raise Unknown("there is no such account", "account_id")
    if known["status"] == "closed":
        raise Conflict("the account is closed", "account_id")
    if courier_id is not None and not known["has_courier"]:
        raise Unknown("there is no such courier", "courier_id")
    if courier_id is not None and known["is_anothers"]:
        raise Conflict("the courier's work is settled with another account", "courier_id")
    if merchant_id is not None and not known["has_station"]:
        raise Unknown("there is no such merchant", "merchant_id")
    if merchant_id is not None and not known["is_supplier"]:
        raise Conflict("the account has no terms of a supplier", "account_id")
    if given.valid_from < known["business_date"]:
        raise Invalid(f"before {known['business_date']}, which is not closed yet, everything is "
                      "settled", "valid_from")
