"""A merchant's till that is paid by phone: asks for a payment, watches it, may cancel it.

Knows payment requests from the merchant's side; must not know the payer's key or account. By hand:

    python -m terminals.merchant --url http://127.0.0.1:8580 --till K0001 --phone +38640... 12.50
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import Final

import msgspec

from terminals.json_door import JsonDoor, Posted, key_about

OPEN: Final = "REQUESTED"
_POLL_PAUSE_S: Final = 0.1


class Status(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A payment request as the host shows it."""

    id: str
    state: str  # REQUESTED, PAID, REFUSED, CANCELLED, EXPIRED
    amount_minor: int = 0
    currency: str = ""
    merchant_id: str = ""
    purpose: str = ""

    @property
    def final(self) -> bool:
        """True once nothing can change it any more."""
        return self.state != OPEN


class Till:
    """One till of a merchant."""

    def __init__(self, terminal_id: str, door: JsonDoor, *, currency: str = "EUR",
                 first_sequence: int = 1) -> None:
        self.terminal_id = terminal_id
        self.currency = currency
        self._door = door
        self._sequences = itertools.count(first_sequence)

    async def request(self, amount_minor: int, payer_phone: str, purpose: str, *,
                      reference: str = "", expires_in_s: int = 180) -> Posted:
        """Ask the payer for money; the answer's decision has the request's id and state."""
        key = f"{self.terminal_id}-{next(self._sequences):06d}"
        content = {
            "terminal_id": self.terminal_id,
            "amount_minor": amount_minor,
            "currency": self.currency,
            "purpose": purpose,
            "payer_phone": payer_phone,
            "reference": reference or key,
            "expires_in_s": expires_in_s,
        }
        return await self._door.post("payment_request", "/v1/payment-requests", content,
                                     client_id=self.terminal_id, key=key)

    async def repeat(self, posted: Posted) -> Posted:
        """The same POST again: done once, the same answer."""
        return await self._door.post_again(posted, self.terminal_id)

    async def status(self, request_id: str) -> Status:
        """How the payment stands."""
        raw = await self._door.get(f"/v1/payment-requests/{request_id}")
        return msgspec.json.decode(raw, type=Status)

    async def wait(self, request_id: str, timeout_s: float,
                   pause_s: float = _POLL_PAUSE_S) -> Status:
        """Read again until it is final; the last state seen when the time is up."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        status = await self.status(request_id)
        while not status.final and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(pause_s)
            status = await self.status(request_id)
        return status

    async def cancel(self, request_id: str) -> Posted:
        """Take the request back. It can lose the race against the payer: read the state."""
        return await self._door.post(
            "payment_cancellation", f"/v1/payment-requests/{request_id}/cancellation",
            {"terminal_id": self.terminal_id}, client_id=self.terminal_id,
            key=key_about("cancel", request_id))


if __name__ == "__main__":
    from terminals.by_hand import merchant_main

    sys.exit(merchant_main(sys.argv[1:]))
