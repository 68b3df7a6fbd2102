"""The functions in Valkey against a model in plain Python, through loss and the turn of windows."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authhost.asks import Ask
from authhost.counters import Limit, unpack_slots
from authhost.packing import Holder, View, pack_view, zone_offsets
from authhost.state.accounts import Accounts, GiveBack, Stale
from tests.support.portfolio import DAY, rules
from tests.support.windows import WINDOWS, Counters, allowed, windows_of

DAY_US = 86_400_000_000
ZONES = ("UTC", "Europe/Paris", "Pacific/Auckland", "America/St_Johns")
_ids = itertools.count(30_000_001)  # far from those of the portfolios
limit = st.tuples(st.sampled_from(["transaction", *WINDOWS]),
                  st.sampled_from(["money", "volume", "count"]), st.integers(0, 12))
steps = st.lists(st.one_of(
    st.tuples(st.just("take"), st.integers(0, 1), st.integers(0, 9), st.integers(0, 9),
              st.sampled_from(["", "partial", "force"])),
    st.tuples(st.just("take"), st.integers(0, 1), st.integers(1, 4), st.integers(0, 4),
              st.just("")),
    st.tuples(st.just("give_back"), st.integers(0, 9)),
    st.tuples(st.just("later"), st.sampled_from([1, 3, 7, 31])),
    st.tuples(st.just("lose")),
    st.tuples(st.just("tell")),
), min_size=3, max_size=16)


def code_of(window, measure):
    """A counter's code, as authhost/counters.py says it."""
    kinds = {"day": 1, "week": 2, "month": 3, "quarter": 4, "year": 5, "total": 6}
    return kinds[window] * 4 + {"money": 1, "volume": 2, "count": 3}[measure]


class Skewed:
    """A clock that runs ahead."""

    def __init__(self):
        self.us = 0

    def skew_us(self):
        return self.us


