"""Routes of prices: wholesale lists, contracts, VAT rates. What they mean is pricing's.

Knows paths and bodies; pricing writes, audits and raises the rules version by itself.
"""

from __future__ import annotations

import asyncpg

from authhost.admin.access import Actor, allow
from authhost.admin.refusals import Invalid, Refused
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.response import Response
from authhost.journal.reads import Borrowed
from authhost.pricing.contracts import contracts_of, put_contract
from authhost.pricing.importing import import_base_prices
from authhost.pricing.terms import BadTerms, Contract
from authhost.pricing.vat import VatRate, put_vat_rate, vat_rates

_ROOT = "/v1/admin/prices"
PATH = f"{_ROOT}/base"


class PriceRoutes:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("POST", PATH, self._base), ("GET", f"{_ROOT}/contracts", self._contracts),
                ("POST", f"{_ROOT}/contracts", self._put_contract),
                ("GET", f"{_ROOT}/vat-rates", self._vat_rates),
                ("POST", f"{_ROOT}/vat-rates", self._put_vat_rate)]

    async def _base(self, call: AdminCall) -> Response:
        allow(call.actor, "price.change")
        query = call.query("source", "file", "time_zone", "dry_run", "accept_jumps", "reason")
        if not query.get("source"):
            raise Invalid("is missing: whose list it is", "source")
        async with Borrowed(self._pool) as connection:
            report = await import_base_prices(
                connection, call.call.body, source=query["source"], who=call.actor.name,
                role=str(call.actor.role), file=query.get("file", ""),
                time_zone=query.get("time_zone", "UTC"), dry_run=call.yes("dry_run"),
                accept_jumps=call.yes("accept_jumps"), reason=query.get("reason", ""))
        return encoded(report, 422 if report.state == "refused" else 200)

    async def _contracts(self, call: AdminCall) -> Response:
        allow(call.actor, "price.read")
        call.query("account")
        account_id = call.number("account")
        if account_id is None:
            raise Invalid("is missing", "account")
        async with Borrowed(self._pool) as connection:
            return page_response(await contracts_of(connection, account_id), None)

    async def _put_contract(self, call: AdminCall) -> Response:
        allow(call.actor, "price.change")
        call.query("dry_run")
        contract = call.call.decode(Contract)
        who, role = _by(call.actor)
        async with Borrowed(self._pool) as connection:
            try:
                version = await put_contract(connection, contract, who, role,
                                             dry_run=call.yes("dry_run"))
            except BadTerms as error:
                raise _refused(error) from None
        return encoded({"contract": contract.contract, "version": version}, 201)

    async def _vat_rates(self, call: AdminCall) -> Response:
        allow(call.actor, "price.read")
        async with Borrowed(self._pool) as connection:
            return page_response(await vat_rates(connection), None)

    async def _put_vat_rate(self, call: AdminCall) -> Response:
        allow(call.actor, "price.change")
        rate = call.call.decode(VatRate)
        who, role = _by(call.actor)
        async with Borrowed(self._pool) as connection:
            try:
                number = await put_vat_rate(connection, rate, who, role)
            except BadTerms as error:
                raise _refused(error) from None
        return encoded({"vat_rate_id": number}, 201)


def _by(actor: Actor) -> tuple[str, str]:
    return actor.name, str(actor.role)


def _refused(error: BadTerms) -> Refused:
    return Invalid("; ".join(error.problems))
