"""The table of what offices ask about cash: safes, counts, cases, pick-ups, certificates.

Knows paths, summaries and the types that check the bodies; what is answered is a row or a page. A
test holds that every route is in a table.
"""

from __future__ import annotations

from typing import Final

from authhost.admin.safe_fields import CourierFee, Fee, Sharing
from authhost.custody.cases import Decision, Doubted, Proposed
from authhost.custody.comparing import Wanted
from authhost.custody.counterfeits import Reported
from authhost.custody.counting import Count
from authhost.custody.pickups import Asked
from authhost.doors.admin_certificates import (
    Adoption,
    CertificateRequest,
    Renewal,
    Revocation,
)
from authhost.doors.admin_safes import DEPOSIT_QUERY
from authhost.doors.described import PAGE, Described

_ADMIN: Final = "/v1/admin"
_AFTER: Final = ("after", "limit")
_CASE, _PICKUP = f"{_ADMIN}/cases/{{id}}", f"{_ADMIN}/pickups/{{id}}"
_SHARED: Final = f"{_ADMIN}/safes/{{id}}/clients"
_CERTIFICATES: Final = f"{_ADMIN}/certificates"
_TOLD: Final = {"type": "object", "required": ["statements"], "properties": {"statements": {
    "type": "array", "items": {"type": "object", "properties": {
        **{name: {"type": "string"} for name in ("reference", "iban")},
        **{name: {"type": "integer"} for name in ("page", "missing", "cases")},
        "known": {"type": "boolean", "description": "It was told before: nothing was done."},
        "outcomes": {"type": "object", "additionalProperties": {"type": "integer"},
                     "description": "Entries by what they were found to be."}}}}}}
CASH: Final = (
    Described("GET", _SHARED, "A safe's clients", answer=PAGE),
    Described("PUT", f"{_SHARED}/{{account}}", "He may be credited by it", Sharing),
    Described("DELETE", f"{_SHARED}/{{account}}", "He may no more", status="204"),
    Described("GET", f"{_ADMIN}/safe-fees", "Fees of a client", answer=PAGE, query=("account",)),
    Described("POST", f"{_ADMIN}/safe-fees", "Fees from a day on", Fee, status="201"),
    Described("GET", f"{_ADMIN}/courier-fees", "What couriers ask", answer=PAGE,
              query=("courier",)),
    Described("POST", f"{_ADMIN}/courier-fees", "What one asks from a day on", CourierFee,
              status="201"),
    Described("GET", f"{_ADMIN}/safe-status", "How safes are", answer=PAGE,
              query=("site", "courier", "safe", "state", *_AFTER)),
    Described("GET", f"{_ADMIN}/safe-alarms", "Alarms of safes, as a feed", answer=PAGE,
              query=("safe", "severity", *_AFTER)),
    Described("GET", f"{_ADMIN}/safe-totals", "Sums by safe and day", answer=PAGE,
              query=("from", "until", "safe")),
    Described("GET", f"{_ADMIN}/deposits", "Deposits", answer=PAGE, query=DEPOSIT_QUERY),
    Described("GET", f"{_ADMIN}/deposits/{{id}}", "A deposit, and what became of it"),
    Described("POST", f"{_ADMIN}/counts", "What a cassette held", Count),
    Described("GET", f"{_ADMIN}/counts", "Counts", answer=PAGE,
              query=("stay", "cassette", *_AFTER)),
    Described("POST", f"{_ADMIN}/counts.csv", "Counts from a file", file="text/csv",
              query=("dry_run",)),
    Described("GET", f"{_ADMIN}/stays", "Cassettes in safes, and since", answer=PAGE,
              query=("state", "safe", "cassette", *_AFTER)),
    Described("GET", f"{_ADMIN}/stays/{{id}}", "A stay, and what its cassette should hold"),
    Described("GET", f"{_ADMIN}/cases", "What needs a person", answer=PAGE,
              query=("state", "kind", "safe", *_AFTER)),
    Described("POST", f"{_ADMIN}/cases", "A person doubts a deposit", Doubted, status="201"),
    Described("GET", _CASE, "A case, and what was done"),
    Described("POST", f"{_CASE}/proposal", "One proposes", Proposed),
    Described("POST", f"{_CASE}/decision", "Another decides", Decision),
    Described("GET", f"{_ADMIN}/counterfeits", "Suspected counterfeits", answer=PAGE,
              query=("unreported", "due_until", *_AFTER)),
    Described("GET", f"{_ADMIN}/counterfeits/{{id}}", "One, with what the authorities are told"),
    Described("POST", f"{_ADMIN}/counterfeits/{{id}}/report", "It was told to them", Reported),
    Described("GET", f"{_ADMIN}/pickups", "Pick-up requests", answer=PAGE,
              query=("state", "safe", *_AFTER)),
    Described("POST", f"{_ADMIN}/pickups", "Ask for one", Asked, status="201"),
    Described("POST", f"{_PICKUP}/acceptance", "The courier comes"),
    Described("POST", f"{_PICKUP}/completion", "He was there"),
    Described("POST", f"{_PICKUP}/cancellation", "He need not come"),
    Described("POST", f"{_ADMIN}/statements",
              "A bank's statement (camt.053), compared with what was sent", answer=_TOLD,
              file="application/xml"),
    Described("GET", f"{_ADMIN}/statements", "Statements that were told", answer=PAGE,
              query=("iban", *_AFTER)),
    Described("POST", f"{_ADMIN}/comparisons", "What a bank has booked, compared", Wanted),
    Described("GET", _CERTIFICATES, "Certificates of devices", answer=PAGE,
              query=("terminal", "ending_before", *_AFTER)),
    Described("POST", _CERTIFICATES, "Issue one for a request", CertificateRequest, status="201"),
    Described("POST", f"{_CERTIFICATES}/renewals", "Renew one", Renewal, status="201"),
    Described("POST", f"{_CERTIFICATES}/adoptions", "Take one of another authority", Adoption,
              status="201"),
    Described("GET", f"{_CERTIFICATES}/crl", "What is revoked (RFC 5280)"),
    Described("GET", f"{_CERTIFICATES}/authority", "The authority's own certificate"),
    Described("POST", f"{_CERTIFICATES}/{{serial}}/revocation", "It is good no more", Revocation),
)
