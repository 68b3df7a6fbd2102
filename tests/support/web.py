"""The JSON door as a test sees it: bodies as dictionaries, one idempotency key a call."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from tests.support.portfolio import Card
from tests.support.rig import Rig

LOCAL = "2026-07-23T10:11:12"
_keys = itertools.count(1)


class Web:
    """A client of one rig's HTTP door."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.url = f"http://127.0.0.1:{rig.ports['http']}"

    def post(self, path: str, body: Any, key: str | None = None, **more: Any) -> httpx.Response:
        """POST a body; bytes go as they are."""
        headers = {"Idempotency-Key": key if key is not None else f"k{next(_keys)}"}
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.rig.run(self._send("POST", path, headers=headers, **content, **more))

    def get(self, path: str) -> httpx.Response:
        """GET."""
        return self.rig.run(self._send("GET", path))

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as client:
            return await client.request(method, path, **more)


def sale(card: Card, amount: int, **more: Any) -> dict[str, Any]:
    """The body of a sale."""
    return {"terminal_id": "POS00001", "sequence": f"w{next(_keys)}", "local_time": LOCAL,
            "card": {"pan": card.pan, "expiry": card.expiry}, "amount_minor": amount,
            "currency": "EUR", **more}


def reversal(of: dict[str, Any], kind: str = "sale", **more: Any) -> dict[str, Any]:
    """The body of a reversal of another body."""
    return {"terminal_id": of["terminal_id"], "sequence": f"w{next(_keys)}", "local_time": LOCAL,
            "original": {"kind": kind, "sequence": of["sequence"], "local_date": LOCAL[:10]},
            **more}


def deposit(amount: int, **more: Any) -> dict[str, Any]:
    """The body of a deposit in notes of ten."""
    return {"terminal_id": "SAFE0001", "sequence": f"w{next(_keys)}", "local_time": LOCAL,
            "amount_minor": amount, "currency": "EUR", "depositor": "Ana",
            "denominations": [{"value_minor": 1_000, "kind": "note", "count": amount // 1_000}],
            **more}
