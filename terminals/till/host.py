"""The host as a till sees it: a token or a certificate, JSON repeated until it is answered.

Knows OAuth 2 client credentials (RFC 6749, 4.4) and HTTP; knows no payment. A write that is not
answered may have been done: it is sent again under its own Idempotency-Key, never under another.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx
import msgspec

from terminals.json_door import Problem, Repeating, body_of, decoded
from terminals.till.bodies import Token

T = TypeVar("T")
MOST_BYTES: Final = 8 * 1024 * 1024  # of an answer
_TOKEN: Final = "/v1/oauth/token"
_EARLY_S: Final = 30.0  # before its end a token is got anew
_UNAUTHORIZED: Final = 401


class Host(Repeating):
    """For one till. client_id, secret: '' where its certificate says who it is. now: seconds that
    only grow."""

    def __init__(self, base_url: str, *, client_id: str = "", secret: str = "",
                 tls: ssl.SSLContext | None = None, repeats: int = 3, pause_s: float = 0.3,
                 timeout_s: float = 10.0, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(base_url, tls, repeats=repeats, pause_s=pause_s, timeout_s=timeout_s,
                         connections=8)
        self._id = client_id
        self._secret = secret
        self._now = now
        self._ends_s = 0.0  # the token's end
        self._getting = asyncio.Lock()

    async def get(self, path: str, kind: type[T], **query: str) -> T:
        """What is there. Problem, NoAnswer."""
        return decoded(await self.raw(path, **query), kind)

    async def raw(self, path: str, **query: str) -> bytes:
        """The bytes that are there. Problem, NoAnswer."""
        return await self._send("GET", path, params=query)

    async def post(self, path: str, content: dict[str, Any], kind: type[T], key: str) -> T:
        """What it was answered. Problem; NoAnswer: it may have been done."""
        return decoded(await self._send(
            "POST", path, content=msgspec.json.encode(content),
            headers={"Content-Type": "application/json", "Idempotency-Key": key}), kind)

    async def identify(self, *, anew: bool = False) -> None:
        """Have a token that is good for a while; nothing where a certificate does it."""
        if not self._id:
            return
        async with self._getting:
            if not anew and self._now() < self._ends_s:
                return
            raw = await self._tried("POST", _TOKEN, data={"grant_type": "client_credentials"},
                                    auth=httpx.BasicAuth(self._id, self._secret))
            token = decoded(raw, Token)
            self._ends_s = self._now() + max(token.expires_in - _EARLY_S, 0.0)
            self.client.headers["Authorization"] = f"Bearer {token.access_token}"

    async def _send(self, method: str, path: str, **more: Any) -> bytes:
        await self.identify()
        try:
            return await self._tried(method, path, **more)
        except Problem as problem:
            if problem.status != _UNAUTHORIZED or not self._id:
                raise
        # The token was revoked, or the host forgot it: once more with another one.
        await self.identify(anew=True)
        return await self._tried(method, path, **more)

    async def _tried(self, method: str, path: str, **more: Any) -> bytes:
        return body_of(await self._answer(method, path, **more), MOST_BYTES)
