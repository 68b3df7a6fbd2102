"""The messages of one safe, each with its number and what became of it, across any crash.

Knows rows and states; knows no wire and no machine. A number is given in the transaction that
writes its row, so none is ever given twice; a message is kept as it was built, so none is ever
numbered anew. Blocking: `database.Worker` has a thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from terminals.database import Database
from terminals.safe.counted import Count, Line, Slip, Total
from terminals.safe.rows import Counts, Held, New, Row, Shift, Stay
from terminals.safe.states import Escrow, Kind, State, move, move_escrow
from terminals.store import StoreFull

ROOM: Final = "terminals.safe"
_SUSPECT: Final = "2"  # the category of what is never money
_MOST_ASKED: Final = 5  # so often the host is told again what it says it lacks


class Store:
    """most_waiting: so many messages may wait; then StoreFull, and no notes are taken."""

    def __init__(self, database: Database, *, most_waiting: int) -> None:
        self.database = database
        self._most_waiting = most_waiting

    def put(self, new: New, at: datetime) -> Row:
        """Give a number, keep the message; it waits. at: aware, in the safe's own zone."""
        with self.database.transaction():
            return self._put(new, at)

    def hold(self, count: Count, slip: Slip, authorization: New | None, at: datetime) -> Held:
        """Notes are counted, and the host is to be asked, where it is: one commit. StoreFull."""
        with self.database.transaction():
            if self.full():
                raise StoreFull(f"{self._most_waiting} messages wait already")
            asked = self._put(authorization, at).sequence if authorization is not None else None
            held = Held(state=Escrow.COUNTED, count=count, slip=slip, authorization=asked)
            self.database.rows(
                "escrow_put", state=held.state, count=_text(count), slip=_text(slip),
                authorization=asked)
            return held

    def decide(self, held: Held, state: Escrow) -> Held:
        """Where the notes go; the machine is told afterwards."""
        with self.database.transaction():
            self.database.rows("escrow_note", state=move_escrow(held.state, state))
        return msgspec.structs.replace(held, state=state)

    def release(self, news: Iterable[New], at: datetime) -> list[Row]:
        """The escrow is empty, and what follows from it is stored: one commit."""
        with self.database.transaction():
            rows = [self._put(new, at) for new in news]
            self.database.connection.execute("DELETE FROM escrow")
            return rows

    def held(self) -> Held | None:
        """What the escrow had when it was last written."""
        row = self.database.row("escrow_now")
        if row is None:
            return None
        return Held(state=Escrow(row["state"]), authorization=row["authorization"],
                    count=msgspec.json.decode(row["count"], type=Count),
                    slip=msgspec.json.decode(row["slip"], type=Slip))

    def open_shift(self, who: str, at: datetime, new: New) -> tuple[Shift, Row]:
        """A shift begins under the number that its message tells. AssertionError: one is open."""
        with self.database.transaction():
            row = self._put(new, at)
            number = str(row.content["shift"])
            self.database.rows("shift_open", number=number, at=_utc(at), who=who,
                               first=row.sequence)
            self.database.set_meta("next_shift", str(int(self.database.meta("next_shift")) + 1))
            return Shift(number=number, opened_at=at, opened_by=who, first=row.sequence), row

    def close_shift(self, shift: Shift, who: str, at: datetime, new: New) -> Row:
        """It ends."""
        with self.database.transaction():
            row = self._put(new, at)
            self.database.rows("shift_close", number=shift.number, at=_utc(at), who=who,
                               last=row.sequence)
            return row

    def next_shift(self, at: datetime) -> str:
        """How the next shift is called: the date and a number that does not come again."""
        return f"{at:%Y%m%d}-{self.database.meta('next_shift')}"

    def shift(self) -> Shift | None:
        """The open one."""
        row = self.database.row("shift_now")
        return msgspec.convert(dict(row), Shift) if row is not None else None

    def swap(self, cassette: str, at: datetime, new: New) -> Row:
        """One cassette goes, another comes; '' where none does."""
        with self.database.transaction():
            row = self._put(new, at)
            self.database.rows("stay_close", at=_utc(at))
            if cassette:
                self.database.rows("stay_open", cassette=cassette, at=_utc(at))
            return row

    def stay(self) -> Stay | None:
        """The cassette inside."""
        row = self.database.row("stay_now")
        return msgspec.convert(dict(row), Stay) if row is not None else None

    def end_day(self, at: datetime, new: New) -> Row:
        """A day ends: the next one's totals begin after it."""
        with self.database.transaction():
            row = self._put(new, at)
            self.database.set_meta("day_after", str(row.sequence))
            return row

    def day_after(self) -> int:
        """The number of the last end of day; 0 where there was none."""
        return int(self.database.meta("day_after") or 0)

    def note(self, row: Row, state: State, at: datetime, *, sent: int = 0, errors: int = 0,
             status: int | None = None, answer: bytes | None = None, kind: Kind | None = None,
             path: str | None = None, body: bytes | None = None) -> Row:
        """What became of it. sent, errors: so many more. What is None stays as it is."""
        with self.database.transaction():
            noted = self.database.row(
                "message_note", sequence=row.sequence, state=move(row.state, state), kind=kind,
                path=path, body=body, status=status, answer=answer, sent=sent, errors=errors,
                noted_at=_utc(at))
        assert noted is not None, "it is there"
        return _row(noted)

    def missed(self, ranges: Iterable[tuple[int, int]], filler: dict[str, Any]) -> int:
        """The host lacks these numbers: they wait again; how many.

        filler: the alarm that fills the number of a message that the host refused; a deposit is
        never filled in for.
        """
        with self.database.transaction():
            rows = [_row(row) for first, last in ranges for row in self.database.rows(
                "message_missed", first=first, last=last, most=_MOST_ASKED)]
            for row in rows:
                if row.errors and row.kind is not Kind.DEPOSIT:
                    self.database.rows(
                        "message_note", sequence=row.sequence, state=State.STORED, sent=0,
                        errors=0, kind=Kind.ALARM, path="/alarms", status=None, answer=None,
                        body=row.as_alarm(filler), noted_at=_utc(row.noted_at))
            return len(rows)

    def first(self) -> Row | None:
        """The message that is to be sent next."""
        return self._one("message_first")

    def find(self, sequence: int) -> Row | None:
        """A message by its number."""
        return self._one("message_find", sequence=sequence)

    def latest(self, kind: Kind) -> Row | None:
        """The last message of a kind."""
        return self._one("message_latest", kind=kind)

    def listed(self, most: int = 1_000) -> list[Row]:
        """What waits, and what is parked."""
        return [_row(row) for row in self.database.rows("message_listed", most=most)]

    def totals(self, after: int, before: int | None = None) -> list[Total]:
        """The sums of the deposits after one number and before another."""
        return [msgspec.convert(dict(row), Total) for row in self.database.rows(
            "totals_between", after=after, before=before or self._next())]

    def pieces(self, after: int) -> list[Line]:
        """What was deposited after a number, by value; suspects are not money."""
        return [msgspec.convert(dict(row), Line) for row in self.database.rows(
            "pieces_between", after=after, before=self._next())]

    def inside(self, *, suspects: bool = False) -> list[Line]:
        """What the cassette holds by value: money, or all that takes room."""
        stay = self.stay()
        return [] if stay is None else [
            msgspec.convert(dict(row), Line)
            for row in self.database.rows("pieces_of_stay", stay=stay.id, suspects=suspects)]

    def counts(self) -> Counts:
        """What waits."""
        row = self.database.row("message_counts")
        assert row is not None, "a sum has a row"
        return msgspec.convert(dict(row), Counts)

    def full(self) -> bool:
        """Whether so much waits that no more notes are taken."""
        return self.counts().unsent >= self._most_waiting

    def prune(self, before: datetime) -> int:
        """Forget what is over since before that instant; how many messages."""
        with self.database.transaction():
            return self.database.execute("message_prune", before=_utc(before)).rowcount

    def _next(self) -> int:
        return int(self.database.meta("next_sequence"))

    def _put(self, new: New, at: datetime) -> Row:
        sequence = self._next()
        self.database.set_meta("next_sequence", str(sequence + 1))
        stay = self.stay() if new.kind is Kind.DEPOSIT else None
        content = {"sequence": sequence, "local_time": local(at), **new.body(sequence)}
        row = self.database.row(
            "message_put", sequence=sequence, kind=new.kind, path=new.path,
            body=msgspec.json.encode(content), original=new.original, local_time=at.isoformat(),
            stay=stay.id if stay is not None else None, deposit_kind=new.deposit_kind,
            amount_minor=new.amount_minor, currency=new.currency, noted_at=_utc(at))
        assert row is not None, "it was put"
        if new.count is not None:
            self._put_pieces(sequence, new.count)
        return _row(row)

    def _put_pieces(self, sequence: int, count: Count) -> None:
        pieces = [(count.currency, piece.value_minor, piece.kind, piece.category, piece.count)
                  for piece in count.pieces]
        pieces += [(suspect.currency, suspect.value_minor, "note", _SUSPECT, 1)
                   for suspect in count.suspects]
        self.database.execute_many("piece_put", [
            {"sequence": sequence, "currency": currency, "value_minor": value, "kind": kind,
             "category": category, "count": number}
            for currency, value, kind, category, number in pieces])

    def _one(self, name: str, **values: Any) -> Row | None:
        row = self.database.row(name, **values)
        return _row(row) if row is not None else None


def local(at: datetime) -> str:
    """A moment of the safe's own clock, without its zone."""
    return at.replace(tzinfo=None).isoformat(timespec="seconds")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _row(values: Any) -> Row:
    return msgspec.convert(dict(values), Row)
