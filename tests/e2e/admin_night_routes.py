"""The routes of the night at the door of offices: (method, path, body, action)."""

from __future__ import annotations

from typing import Any, Final

NIGHT: Final[list[tuple[str, str, dict[str, Any] | None, str]]] = [
    ("GET", "/mandates", None, "mandate.read"), ("POST", "/mandates", {}, "mandate.create"),
    ("PATCH", "/mandates/M1", {"status": "suspended"}, "mandate.change"),
    ("GET", "/payee-verifications", None, "payee_verification.read"),
    ("POST", "/payee-verifications", {}, "payee_verification.create"),
    ("PATCH", "/payee-verifications/1", {"outcome": "match"}, "payee_verification.change"),
    ("GET", "/booking-logics", None, "booking_logic.read"),
    ("POST", "/booking-logics", {}, "booking_logic.change"),
    ("GET", "/booking-records/schema", None, "booking_logic.read"),
    ("GET", "/invoices", None, "invoice.read"), ("GET", "/invoicing", None, "invoicing.read"),
    ("POST", "/invoicing", {}, "invoicing.change"),
    ("POST", "/invoice-requests", {}, "invoice.ask"),
    ("GET", "/supplier-terms", None, "supplier_terms.read"),
    ("POST", "/supplier-terms", {}, "supplier_terms.change"),
    ("GET", "/station-terms", None, "station_terms.read"),
    ("POST", "/station-terms", {}, "station_terms.change"),
    ("GET", "/runs", None, "run.read"), ("GET", "/runs/20260101-CASH-1", None, "run.read"),
    ("POST", "/runs/20260101-CASH-1/approve", None, "run.approve"),
    ("GET", "/files", None, "clearing_file.read"),
    ("GET", "/delivery-routes", None, "delivery_route.read"),
    ("GET", "/delivery-routes/x", None, "delivery_route.read"),
    ("POST", "/delivery-routes", {}, "delivery_route.change"),
    ("PATCH", "/delivery-routes/x", {"status": "paused"}, "delivery_route.change"),
    ("POST", "/delivery-routes/x/retry", None, "delivery_route.change"),
    ("POST", "/bank-answers", None, "bank_answer.tell"),
    ("GET", "/clearing-exceptions", None, "clearing_exception.read"),
    ("GET", "/clearing-exceptions/0", None, "clearing_exception.read"),
    ("POST", "/clearing-exceptions/0/assignment", {}, "clearing_exception.work"),
    ("POST", "/clearing-exceptions/0/note", {}, "clearing_exception.work"),
    ("POST", "/clearing-exceptions/0/proposal", {}, "clearing_exception.work"),
    ("POST", "/clearing-exceptions/0/decision", {}, "clearing_exception.decide"),
]
