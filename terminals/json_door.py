"""The JSON door as its clients see it: POST with an Idempotency-Key, repeated until answered.

Knows HTTP and the answer's shape; knows no safe and no shop. A repeat is the same body under
the same key, so the host does it once. Decimals travel as strings.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from decimal import Decimal
from typing import Any, Final, TypeVar

import httpx
import msgspec

from terminals.purchase import GOODS_BACK, Sale, Terminal
from terminals.record import Record

T = TypeVar("T")
ASK_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # not an answer, a mood
_OK: Final = 200


class NoAnswer(Exception):
    """All repeats went unanswered: whether the host has acted is unknown."""


class Problem(Exception):
    """The host refused the message itself (RFC 9457): it was malformed, or not allowed."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}: {body[:500].decode(errors='replace')}")
        self.status = status
        self.body = body


class AllowedProduct(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A product that may be sold, and what is left: minor units and litres; None: no limit says."""

    product: str
    money_left_minor: int | None = None
    volume_left_decimal: Decimal | None = None


class Price(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the fleet pays for one product, by its contract, VAT included."""

    product: str
    unit_price: Decimal
    amount_minor: int
    contract: str
    version: int


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The answer of a POST.

    allowed: what may be sold, None where it was not asked; fuel_volume_decimal: litres that a hold
    is good for; prompts: to be asked again.
    """

    key: str = ""
    decision: str
    action_code: str = ""
    reason: str = ""
    amount_minor: int = 0
    currency: str = ""
    approval_code: str = ""
    decided_at: str = ""
    flags: tuple[str, ...] = ()
    allowed: tuple[AllowedProduct, ...] | None = None
    fuel_volume_decimal: Decimal | None = None
    prompts: tuple[str, ...] = ()
    prices: tuple[Price, ...] = ()

    @property
    def approved(self) -> bool:
        """Done, wholly or in part."""
        return self.decision in ("approved", "partial")


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """One POST and what became of it. raw: the answer's body, to compare with a repeat's."""

    kind: str
    path: str
    key: str
    body: bytes
    decision: Decision
    raw: bytes
    sent: int
    latency_s: float


# The names of prompts in a body: Stripe Issuing's where it has one.
_PROMPT_NAMES: Final = {"driver_number": "driver_id"}


def sale_body(terminal: Terminal, sequence: str, local_time: str, sale: Sale, *,
              original: dict[str, str] | None = None) -> dict[str, Any]:
    """The body of a sale, pre-authorization, completion, off-line sale, return or increment.

    original: kind, sequence and local_date of what a completion, return or increment is about.
    """
    body: dict[str, Any] = {
        "terminal_id": terminal.terminal_id, "sequence": sequence, "local_time": local_time,
        "card": {"pan": sale.card.pan, "expiry": sale.card.expiry},
        "amount_minor": sale.amount_minor, "currency": sale.currency,
        "items": [{"product": item.product, "unit": item.unit, "quantity": str(item.quantity),
                   "unit_price": str(item.unit_price), "amount_minor": item.amount_minor}
                  for item in sale.items]}
    typed: dict[str, Any] = {_PROMPT_NAMES.get(name, name): answer
                             for name, answer in sale.answers.items()}
    for name in ("odometer", "engine_hours"):
        if typed.get(name, "").isdecimal():
            typed[name] = int(typed[name])
    if typed:
        body["fleet"] = {"cardholder_prompt_data": typed}
    if sale.second is not None:
        body["second_card"] = {"pan": sale.second.pan, "expiry": sale.second.expiry}
    if sale.entry:
        body["entry"] = sale.entry
    if sale.wants_rest:
        body["rest"] = True
    if original is not None:
        body["original"] = original
    return body


def path_of(sale: Sale, kind: str) -> str:
    """Where a body goes: `sale`, `preauthorization`, `completion` or `offline_sale`; a sale of
    goods that come back is a return."""
    if sale.processing == GOODS_BACK:
        return "/v1/returns"
    return f"/v1/{kind.replace('_', '-')}s"


class Repeating:
    """A client of the host that asks until it is answered. tls: the host's authority, and a
    certificate where one is asked for; connections: at most."""

    def __init__(self, base_url: str, tls: ssl.SSLContext | None, *, repeats: int, pause_s: float,
                 timeout_s: float, connections: int = 4) -> None:
        self._repeats = repeats
        self._pause_s = pause_s
        self.client = httpx.AsyncClient(
            base_url=base_url, verify=tls if tls is not None else True, timeout=timeout_s,
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=60.0),
            trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The first answer. NoAnswer after the last repeat."""
        for sent in range(self._repeats + 1):
            if sent:
                await asyncio.sleep(self._pause_s)
            response = await self._once(method, path, **more)
            if response is not None:
                return response
        raise NoAnswer(f"{method} {path}: the host does not answer")

    async def _once(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        try:
            response = await self.client.request(method, path, **more)
        except httpx.TransportError:
            return None
        return None if response.status_code in ASK_AGAIN else response


def body_of(response: httpx.Response, most_bytes: int) -> bytes:
    """What was answered. Problem where it was refused; NoAnswer where it is too long."""
    if response.status_code >= 300:
        raise Problem(response.status_code, response.content)
    if len(response.content) > most_bytes:
        raise NoAnswer(f"the host's answer is longer than {most_bytes} bytes")
    return response.content


def decoded(raw: bytes, kind: type[T]) -> T:
    """The JSON of an answer. NoAnswer where it is none, or of another shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as error:
        raise NoAnswer(f"the host's answer cannot be read: {error}") from None


class JsonDoor(Repeating):
    """The host over HTTP, for one client. tls: its own certificate and the host's authority."""

    def __init__(self, base_url: str, *, tls: ssl.SSLContext | None = None,
                 record: Record | None = None, timeout_s: float = 10.0, repeats: int = 3,
                 pause_s: float = 0.2) -> None:
        super().__init__(base_url, tls, repeats=repeats, pause_s=pause_s, timeout_s=timeout_s)
        self.record = record or Record()

    async def post(self, kind: str, path: str, content: dict[str, Any], *, client_id: str,
                   key: str) -> Posted:
        """Send until answered. Problem when refused, NoAnswer after the last repeat."""
        body = msgspec.json.encode(content)
        local_time = str(content.get("local_time", ""))
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        started = time.perf_counter()
        for sent in range(1, self._repeats + 2):
            self.record.add("sent", client_id, kind, stan=key, local_time=local_time,
                            amount_minor=content.get("amount_minor", 0))
            response = await self._once("POST", path, content=body, headers=headers)
            if response is not None:
                raw = response.content
                if response.status_code >= 400:
                    self.record.add("answered", client_id, kind, stan=key, local_time=local_time,
                                    reason=f"HTTP {response.status_code}", raw=raw)
                    raise Problem(response.status_code, raw)
                decision = msgspec.json.decode(raw, type=Decision)
                self.record.add(
                    "answered", client_id, kind, stan=key, local_time=local_time,
                    amount_minor=decision.amount_minor, action=decision.action_code,
                    reason=decision.reason, approval_code=decision.approval_code, raw=raw)
                return Posted(kind=kind, path=path, key=key, body=body, decision=decision,
                              raw=raw, sent=sent, latency_s=time.perf_counter() - started)
            if sent <= self._repeats:
                await asyncio.sleep(self._pause_s)
        raise NoAnswer(f"{kind} {key}")

    async def post_again(self, posted: Posted, client_id: str) -> Posted:
        """The same message again, though it was answered: the same bytes have to come back."""
        return await self.post(posted.kind, posted.path, msgspec.json.decode(posted.body),
                               client_id=client_id, key=posted.key)

    async def get(self, path: str) -> bytes:
        """The body of a GET; Problem when refused, NoAnswer after the last repeat."""
        response = await self._answer("GET", path)
        if response.status_code != _OK:
            raise Problem(response.status_code, response.content)
        return response.content
