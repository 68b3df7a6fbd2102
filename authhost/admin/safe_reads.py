"""What is read of safes for people: how they are, alarms, deposits and their life, totals of a day.

Knows statements and scopes. 1. Each statement is given the actor's scope. 2. What a role may not
see of a row is left out of it, and no filter may ask for it: an answer to "more than 5,000?" is
an amount. 3. Of a shared safe a client sees his own deposits, and the pieces of all: it is full
for everybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import asyncpg
import msgspec

from authhost.admin import pages
from authhost.admin.access import Actor, Role, allow, may
from authhost.admin.journal_reads import day_of, horizon, instant_of, within_days
from authhost.admin.refusals import Unknown
from authhost.admin.statements import statement
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.translate.json_door import key_of, public_id

_EQUAL: Final[Mapping[str, str]] = {
    "account_id": "d.account_id", "bank_id": "d.bank_id", "terminal_id": "d.terminal_id",
    "site_id": "t.site_id", "state": "d.state", "credit": "d.credit", "kind": "d.kind",
    "currency": "d.currency", "cassette_id": "y.cassette_id",
    "shift": "j.detail ->> 'shift'", "depositor": "j.detail ->> 'depositor'",
    "reference": "j.detail ->> 'reference'"}
_NEEDS: Final[Mapping[str, str]] = {
    "account_id": "deposit.amounts", "currency": "deposit.amounts",
    "reference": "deposit.amounts", "least_minor": "deposit.amounts",
    "most_minor": "deposit.amounts", "depositor": "deposit.names"}
_OPEN: Final = ("business_date", "terminal_id", "site_id", "kind", "recorded_at", "state",
                "credit", "bank_id", "rail", "tries", "sent_at", "answered_at", "bank_reason",
                "cassette_id", "sequence")
_AMOUNTS: Final = ("account_id", "currency", "amount_minor", "notes", "coins", "approval_code",
                   "run_id")
_TOLD_OPEN: Final = ("shift", "local_time", "rejected")
_TOLD_AMOUNTS: Final = ("client", "account", "denominations", "suspects", "reference_model",
                        "reference", "receipt", "cheque", "envelope")
_TOLD_NAMES: Final = ("depositor", "order")


class Deposits(msgspec.Struct, frozen=True, kw_only=True):
    """Which deposits. Business dates, both included; None and '' are any."""

    first: date
    last: date
    account_id: int | None = None
    bank_id: str = ""
    terminal_id: str = ""
    site_id: str = ""
    state: str = ""
    credit: str = ""
    kind: str = ""
    currency: str = ""
    cassette_id: str = ""
    shift: str = ""
    depositor: str = ""
    reference: str = ""
    least_minor: int | None = None
    most_minor: int | None = None
    withheld: bool = False  # those alone


class SafeReads:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def status(self, actor: Actor, asked: Mapping[str, str], after: str,
                     most: int) -> tuple[list[dict[str, Any]], str | None]:
        """How safes are now, by their ids, and the cursor of the next page.

        asked: site, courier, safe, state ('blocked', 'off', 'silent', 'alarm', 'full', 'ok').
        """
        allow(actor, "safe.read")
        place = pages.place_of(after, str)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("safe_status"), actor.account_id, actor.bank_id, actor.courier_id,
                self._clock.now(), asked.get("site", ""), asked.get("courier", ""),
                asked.get("safe", ""), asked.get("state", ""), place[0] if place else "", most)
        return [_status(actor, row) for row in rows], pages.following(rows, most, "terminal_id")

    async def alarms(self, actor: Actor, terminal_id: str, severity: str, after: str,
                     most: int) -> tuple[list[dict[str, Any]], str]:
        """Alarms in the order of their recording, and where to go on. Misses none.

        state: 'happened' at the safe, by its own word; 'raised' and 'cleared' as the host sees it.

        As the feed of exceptions does: told once no older writing transaction is open.
        """
        allow(actor, "alarm.read")
        place = pages.place_of(after, str, str, int)
        async with Borrowed(self._pool) as connection:
            until = await horizon(connection)
            rows = await connection.fetch(
                statement("safe_alarms"), actor.account_id, actor.courier_id, terminal_id,
                severity, instant_of(place[0]) if place else None, place[1] if place else "",
                place[2] if place else 0, until, most)
        found = []
        for row in rows:
            one = dict(row.items())
            detail = one.pop("detail")
            if detail is not None:  # seen by the host: none of the safe's own numbers
                one |= {"sequence": None, "detail": json.loads(detail)}
            if not _sees_words(actor):
                del one["text"]  # a device's own words: a name or an amount may be in them
            found.append(one)
        if rows:
            last = rows[-1]
            after = pages.cursor_of(last["recorded_at"].isoformat(), last["terminal_id"],
                                    last["sequence"])
        return found, after

    async def deposits(self, actor: Actor, wanted: Deposits, after: str,
                       most: int) -> tuple[list[dict[str, Any]], str | None]:
        """A page of deposits, the newest first, and the cursor of the next. Refused."""
        allow(actor, "deposit.read")
        within_days(wanted.first, wanted.last)
        for name, action in _NEEDS.items():
            if getattr(wanted, name) not in {None, ""}:
                allow(actor, action)
        place = pages.place_of(after, str, int)
        conditions, values = _conditions(wanted)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("deposits", conditions=conditions), wanted.first, wanted.last,
                day_of(place[0]) if place else None, place[1] if place else None, most,
                actor.account_id, actor.bank_id, *values)
        return [_deposit(actor, row) for row in rows], \
            pages.following(rows, most, "business_date", "journal_id")

    async def deposit(self, actor: Actor, identity: str) -> dict[str, Any]:
        """One deposit with each change of its state and credit, the first first. Unknown."""
        allow(actor, "deposit.read")
        key = key_of(identity)
        row = None
        if key and key.isprintable():
            async with Borrowed(self._pool) as connection:
                row = await connection.fetchrow(statement("deposit_read"), key, actor.account_id,
                                                actor.bank_id)
                changes = await connection.fetch(statement("deposit_changes"), key)
        if row is None:
            raise Unknown("there is no such deposit", "id")
        shown = [dict(change.items()) for change in changes]
        if not may(actor, "deposit.names"):
            for one in shown:
                del one["who"], one["why"]
        return _deposit(actor, row) | {"changes": shown}

    async def totals(self, actor: Actor, first: date, last: date,
                     terminal_id: str) -> list[dict[str, Any]]:
        """What each safe took by business date, kind and currency; what it told at its day's end.

        told: the safe's own totals, to those who see all of its clients.
        """
        allow(actor, "safe.total")
        within_days(first, last)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("safe_totals"), first, last, actor.account_id,
                                          actor.bank_id, terminal_id)
            told = await connection.fetch(statement("safe_totals_told"), first, last,
                                          terminal_id) if actor.scope is None else []
        ends = {(row["terminal_id"], row["business_date"]): row for row in told}
        found = []
        for row in rows:
            end = ends.get((row["terminal_id"], row["business_date"]))
            found.append(dict(row.items()) | ({} if end is None else {
                "told": json.loads(end["totals"]), "told_at": end["recorded_at"]}))
        return found


def _conditions(wanted: Deposits) -> tuple[str, list[Any]]:
    """What was asked for as conditions, and their values from the eighth parameter on."""
    parts, values = ["d.withheld <> ''"] if wanted.withheld else [], []
    for name, column in _EQUAL.items():
        value = getattr(wanted, name)
        if value not in {None, ""}:
            values.append(value)
            parts.append(f"{column} = ${len(values) + 7}")
    for name, sign in (("least_minor", ">="), ("most_minor", "<=")):
        if getattr(wanted, name) is not None:
            values.append(getattr(wanted, name))
            parts.append(f"d.amount_minor {sign} ${len(values) + 7}")
    return " AND ".join(parts) or "true", values


def _deposit(actor: Actor, row: asyncpg.Record) -> dict[str, Any]:
    """A deposit as this role sees it."""
    told = json.loads(row["detail"])
    columns, parts = [*_OPEN], [*_TOLD_OPEN]
    if may(actor, "deposit.amounts"):
        columns += _AMOUNTS
        parts += _TOLD_AMOUNTS
    if may(actor, "deposit.names"):
        parts += _TOLD_NAMES
    found = {"id": public_id(row["key"]), **{name: row[name] for name in columns},
             "withheld": [reason for reason in row["withheld"].split(",") if reason]}
    return found | {name: told[name] for name in parts if name in told}


def _status(actor: Actor, row: asyncpg.Record) -> dict[str, Any]:
    """A safe's state: fill in percent by the host's count and by the safe's own word."""
    found = dict(row.items())
    own = found["fill"] = json.loads(row["fill"])
    shares = []
    for kind in ("notes", "coins"):
        capacity, word = row[f"{kind[:-1]}_capacity"], own.get(kind)
        pieces = max(row[kind], word if isinstance(word, int) else 0)
        if capacity:
            shares.append(pieces * 100 // capacity)
    found["percent"] = max(shares, default=None)
    amounts = json.loads(found.pop("amounts"))
    if may(actor, "deposit.amounts"):
        found["amounts"] = amounts
    return found


def _sees_words(actor: Actor) -> bool:
    return actor.role != Role.MONITORING
