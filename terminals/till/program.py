"""What a till does: asks for money, watches what becomes of it, captures, gives back, reports.

Knows the merchant API; knows no screen. A write that went unanswered is kept, and `again` sends it
once more under its key, so that nobody is asked, or given back, twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, TypeVar

import msgspec

from terminals.json_door import NoAnswer, Problem
from terminals.phone.stream import events
from terminals.till.bodies import (
    Captured,
    Page,
    Payment,
    Refund,
    Settled,
    Settlement,
    Settlements,
)
from terminals.till.host import Host

T = TypeVar("T")
POLL_S: Final = 1.0  # where the host has no stream for us
LOOK_S: Final = 15.0  # beside a stream: an event may be lost
_CONFLICT: Final = 409
_NO_TOKEN: Final = 401


class Unsent(msgspec.Struct, frozen=True):
    """A write of which nobody knows whether it was done."""

    path: str
    content: dict[str, Any]
    key: str
    kind: type


class Till:
    """One till of a merchant. new_key: an Idempotency-Key that nobody else makes; chance: from 0
    to 1, spreads the pauses of many tills."""

    def __init__(self, host: Host, *, new_key: Callable[[], str],
                 chance: Callable[[], float], poll_s: float = POLL_S,
                 look_s: float = LOOK_S) -> None:
        self._host = host
        self._new_key = new_key
        self._chance = chance
        self._poll_s = poll_s
        self._look_s = look_s
        self.unsent: Unsent | None = None

    async def request(self, amount_minor: int, currency: str, purpose: str, *,
                      phone: str | None = None, kind: str = "phone", reference: str = "",
                      expires_in_s: int = 180, capture: str = "", key: str = "") -> Payment:
        """Ask for money. phone: the payer's; None: whoever reads the code, or has the link."""
        content = {"amount_minor": amount_minor, "currency": currency, "purpose": purpose,
                   "kind": kind, "reference": reference, "expires_in_s": expires_in_s,
                   "capture": capture}
        if phone is not None:
            content["payer_phone"] = phone
        return await self._write("/v1/payments", content, Payment, key)

    async def payment(self, payment_id: str) -> Payment:
        """As it is now."""
        return await self._host.get(f"/v1/payments/{payment_id}", Payment)

    async def payments(self, **query: str) -> Page:
        """A page of the archive: state, from, to, amount_minor, reference, phone, after, limit."""
        return await self._host.get("/v1/payments", Page, **query)

    async def code(self, payment_id: str, category: str = "") -> bytes:
        """What the QR code of a payment says, or that of its link."""
        more = {"category": category} if category else {}
        return await self._host.raw(f"/v1/payments/{payment_id}/qr.txt", **more)

    async def watch(self, payment_id: str) -> AsyncGenerator[Payment, None]:
        """A payment now, and each time that it is another one, until nothing is open any more.

        By the host's events; a look now and then finds what was lost, and is all that is left
        where there are no events.
        """
        news: asyncio.Queue[Payment] = asyncio.Queue(maxsize=64)
        listening = asyncio.create_task(self._listen(payment_id, news))
        try:
            seen = await self.payment(payment_id)
            yield seen
            while seen.waits:
                found: Payment | None = None
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_s if listening.done()
                                               else self._look_s):
                        found = await news.get()
                if found is None:
                    with contextlib.suppress(NoAnswer):
                        found = await self.payment(payment_id)
                if found is not None and found.version > seen.version:
                    seen = found
                    yield seen
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def wait(self, payment_id: str, timeout_s: float) -> Payment:
        """What it is once nothing is open, or when the time is up."""
        last: Payment | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), contextlib.aclosing(
                    self.watch(payment_id)) as changes:
                async for found in changes:
                    last = found
        return last if last is not None else await self.payment(payment_id)

    async def cancel(self, payment_id: str) -> Payment:
        """Take the request back. It can lose the race: what comes back is the truth."""
        try:
            await self._write(f"/v1/payments/{payment_id}/cancellation", {}, dict[str, Any],
                              f"cancel-{payment_id}")
        except Problem as problem:
            if problem.status != _CONFLICT:
                raise
        return await self.payment(payment_id)

    async def capture(self, payment_id: str, amount_minor: int | None = None, *,
                      final: bool = False, key: str = "") -> Captured:
        """The goods went out, for this much; None: for all that is left. final: the rest goes
        back."""
        content: dict[str, Any] = {"final": final}
        if amount_minor is not None:
            content["amount_minor"] = amount_minor
        return await self._write(f"/v1/payments/{payment_id}/captures", content, Captured, key)

    async def refund(self, payment_id: str, amount_minor: int, *, reason: str = "",
                     reference: str = "", key: str = "") -> Refund:
        """Give back a part or all."""
        return await self._write(
            f"/v1/payments/{payment_id}/refunds",
            {"amount_minor": amount_minor, "reason": reason, "reference": reference}, Refund, key)

    async def again(self) -> object:
        """Send once more what went unanswered; None where there is nothing."""
        left = self.unsent
        if left is None:
            return None
        return await self._write(left.path, left.content, left.kind, left.key)

    async def settlements(self, **query: str) -> Settlements:
        """What nights have paid: from, to, after, limit."""
        return await self._host.get("/v1/settlements", Settlements, **query)

    async def settlement(self, number: str) -> Settlement:
        """One of them."""
        return (await self._host.get(f"/v1/settlements/{number}", Settled)).settlement

    async def _write(self, path: str, content: dict[str, Any], kind: type[T], key: str) -> T:
        """Once, whatever happens to the answer: it is kept until the host has answered."""
        key = key or self._new_key()
        self.unsent = Unsent(path, content, key, kind)
        try:
            found = await self._host.post(path, content, kind, key)
        except Problem:
            self.unsent = None
            raise
        self.unsent = None
        return found

    async def _listen(self, payment_id: str, news: asyncio.Queue[Payment]) -> None:
        """Put what the host tells into the queue, as long as it tells. What is too much for the
        queue is found by the next look."""
        path = f"/v1/payments/{payment_id}/events"
        for anew in (False, True):
            await self._host.identify(anew=anew)
            try:
                async for event in events(self._host.client, path, self._chance):
                    if not event.data:
                        continue
                    with contextlib.suppress(asyncio.QueueFull, msgspec.MsgspecError):
                        news.put_nowait(msgspec.json.decode(event.data, type=Payment))
            except Problem as problem:
                if problem.status != _NO_TOKEN:
                    return
