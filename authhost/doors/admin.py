"""The admin API: its routes, put together from those of each noun.

Knows what each needs; over mutual TLS certificate and token go together (admin/keyring.py).
"""

from __future__ import annotations

from typing import Final

import asyncpg

from authhost.admin.accounts import AccountActions, Fund
from authhost.admin.audit_reads import AuditReads
from authhost.admin.card_orders import CardOrders
from authhost.admin.cards import Cards
from authhost.admin.csv_lines import MOST_BYTES
from authhost.admin.desk import Desk
from authhost.admin.imports import Imports
from authhost.admin.journal_reads import JournalReads
from authhost.admin.keyring import Keyring
from authhost.admin.product_codes import ProductCodes
from authhost.clock import Clock
from authhost.doors.admin_call import admitted
from authhost.doors.admin_cards import AccessRoutes, CardRoutes
from authhost.doors.admin_imports import PATH as IMPORTS
from authhost.doors.admin_imports import ImportRoutes
from authhost.doors.admin_master import MasterRoutes
from authhost.doors.admin_prices import PATH as BASE_PRICES
from authhost.doors.admin_prices import PriceRoutes
from authhost.doors.admin_products import ProductRoutes
from authhost.doors.admin_reads import ReadRoutes
from authhost.doors.admin_stations import AdminStationRoutes
from authhost.doors.call import Endpoint
from authhost.pan_index import PanIndex
from authhost.station.stations import Stations

_FILES: Final = (IMPORTS, BASE_PRICES)  # a file is known by its content, and needs no key


class AdminRoutes:
    """Everything under /v1/admin."""

    def __init__(self, *, pool: asyncpg.Pool, pan_index: PanIndex, clock: Clock,
                 fund: Fund, stations: Stations | None = None) -> None:
        self._secret = pan_index.fingerprint_key
        self._keyring = Keyring(pool)
        desk, cards = Desk(pool), Cards(pool, pan_index)
        self._routes = [
            *MasterRoutes(desk, cards).routes(),
            *CardRoutes(cards, AccountActions(pool, fund)).routes(),
            *AccessRoutes(self._keyring).routes(),
            *ProductRoutes(ProductCodes(pool), CardOrders(pool)).routes(),
            *PriceRoutes(pool).routes(),
            *ImportRoutes(Imports(pool, pan_index)).routes(),
            *ReadRoutes(JournalReads(pool), AuditReads(pool), clock).routes(),
            *(AdminStationRoutes(stations).routes() if stations is not None else ())]

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        return [Endpoint(method, path, admitted(self._keyring, self._secret, work),
                         *((MOST_BYTES, False) if path in _FILES else ()))
                for method, path, work in self._routes]
