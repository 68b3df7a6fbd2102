"""The table of what offices ask about release: runs, files, routes of delivery.

Knows paths, summaries and the types that check the bodies; a test holds that every route is in a
table.
"""

from __future__ import annotations

from typing import Final

from authhost.admin.delivery_routes import DeliveryRoute
from authhost.doors.admin_release import (
    APPROVE_QUERY,
    DELIVERY_ROUTES,
    FILE_QUERY,
    FILES,
    RUN_QUERY,
    RUNS,
)
from authhost.doors.described import PAGE, Described

_ROUTE: Final = f"{DELIVERY_ROUTES}/{{name}}"
RELEASE: Final = (
    Described("GET", RUNS, "Runs of the clearing: who started and approved them, their totals",
              answer=PAGE, query=RUN_QUERY),
    Described("GET", f"{RUNS}/{{id}}", "One (20260723-CASH-1), with its totals at every hop"),
    Described("POST", f"{RUNS}/{{id}}/approve", "A second person lets its files out, or the pages "
              "that were made after the night (part=documents)", query=APPROVE_QUERY),
    Described("GET", FILES, "Files, from generated to reconciled, and their deliveries",
              answer=PAGE, query=FILE_QUERY),
    Described("GET", DELIVERY_ROUTES, "Where files go, and how many have", answer=PAGE),
    Described("POST", DELIVERY_ROUTES, "A new route", DeliveryRoute, status="201"),
    Described("GET", _ROUTE, "One route"),
    Described("PATCH", _ROUTE, "It is changed for the runs that are released from now on",
              DeliveryRoute),
    Described("POST", f"{_ROUTE}/retry", "Whatever has not arrived goes again now"),
)
