"""A connector in a process of its own, told to die (SIGKILL) at one planted point."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from authhost.bank import notes, outbox
from authhost.bank.connector import BankConnector
from authhost.bank.link import Link
from authhost.bank.outbox import Outbox
from authhost.clock import Clock
from authhost.settings import TlsFiles
from tests.support.bank_scene import hurried
from tests.support.processes import die

POINTS = ("before-sent", "in-sent", "after-sent", "written", "answered", "in-accept", "noted",
          "asking", "asked", "in-resend", "resent")


def plant(point: str) -> None:
    """Die at this point. Asking and sending again begin with what an earlier life left behind."""
    if point == "in-accept":
        _around_async(notes, "accepted", lambda *_, **__: True, False)
    elif point in {"before-sent", "in-sent", "in-resend"}:
        event = {"before-sent": "send", "in-sent": "send", "in-resend": "resend"}[point]
        before = point == "before-sent"
        for module in (outbox, notes):
            _around_async(module, "move", lambda _, __, said, **___: said == event, before)
    elif point == "after-sent":
        _around_async(Outbox, "take", lambda *_, **__: True, False,
                      only=lambda taken: bool(taken[0]))
    elif point == "noted":
        _around_async(notes.Notes, "flush", lambda *_, **__: True, False, only=lambda _: True)
    elif point == "resent":
        _around_async(Outbox, "resend", lambda *_, **__: True, False)
    elif point == "asking":
        _around_async(Outbox, "due", lambda *_, **__: True, False)
    elif point == "written":
        _after(Link, "ask", lambda request: request.startswith(b"POST"))
    elif point == "answered":
        notes.Notes.put = die  # type: ignore[assignment,method-assign]
    elif point == "asked":
        _after(Link, "ask", lambda request: request.startswith(b"GET"))


def _around_async(owner: Any, name: str, when: Callable[..., bool], before: bool,
                  only: Callable[[Any], bool] = bool) -> None:
    plain = getattr(owner, name)

    async def planted(*args: Any, **kwargs: Any) -> Any:
        hit = when(*args, **kwargs)
        if hit and before:
            die()
        result = await plain(*args, **kwargs)
        if hit and only(result):
            die()
        return result

    setattr(owner, name, planted)


def _after(owner: type, name: str, when: Callable[[Any], bool]) -> None:
    plain = getattr(owner, name)

    def planted(self: Any, told: Any) -> Any:
        result = plain(self, told)
        if when(told):
            # What was written is on its way once the loop has turned.
            asyncio.get_running_loop().call_later(0.02, die)
        return result

    setattr(owner, name, planted)


async def _run(database_url: str, tls: TlsFiles) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        await BankConnector(pool, Clock(), tls.client_context(), poll_s=0.05).run()


def main(database_url: str, tls: TlsFiles, point: str) -> None:
    """The process."""
    with pytest.MonkeyPatch.context() as patch, hurried(patch):
        plant(point)
        asyncio.run(_run(database_url, tls))
