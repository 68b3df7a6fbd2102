"""A payer's phone: shows what waits, and signs the payer's yes or no.

Knows its own Ed25519 key (RFC 8032) and what a payer reads before signing; must not know accounts.
The host has the public half alone. By hand:

    python -m terminals.phone --url http://127.0.0.1:8580 --phone +38640... --key payer.pem list
"""

from __future__ import annotations

import base64
import sys
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from terminals.json_door import JsonDoor, Posted, key_about

Answer = Literal["approve", "refuse"]


class Waiting(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A payment that waits for this payer: what is shown, and what is signed."""

    id: str
    amount_minor: int
    currency: str
    merchant_id: str
    purpose: str


class Phone:
    """One payer's phone."""

    def __init__(self, number: str, key: Ed25519PrivateKey, door: JsonDoor) -> None:
        self.number = number
        self._key = key
        self._door = door

    async def waiting(self) -> list[Waiting]:
        """What waits for this payer."""
        raw = await self._door.get(f"/v1/phones/{self.number}/payment-requests")
        return msgspec.json.decode(raw, type=list[Waiting])

    async def answer(self, request: Waiting, decision: Answer) -> Posted:
        """Sign and send the payer's word. What comes back is final: see its state."""
        content = {
            "phone": self.number,
            "decision": decision,
            "signature": base64.b64encode(
                self._key.sign(text_to_sign(request, decision))).decode(),
        }
        kind = "payment" if decision == "approve" else "payment_refusal"
        return await self._door.post(
            kind, f"/v1/payment-requests/{request.id}/approval", content,
            client_id=self.number, key=key_about(decision, request.id))

    async def repeat(self, posted: Posted) -> Posted:
        """The same word again: the first one stands, the same answer."""
        return await self._door.post_again(posted, self.number)


def text_to_sign(request: Waiting, decision: Answer) -> bytes:
    """What the signature covers, as docs/api.md gives it: lines of UTF-8."""
    return "\n".join((
        "authhost payment v1", request.id, decision, str(request.amount_minor),
        request.currency, request.merchant_id, request.purpose)).encode()


if __name__ == "__main__":
    from terminals.by_hand import phone_main

    sys.exit(phone_main(sys.argv[1:]))
