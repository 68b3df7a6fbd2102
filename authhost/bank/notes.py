"""What banks have answered, written down many at once.

Knows deposits' moves; must not know HTTP. A note that cannot be written waits and is tried again;
if this process dies first, its deposit is still SENT and is asked about. Bounded: `full` stops the
sending. Who is listed meanwhile, of those whom a bank has refused, is told to people in the same
transaction: nothing pays them again unseen.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec
import structlog

from authhost.bank import bounds
from authhost.bank.meanings import Meaning
from authhost.bank.outbox import AWAY, WHO, Credit, Listed, ask_again, reject_to_night
from authhost.bank.statements import statement
from authhost.clock import Clock, as_datetime
from authhost.custody.opening import open_refused
from authhost.journal.reads import Borrowed
from authhost.safes.moves import accepted, move

_log = structlog.get_logger()
_DECIDED: Final = frozenset({Meaning.ACCEPT, Meaning.NEVER, Meaning.NIGHT})


class Note(msgspec.Struct, frozen=True, gc=False):
    """What came of one credit. word: the bank's code, '' for silence; ask_s: until it is asked (or
    sent) again, of what is not decided; tried: the try that it is about."""

    credit: Credit
    meaning: Meaning
    word: str = ""
    ask_s: float = 0.0  # seconds of waiting, no money
    tried: int = 0

    @property
    def key(self) -> str:
        """The deposit's."""
        return self.credit.key


class Notes:
    """The writer of a connector. listed: as an Outbox has it."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, listed: Listed) -> None:
        self._pool = pool
        self._clock = clock
        self._listed = listed
        self._rows = bounds.NOTE_ROWS
        self._waiting: list[Note] = []
        self._wake = asyncio.Event()
        self.late = 0  # answers about what had moved on already

    @property
    def depth(self) -> int:
        """Notes that wait to be written."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """True where nothing more should be sent."""
        return len(self._waiting) >= bounds.NOTES

    def put(self, note: Note) -> None:
        """Write it down soon."""
        self._waiting.append(note)
        self._wake.set()

    async def run(self) -> None:
        """Write for ever."""
        while True:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(bounds.NOTE_GATHER_S)
            try:
                await self.flush()
            except Exception:  # a bug must not stop the writing of what others bring
                _log.exception("notes")
                await asyncio.sleep(bounds.RECONNECT_MOST_S)

    async def flush(self) -> None:
        """Write the next ones; they stay where the database does not take them.

        One that PostgreSQL refuses (SQLSTATE 22, 23) is found by writing them one by one, and left
        out: its deposit is still SENT, and is asked about.
        """
        batch = self._waiting[: self._rows]
        if not batch:
            return
        try:
            async with Borrowed(self._pool) as connection, connection.transaction():
                await self._write(connection, batch)
        except AWAY as error:
            bad = (getattr(error, "sqlstate", "") or "")[:2] in {"22", "23"}
            if not bad:
                _log.warning("notes wait", number=len(self._waiting), why=str(error))
                await asyncio.sleep(bounds.RECONNECT_MOST_S)
                return
            if len(batch) > 1:
                self._rows = 1
                return
            _log.error("note cannot be written", key=batch[0].key, why=str(error))
        self._rows = bounds.NOTE_ROWS if len(batch) == self._rows else self._rows
        del self._waiting[: len(batch)]

    async def _write(self, connection: asyncpg.Connection, batch: list[Note]) -> None:
        now = as_datetime(self._clock.real_now_us())
        batch = await self._of_the_last_try(connection, batch)
        groups: dict[tuple[Meaning, str], list[str]] = defaultdict(list)
        ask: dict[str, tuple[datetime, str | None]] = {}  # of what is not decided: when, the word
        for note in batch:
            groups[note.meaning, note.word].append(note.key)
            if note.meaning not in _DECIDED:
                ask[note.key] = now + timedelta(seconds=note.ask_s), note.word
        refused: set[str] = set()
        for (meaning, word), keys in groups.items():
            if meaning is Meaning.ACCEPT:
                moved = await accepted(connection, keys, who=WHO, why=word, at=now)
                self.late += len(keys) - len(moved)
            elif meaning is Meaning.NEVER:
                moved = await move(connection, keys, "refuse", who=WHO, why=word,
                                   answered_at=now, bank_reason=word)
                self.late += len(keys) - len(moved)
                await open_refused(connection, moved, word, self._clock.now())
                refused.update(moved)
            elif meaning is Meaning.NIGHT:
                refused.update(await reject_to_night(connection, keys, word, now))
            else:
                await move(connection, keys, "silence", who=WHO, why=word, bank_reason=word)
        await self._listed(connection, [note.credit for note in batch if note.key in refused])
        if ask:  # not by `move`: each is asked at an instant of its own, UNKNOWN before or since
            await ask_again(connection, ask)

    async def _of_the_last_try(self, connection: asyncpg.Connection,
                               batch: list[Note]) -> list[Note]:
        """Without those about an earlier try than the last: that one's outcome is not known yet.

        What is paid is paid by whichever try: yes is always heard.
        """
        doubtful = [note for note in batch if note.meaning is not Meaning.ACCEPT]
        if not doubtful:
            return batch
        # All of the batch, locked in the order of keys: the moves below go by what was said.
        rows = await connection.fetch(statement("tries"), sorted({note.key for note in batch}))
        tries = {row["key"]: row["tries"] for row in rows}
        late = {id(note) for note in doubtful if tries.get(note.key) != note.tried}
        self.late += len(late)
        return [note for note in batch if id(note) not in late]
