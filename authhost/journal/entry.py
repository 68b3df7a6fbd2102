"""One row of the journal with its claim, in the order of append.sql.

Knows the columns, nothing of connections. What a verdict is stands here too.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NamedTuple

import msgspec


class Entry(NamedTuple):
    """What append.sql takes, column by column. Money in minor units, volume in millilitres."""

    key: str
    leg: int
    fingerprint: bytes
    answer: bytes | None
    door: str
    state: int
    remaining: int
    expires_us: int  # 0: never
    approval_code: str
    alias: str  # '' where there is no Idempotency-Key
    kind: str
    approved: bool
    action: str
    reason: str
    requested_minor: int
    amount_minor: int
    posted_minor: int
    currency: str
    terminal_id: str
    merchant_id: str
    site_id: str
    original_key: str
    flags: str
    pan_masked: str
    decided_ms: int
    rules_version: int
    deadline_us: int  # real time; 0: an advice or a decline is never late
    account_id: int | None
    fence: int
    card_id: int | None
    vehicle_id: int | None
    driver_id: int | None
    day: int
    week: int
    month: int
    money: int
    volume: int
    number: int  # of messages: what limits of count are about
    detail: str
    pin_tries: int = 0  # +1 a wrong PIN, minus what a right one sets back
    minute: int = 0
    products: str = ""  # shares of the products, see authhost/parts.py
    subaccount_id: int | None = None
    second_card_id: int | None = None
    odometer: int | None = None
    engine_hours: int | None = None
    extends: str = ""  # the open hold that this one raises
    stream: str = ""  # whose open day dates it: authhost/streams.py; without one it is refused


class Claim(msgspec.Struct, frozen=True):
    """What stands under a key: the first answer, and the decision for another door."""

    key: str
    fingerprint: bytes
    answer: bytes | None
    door: str
    state: int
    refers_to: str | None
    action: str | None  # None: a tombstone has no journal row
    reason: str | None
    amount_minor: int | None
    approval_code: str | None
    decided_at: datetime | None
    flags: str | None


class Verdict(Enum):
    """What became of a row that was appended."""

    NEW = "new"
    KNOWN = "known"
    FENCED = "fenced"
    LATE = "late"
    STALE_RULES = "stale_rules"
    MOVED = "moved"  # its original is no longer as it was read: read it again
    PARKED = "parked"


class Result(msgspec.Struct, frozen=True):
    """A verdict, and the claim that stands where the key was known."""

    verdict: Verdict
    claim: Claim | None = None


NEW = Result(Verdict.NEW)
FENCED = Result(Verdict.FENCED)
LATE = Result(Verdict.LATE)
STALE_RULES = Result(Verdict.STALE_RULES)
PARKED = Result(Verdict.PARKED)


class JournalUnavailable(Exception):
    """The journal is away, or the row's deadline passed while its outcome was unknown."""
