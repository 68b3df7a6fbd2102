"""What goes wrong around a payment's row: its result is lost, it comes late, a state is away.

Knows the inside of a shop's payments (support/payments.py); each fault holds once, or until the
patch ends.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from authhost.journal.append import Posting
from authhost.journal.entry import Result
from authhost.payments.model import Asked, Refused
from authhost.payments.signing import Word
from tests.support.payments import Shop


def lose_result(shop: Shop, patch: pytest.MonkeyPatch, after_s: float) -> None:
    """The next word is written in time; so long after it its result is lost, and the batch is
    written again."""
    real = shop.work.run
    lost: list[int] = []

    async def run(connection: asyncpg.Connection, items: list[Posting]) -> list[Result]:
        results = await real(connection, items)
        if not lost and any(one.key.endswith("/word") for one in items):
            lost.append(1)
            await asyncio.sleep(after_s)
            raise asyncpg.ConnectionDoesNotExistError("the result was lost")
        return results

    patch.setattr(shop.work, "run", run)


def delay_rows(shop: Shop, patch: pytest.MonkeyPatch, by_s: float) -> None:
    """The database is slow: every batch is written so much later."""
    real = shop.work.run

    async def run(connection: asyncpg.Connection, items: list[Posting]) -> list[Result]:
        await asyncio.sleep(by_s)
        return await real(connection, items)

    patch.setattr(shop.work, "run", run)


def take_state_away(shop: Shop, patch: pytest.MonkeyPatch, account_id: int,
                    error: Exception) -> None:
    """The next reservation on this account fails so; on others none does."""
    accounts = shop.payments._counting._accounts
    real = accounts.reserve
    failed: list[int] = []

    async def reserve(of: int, *args: Any, **more: Any) -> Any:
        if of == account_id and not failed:
            failed.append(1)
            raise error
        return await real(of, *args, **more)

    patch.setattr(accounts, "reserve", reserve)


def said(shop: Shop, asked: Asked, word: Word) -> str:
    """What the payer hears: a state, or why the word is refused."""
    try:
        return str(shop.say(asked, word)["state"])
    except Refused as refused:
        return refused.why
