"""The account's state in Redis, seen from the host: reserve, give back, hydrate what is missing.

Knows the functions and the sums that the journal gives; decides nothing itself. Whoever hydrates
holds a lease, so that one host does the work and the others wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Final, Protocol

import hiredis
import msgspec

from authhost import limits
from authhost.asks import Ask, arguments
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.model import Outcome
from authhost.packing import Packed, encode
from authhost.state.client import StateClient, StateUnavailable, StateUnknown

_LIBRARY: Final = ("counters.lua", "functions.lua")  # one after the other: one library
_outcome = msgspec.msgpack.Decoder(Outcome).decode
_told = msgspec.msgpack.Decoder(tuple[str, tuple[str, ...]]).decode


class Sums(Protocol):
    """What the journal knows: the port that hydration reads."""

    async def raise_fence(self, account_id: int) -> tuple[int, bytes]:
        """Raise the fence, then sum the account's rows below it: (fence, its own field)."""

    async def last_minute(self, account_id: int, fence: int) -> int:
        """The last minute (UTC, since 1970) that the account's rows below a fence count in."""

    async def field(self, account_id: int, fence: int, field: str) -> bytes:
        """Sum the rows of one field with a smaller fence, as the hash holds it."""


class Stale(Exception):
    """The view is older than the state: load it again."""


class GiveBack(msgspec.Struct, frozen=True):
    """What Redis is told once a row has given back: positive amounts, in the original's windows."""

    account_id: int
    fence: int
    fields: tuple[str, ...]
    day: int
    week: int
    month: int
    money: int
    volume: int
    count: int
    pin_field: str = ""
    pin_tries: int = 0  # wrong ones, to be taken off
    pin_forgiven: int = 0  # that are no longer about to be
    minute: int = 0
    groups: tuple[int, ...] = ()  # number, money, volume, count of each product group
    meter_field: str = ""
    readings: tuple[int, ...] = ()  # code, what it showed, 1 from now on or 0 no more


