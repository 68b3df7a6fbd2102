"""Store and forward: what waits goes to the host by its number, one at a time, until it is taken.

Knows the queue and patience; knows no note. While the host is silent it is asked again with growing
pauses, each a little by chance, so that a network does not come back in one second. What the host
cannot take is parked, and the ones behind it go on; what it says that it lacks goes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from terminals.safe import bodies
from terminals.safe.door import HostAway, Said
from terminals.safe.premises import LOG, Premises
from terminals.safe.rows import New, Row
from terminals.safe.states import Kind, State, after_answer

FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 120.0
# Under the number of a message that the host refused: it stays missing otherwise.
_FILLER: Final = bodies.alarm(
    "not_taken", "warning", "the host refused the message of this number")


class Forwarder:
    """One safe's. chance: from 0 to 1, for pauses that differ."""

    def __init__(self, premises: Premises, chance: Callable[[], float]) -> None:
        self._at = premises
        self._chance = chance
        self._asked = asyncio.Event()  # somebody waits: no pause is kept
        self._one = asyncio.Lock()  # two at once would send each message twice
        self._waiting: dict[int, list[asyncio.Future[Row | None]]] = {}
        self._hasty: set[asyncio.Future[Row | None]] = set()

    async def run(self) -> None:
        """For ever: forward, wait for work or for the host, forward."""
        pause_s = FIRST_PAUSE_S
        while True:
            self._at.contact.work.clear()
            if await self.drain():
                pause_s = FIRST_PAUSE_S
                await self._at.contact.work.wait()
            else:
                await self._rest(pause_s * (0.5 + self._chance() / 2))
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def drain(self) -> bool:
        """Send what waits, the smallest number first; False where the host is silent or busy."""
        async with self._one:
            while (row := await self._at.worker.do(self._at.store.first)) is not None:
                row = await self._send(row)
                if row.state is State.STORED:
                    for hasty in tuple(self._hasty):
                        if not hasty.done():
                            hasty.set_result(None)
                    return False
                for future in self._waiting.pop(row.sequence, ()):
                    if not future.done():
                        future.set_result(row)
        return True

    async def taken(self, row: Row, within_s: float, *, tries: bool = True) -> Row:
        """The row as it stands when the host has answered, or after so long (real seconds).

        tries: False for who waits no longer than until the host was found silent or busy.
        """
        future: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        if not tries:
            self._hasty.add(future)
            future.add_done_callback(self._hasty.discard)
        self._waiting.setdefault(row.sequence, []).append(future)
        self._at.contact.work.set()
        self._asked.set()
        try:
            async with asyncio.timeout(within_s):
                found = await future
        except TimeoutError:
            found = None
        finally:
            future.cancel()
        return found or await self._at.worker.do(self._at.store.find, row.sequence) or row

    async def _rest(self, seconds: float) -> None:
        """For so long by the clock, or until somebody waits."""
        pause = asyncio.ensure_future(self._at.pause(seconds))
        asked = asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait({pause, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            asked.cancel()
            self._asked.clear()

    async def _send(self, row: Row) -> Row:
        do, store = self._at.worker.do, self._at.store
        changes = await self._completed(row) if not row.sent else {}
        # Noted before it leaves: what has once left is never changed.
        row = await do(store.note, row, State.STORED, self._at.clock(), sent=1, **changes)
        try:
            said = await self._at.door.tell(row.sequence, row.path, row.body)
        except HostAway as away:
            LOG.debug("%s %s: %s", row.kind, row.sequence, away)
            self._at.contact.silent()
            return row
        self._at.contact.answered()
        return await self._answered(row, said)

    async def _answered(self, row: Row, said: Said) -> Row:
        do, store = self._at.worker.do, self._at.store
        state = after_answer(row.kind, said.status)
        if state is State.STORED:
            LOG.warning("%s %s waits: HTTP %s %s", row.kind, row.sequence, said.status,
                        said.reason)
        row = await do(store.note, row, state, self._at.clock(), status=said.status,
                       answer=said.body, errors=int(state is State.PARKED))
        missing: Iterable[tuple[int, int]] = said.missing
        if state is State.FORWARDED:
            missing = (*said.missing, *_missing(said))
        again = await do(store.missed, missing, _FILLER) if missing else 0
        if again:
            LOG.warning("the host lacks %s: told again", missing)
        if state is State.PARKED:
            await self._parked(row, said)
        return row

    async def _parked(self, row: Row, said: Said) -> None:
        """A person is to look: once, and not at an alarm about an alarm."""
        LOG.error("%s %s is parked: HTTP %s %s", row.kind, row.sequence, said.status, said.reason)
        if row.errors == 1 and row.kind is not Kind.ALARM:
            text = f"{row.kind} {row.sequence}: HTTP {said.status} {said.reason}"
            await self._at.put(New(kind=Kind.ALARM, path="/alarms", body=lambda _: bodies.alarm(
                "parked", "alarm", text[:200])))

    async def _completed(self, row: Row) -> dict[str, Any]:
        """What was not known when it was stored: under which name the host holds the escrow.

        A number is told whatever becomes of it: where nothing is held, a cancellation says that.
        """
        if row.original is None:
            return {}
        original = await self._at.worker.do(self._at.store.find, row.original)
        name = original.verdict.authorization if original is not None else ""
        if row.kind is Kind.CANCELLATION:
            if name:
                return {"path": f"/authorizations/{name}/cancellation"}
            return {"kind": Kind.ALARM, "path": "/alarms", "body": row.as_alarm(bodies.alarm(
                "handed_back", "info", f"the notes of {row.original} were handed back"))}
        if name and row.kind is Kind.DEPOSIT:
            return {"body": msgspec.json.encode(row.content | {"authorization": name})}
        return {}


def _missing(said: Said) -> tuple[tuple[int, int], ...]:
    """The numbers that the body of an answer says are missing."""
    try:
        return msgspec.json.decode(said.body, type=_Gaps).missing
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()


class _Gaps(msgspec.Struct, frozen=True):
    missing: tuple[tuple[int, int], ...] = ()
