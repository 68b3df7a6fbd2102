"""The host's door for stations: catalogue, heartbeats and shifts, JSON over HTTPS.

Knows paths and bodies; knows no store. The terminal's certificate says who asks. Nothing here needs
an Idempotency-Key: all of it may be said twice.
"""

from __future__ import annotations

import ssl
from datetime import datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec

from terminals.edge.catalogue import Envelope
from terminals.edge.shifts import Line as TotalLine
from terminals.edge.shifts import Shift
from terminals.line import Line

_NOT_MODIFIED: Final = 304
_OK: Final = range(200, 300)
_LONGEST_CATALOGUE: Final = 64 * 1024 * 1024
_T = TypeVar("_T")


class StationAway(Exception):
    """No answer, or none that can be read: ask again later."""


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """How a terminal is."""

    at: datetime  # with the terminal's offset
    software: str
    catalogue_version: int
    catalogue_refused: str
    unsent: int
    oldest_unsent_at: datetime | None
    shift: dict[str, str]
    link_age_s: int
    last_sequence: str


class Beaten(msgspec.Struct, frozen=True, kw_only=True):
    """What the host says to it."""

    catalogue_version: int = 0
    upload: bool = False
    time: datetime | None = None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the host has the same sums."""

    state: str
    differences: tuple[dict[str, Any], ...] = ()


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that the host lacks. why: what became of it there; '' where it never came."""

    sequence: str
    kind: str = ""
    local_date: str = ""
    why: str = ""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The difference, to the transaction."""

    missing_at_host: tuple[Named, ...] = ()
    missing_at_terminal: tuple[dict[str, Any], ...] = ()
    different: tuple[dict[str, Any], ...] = ()


class StationDoor:
    """One terminal at the host's door. tls: its certificate and the host's authority."""

    def __init__(self, url: str, terminal_id: str, *, tls: ssl.SSLContext | None = None,
                 line: Line | None = None, timeout_s: float = 10.0) -> None:
        self._base = f"/v1/stations/{terminal_id}"
        self._line = line
        self._client = httpx.AsyncClient(
            base_url=url, verify=tls if tls is not None else True, timeout=timeout_s,
            limits=httpx.Limits(max_connections=2, keepalive_expiry=60.0), trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def catalogue(self, have: int) -> Envelope | None:
        """The catalogue, or what changed since version `have`; None: nothing newer is needed."""
        response = await self._ask("GET", f"/catalogue?have={have}")
        if response.status_code == _NOT_MODIFIED:
            return None
        if len(response.content) > _LONGEST_CATALOGUE:
            raise StationAway(f"a catalogue of {len(response.content)} bytes")
        return _read(response, Envelope)

    async def heartbeat(self, beat: Beat) -> Beaten:
        """Tell how we are."""
        return _read(await self._ask("POST", "/heartbeats", beat), Beaten)

    async def close_shift(self, shift: Shift, first: str, last: str, last_day: str,
                          totals: list[TotalLine]) -> Balance:
        """Our sums of a shift. first, last: its sequence numbers; last_day: of the last one."""
        longer = {"last_day": last_day} if last_day > shift.day else {}
        return _read(await self._ask("POST", "/shifts", {
            "shift": shift.number, "day": shift.day, "from_sequence": first, "to_sequence": last,
            "totals": totals, **longer}), Balance)

    async def transactions(self, shift: str, told: list[dict[str, Any]]) -> Findings:
        """All of a shift's transactions, so that the difference is found."""
        return _read(await self._ask("POST", f"/shifts/{shift}/transactions",
                                     {"transactions": told}), Findings)

    async def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        if self._line is not None and not self._line.up:
            raise StationAway("the line is out")
        content = msgspec.json.encode(body) if body is not None else None
        try:
            response = await self._client.request(
                method, self._base + path, content=content,
                headers={"Content-Type": "application/json"} if content else None)
        except httpx.HTTPError as error:
            raise StationAway(f"{method} {path}: {error}") from error
        if response.status_code not in _OK and response.status_code != _NOT_MODIFIED:
            raise StationAway(f"{method} {path}: HTTP {response.status_code}"
                              f" {response.text[:300]}")
        return response


def _read(response: httpx.Response, wanted: type[_T]) -> _T:
    try:
        return msgspec.json.decode(response.content, type=wanted)
    except msgspec.DecodeError as error:
        raise StationAway(f"{response.url.path}: {error}") from error
