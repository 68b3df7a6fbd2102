"""The write path of what concerns an original: lock it, decide by the table, write, move it on.

Knows the order of the statements; what an event does is settlement.py's. One transaction a batch:
tables first, originals in key order, then their rows, then the fences; the rows themselves go
through the one append.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import asyncpg
import msgspec

from authhost import parts
from authhost.journal.append import Appended, append, park, read_claims
from authhost.journal.entry import FENCED, LATE, NEW, PARKED, STALE_RULES, Entry, Result, Verdict
from authhost.journal.statements import statement
from authhost.model import Answer, Request
from authhost.parts import Shares
from authhost.settlement import Effect, Plan, Take, plan
from authhost.standing import Found, Leg, Meters, Whose, Windows, restored
from authhost.states import State
from authhost.streams import stream_of

_LOCK_TABLES: Final = "LOCK TABLE rules, fence IN ROW SHARE MODE"
_TOMBSTONE: Final = statement("originals_tombstone")
_LOCK: Final = statement("originals_lock")
_READ: Final = statement("originals_read")
_MOVE: Final = statement("originals_move")
_RULES: Final = statement("rules_share")
_FENCES: Final = statement("fences_share")


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """One event on its way to its original, with what was reserved for it."""

    request: Request
    original_key: str
    takes: tuple[Take, ...]
    answer: Callable[[Plan], tuple[Answer, bytes]]
    site_id: str
    merchant_id: str
    tombstones: tuple[str, ...]  # keys to claim with a decline where there is no original
    rules_version: int  # under which the terminal was looked at; 0: nothing hangs on it
    gives_up_us: int
    shares: Shares = ()  # of its goods, under the codes inside
    restores: str = ""  # the sale that may be returned again, where the event ends its return
    base: str = ""  # the hold that the original raises: they end together, or one after the other
    seen: tuple[int, int] = (0, 0)  # account and fence that a deposit was looked at under; 0: none

    @property
    def key(self) -> str:
        """The key of the event's own message."""
        return self.request.key


class Settled(msgspec.Struct, frozen=True):
    """What was written: the plan, the answer, and the fence under which each account is told."""

    plan: Plan
    answer: Answer
    answer_bytes: bytes
    fences: dict[int, int]


class SettledResult(Result, frozen=True):
    """A NEW verdict with what was written."""

    settled: Settled | None = None


MOVED = Result(Verdict.MOVED)


