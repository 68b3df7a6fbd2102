"""The host's door for safes: a message goes out, an answer comes back, and which numbers it lacks.

Knows HTTP, paths and the header Missing-Sequences; knows no store and no note. The terminal's
certificate says who speaks; every message has its own Idempotency-Key.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from terminals.line import Line
from terminals.safe.rows import Issued

_RANGE: Final = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?$")
_MOST_RANGES: Final = 32
_LONGEST_REASON: Final = 300


class HostAway(Exception):
    """No answer came: whether the host has the message is unknown."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The host's answer. missing: numbers, first and last, that it has never seen."""

    status: int
    body: bytes
    missing: tuple[tuple[int, int], ...] = ()

    @property
    def reason(self) -> str:
        """Of a problem: what it says, in its own words."""
        try:
            problem = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            problem = self.body.decode(errors="replace")
        if not isinstance(problem, dict):
            return str(problem)[:_LONGEST_REASON]
        words = [str(problem[name]) for name in ("title", "detail", "instance") if name in problem]
        return ": ".join(words)[:_LONGEST_REASON]


class SafeDoor:
    """One safe at the host's door. tls: its certificate and the host's authority."""

    def __init__(self, url: str, terminal_id: str, *, tls: ssl.SSLContext | None = None,
                 line: Line | None = None, timeout_s: float = 10.0) -> None:
        self._terminal_id = terminal_id
        self._line = line
        self._client = httpx.AsyncClient(
            base_url=url, verify=tls if tls is not None else True, timeout=timeout_s,
            limits=httpx.Limits(max_connections=2, keepalive_expiry=60.0), trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def tell(self, sequence: int, path: str, body: bytes) -> Said:
        """One message, once. HostAway."""
        return _heard(await self._ask("POST", path, content=body, headers={
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self._terminal_id}-{sequence}"}))

    async def receipt(self, sequence: int) -> Issued | None:
        """What the host calls its document of a deposit; None: it has none of this number, or is
        too busy to make one. HostAway."""
        response = await self._ask("GET", f"/receipts/{sequence}")
        if not response.is_success:
            return None
        try:
            return msgspec.json.decode(response.content, type=Issued)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    async def _ask(self, method: str, path: str, *, content: bytes | None = None,
                   headers: Mapping[str, str] | None = None) -> httpx.Response:
        if self._line is not None and not self._line.up:
            raise HostAway("the line is out")
        try:
            response = await self._client.request(
                method, f"/v1/safes/{self._terminal_id}{path}", content=content, headers=headers)
        except httpx.HTTPError as error:
            raise HostAway(f"{path}: {type(error).__name__} {error}") from error
        if self._line is not None and not self._line.up:  # it was pulled out before this came
            raise HostAway("the line is out")
        return response


def _heard(response: httpx.Response) -> Said:
    return Said(status=response.status_code, body=response.content,
                missing=ranges(response.headers.get("missing-sequences", "")))


def ranges(text: str) -> tuple[tuple[int, int], ...]:
    """`7, 9-12` as numbers, first and last; what cannot be read is left out."""
    found = []
    for part in text.split(",")[:_MOST_RANGES]:
        match = _RANGE.match(part.strip())
        if match is not None:
            first = int(match[1])
            found.append((first, int(match[2] or first)))
    return tuple(found)
