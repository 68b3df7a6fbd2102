"""How a client wants to be credited and billed: master data as a run keeps it.

PURE. What cannot be read is as if it were not there: a typing error in one client's posting logic
holds up nobody's credit.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from clearing.details import read_json

_BY: Final = frozenset({"safe", "deposit", "client"})
_EVERY_DAY: Final = frozenset(range(1, 8))


class Client(msgspec.Struct, frozen=True):
    """by: one credit a safe, a deposit, or for all. reference: its own text, '' for ours. days: of
    whose nights it is credited, 1 is Monday."""

    by: str = "safe"
    reference: str = ""
    fees: Literal["net", "invoice"] = "net"  # taken off the next credit, or owed
    billing: Literal["daily", "weekly", "monthly"] = "daily"
    currency: str = ""  # that its fees are in
    bank_id: str = ""
    time_zone: str = "UTC"
    days: frozenset[int] = _EVERY_DAY


class _Stored(msgspec.Struct, frozen=True):
    posting: object = None
    billing: object = "daily"
    currency: str = ""
    bank_id: str | None = None
    time_zone: str = "UTC"


def parse_client(content: str | None) -> Client:
    """From a row of clearing_party; what a client is by default where there is none."""
    stored = (read_json(content, _Stored) if content is not None else None) or _Stored()
    posting = stored.posting if isinstance(stored.posting, dict) else {}
    by, reference = posting.get("by"), posting.get("reference")
    billing = stored.billing
    return Client(
        by=by if by in _BY else "safe",
        reference=reference if isinstance(reference, str) else "",
        fees="invoice" if posting.get("fees") == "invoice" else "net",
        billing="weekly" if billing == "weekly" else "monthly" if billing == "monthly" else "daily",
        currency=stored.currency, bank_id=stored.bank_id or "", time_zone=stored.time_zone,
        days=_days(posting.get("days")))


def _days(told: object) -> frozenset[int]:
    days = _EVERY_DAY.intersection(told) if isinstance(told, list) and all(
        isinstance(day, int) for day in told) else frozenset()
    return days or _EVERY_DAY
