"""Breaks 10 at the bank: the request leaves first, and SENT is written when it is answered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from authhost.bank.exchange import Exchange
from authhost.bank.link import Link
from authhost.bank.outbox import WHO, Credit, Outbox
from authhost.journal.reads import Borrowed
from authhost.safes.moves import move
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """What is taken is written after it was paid."""
    late: dict[str, tuple[Outbox, dict[str, Any]]] = {}
    real_pay = Exchange.pay

    async def take(self: Outbox, most: int, objection: Callable[[Credit], str],
                   rail: Callable[[Credit], str], now: datetime,
                   due: datetime) -> tuple[list[Credit], bool]:
        async with Borrowed(self._pool) as connection, connection.transaction():
            found = await self._credits(connection, "take", self._bank_id, most)
            lost = [credit.key for credit in found if objection(credit)]
            await move(connection, lost, "give_up", who=WHO, why="bank_down")
        credits_ = [credit for credit in found if credit.key not in {*lost, *late}]
        for credit in credits_:
            late[credit.key] = self, {"rail": rail(credit), "sent_at": now, "next_at": due}
        return credits_, False

    async def pay(self: Exchange, link: Link, credit: Credit, leave_by: datetime) -> None:
        await real_pay(self, link, credit, leave_by)
        if credit.key not in late:
            return  # it was unknown, and is sent again
        outbox, more = late.pop(credit.key)
        async with Borrowed(outbox._pool) as connection, connection.transaction():
            await move(connection, [credit.key], "send", who=WHO, **more)

    assert callable(Outbox.take), "it is what marks"
    patch(Outbox, "take", take)
    patch(Exchange, "pay", pay)


if __name__ == "__main__":
    sys.exit(serve(plant))