class Case:
    """One account with two cards, in Valkey, in the journal, and in the model."""

    def __init__(self, rig, zone, limits):
        self.rig, self.zone, self.limits = rig, zone, limits
        self.account_id = next(_ids)
        self.cards = [self.account_id * 2, self.account_id * 2 + 1]
        rig.run(self._open())
        self.clock = Skewed()
        self.accounts = Accounts(rig.host.state, rig.host.sums, self.clock)
        self.offsets = zone_offsets(zone, rig.settings.clock.now())
        self.fence = 1
        self.model = {"a": Counters()} | {f"c{card}": Counters() for card in self.cards}
        self.done = []

    async def _open(self):
        async with self.rig.host._pool.acquire() as connection:
            await connection.execute(OPEN, self.account_id, rules(self.limits[0]))
            for card in self.cards:
                await connection.execute(CARD, card, self.account_id, rules(self.limits[1]))

    def view(self, card):
        holders = (Holder("account", "a", tuple(Limit(*one) for one in self.limits[0])),
                   Holder("card", f"c{card}", tuple(Limit(*one) for one in self.limits[1])))
        return pack_view(View(fence=self.fence, account_status="active", holders=holders,
                              offsets=self.offsets))

    def counted(self, card):
        """Which of the account's and the card's fields have limits in a window."""
        return [field for field, rows in zip(("a", f"c{card}"), self.limits, strict=True)
                if any(window != "transaction" for window, _, _ in rows)]

    async def take(self, at, money, volume, how):
        card = self.cards[at]
        for _ in range(4):
            try:
                outcome = await self.accounts.reserve(
                    self.account_id, self.fence, self.view(card),
                    Ask(money=money, volume=volume, partial_ok=how == "partial"), site="",
                    force=how == "force")
                break
            except Stale:
                self.fence = await self._fence()
        now = windows_of(outcome.decided_at_ms, self.zone)
        assert (outcome.day, outcome.week, outcome.month) == now
        most = self._allowed(card, (money, volume, 1), now)
        assert outcome.status == self._expected(most, money, how)
        if outcome.status == "declined":
            return
        amounts = (outcome.amount_minor, outcome.volume_ml, outcome.count)
        if outcome.status == "partial":
            assert amounts == (most, volume * most // money, 1)
        else:
            assert amounts == (money, volume, 1)
        for field in self.counted(card):
            self.model[field].roll(now)
            self.model[field].add(amounts, 1)
        await self._row(card, now, amounts, 1)
        self.accounts.settled(self.account_id, outcome.fence, outcome.reservation)
        self.done.append((card, now, amounts))

    def _allowed(self, card, amounts, now):
        scopes = zip(("a", f"c{card}"), self.limits, strict=True)
        most = amounts[0]
        for field, rows in scopes:
            if field in self.counted(card):
                self.model[field].roll(now)
            most = min(most, allowed(rows, self.model[field], amounts))
        return most

    @staticmethod
    def _expected(most, money, how):
        if how == "force" or most >= money:
            return "approved"
        return "partial" if how == "partial" and most > 0 else "declined"

    async def give_back(self, at):
        if not self.done:
            return
        card, now, amounts = self.done.pop(at % len(self.done))
        await self._row(card, now, amounts, -1)
        await self.accounts.give_back(GiveBack(
            self.account_id, self.fence, tuple(self.counted(card)), *now, *amounts))
        for field in self.counted(card):
            self.model[field].add(amounts, -1, now)

    async def later(self, days):
        self.clock.us += days * DAY_US

    async def lose(self):
        await self.rig.host.state.call("DEL", f"{{{self.account_id}}}")

    async def tell(self):
        await self.accounts.flush_settled()

    async def agrees(self):
        """Every field that is there holds what the model holds; a window that only the model has
        turned is empty there."""
        counted = {*self.counted(self.cards[0]), *self.counted(self.cards[1])}
        for field, model in self.model.items():
            packed = await self.rig.host.state.call("HGET", f"{{{self.account_id}}}", field)
            if packed is None or field not in counted:
                continue
            limits = self.limits[0] if field == "a" else self.limits[1]
            held = {code: (window, value) for code, window, value in unpack_slots(packed)}
            for window, measure, _ in limits:
                if window == "transaction":
                    continue
                now, value = model.of(window, measure)
                at, stands = held.get(code_of(window, measure), (now, 0))
                assert at <= now
                assert (stands if at == now else 0) == value

    async def _fence(self):
        async with self.rig.host._pool.acquire() as connection:
            return await connection.fetchval("SELECT fence FROM fence WHERE account_id = $1",
                                             self.account_id)

    async def _row(self, card, now, amounts, sign):
        async with self.rig.host._pool.acquire() as connection:
            await connection.execute(ROW, DAY, f"{self.account_id}", self.account_id, self.fence,
                                     card, *now, *(sign * amount for amount in amounts))


LAST = [("take", 0, 1, 1, "force"), ("take", 1, 1, 1, "force"), ("lose",),
        ("take", 0, 1, 1, "force"), ("take", 1, 1, 1, "force")]
OPEN = """
WITH opened AS (
    INSERT INTO account (account_id, kind, name, currency, limits)
    VALUES ($1, 'fleet', 'F', 'EUR', $2::text::jsonb)
    RETURNING account_id
)
INSERT INTO fence (account_id) SELECT account_id FROM opened
"""
CARD = """
INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, limits)
VALUES ($1, $2, int8send($1), '', '3012', $3::text::jsonb)
"""
ROW = """
INSERT INTO journal SELECT $1, nextval('journal_id'), $2, 0, 'sale', true, '000', 'approved', '',
    0, 0, 0, 'EUR', 'T', 'M', '', '', '', '', now(), now(), 1, $3, $4, $5, NULL, NULL,
    $6, $7, $8, $9, $10, $11, '{}'
"""


@pytest.mark.invariant(1)
@pytest.mark.invariant(12)
@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(zone=st.sampled_from(ZONES), account=st.lists(limit, max_size=2),
       card=st.lists(limit, min_size=1, max_size=3), sequence=steps)
def test_the_functions_count_as_the_model_does(rig, zone, account, card, sequence):
    case = Case(rig, zone, (account, card))

    async def play():
        # At last everything is lost once more: what the journal sums to is what was there.
        for name, *values in [*sequence, *LAST]:
            await getattr(case, name)(*values)
            await case.agrees()

    rig.run(play())


def test_a_fence_that_has_moved_tells_nothing(rig):
    case = Case(rig, "UTC", ([("total", "money", 10)], []))

    async def play():
        await case.take(0, 5, 0, "")
        await case.accounts.give_back(GiveBack(case.account_id, case.fence - 1, ("a",), 0, 0, 0,
                                               5, 0, 1))
        await case.agrees()
        assert await rig.host.state.call(
            "FCALL", "authhost_install", 1, f"{{{case.account_id}}}", case.fence,
            b"") == 0
        await case.agrees()

    rig.run(play())
