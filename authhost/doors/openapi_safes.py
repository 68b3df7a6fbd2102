"""OpenAPI 3.1 description of what safes say, and what is asked about receipts and forecasts.

Knows paths, summaries and types. A test holds that every route is in its table.
"""

from __future__ import annotations

from typing import Any, Final

from authhost.doors.admin_certificates import OwnRenewal
from authhost.doors.described import PAGE, Described, document_of
from authhost.doors.receipts import Print
from authhost.doors.safes import ROOT
from authhost.safes.balancing import Balance
from authhost.translate import safe_bodies as bodies

SAFE: Final = (
    Described("POST", f"{ROOT}/sign-on", "The safe begins to work", bodies.SignOn,
              bodies.SignOnAnswer),
    Described("POST", f"{ROOT}/sign-off", "The safe stops working", bodies.SignOff,
              bodies.MessageAnswer),
    Described("POST", f"{ROOT}/shifts", "A shift opens", bodies.ShiftOpen, bodies.MessageAnswer),
    Described("POST", f"{ROOT}/shifts/{{shift}}/close", "A shift ends, its sums compared",
              bodies.ShiftClose, bodies.ComparedAnswer),
    Described("POST", f"{ROOT}/authorizations", "May the notes in escrow stay?",
              bodies.Authorization, bodies.DepositAnswer),
    Described("POST", f"{ROOT}/authorizations/{{id}}/cancellation", "The notes were handed back",
              bodies.Cancellation, bodies.DepositAnswer),
    Described("POST", f"{ROOT}/deposits", "The cash is in the safe: always stored",
              bodies.Deposit, bodies.DepositAnswer),
    Described("POST", f"{ROOT}/swaps", "One cassette left, another came", bodies.Swap,
              bodies.ComparedAnswer),
    Described("POST", f"{ROOT}/end-of-day", "The day's sums, compared", bodies.EndOfDay,
              bodies.ComparedAnswer),
    Described("POST", f"{ROOT}/status", "How the safe is", bodies.Status, bodies.MessageAnswer),
    Described("POST", f"{ROOT}/alarms", "Something is wrong, or has happened", bodies.Alarm,
              bodies.MessageAnswer),
    Described("GET", f"{ROOT}/depositors", "Who may put money in", answer=bodies.Depositors),
    Described("GET", f"{ROOT}/balance", "What the cassette inside should hold; null: none is",
              answer=Balance),
    Described("GET", f"{ROOT}/receipts/{{sequence}}", "The receipt of a deposit"),
    Described("POST", f"{ROOT}/receipts/{{sequence}}/prints", "It was printed", Print),
    Described("GET", f"{ROOT}/forecast", "When its cassette will be full"),
    Described("GET", "/v1/forecasts", "When cassettes will be full", answer=PAGE,
              query=("after", "limit")),
    Described("GET", "/v1/receipts/{code}", "Is a receipt one of ours?"),
    Described("POST", "/v1/receipts/{code}/prints", "It was printed", Print),
    Described("GET", "/v1/deposits/{id}/receipt", "The receipt of a deposit"),
    Described("POST", "/v1/deposits/{id}/receipt/prints", "It was printed", Print),
    Described("POST", "/v1/terminals/{terminal_id}/certificates", "A device renews its own",
              OwnRenewal, status="201"),
)


def safe_document() -> dict[str, Any]:
    """What safes say, ready to be served as JSON."""
    return document_of("authhost for safes", SAFE, keyed=True)
