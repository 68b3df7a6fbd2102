"""`python -m tests.crash.payments.killed FOLDER`: hosts with a death in them: at the transition or
step that FOLDER/point names, once.

Knows which statements move a payment or an order, and which function each step is. A statement is
met where the driver is given it, so that none goes past. Waits of the host are shorter here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from authhost.bank import bounds as bank_bounds
from authhost.payments.hub import Hub
from authhost.payments.statements import statement
from authhost.payments.story import Payments
from authhost.payments.writing import _TEXT
from authhost.webhooks import bounds as webhook_bounds
from tests.crash.points import Point
from tests.crash.reaper import Reaper, Steps, nursery, serve


def _all(*_: object) -> bool:
    return True


WAITS: Final = {
    bank_bounds: {"ANSWER_MARGIN_S": 0.3, "QUEUED_S": 2.0, "REFUND_S": 1.0, "CLAIM_S": 2.0,
                  "LATER_S": 0.5, "ASK_FIRST_S": 0.4, "DOWN_AFTER_S": 60.0},
    webhook_bounds: {"LEASE_S": 2, "PAUSES_S": (1,) * 60},
}
_STEPS: Final[Steps] = {
    "counters take": ("authhost.payments.counting", "Counting.take", _all),
    "counters give_back": ("authhost.payments.counting", "Counting.give_back", _all),
    "word say": ("authhost.payments.story", "Payments.word", _all),
    "bank pay": ("authhost.bank.talk", "Talk.pay", _all),
    "bank status": ("authhost.bank.talk", "Talk.status", _all),
    "bank claim": ("authhost.payments.answers", "Answers._claim", _all),
    "webhook post": ("authhost.webhooks.telling", "Telling._try", _all),
    "webhook note": ("authhost.webhooks.outbox", "Outbox.note", _all),
    "hub say": ("authhost.payments.hub", "Hub._say", _all),
    "capture book": ("authhost.payments.after", "book",
                     lambda _, __, booking, *___: booking.reason == "capture"),
    "capture make": ("authhost.payments.after", "After.capture", _all),
    "refund book": ("authhost.payments.after", "book",
                    lambda _, __, booking, *___: booking.reason == "refund"),
    "refund make": ("authhost.payments.after", "After.refund", _all),
    "dispute open": ("authhost.payments.disputes", "Disputes.open", _all),
    "dispute resolve": ("authhost.payments.disputes", "Disputes.resolve", _all),
    "credit match": ("authhost.payments.matching", "Matching.credited", _all),
    "phone certify": ("authhost.phones.desk", "Phones._made", _all),
    "phone enrol": ("authhost.phones.desk", "Phones.enrol", _all),
    "phone renew": ("authhost.phones.desk", "Phones.renew", _all),
    "phone revoke": ("authhost.phones.desk", "Phones.revoke_own", _all),
    "sandbox decide": ("authhost.payments.sandbox", "Sandbox._decide", _all),
}
# What it is about, as a statement moves it: (column, id, event).
Moving = tuple[str, str, str]


def _appended(entries: Sequence[Any], *_: object) -> Iterable[Moving]:
    for entry in entries:
        if entry.leg == 0 and entry.door == "payments":
            told = msgspec.json.decode(entry.detail)
            yield "payment", told["payment"], told["event"]


def _moved(ids: Sequence[str], events: Sequence[str], *_: object) -> Iterable[Moving]:
    return (("payment", *one) for one in zip(ids, events, strict=True))


def _silent(ids: Sequence[str], *_: object) -> Iterable[Moving]:
    for name in ids:
        yield "order", name, "silence"
        yield "payment", name.removeprefix("P"), "silence"


def _after(payment_id: str, event: str, *_: object) -> Iterable[Moving]:
    yield "payment", payment_id, event


def _refund_end(*values: Any) -> Iterable[Moving]:
    yield "order", values[5], {"accepted": "accept", "refused": "refuse"}[values[6]]


def _orders(event: str) -> Callable[..., Iterable[Moving]]:
    return lambda ids, *_: (("order", name, event) for name in ids)


# The statements that move, and what each moves by its values; beside them those that move orders of
# sandboxes, which no bank hears of, and those that make one (order, with its payment).
MOVING: Final[dict[str, Callable[..., Iterable[Moving]]]] = {
    "moves": _moved, "order_silent": _silent, "after_move": _after, "refund_end": _refund_end,
    "order_sent": _orders("send"), "order_given_up": _orders("give_up"),
    "order_resend": _orders("resend")}
# The state, and what differs after each change: what is partly refunded is so still when a part of
# it is captured.
_STATE: Final = {
    "payment": "SELECT state, version::text FROM payment WHERE payment_id = $1",
    "order": "SELECT kind || ' ' || state, state FROM bank_order WHERE end_to_end_id = $1"}
_NONE: Final = "none"


class PaymentsReaper(Reaper):
    """Kills where a payment or its order moves."""

    def __init__(self, folder: Path, steps: Steps) -> None:
        super().__init__(folder, steps)
        self._moving = {statement(name): work for name, work in MOVING.items()}
        self._moving[_TEXT] = _appended
        self._told: dict[str, Point] = {}  # payments at whose telling somebody dies

    def plant(self) -> None:
        """Around the driver's own calls, and where a change is told."""
        for room, waits in WAITS.items():
            for name, value in waits.items():
                assert hasattr(room, name), name
                setattr(room, name, value)
        for name in ("fetch", "fetchrow", "fetchval", "execute"):
            self._around_statements(name)
        super().plant()
        self._around_words()
        self._around_telling()

    def _around_statements(self, name: str) -> None:
        reaper, real = self, getattr(asyncpg.Connection, name)

        async def asked(self: Any, query: str, *values: Any, **more: Any) -> Any:
            moving = reaper._moving.get(query)
            found = await reaper._meant(self, list(moving(*values))) if moving else None
            if found is None:
                return await real(self, query, *values, **more)
            point, one, mark = found
            of_words = point.target == "connector" and one[2] in {"pay", "fail"}
            if point.moment == "before" and not of_words:
                reaper.kill(point)
            result = await real(self, query, *values, **more)
            if (await reaper._state(self, one))[1] != mark:
                if point.moment == "after":
                    reaper._told[one[1]] = point
                elif not of_words and point.moment == "committed":
                    reaper.in_commit(self, point)
            return result

        setattr(asyncpg.Connection, name, asked)

    def _around_words(self) -> None:
        """A connector dies with the bank's word in its hand, and its host goes on writing."""
        reaper, real = self, Payments._bank

        async def bank(self: Any, asked: Any, account: int, event: Any, *more: Any) -> bool:
            point = reaper.point()
            if point is None or point.target != "connector" or point.event != event:
                return await real(self, asked, account, event, *more)
            before = (await self.archive.standing(asked.payment_id)).state
            if point.before == before and point.moment == "before":
                reaper.kill(point)
            done = await real(self, asked, account, event, *more)
            if point.before == before and point.moment == "committed" and done:
                reaper.kill(point)
            return done

        Payments._bank = bank  # type: ignore[method-assign]

    def _around_telling(self) -> None:
        reaper, real = self, Hub.tell

        def tell(self: Any, told: Any) -> None:
            real(self, told)
            point = reaper._told.pop(told.asked.payment_id, None)
            if point is not None:
                reaper.kill(point)

        Hub.tell = tell  # type: ignore[method-assign]

    async def _meant(self, connection: Any,
                     moving: list[Moving]) -> tuple[Point, Moving, str] | None:
        """The point of now, where this is its transition; with the mark of what it is about."""
        point = self.point()
        if point is None or point.column == "step":
            return None
        for one in moving:
            if one[0] == point.column and one[2] == point.event:
                state, mark = await self._state(connection, one)
                if state == point.before:
                    return point, one, mark
        return None

    async def _state(self, connection: Any, one: Moving) -> tuple[str, str]:
        """(state, mark)"""
        rows = await connection.fetch(_STATE[one[0]], one[1])
        return tuple(rows[0]) if rows else (_NONE, "")


def main(arguments: list[str]) -> int:
    """FOLDER [planted=NAME]: a nursery of hosts (`serve ...`)."""
    folder, *planted = arguments
    return nursery(PaymentsReaper(Path(folder), _STEPS), planted, serve)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
