"""The port by which a phone is woken, and the built-in way: web push (RFC 8030).

Knows one message to one subscription; who is woken, and whether once more, is pushing.py's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from authhost.push import bounds
from authhost.push.encryption import SALT, encrypted
from authhost.push.subscription import Subscription
from authhost.push.vapid import Vapid
from authhost.webhooks.addresses import Unwelcome
from authhost.webhooks.outgoing import Outgoing, Unreachable


class Came(StrEnum):
    """What became of a message."""

    SENT = "sent"  # the push service has it; whether the phone ever does, nobody says
    ENDED = "ended"  # there is no such subscription any more (RFC 8030, 7.3)
    TOO_LARGE = "too_large"
    LATER = "later"  # it may be tried again
    REFUSED = "refused"  # and may not: the service does not take it from us


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """said: for the log. asked_pause_s: Retry-After, 0 where there was none."""

    came: Came
    said: str
    asked_pause_s: int = 0


class Push(Protocol):
    """A way to wake a phone."""

    async def send(self, subscription: Subscription, payload: bytes, ttl_s: int,
                   topic: str = "") -> Outcome:
        """One message, tried once. payload: at most 3993 bytes, may be empty; ttl_s: how long it
        is of use; topic: of messages under one the last is kept, at most 32 of base64url."""


class WebPush:
    """real_now_us: the machine's clock."""

    def __init__(self, outgoing: Outgoing, vapid: Vapid, real_now_us: Callable[[], int]) -> None:
        self._outgoing = outgoing
        self._vapid = vapid
        self._real_now_us = real_now_us

    async def send(self, subscription: Subscription, payload: bytes, ttl_s: int,
                   topic: str = "") -> Outcome:
        """As the port says; Urgency is high, for somebody stands at a till."""
        target = subscription.target
        headers = {
            "TTL": str(min(max(ttl_s, 0), bounds.TTL_S)), "Urgency": "high",
            "Authorization": self._vapid.authorization(target.origin,
                                                       self._real_now_us() // 1_000_000)}
        if topic:
            headers["Topic"] = topic
        body = b""
        if payload:
            body = encrypted(payload, subscription, ec.generate_private_key(ec.SECP256R1()),
                             secrets.token_bytes(SALT))
            headers |= {"Content-Type": "application/octet-stream",
                        "Content-Encoding": "aes128gcm"}
        try:
            said = await self._outgoing.post(target, headers, body, bounds.ANSWER_S)
        except Unwelcome as unwelcome:
            return Outcome(Came.REFUSED, str(unwelcome))
        except Unreachable as error:
            return Outcome(Came.LATER, str(error))
        return Outcome(_came(said.status), str(said.status), said.retry_after_s)


def _came(status: int) -> Came:
    """What a push service's status means (RFC 8030, 5, 7.2, 7.3 and 8.4)."""
    if 200 <= status < 300:
        return Came.SENT
    if status in {404, 410}:
        return Came.ENDED
    if status == 413:
        return Came.TOO_LARGE
    return Came.LATER if status == 429 or status >= 500 else Came.REFUSED
