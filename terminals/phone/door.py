"""The host as a phone sees it: JSON over HTTP, repeated until answered.

Knows HTTP and what a problem says (RFC 9457); must not know keys.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final, TypeVar

import httpx
import msgspec

from terminals.json_door import NoAnswer, Problem
from terminals.phone.shown import plain

T = TypeVar("T")
_ASK_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # not an answer, a mood
MOST_BYTES: Final = 1024 * 1024  # of an answer


class _Said(msgspec.Struct):
    title: str = ""
    detail: str = ""
    where: str = ""


class Door:
    """For one phone. tls: the host's authority, and a certificate where one is asked for."""

    def __init__(self, base_url: str, *, tls: ssl.SSLContext | None = None, repeats: int = 3,
                 pause_s: float = 0.3, timeout_s: float = 10.0) -> None:
        self._repeats = repeats
        self._pause_s = pause_s
        self.client = httpx.AsyncClient(
            base_url=base_url, verify=tls if tls is not None else True, timeout=timeout_s,
            limits=httpx.Limits(max_connections=4, keepalive_expiry=60.0), trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def get(self, path: str, kind: type[T]) -> T:
        """What is there. Problem, NoAnswer."""
        return _decoded(await self._send("GET", path, None), kind)

    async def tell(self, method: str, path: str, content: dict[str, Any], kind: type[T],
                   key: str = "") -> T:
        """What it was answered. key: Idempotency-Key, where the route has one. Problem, NoAnswer:
        it may have been done."""
        return _decoded(await self._send(method, path, msgspec.json.encode(content), key), kind)

    async def _send(self, method: str, path: str, body: bytes | None, key: str = "") -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            headers["Idempotency-Key"] = key
        for sent in range(self._repeats + 1):
            if sent:
                await asyncio.sleep(self._pause_s)
            try:
                response = await self.client.request(method, path, content=body, headers=headers)
            except httpx.TransportError:
                continue
            if response.status_code in _ASK_AGAIN:
                continue
            if response.status_code >= 300:
                raise Problem(response.status_code, response.content)
            return response.content
        raise NoAnswer(f"{method} {path}: the host does not answer")


def explained(problem: Problem) -> str:
    """A refusal in clear words."""
    try:
        said = msgspec.json.decode(problem.body, type=_Said)
    except msgspec.MsgspecError:
        return plain(str(problem))
    where = f" ({said.where})" if said.where else ""
    return plain(f"{said.title or problem.status}: {said.detail}{where}")


def blames(problem: Problem, where: str) -> bool:
    """Whether it is a conflict about this part of what was sent."""
    if problem.status != 409:
        return False
    try:
        return msgspec.json.decode(problem.body, type=_Said).where == where
    except msgspec.MsgspecError:
        return False


def _decoded(raw: bytes, kind: type[T]) -> T:
    if len(raw) > MOST_BYTES:
        raise NoAnswer(f"the host's answer is longer than {MOST_BYTES} bytes")
    try:
        return msgspec.json.decode(raw or b"null", type=kind)
    except msgspec.MsgspecError as error:
        raise NoAnswer(f"the host's answer cannot be read: {error}") from None
