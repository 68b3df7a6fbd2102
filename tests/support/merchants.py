"""Merchants' people over the JSON door: users made at the desk, tokens, calls in their name.

Knows a rig with a door; makes users as an administrator's desk does.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Literal

import httpx

from authhost.admin.access import operator
from authhost.merchants.users import NewUser
from tests.support.payments import Bank
from tests.support.rig import Rig

_numbers = itertools.count(1)


class Shopfront:
    """The door of one rig as merchants see it. bank: says what it is told to."""

    def __init__(self, rig: Rig, port: str = "http", **client: Any) -> None:
        self.rig = rig
        self.bank = Bank()
        rig.host.paying.payments._banks = self.bank
        scheme = "https" if client else "http"
        self.url = f"{scheme}://127.0.0.1:{rig.ports[port]}"
        self._client = client

    def user(self, kind: Literal["agent", "client"] = "client", merchant: str = "SHOP",
             **more: Any) -> tuple[str, str]:
        """(id, secret) of a new user."""
        user_id = f"{kind}-{next(_numbers)}"
        row = self.rig.run(self.rig.host.paying.users.add(
            operator("operator"), NewUser(user_id=user_id, merchant_id=merchant, kind=kind,
                                          name="Somebody", **more), None))
        return user_id, row["secret"]

    def token(self, user_id: str, secret: str, **form: str) -> str:
        """An access token."""
        answer = self.send("POST", "/v1/oauth/token", auth=(user_id, secret),
                           data={"grant_type": "client_credentials", **form})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def till(self, **more: Any) -> Till:
        """A client with a token."""
        return Till(self, self.token(*self.user(**more)))

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request."""
        async def work() -> httpx.Response:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20,
                                         **self._client) as client:
                return await client.request(method, path, **more)

        return self.rig.run(work())

    def at_once(self, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
        """All at the same time."""
        async def work() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20,
                                         **self._client) as client:
                return await asyncio.gather(*(client.request(method, path, **more)
                                              for method, path, more in requests))

        return self.rig.run(work())


class Till:
    """A caller with a bearer token."""

    def __init__(self, front: Shopfront, token: str) -> None:
        self.front = front
        self.token = token

    def post(self, path: str, body: Any = None, key: str = "", **more: Any) -> httpx.Response:
        """POST a body; bytes go as they are."""
        headers = {**self.headers, "Idempotency-Key": key or f"m{next(_numbers)}"}
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.front.send("POST", path, headers=headers, **content, **more)

    def get(self, path: str, **query: Any) -> httpx.Response:
        """GET."""
        return self.front.send("GET", path, headers=self.headers, params=query or None)

    def delete(self, path: str) -> httpx.Response:
        """DELETE."""
        return self.front.send("DELETE", path, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        """Who it is."""
        return {"Authorization": f"Bearer {self.token}"}


def wanted(amount: int = 1_250, **more: Any) -> dict[str, Any]:
    """The body of a payment request."""
    return {"amount_minor": amount, "currency": "EUR", "purpose": "Roses", "reference": "R-1",
            **more}
