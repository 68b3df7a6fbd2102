"""The admin API: its routes, put together from those of each noun.

Knows what each needs; over mutual TLS certificate and token go together (admin/keyring.py).
"""

from __future__ import annotations

from typing import Final

import asyncpg

from authhost.admin.accounts import AccountActions, Fund
from authhost.admin.audit_reads import AuditReads
from authhost.admin.bank_answers import BankAnswers
from authhost.admin.bank_statements import BankStatements
from authhost.admin.books import Books
from authhost.admin.card_orders import CardOrders
from authhost.admin.cards import Cards
from authhost.admin.clearing_exceptions import ClearingExceptions
from authhost.admin.courier_fees import CourierFees
from authhost.admin.csv_lines import MOST_BYTES
from authhost.admin.day_schedules import DaySchedules
from authhost.admin.delivery_routes import DeliveryRoutes
from authhost.admin.desk import Desk
from authhost.admin.imports import Imports
from authhost.admin.invoices import Invoices
from authhost.admin.journal_reads import JournalReads
from authhost.admin.keyring import Keyring
from authhost.admin.own_terms import OwnTerms
from authhost.admin.product_codes import ProductCodes
from authhost.admin.runs import Runs
from authhost.admin.safe_clients import SafeClients
from authhost.admin.safe_fees import SafeFees
from authhost.admin.safe_reads import SafeReads
from authhost.admin.tax_facts import TaxFacts
from authhost.certificates.authority import Authority
from authhost.certificates.desk import Certificates
from authhost.clock import Clock
from authhost.doors.admin_books import BooksRoutes
from authhost.doors.admin_cards import AccessRoutes, CardRoutes
from authhost.doors.admin_certificates import CertificateRoutes, DeviceCertificateRoutes
from authhost.doors.admin_clearing import ANSWERS, ClearingRoutes
from authhost.doors.admin_clearing import MOST_BYTES as ANSWER_BYTES
from authhost.doors.admin_imports import PATH as IMPORTS
from authhost.doors.admin_imports import ImportRoutes
from authhost.doors.admin_invoices import InvoiceRoutes
from authhost.doors.admin_master import MasterRoutes
from authhost.doors.admin_own_terms import OwnTermsRoutes
from authhost.doors.admin_prices import PATH as BASE_PRICES
from authhost.doors.admin_prices import PriceRoutes
from authhost.doors.admin_products import ProductRoutes
from authhost.doors.admin_reads import ReadRoutes
from authhost.doors.admin_release import ReleaseRoutes
from authhost.doors.admin_safes import AdminSafeRoutes
from authhost.doors.admin_statements import MOST_BYTES as STATEMENT_BYTES
from authhost.doors.admin_statements import PATH as STATEMENTS
from authhost.doors.admin_statements import BankStatementRoutes
from authhost.doors.admin_stations import AdminStationRoutes
from authhost.doors.admission import Admission
from authhost.doors.call import Endpoint
from authhost.pan_index import PanIndex
from authhost.station.stations import Stations

# Path -> the most bytes. A file is known by its content, and needs no key.
_FILES: Final = {IMPORTS: MOST_BYTES, BASE_PRICES: MOST_BYTES, STATEMENTS: STATEMENT_BYTES,
                 ANSWERS: ANSWER_BYTES}


class AdminRoutes:
    """Everything under /v1/admin, and a device's renewal of its certificate."""

    def __init__(self, *, pool: asyncpg.Pool, pan_index: PanIndex, clock: Clock,
                 fund: Fund, keyring: Keyring, stations: Stations | None = None,
                 authority: Authority | None = None) -> None:
        self._admission = Admission(keyring, pan_index.fingerprint_key)
        certificates = Certificates(pool, authority, clock)
        self._devices = DeviceCertificateRoutes(certificates, keyring.refusals)
        desk, cards = Desk(pool), Cards(pool, pan_index)
        self._routes = [
            *MasterRoutes(desk, cards).routes(),
            *CardRoutes(cards, AccountActions(pool, fund)).routes(),
            *AccessRoutes(keyring).routes(),
            *ProductRoutes(ProductCodes(pool), CardOrders(pool)).routes(),
            *PriceRoutes(pool).routes(),
            *ImportRoutes(Imports(pool, pan_index)).routes(),
            *ReadRoutes(JournalReads(pool), AuditReads(pool), clock).routes(),
            *AdminSafeRoutes(SafeClients(pool), SafeFees(pool), CourierFees(pool),
                             SafeReads(pool, clock), clock).routes(),
            *BankStatementRoutes(BankStatements(pool)).routes(),
            *ClearingRoutes(BankAnswers(pool), ClearingExceptions(pool)).routes(),
            *ReleaseRoutes(Runs(pool), DeliveryRoutes(pool)).routes(),
            *BooksRoutes(Books(pool), DaySchedules(pool)).routes(),
            *OwnTermsRoutes(OwnTerms(pool)).routes(),
            *InvoiceRoutes(Invoices(pool), TaxFacts(pool)).routes(),
            *CertificateRoutes(certificates).routes(),
            *(AdminStationRoutes(stations).routes() if stations is not None else ())]

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        return [*self._devices.endpoints(), *(
            self._admission.endpoint(method, path, work,
                                     *((_FILES[path], False) if path in _FILES else ()))
            for method, path, work in self._routes)]