class Accounts:
    """All accounts' states on one server or cluster."""

    def __init__(self, client: StateClient, sums: Sums, clock: Clock) -> None:
        self._client = client
        self._sums = sums
        self._clock = clock
        self._hydrating: dict[int, asyncio.Task[None]] = {}
        # Reservations that have their row, told with the next reservation of their account.
        self._settled: dict[int, tuple[int, list[int]]] = {}
        self._library = "".join(files(__package__).joinpath(name).read_text(encoding="utf-8")
                                for name in _LIBRARY)
        self.hydrations = 0
        # How much an account has taken since it was summed, and where that is much.
        self._taken: Bounded[int, int] = Bounded(limits.ACCOUNT_VIEWS)
        self._busy: set[int] = set()

    async def reserve(self, account_id: int, fence: int, packed: Packed, ask: Ask, *, site: str,
                      refused: str = "", force: bool = False, pin: int = 0) -> Outcome:
        """Check everything and count it, atomically: ONE call when the state is there.

        pin: 0 none, 1 right, 2 wrong; an Outcome with pin_tries is a reservation, declined or not.
        Raises Stale when the view is older than the state, StateUnavailable when nothing was
        sent, StateUnknown when it may have been counted.
        """
        settled = self._take_settled(account_id, fence)
        for _ in range(limits.TRIES):
            asked = encode(arguments(
                ask, packed.groups, skew_ms=self._clock.skew_us() // 1000, site=site,
                refused=refused, force=force, settled=settled, pin=pin))
            outcome = _outcome(await self._function("authhost_reserve", account_id, packed.view,
                                                    asked))
            if outcome.status == "missing":
                await self._hydrate(account_id)
                raise Stale
            if outcome.status == "stale":
                raise Stale
            if outcome.status != "fill":
                return outcome
            await self._fill(account_id, outcome.fence, outcome.broken)
        raise StateUnavailable(f"account {account_id} does not come to rest")

    def settled(self, account_id: int, fence: int, reservation: int) -> None:
        """This reservation has its row; Redis hears of it with the next call or the sweep."""
        taken = self._taken.get(account_id) or 0
        self._taken.put(account_id, taken + 1)
        if taken >= limits.ROLL_UP_ROWS:
            self._busy.add(account_id)
        held = self._settled.get(account_id)
        if held is None or held[0] != fence:
            self._settled[account_id] = (fence, [reservation])
        else:
            held[1].append(reservation)

    def _take_settled(self, account_id: int, fence: int) -> list[int]:
        held = self._settled.pop(account_id, None)
        # Numbers of another fence mean nothing now: that state has gone with its reservations.
        return held[1] if held is not None and held[0] == fence else []

    async def flush_settled(self) -> None:
        """Tell what no later reservation has told: an open one must not age for nothing."""
        waiting, self._settled = self._settled, {}
        for account_id, (fence, reservations) in waiting.items():
            await self._function("authhost_settled", account_id, fence, encode(reservations))

    async def give_back(self, tell: GiveBack, reservation: int = 0) -> None:
        """Rule 1's second half: once, and only under that fence. Never raises: not told, the
        state holds too much until its next hydration."""
        settled = [reservation] if reservation else []
        packed = encode([tell.fence, settled, tell.fields, tell.day, tell.week, tell.month,
                         tell.money, tell.volume, tell.count, tell.pin_field, tell.pin_tries,
                         tell.pin_forgiven, tell.minute, tell.groups, tell.meter_field,
                         tell.readings])
        try:
            for _ in range(limits.TRIES):
                said, absent = _told(await self._function("authhost_give_back", tell.account_id,
                                                          packed))
                if said == "fill":
                    await self._fill(tell.account_id, tell.fence, absent)
                elif said == "early" and await self._client.call("EXISTS", _lease(tell.account_id)):
                    # Whoever sums under this fence began before the row stood, and lacks it.
                    await self._wait_for(_lease(tell.account_id))
                else:
                    return
        except (StateUnavailable, StateUnknown, hiredis.ReplyError):
            return

    async def forget(self, account_id: int) -> None:
        """Drop an account's state; the next call sums it from the journal. Never raises."""
        with contextlib.suppress(StateUnavailable, StateUnknown):
            await self._client.call("DEL", _key(account_id))

    async def sum_again(self) -> list[int]:
        """The accounts that have taken much since they were summed, under a new fence each.

        What they have taken is closed now: it can be rolled up, and is summed no second time.
        """
        busy, self._busy = self._busy, set()
        for account_id in busy:
            self._taken.pop(account_id, None)
            await self._hydrate(account_id)
        return sorted(busy)

    async def _fill(self, account_id: int, fence: int, absent: Sequence[str]) -> None:
        parts: list[bytes | str | int] = [fence]
        # Side by side: whoever waits for its card waits for the slowest field, not for all of them.
        fields = await asyncio.gather(*(self._sums.field(account_id, fence, field)
                                        for field in absent))
        for field, packed in zip(absent, fields, strict=True):
            parts += [field, packed]
        await self._function("authhost_fill", account_id, *parts)

    async def _hydrate(self, account_id: int) -> None:
        """One task an account in this process, one lease an account among all."""
        task = self._hydrating.get(account_id)
        if task is None:
            task = asyncio.create_task(self._hydrate_under_lease(account_id))
            self._hydrating[account_id] = task
            task.add_done_callback(lambda _: self._hydrating.pop(account_id, None))
        await asyncio.shield(task)

    async def _hydrate_under_lease(self, account_id: int) -> None:
        lease = _lease(account_id)
        if await self._client.call("SET", lease, "1", "NX", "PX", limits.LEASE_MS) is None:
            await self._wait_for(lease)
            return
        try:
            self.hydrations += 1
            fence, field = await self._sums.raise_fence(account_id)
            minute = await self._sums.last_minute(account_id, fence)
            await self._function("authhost_install", account_id, fence, field, minute)
        finally:
            await self._client.call("DEL", lease)

    async def _wait_for(self, lease: str) -> None:
        """Another host hydrates: wait until it is done or its lease has run out."""
        for _ in range(limits.LEASE_MS // 20):
            await asyncio.sleep(0.02)
            if not await self._client.call("EXISTS", lease):
                return

    async def _function(self, name: str, account_id: int, *args: bytes | str | int) -> bytes:
        """FCALL on the account's hash; a server that came back empty is given the library."""
        for attempt in (1, 2):
            try:
                value: bytes = await self._client.call("FCALL", name, 1, _key(account_id), *args)
            except hiredis.ReplyError as error:
                if attempt == 2 or "unction not found" not in str(error):
                    raise StateUnavailable(str(error)) from None
                await self.load()
            else:
                return value
        raise AssertionError("unreachable")

    async def load(self) -> None:
        """Load the function library, ours replacing an older one."""
        try:
            await self._client.call("FUNCTION", "LOAD", "REPLACE", self._library)
        except hiredis.ReplyError as error:
            raise StateUnavailable(str(error)) from None


def _key(account_id: int) -> str:
    """Braces: whatever belongs to an account lies in one hash slot of a cluster."""
    return f"{{{account_id}}}"


def _lease(account_id: int) -> str:
    return f"{_key(account_id)}:lease"