class Settle:
    """The work of the settle lane."""

    async def run(self, connection: asyncpg.Connection, items: list[Settlement]) -> list[Result]:
        """Write the batch; two events on one original in one batch: the second waits its turn."""
        ordered = sorted(items, key=lambda item: (item.original_key, item.key))
        results: dict[int, Result] = {}
        while ordered:
            batch: list[Settlement] = []
            rest: list[Settlement] = []
            seen: set[str] = set()
            for item in ordered:
                turn = {item.original_key, item.key, item.restores, item.base} - {""}
                (rest if turn & seen else batch).append(item)
                seen |= turn
            async with connection.transaction():
                done = await self._transaction(connection, batch)
            missing = [item for item in batch if id(item) not in done]
            known = await read_claims(connection, [_probe(item) for item in missing])
            for item in missing:
                claim = known.get(item.key) or known.get(item.request.alias)
                done[id(item)] = Result(Verdict.KNOWN, claim) if claim is not None else MOVED
            results |= done
            ordered = rest
        return [results[id(item)] for item in items]

    async def _transaction(self, connection: asyncpg.Connection,
                           batch: list[Settlement]) -> dict[int, Result]:
        """The results of what was decided here; what is not in it was known already."""
        await connection.execute(_LOCK_TABLES)
        found = await self._lock_originals(connection, batch)
        rules = await connection.fetchrow(_RULES)
        assert rules is not None, "there is one rules row, always"
        taken = await read_claims(connection, [_probe(item) for item in batch])
        accounts = {leg.whose.account_id for original in found.values()
                    for one in (original, *original.raises) for leg in one.legs}
        accounts |= {take.whose.account_id for item in batch for take in item.takes}
        accounts |= {item.seen[0] for item in batch if item.seen[1]}
        fences = {row["account_id"]: row["fence"] for row in await connection.fetch(
            _FENCES, sorted(account for account in accounts if account is not None))}

        results: dict[int, Result] = {}
        writes: list[tuple[Settlement, Settled, list[Entry]]] = []
        for item in batch:
            if item.key in taken or (item.request.alias and item.request.alias in taken):
                continue
            original = found.get(item.original_key)
            if any(found[key].state is not State.TOMBSTONE for key in item.tombstones):
                results[id(item)] = MOVED  # its original has come since it was looked for
                continue
            if item.rules_version not in {0, rules["version"]}:
                results[id(item)] = STALE_RULES
                continue
            made = plan(item.request, original, item.takes, item.shares) \
                if original is not None else None
            if original is None or made is None:
                results[id(item)] = MOVED
            elif item.seen[1] not in {0, fences.get(item.seen[0])} or any(
                    take.outcome.fence != fences.get(take.whose.account_id or 0)
                    for take in item.takes):
                results[id(item)] = FENCED
            else:
                answer, answer_bytes = item.answer(made)
                settled = Settled(made, answer, answer_bytes, fences)
                writes.append((item, settled, entries(item, original, settled, rules["version"])))
        done = await self._write(connection, writes, found)
        for item, settled, _ in writes:
            if item.key in done.late:
                results[id(item)] = LATE
            elif item.key in done.claimed:
                results[id(item)] = SettledResult(NEW.verdict, None, settled)
            elif done.rules_version != rules["version"]:
                results[id(item)] = STALE_RULES
        return results

    async def _lock_originals(self, connection: asyncpg.Connection,
                              batch: list[Settlement]) -> dict[str, Found]:
        wanted = sorted({key for item in batch for key in item.tombstones})
        fresh = set()
        if wanted:
            fresh = {row["key"] for row in await connection.fetch(_TOMBSTONE, wanted)}
        keys = sorted({item.original_key for item in batch}.union(
            wanted, {item.restores for item in batch if item.restores}))
        claims = await connection.fetch(_LOCK, keys)
        return await read_found(connection, claims, fresh)

    async def _write(self, connection: asyncpg.Connection,
                     writes: list[tuple[Settlement, Settled, list[Entry]]],
                     found: dict[str, Found]) -> Appended:
        ordered = sorted(writes, key=lambda write: write[0].key)
        done = await append(connection, [entry for _, _, rows in ordered for entry in rows]) \
            if ordered else Appended(frozenset(), frozenset(), 0)
        moves = [move for item, settled, _ in ordered if item.key in done.claimed - done.late
                 for move in _moves(item, settled.plan, found)]
        if moves:
            await connection.execute(_MOVE, *map(list, zip(*moves, strict=True)))
        return done

    async def park(self, connection: asyncpg.Connection, item: Settlement, why: str) -> Result:
        """Keep apart what PostgreSQL refuses."""
        await park(connection, _probe(item), why)
        return PARKED


def _moves(item: Settlement, made: Plan,
           found: dict[str, Found]) -> list[tuple[str, State, int, str]]:
    """The original's next state; with it those that raised it, or the sale that was returned."""
    original = found[item.original_key]
    stands = original.stands if made.stands is None else made.stands
    moves = [(original.key, made.state, made.remaining, stands)]
    if made.raises_end:
        moves += [(one.key, made.state, 0, "") for one in original.raises]
    sale = found.get(item.restores) if original.state is State.GIVEN else None
    if sale is not None and sale.state in {State.TAKEN, State.RETURNED}:
        moves.append((sale.key, State.TAKEN, sale.remaining + made.amount_minor,
                      restored(sale, original.legs)))
    return moves


