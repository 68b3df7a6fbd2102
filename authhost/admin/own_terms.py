"""What parties have agreed about their own books, from a day on: versions, never changed.

Knows three tables: posting logics of customers, terms of suppliers, terms of dealers' stations;
what a version may say is clearing.ownbooks.terms'. A day that is closed has been settled: no
version begins on one.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, TypeAlias

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


OwnTerm: TypeAlias = BookingLogic | SupplierTerms | StationTerms


class Agreed(msgspec.Struct, frozen=True):
    """One of the three tables. noun: of its permissions and audit; the fields of `body` are its
    columns in order, the first one whose they are. listing, adding: its statements. scope: the
    field of an actor who sees his own alone, '' where nobody is so."""

    noun: str
    body: type[OwnTerm]
    listing: str
    adding: str
    scope: str = ""


BOOKING_LOGIC: Final = Agreed("booking_logic", BookingLogic, "booking_logic_list",
                              "booking_logic_add", "account_id")
SUPPLIER_TERMS: Final = Agreed("supplier_terms", SupplierTerms, "supplier_terms_list",
                               "supplier_terms_add", "courier_id")
STATION_TERMS: Final = Agreed("station_terms", StationTerms, "station_terms_list",
                              "station_terms_add")


class OwnTerms:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def listed(self, actor: Actor, agreed: Agreed, whose: int | str | None) -> list[Row]:
        """Every version, the newest day first; of one party, and of the actor's own alone."""
        allow(actor, f"{agreed.noun}.read")
        scope = [getattr(actor, agreed.scope)] if agreed.scope else []
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement(agreed.listing), whose, *scope)
        return [dict(row.items()) | {"terms": msgspec.Raw(row["terms"].encode())} for row in rows]

    async def add(self, actor: Actor, agreed: Agreed, given: OwnTerm,
                  request: Asked | None) -> Row:
        """One more version, as it is kept. Refused."""
        allow(actor, f"{agreed.noun}.change")
        assert isinstance(given, agreed.body)
        told = given.given()
        columns = [getattr(given, name) for name in given.__struct_fields__ if name != "terms"]
        subject = f"{agreed.noun}/{columns[0]}"

        async def work() -> Row:
            await _check(connection, given)
            version = await connection.fetchval(
                statement(agreed.adding), *columns,
                msgspec.json.encode(told["terms"]).decode(), actor.name)
            row = {**told, "version": version}
            await audit(connection, actor, subject, f"{subject} from {given.valid_from}",
                        {field: (None, value) for field, value in row.items()})
            return row

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)


async def _check(connection: asyncpg.Connection, given: OwnTerm) -> None:
    """Whether the terms can be, the parties are there, and the day is not closed. Refused."""
    if isinstance(given, BookingLogic):
        why, where = objection(given.terms)
        if why:
            raise Invalid(why, f"terms.{where}")
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
