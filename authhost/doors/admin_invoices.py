"""Routes of invoices for offices.

Knows paths and queries; what may be seen is admin's to say.
"""

from __future__ import annotations

from typing import Final

from authhost.admin import pages
from authhost.admin.access import allow
from authhost.admin.invoices import KINDS, Invoices, InvoiceWanted, InvoicingTerms
from authhost.admin.tax_facts import ExchangeRate, KsefNumber, TaxFacts
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.described import PAGE, Described
from authhost.doors.response import Response

_ROOT: Final = "/v1/admin"
INVOICES_PATH, TERMS, REQUESTS, RATES, NUMBERS = (f"{_ROOT}/{name}" for name in (
    "invoices", "invoicing", "invoice-requests", "exchange-rates", "ksef-numbers"))

INVOICES: Final = (
    Described("GET", INVOICES_PATH, "Invoices by their day of issue", answer=PAGE,
              query=("account", "kind", "from", "until", "after", "limit")),
    Described("GET", TERMS, "How accounts are invoiced", answer=PAGE, query=("account",)),
    Described("POST", TERMS, "How one is from the next night on", InvoicingTerms),
    Described("POST", REQUESTS, "An invoice of what is open, with the next night", InvoiceWanted,
              status="201"),
    Described("GET", RATES, "Exchange rates that were told, the newest first", answer=PAGE,
              query=("after", "limit")),
    Described("POST", RATES, "A rate that a central bank has published", ExchangeRate,
              status="201"),
    Described("POST", NUMBERS, "The number that KSeF has given an invoice", KsefNumber,
              status="201"),
)


class InvoiceRoutes:
    """Over two rooms."""

    def __init__(self, invoices: Invoices, facts: TaxFacts) -> None:
        self._invoices = invoices
        self._facts = facts

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("GET", INVOICES_PATH, self._listed), ("GET", TERMS, self._terms),
                ("POST", TERMS, self._put_terms), ("POST", REQUESTS, self._ask),
                ("GET", RATES, self._rates), ("POST", RATES, self._tell_rate),
                ("POST", NUMBERS, self._tell_number)]

    async def _listed(self, call: AdminCall) -> Response:
        query = call.query("account", "kind", "from", "until", "after", "limit")
        most = call.limit()
        rows = await self._invoices.listed(
            call.actor, call.number("account"), call.one_of("kind", KINDS),
            (call.day("from"), call.day("until")), query.get("after", ""), most)
        last = rows[-1] if len(rows) == most else None
        following = None if last is None else pages.cursor_of(last["issued_on"], last["number"])
        return page_response(rows, following)

    async def _terms(self, call: AdminCall) -> Response:
        call.query("account")
        return page_response(await self._invoices.terms(call.actor, call.number("account")), None)

    async def _put_terms(self, call: AdminCall) -> Response:
        allow(call.actor, "invoicing.change")
        return encoded(await self._invoices.put_terms(
            call.actor, call.call.decode(InvoicingTerms)))

    async def _ask(self, call: AdminCall) -> Response:
        allow(call.actor, "invoice.ask")
        row = await self._invoices.ask(call.actor, call.call.decode(InvoiceWanted),
                                       call.asked("invoice-requests"))
        return encoded(row, 201)

    async def _rates(self, call: AdminCall) -> Response:
        query = call.query("after", "limit")
        most = call.limit()
        rows = await self._facts.rates(call.actor, query.get("after", ""), most)
        return page_response(rows, pages.following(rows, most, "rate_id"))

    async def _tell_rate(self, call: AdminCall) -> Response:
        allow(call.actor, "exchange_rate.tell")
        return encoded(await self._facts.tell_rate(
            call.actor, call.call.decode(ExchangeRate), call.asked("exchange-rates")), 201)

    async def _tell_number(self, call: AdminCall) -> Response:
        allow(call.actor, "ksef_number.tell")
        return encoded(await self._facts.tell_number(
            call.actor, call.call.decode(KsefNumber), call.asked("ksef-numbers")), 201)