async def read_found(connection: asyncpg.Connection, claims: list[asyncpg.Record],
                     fresh: set[str]) -> dict[str, Found]:
    """Originals with their legs and what raises them, by key."""
    rows = await connection.fetch(
        _READ, [claim["business_date"] for claim in claims],
        [claim["journal_id"] for claim in claims], [claim["key"] for claim in claims])
    legs: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        legs.setdefault(row["key"], []).append(row)
    found = {claim["key"]: _found(claim, legs.get(claim["key"], []), claim["key"] in fresh)
             for claim in claims}
    for key, one in found.items():
        sale = found.get(one.original_key) if one.state is State.GIVEN else None
        if sale is not None and sale.state is State.RETURNED:
            found[key] = msgspec.structs.replace(one, ended=True, counted=tuple(
                share.product for leg in sale.legs if leg.count > 0 for share in leg.shares))
    raises: dict[str, list[Found]] = {}
    for claim in claims:
        if claim["extends"] and claim["state"] == State.HOLD:
            raises.setdefault(claim["extends"], []).append(found[claim["key"]])
    for key, more in raises.items():
        if key in found:
            found[key] = msgspec.structs.replace(found[key], raises=tuple(more))
    return found


def _found(claim: asyncpg.Record, rows: list[asyncpg.Record], fresh: bool) -> Found:
    named = {}
    if rows:
        named = {name: rows[0][name] for name in
                 ("currency", "terminal_id", "merchant_id", "site_id", "pan_masked", "detail",
                  "original_key")}
    return Found(key=claim["key"], state=State(claim["state"]), remaining=claim["remaining"],
                 business_date=claim["business_date"], journal_id=claim["journal_id"],
                 legs=tuple(_leg(row) for row in rows), fresh=fresh, extends=claim["extends"] or "",
                 stands=claim["stands"], **named)


def _leg(row: asyncpg.Record) -> Leg:
    return Leg(row["kind"], Whose(**{name: row[name] for name in Whose.__struct_fields__}),
               Windows(row["day"], row["week"], row["month"], row["minute"]), row["money"],
               row["volume"], row["count"], row["amount_minor"], row["posted_minor"],
               parts.from_text(row["products"]), Meters(row["odometer"], row["engine_hours"]))


def _probe(item: Settlement) -> Entry:
    """The event's key as an entry without effect: to look it up, or to park it."""
    return _entry(item, Effect(item.request.kind), 0)


def entries(item: Settlement, original: Found, settled: Settled, rules_version: int) -> list[Entry]:
    """The rows of an event, leg by leg, under the fences that are locked now."""
    made = settled.plan
    stream = stream_of(item.request.kind, item.key,
                       original.legs[0].kind if original.legs else "", original.key)
    rows = []
    for number, effect in enumerate(made.effects):
        account_id = effect.whose.account_id
        fence = settled.fences.get(account_id, 0) if account_id is not None else 0
        row = _entry(item, effect, number)
        rows.append(row._replace(
            answer=settled.answer_bytes, state=made.own_state, remaining=made.own_remaining,
            approval_code=settled.answer.approval_code, approved=settled.answer.approved,
            action=made.action, reason=made.reason, amount_minor=made.amount_minor,
            flags=",".join((*item.request.flags, *made.flags)) if number == 0 else "",
            decided_ms=settled.answer.decided_at_ms, rules_version=rules_version, fence=fence,
            currency=item.request.currency or original.currency,
            merchant_id=item.merchant_id or original.merchant_id,
            site_id=effect.whose.site_id or item.site_id or original.site_id,
            pan_masked=original.pan_masked or row.pan_masked,
            detail=item.request.detail if item.request.detail != "{}" else original.detail,
            stream=stream))
    return rows


def _entry(item: Settlement, effect: Effect, leg: int) -> Entry:
    request, whose, windows = item.request, effect.whose, effect.windows
    deadline_us = 0 if request.advice else request.deadline_us
    return Entry(
        request.key, leg, request.fingerprint, None, request.door, State.NOTED, 0, 0, "",
        request.alias, effect.kind, False, "", "", request.amount_minor, 0, effect.posted_minor,
        request.currency, request.terminal_id, item.merchant_id, item.site_id, item.original_key,
        "", request.card.pan_masked if request.card else "", 0, 0, deadline_us,
        whose.account_id, 0, whose.card_id, whose.vehicle_id, whose.driver_id, windows.day,
        windows.week, windows.month, effect.money, effect.volume, effect.count, request.detail, 0,
        windows.minute, parts.to_text(effect.shares), whose.subaccount_id, whose.second_card_id,
        effect.meters.odometer, effect.meters.engine_hours)
