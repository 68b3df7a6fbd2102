"""Wrong PINs in the account's state against a model: loss, rows that fail, and unlocking."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from authhost.asks import Ask
from authhost.counters import Limit
from authhost.packing import Holder, View, pack_view, zone_offsets
from authhost.reservations import Reservations
from authhost.settlement import Take
from authhost.standing import Whose
from authhost.state.accounts import Accounts, Stale
from tests.support.portfolio import DAY

TRIES = 3
RIGHT, WRONG = 1, 2
_ids = itertools.count(40_000_001)
# (right or wrong, whether a row is written, whether a limit speaks against it)
attempt = st.tuples(st.just("attempt"), st.sampled_from([RIGHT, WRONG, WRONG]), st.booleans(),
                    st.booleans())
steps = st.lists(st.one_of(attempt, attempt, st.tuples(st.just("lose")),
                           st.tuples(st.just("unlock")), st.tuples(st.just("plain"))),
                 min_size=3, max_size=20)


class Case:
    """One card in Valkey, in the journal and in the model: a number of tries."""

    def __init__(self, rig):
        self.rig = rig
        self.account_id = next(_ids)
        self.fence = 1
        self.model = 0
        self.accounts = Accounts(rig.host.state, rig.host.sums, rig.settings.clock)
        self.reservations = Reservations(rig.host.views, self.accounts, rig.settings.clock)
        rig.sql("INSERT INTO account (account_id, kind, name, currency)"
                " VALUES ($1, 'fleet', 'F', 'EUR')", self.account_id)
        rig.sql("INSERT INTO fence (account_id) VALUES ($1)", self.account_id)
        rig.sql("INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry)"
                " VALUES ($1, $1, $2, '', '3012')", self.account_id,
                self.account_id.to_bytes(32))
        self.offsets = zone_offsets("UTC", rig.settings.clock.now())

    def view(self):
        holder = Holder("account", "a", (Limit("transaction", "money", 10),))
        return pack_view(View(fence=self.fence, account_status="active", holders=(holder,),
                              offsets=self.offsets, pin_field=f"p{self.account_id}",
                              pin_tries=TRIES))

    async def reserve(self, pin, money):
        for _ in range(4):
            try:
                return await self.accounts.reserve(self.account_id, self.fence, self.view(),
                                                   Ask(money=money), site="", pin=pin)
            except Stale:
                self.fence = await self._fence()
        raise AssertionError("the account does not come to rest")

    async def attempt(self, pin, written, over_limit):
        outcome = await self.reserve(pin, 11 if over_limit else 1)
        locked = self.model >= TRIES
        if pin == WRONG or locked:
            last = locked or self.model + 1 >= TRIES
            assert (outcome.status, outcome.reason) == (
                "declined", "pin_tries" if last else "pin_wrong")
        else:
            assert outcome.status == ("declined" if over_limit else "approved")
        effect = 0 if locked else 1 if pin == WRONG else -self.model
        assert outcome.pin_tries == effect
        # A declined row without a try has nothing to hold; all others hold until their row.
        assert bool(outcome.reservation) == (outcome.status == "approved" or effect != 0)
        if not written:
            await self.reservations.release(self._take(outcome), self.account_id)
            return
        self.model += effect
        await self._row(outcome)
        if effect < 0:
            await self.reservations.forgive(_View(self), outcome)
        elif outcome.reservation:
            self.accounts.settled(self.account_id, outcome.fence, outcome.reservation)

    def _take(self, outcome):
        return Take(Whose(self.account_id, self.account_id), outcome)

    async def plain(self):
        """A message without a PIN neither counts nor is stopped by a locked one."""
        outcome = await self.reserve(0, 1)
        assert (outcome.status, outcome.pin_tries) == ("approved", 0)
        await self.reservations.release(self._take(outcome), self.account_id)

    async def lose(self):
        await self.rig.host.state.call("DEL", f"{{{self.account_id}}}")

    async def unlock(self):
        async with self.rig.host._pool.acquire() as connection:
            await connection.execute(
                "WITH raised AS (UPDATE fence SET fence = fence + 1 WHERE account_id = $1"
                " RETURNING fence) UPDATE card SET pin_reset_fence = raised.fence FROM raised"
                " WHERE card_id = $1", self.account_id)
        self.fence = await self._fence()
        self.model = 0

    async def _fence(self):
        async with self.rig.host._pool.acquire() as connection:
            return await connection.fetchval("SELECT fence FROM fence WHERE account_id = $1",
                                             self.account_id)

    async def _row(self, outcome):
        async with self.rig.host._pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO journal SELECT $1, nextval('journal_id'), 'pin', 0, 'sale', true,"
                " '000', 'approved', '', 0, 0, 0, 'EUR', 'T', 'M', '', '', '', '', now(), now(),"
                " 1, $2, $3, $2, NULL, NULL, $4, $5, $6, $7, 0, $8, '{}', $9", DAY,
                self.account_id, outcome.fence, outcome.day, outcome.week, outcome.month,
                outcome.amount_minor, outcome.count, outcome.pin_tries)


class _View:
    """What Reservations.forgive reads of a view."""

    def __init__(self, case):
        self.account_id = self.card_id = case.account_id


LAST = [("attempt", WRONG, True, False), ("attempt", RIGHT, True, False), ("lose",),
        ("attempt", WRONG, True, False)]


@pytest.mark.invariant(12)
@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=steps)
@example(sequence=[("attempt", WRONG, True, False)] * 3 + [("lose",)])
@example(sequence=[("attempt", WRONG, True, False)] * 2 + [("attempt", RIGHT, False, False)])
def test_tries_are_what_the_rows_say(rig, sequence):
    case = Case(rig)

    async def play():
        for name, *values in [*sequence, *LAST]:
            await getattr(case, name)(*values)

    rig.run(play())


def test_two_right_ones_at_once_forgive_once(rig):
    case = Case(rig)

    async def play():
        await case.attempt(WRONG, True, False)
        await case.attempt(WRONG, True, False)
        first, second = await case.reserve(RIGHT, 1), await case.reserve(RIGHT, 1)
        assert (first.pin_tries, second.pin_tries) == (-2, 0)
        # A wrong one between a right one's reservation and its row counts on the old tries.
        third = await case.reserve(WRONG, 1)
        assert (third.reason, third.pin_tries) == ("pin_tries", 1)
        await case._row(first)
        await case.reservations.forgive(_View(case), first)
        await case._row(third)
        case.accounts.settled(case.account_id, third.fence, third.reservation)
        case.model = 1
        await case.attempt(WRONG, True, False)
        await case.lose()
        await case.attempt(RIGHT, True, False)

    rig.run(play())


@pytest.mark.invariant(3)
def test_no_two_tries_are_decided_in_one_millisecond(rig):
    """By it a host tells its own row from the same message's through another host."""
    cases = [Case(rig) for _ in range(12)]

    async def play():
        for case in cases:
            await case.attempt(RIGHT, True, False)
            tried = await asyncio.gather(case.reserve(WRONG, 1), case.reserve(WRONG, 1))
            assert tried[0].decided_at_ms != tried[1].decided_at_ms

    rig.run(play())
