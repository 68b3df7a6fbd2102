"""The host as a phone sees it: JSON over HTTP, repeated until answered.

Knows HTTP and what a problem says (RFC 9457); must not know keys.
"""

from __future__ import annotations

import ssl
from typing import Any, Final, TypeVar

import msgspec

from terminals.json_door import Problem, Repeating, body_of, decoded
from terminals.phone.shown import plain

T = TypeVar("T")
MOST_BYTES: Final = 1024 * 1024  # of an answer


class _Said(msgspec.Struct):
    title: str = ""
    detail: str = ""
    where: str = ""


class Door(Repeating):
    """For one phone. tls: the host's authority, and a certificate where one is asked for."""

    def __init__(self, base_url: str, *, tls: ssl.SSLContext | None = None, repeats: int = 3,
                 pause_s: float = 0.3, timeout_s: float = 10.0) -> None:
        super().__init__(base_url, tls, repeats=repeats, pause_s=pause_s, timeout_s=timeout_s)

    async def get(self, path: str, kind: type[T]) -> T:
        """What is there. Problem, NoAnswer."""
        return decoded(await self._send("GET", path, None), kind)

    async def tell(self, method: str, path: str, content: dict[str, Any], kind: type[T],
                   key: str = "") -> T:
        """What it was answered. key: Idempotency-Key, where the route has one. Problem, NoAnswer:
        it may have been done."""
        return decoded(await self._send(method, path, msgspec.json.encode(content), key), kind)

    async def _send(self, method: str, path: str, body: bytes | None, key: str = "") -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            headers["Idempotency-Key"] = key
        response = await self._answer(method, path, content=body, headers=headers)
        return body_of(response, MOST_BYTES) or b"null"


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
