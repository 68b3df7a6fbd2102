"""Views: what decides about a card, an account, a terminal, as of one fence or rules version.

Cached in the process with a bound. A view is never trusted for being fresh: its fence or version
travels with the request, and the state and the commit compare it.
"""

from __future__ import annotations

from datetime import date

import asyncpg
import msgspec

from authhost import limits
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Reads
from authhost.packing import PIN_FIELD, SCOPES, decode_limits, expiry_month, pack_view, zone_offsets


class Means(msgspec.Struct, frozen=True):
    """By what a card and its holder are proved: the program's rules, the card's own values."""

    program_id: str
    pin_method: str  # 'none', 'pvv', 'ibm3624'
    pin_value: str
    pvki: int
    decimalization: str
    pin_required: bool
    pin_tries: int
    cvv: bool
    scheme: str  # of the chip's cryptogram; '' where the card has no chip
    chip_required: bool
    psn: str


class AccountView(msgspec.Struct, frozen=True):
    """An account, or a card with its account, under one fence. packed: for the functions."""

    account_id: int
    kind: str
    currency: str
    fence: int
    packed: bytes
    fields: tuple[str, ...]  # all counters that its rows move
    card_id: int | None = None
    vehicle_id: int | None = None
    driver_id: int | None = None
    expiry: str = ""
    plate: str | None = None
    driver_name: str | None = None
    means: Means | None = None


class TerminalView(msgspec.Struct, frozen=True):
    """A terminal with its merchant under one rules version; `known` is False for a stranger."""

    rules_version: int
    business_date: date
    known: bool
    terminal_id: str
    kind: str = ""
    acquirer_id: str = ""
    merchant_id: str = ""
    merchant_name: str = ""
    merchant_account_id: int | None = None
    site_id: str = ""
    account_id: int | None = None
    partial_approval: bool = False
    mac_required: bool = False
    status: str = ""
    merchant_status: str = ""


class Views:
    """The process's caches, and how they are filled."""

    def __init__(self, reads: Reads, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock
        self.cards: Bounded[bytes, AccountView] = Bounded(limits.CARD_VIEWS)
        self.accounts: Bounded[int, AccountView] = Bounded(limits.ACCOUNT_VIEWS)
        self.terminals: Bounded[str, TerminalView] = Bounded(limits.TERMINAL_VIEWS)
        self._offsets: dict[str, list[int]] = {}

    async def card(self, pan_hmac: bytes) -> AccountView | None:
        """The view of a card, loaded now; None for a card that nobody knows."""
        row = await self._reads.card_view(pan_hmac)
        if row is None:
            self.cards.pop(pan_hmac, None)
            return None
        view = self._card(row)
        self.cards.put(pan_hmac, view)
        return view

    async def account(self, account_id: int) -> AccountView:
        """The view of an account alone, loaded now."""
        row = await self._reads.account_view(account_id)
        if row is None:
            raise JournalUnavailable(f"there is no account {account_id}")
        view = self._account(row)
        self.accounts.put(account_id, view)
        return view

    async def terminal(self, terminal_id: str) -> TerminalView:
        """The view of a terminal, loaded now. A newer rules version empties the cache."""
        row = await self._reads.terminal_view(terminal_id)
        known = row["terminal_id"] is not None
        values = {name: row[name] for name in row.keys()  # noqa: SIM118  # a Record is no dict
                  if name not in {"version", "business_date", "terminal_id"}} if known else {}
        view = TerminalView(rules_version=row["version"], business_date=row["business_date"],
                            known=known, terminal_id=terminal_id, **values)
        if any(other.rules_version != view.rules_version
               for other in list(self.terminals.values())[:1]):
            self.terminals.clear()
        self.terminals.put(terminal_id, view)
        return view

    async def cached_account(self, account_id: int) -> AccountView:
        """The view of an account that is at hand, loaded where there is none."""
        return self.accounts.get(account_id) or await self.account(account_id)

    async def cached_terminal(self, terminal_id: str) -> TerminalView:
        """The view of a terminal that is at hand, loaded where there is none."""
        return self.terminals.get(terminal_id) or await self.terminal(terminal_id)

    def _card(self, row: asyncpg.Record) -> AccountView:
        scopes = {
            "account": decode_limits(row["account_limits"]),
            "card": decode_limits(row["card_limits"]),
            "vehicle": decode_limits(row["vehicle_limits"] or "[]"),
            "driver": decode_limits(row["driver_limits"] or "[]"),
        }
        ids = {"card": row["card_id"], "vehicle": row["vehicle_id"], "driver": row["driver_id"]}
        fields = {"account": SCOPES["account"]} | {
            scope: f"{SCOPES[scope]}{number}" for scope, number in ids.items() if number}
        means = Means(**{name: row[name] for name in Means.__struct_fields__}) \
            if row["program_id"] is not None else None
        counts_pin = means is not None and means.pin_method != "none"
        packed = pack_view(
            fence=row["fence"], account_status=row["account_status"], card_status=row["status"],
            expiry_month=expiry_month(row["expiry"]), products=row["products"],
            sites=row["sites"], hours=row["hours"],
            scopes={scope: rows for scope, rows in scopes.items() if scope in fields},
            fields=fields, offsets=self._zone(row["time_zone"]),
            pin_field=f"{PIN_FIELD}{row['card_id']}" if counts_pin else "",
            pin_tries=row["pin_tries"] or 0)
        return AccountView(row["account_id"], row["kind"], row["currency"], row["fence"], packed,
                           tuple(fields.values()), row["card_id"], row["vehicle_id"],
                           row["driver_id"], row["expiry"], row["plate"], row["driver_name"],
                           means)

    def _account(self, row: asyncpg.Record) -> AccountView:
        packed = pack_view(
            fence=row["fence"], account_status=row["account_status"], card_status="active",
            expiry_month=0, products=None, sites=None, hours=None,
            scopes={"account": decode_limits(row["account_limits"])},
            fields={"account": SCOPES["account"]}, offsets=self._zone(row["time_zone"]))
        return AccountView(row["account_id"], row["kind"], row["currency"], row["fence"], packed,
                           (SCOPES["account"],))

    def _zone(self, name: str) -> list[int]:
        offsets = self._offsets.get(name)
        if offsets is None:
            offsets = self._offsets[name] = zone_offsets(name, self._clock.now())
        return offsets
