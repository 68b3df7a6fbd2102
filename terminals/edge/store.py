"""The messages of one terminal, each with its number and what became of it, across any crash.

Knows rows, states and the key that card data is sealed with (Fernet); knows no wire. A number is
given in the transaction that writes its row, so none is ever given twice; a message that waits is
kept as it was built, so none is ever numbered anew. Blocking: `database.Worker` has a thread.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from iso import Message
from terminals.database import Database, StoreError
from terminals.edge.rows import New, Particulars, Row, kept
from terminals.edge.shifts import Shifts
from terminals.edge.states import REQUESTS, Kind, State, move
from terminals.layout import Stamp
from terminals.purchase import Card
from terminals.store import Kept, StoreFull

Build = Callable[[Stamp], Message]
_LAST_SEQUENCE: Final = 999_999


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the host."""

    unsent: int
    oldest_unsent_at: datetime | None
    parked: int
    last_sequence: str


class Store:
    """key: Fernet's, 32 bytes base64. card_types: names by the beginnings of card numbers.

    most_waiting: so many advices may wait; then StoreFull, and nothing is sold off line.
    """

    def __init__(self, database: Database, key: bytes, *, most_waiting: int = 5_000,
                 card_types: Mapping[str, str] | None = None) -> None:
        self.database = database
        self.shifts = Shifts(database)
        self._cipher = Fernet(key)
        self._index_key = hashlib.sha256(b"card index" + key).digest()
        self._most_waiting = most_waiting
        self._card_types = dict(card_types or {})
        self._demand_the_same_key()

    def begin(self, new: New, at: datetime, build: Build) -> Row:
        """Give a number, build the message with it, keep both. An advice is STORED, and waits.

        at: aware, in the terminal's own zone. StoreFull: an off-line sale at the limit.
        """
        with self.database.transaction():
            if new.kind is Kind.OFFLINE_SALE and self.full():
                raise StoreFull(f"{self._most_waiting} advices wait already")
            return self._put(new, at, build)

    def reverse(self, original: Row, new: New, at: datetime, build: Build,
                state: State | None) -> tuple[Row, Row]:
        """A reversal is stored and, in one commit, its original moved to `state`: both rows.

        None leaves the original as it is: it was given back in part, or is an advice.
        """
        with self.database.transaction():
            if state is not None:
                original = self._note(original, state, at)
            return original, self._put(new, at, build)

    def note(self, row: Row, state: State, at: datetime, *, approved_minor: int | None = None,
             action: str | None = None, reason: str | None = None,
             approval_code: str | None = None, particulars: Particulars | None = None,
             message: Message | None = None, sent: int = 0, errors: int = 0) -> Row:
        """What became of it. sent, errors: so many more."""
        with self.database.transaction():
            return self._note(
                row, state, at, approved_minor=approved_minor, action=action, reason=reason,
                approval_code=approval_code, particulars=particulars, message=message, sent=sent,
                errors=errors)

    def stamp(self, at: datetime) -> Stamp:
        """A number for a message that nothing is kept of: an echo, a key change."""
        with self.database.transaction():
            return self._stamp(at)

    def seen(self, at: datetime, contact: bool = False) -> None:
        """The clock has been here; contact: and the host has answered."""
        with self.database.transaction():
            self._touch(at)
            if contact:
                self.database.set_meta("contact_at", _utc(at))

    def seen_at(self) -> datetime | None:
        """The latest instant that this terminal has ever seen."""
        text = self.database.meta("latest_at")
        return datetime.fromisoformat(text) if text else None

    def contact_at(self) -> datetime | None:
        """When the host last answered."""
        text = self.database.meta("contact_at")
        return datetime.fromisoformat(text) if text else None

    def first(self) -> Row | None:
        """The message that is to be sent next."""
        found = self.database.row("message_first")
        return _row(dict(found)) if found is not None else None

    def listed(self, states: Iterable[State], most: int = 1_000) -> list[Row]:
        """What stands in these states, in the queue's order."""
        names = msgspec.json.encode(list(states)).decode()
        return [_row(dict(one)) for one in self.database.rows("message_listed", states=names,
                                                              most=most)]

    def find(self, sequence: str, local_date: str = "") -> Row | None:
        """A message by its number; local_date YYYYMMDD, or the latest."""
        found = self.database.row("message_by_sequence", sequence=sequence.zfill(6),
                                  local_date=local_date)
        return _row(dict(found)) if found is not None else None

    def by_reference(self, reference: str) -> Row | None:
        """What a till asked for under its own reference."""
        found = self.database.connection.execute(
            "SELECT * FROM message WHERE reference = ?", (reference,)).fetchone()
        return _row(dict(found)) if found is not None else None

    def latest(self, kinds: Iterable[Kind]) -> Row | None:
        """The last message of these kinds."""
        names = msgspec.json.encode(list(kinds)).decode()
        found = self.database.row("message_latest", kinds=names)
        return _row(dict(found)) if found is not None else None

    def about(self, original: Row) -> list[Row]:
        """Whatever was said about a message."""
        return [_row(dict(one)) for one in self.database.rows("message_about",
                                                              original=original.id)]

    def of_shift(self, number: str) -> list[Row]:
        """All that a shift did."""
        return [_row(dict(one)) for one in self.database.rows("message_of_shift", shift=number)]

    def originals(self, rows: Iterable[Row]) -> dict[int, Row]:
        """What these messages are about, by id, in whatever shift it was."""
        found = {row.id: row for row in rows}
        for number in {row.original for row in found.values() if row.original} - found.keys():
            one = self.database.connection.execute(
                "SELECT * FROM message WHERE id = ?", (number,)).fetchone()
            found[number] = _row(dict(one))
        return found

    def message(self, row: Row) -> Message:
        """The message as it was built (of a request: what names it)."""
        found = self.database.connection.execute(
            "SELECT sealed FROM message WHERE id = ?", (row.id,)).fetchone()
        return msgspec.msgpack.decode(self._cipher.decrypt(found[0]), type=Kept).message

    def sold_offline(self, card: Card) -> int:
        """Minor units sold to a card of which the host has not heard."""
        found = self.database.row("message_sold", card_key=self._card_key(card.pan))
        assert found is not None
        return int(found[0])

    def counts(self) -> Counts:
        """For the heartbeat."""
        row = self.database.row("message_counts")
        assert row is not None
        oldest = row["oldest_unsent_at"]
        last = (int(self.database.meta("next_sequence")) - 2) % _LAST_SEQUENCE + 1
        return Counts(unsent=row["unsent"], parked=row["parked"], last_sequence=f"{last:06d}",
                      oldest_unsent_at=datetime.fromisoformat(oldest) if oldest else None)

    def full(self) -> bool:
        """Whether so much waits that nothing may be sold off line."""
        return self.counts().unsent >= self._most_waiting

    def prune(self, before: datetime) -> int:
        """Forget what is over since before that instant; how many messages."""
        with self.database.transaction():
            return self.database.execute("message_prune", before=_utc(before)).rowcount

    def _put(self, new: New, at: datetime, build: Build) -> Row:
        if new.reference:  # whoever asked under it before heard that nothing was sold
            self.database.rows("message_release", reference=new.reference)
        stamp = self._stamp(at)
        message = kept(new.kind, build(stamp))
        original, pan = new.original, message.text(2) or ""
        waits_in_line = original is not None and (
            original.state is State.STORED or new.reason == "unanswered")
        row = self.database.row(
            "message_put", kind=new.kind, sequence=stamp.stan, local_date=f"{at:%Y%m%d}",
            position=original.position if original is not None and waits_in_line
            else self._next_position(),
            state=State.BEGUN if new.kind in REQUESTS else State.STORED,
            local_time=at.isoformat(), shift=self.shifts.current(at),
            reference=new.reference or None,
            original=original.id if original is not None else None,
            amount_minor=new.amount_minor, currency=new.currency, reason=new.reason,
            pan_masked=Card(pan, "").masked if pan else "", card_key=self._card_key(pan),
            card_type=self._card_type(pan), sealed=self._sealed(new.kind, message),
            particulars=msgspec.json.encode(new.particulars).decode(), noted_at=_utc(at))
        assert row is not None
        return _row(dict(row))

    def _note(self, row: Row, state: State, at: datetime, *, particulars: Particulars | None = None,
              message: Message | None = None, sent: int = 0, errors: int = 0,
              **changes: str | int | None) -> Row:
        if state is not row.state:
            move(row.state, state)
        values = {"approved_minor": None, "action": None, "reason": None, "approval_code": None}
        noted = self.database.row(
            "message_note", id=row.id, state=state, sent=sent, errors=errors, noted_at=_utc(at),
            particulars=msgspec.json.encode(particulars).decode() if particulars else None,
            sealed=self._sealed(row.kind, message) if message is not None else None,
            **(values | changes))
        assert noted is not None
        self._touch(at)
        return _row(dict(noted))

    def _stamp(self, at: datetime) -> Stamp:
        number = int(self.database.meta("next_sequence"))
        self.database.set_meta("next_sequence", str(number % _LAST_SEQUENCE + 1))
        self._touch(at)
        return Stamp(f"{number:06d}", at)

    def _touch(self, at: datetime) -> None:
        latest = self.seen_at()
        if latest is None or at > latest:
            self.database.set_meta("latest_at", _utc(at))

    def _next_position(self) -> int:
        row = self.database.connection.execute("SELECT max(position), max(id) FROM message")
        return max(value or 0 for value in row.fetchone()) + 1

    def _sealed(self, kind: Kind, message: Message) -> bytes:
        return self._cipher.encrypt(msgspec.msgpack.encode(Kept.of(kind, message)))

    def _card_key(self, pan: str) -> bytes:
        if not pan:
            return b""
        return hmac.digest(self._index_key, pan.encode(), "sha256")[:16]

    def _card_type(self, pan: str) -> str:
        """By the longest beginning that fits."""
        fits = [start for start in self._card_types if pan and pan.startswith(start)]
        return self._card_types[max(fits, key=len)] if fits else ""

    def _demand_the_same_key(self) -> None:
        """A store under another key would sell and never be able to forward."""
        mark = self.database.meta("key_mark")
        try:
            if not mark:
                self.database.set_meta("key_mark", self._cipher.encrypt(b"edge").decode())
            elif self._cipher.decrypt(mark.encode()) != b"edge":
                raise StoreError("the store's key is another one")
        except InvalidToken:
            raise StoreError("the store's key is another one") from None


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _row(values: dict[str, object]) -> Row:
    values["particulars"] = msgspec.json.decode(str(values["particulars"]), type=Particulars)
    return msgspec.convert(values, Row)
