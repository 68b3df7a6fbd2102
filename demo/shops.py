"""Shops that are paid by phone: their tills and agents, made at the office, and what they cost.

Knows the till's program and the office's desk; must not know payers. Every other till has a secret
(OAuth 2), the others a certificate.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any, Final, TypeVar

import msgspec

from demo.handset import PATIENCE_S, Astray
from demo.office import Office
from demo.portfolio import BUSINESS_DATE, PLAN
from demo.tally import Tally
from terminals.phone.door import Door
from terminals.till.bodies import Payment, Refund
from terminals.till.host import Host
from terminals.till.program import Till

T = TypeVar("T")
CURRENCY: Final = "EUR"
_POLL_S, _LOOK_S = 0.25, 1.0  # real: a look now and then beside the events
_MOST: Final = 1_000  # payments of a page
# What a payment costs a shop; no VAT is on it.
_PERCENT, _FIXED, _LEAST, _OF_CODE, _OF_REFUND = Decimal("1.2"), 10, 20, 8, 25
_PLAN: Final[dict[str, Any]] = {
    "valid_from": BUSINESS_DATE.isoformat(),
    "fees": {"phone": {"percent": str(_PERCENT), "fixed_minor": _FIXED, "least_minor": _LEAST},
             "qr": {"fixed_minor": _OF_CODE}, "refund": {"fixed_minor": _OF_REFUND},
             "vat_basis_points": 0},
    "settlement": {"by": "net", "every": "day", "after_days": 1}}


class Change(msgspec.Struct, frozen=True):
    """One change of a payment. who: the user, phone or bank."""

    event: str
    who: str


class _Changes(msgspec.Struct, frozen=True):
    data: tuple[Change, ...]


class _Refunds(msgspec.Struct, frozen=True):
    data: tuple[Refund, ...]


class Begun(msgspec.Struct, frozen=True):
    """A login that has begun. code: the phone shows the same."""

    id: str
    code: str


class Polled(msgspec.Struct, frozen=True):
    """What became of a login. token: told once, when the agent has confirmed it."""

    state: str
    token: str = ""
    user_id: str = ""


class Shop:
    """One till, or one agent, of a merchant. user_id: who speaks."""

    def __init__(self, merchant_id: str, user_id: str, host: Host, random: Random,
                 tally: Tally) -> None:
        self.merchant_id = merchant_id
        self.user_id = user_id
        self.till = Till(host, new_key=lambda: f"{random.getrandbits(96):024x}",
                         chance=random.random, poll_s=_POLL_S, look_s=_LOOK_S)
        self._host = host
        self._tally = tally

    async def close(self) -> None:
        """Close its connections."""
        await self._host.close()

    async def ask(self, amount_minor: int, purpose: str, phone: str | None, **more: Any) -> Payment:
        """Ask for euros; None: by a code for the payer's own bank."""
        return await self._timed("payment_request", self.till.request(
            amount_minor, CURRENCY, purpose, phone=phone, kind="phone" if phone else "qr", **more))

    async def ended(self, payment_id: str, state: str) -> Payment:
        """A payment, once nothing is open. Astray where it is another one."""
        found = await self.till.wait(payment_id, PATIENCE_S)
        if found.state != state:
            raise Astray(f"{self.user_id} has {payment_id} as {found.state} {found.reason}, not "
                         f"{state}")
        return found

    async def cancel(self, payment_id: str) -> Payment:
        """What stands then."""
        return await self._timed("payment_cancellation", self.till.cancel(payment_id))

    async def capture(self, payment_id: str, amount_minor: int) -> None:
        """The goods went out for this much; the rest goes back."""
        await self._timed("payment_capture",
                          self.till.capture(payment_id, amount_minor, final=True))

    async def refund(self, payment_id: str, amount_minor: int, key: str) -> Refund:
        """A part goes back, once under this key."""
        return await self._timed("payment_refund", self.till.refund(
            payment_id, amount_minor, reason="returned", key=key))

    async def refunded(self, payment_id: str) -> Refund:
        """Its newest refund, once the payer has the money. Astray."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = await self._host.get(f"/v1/payments/{payment_id}/refunds", _Refunds)
            newest = found.data[-1] if found.data else None
            if newest is not None and newest.state == "PAID":
                return newest
            if time.monotonic() > deadline:
                raise Astray(f"the refund of {payment_id} is {newest}")
            await asyncio.sleep(_POLL_S)

    async def changes(self, payment_id: str) -> tuple[Change, ...]:
        """All that became of a payment, in its order."""
        return (await self._host.get(f"/v1/payments/{payment_id}/changes", _Changes)).data

    async def archive(self) -> list[Payment]:
        """All payments of the merchant, newest first."""
        found: list[Payment] = []
        after = ""
        while True:
            page = await self.till.payments(limit=str(_MOST), **({"after": after} if after else {}))
            found += page.data
            if page.next is None:
                return found
            after = page.next

    async def _timed(self, kind: str, work: Awaitable[T]) -> T:
        began = time.perf_counter()
        done = await work
        self._tally.told(kind, time.perf_counter() - began)
        return done


class Shops:
    """Where shops and their people come from. url: the host's public door; now_s: the day's clock,
    in seconds; tls: of a name that is in a certificate, or of nobody."""

    def __init__(self, url: str, tls: Callable[[str], ssl.SSLContext], now_s: Callable[[], float],
                 tally: Tally) -> None:
        self._url = url
        self._tls = tls
        self._now_s = now_s
        self._tally = tally
        self._anybody = tls("")

    async def plan(self, office: Office) -> None:
        """What all shops have agreed on."""
        await office.put(f"/merchant-plans/{PLAN}", _PLAN)

    async def till(self, office: Office, merchant_id: str, number: int) -> Shop:
        """A new user of the merchant: a program."""
        user_id = f"till-{merchant_id}"
        has_secret = number % 2 == 0
        made = await office.post("/merchant-users", {
            "user_id": user_id, "merchant_id": merchant_id, "kind": "client", "name": "Kassa",
            "secret": has_secret, "certificate": "" if has_secret else user_id})
        host = Host(self._url, client_id=user_id if has_secret else "", secret=made["secret"],
                    tls=self._anybody if has_secret else self._tls(user_id), now=self._now_s)
        return Shop(merchant_id, user_id, host, Random(user_id), self._tally)

    async def agent(self, office: Office, merchant_id: str, phone: str) -> str:
        """A new user of the merchant: a person with a phone. His id."""
        user_id = f"agent-{phone[-2:]}"
        await office.post("/merchant-users", {
            "user_id": user_id, "merchant_id": merchant_id, "kind": "agent", "name": "Verkauf",
            "phone": phone})
        return user_id

    def door(self) -> Door:
        """The public door, for whoever has no certificate."""
        return Door(self._url, tls=self._anybody)

    def session(self, merchant_id: str, user_id: str, token: str) -> Shop:
        """An agent who has logged in."""
        host = Host(self._url, tls=self._anybody)
        host.client.headers["Authorization"] = f"Bearer {token}"
        return Shop(merchant_id, user_id, host, Random(token), self._tally)


async def begun(browser: Door, phone: str) -> Begun:
    """Somebody logs in with this phone."""
    return await browser.tell("POST", "/v1/logins", {"phone": phone, "browser": "Büro"}, Begun)


async def polled(browser: Door, login_id: str) -> Polled:
    """What became of it."""
    return await browser.get(f"/v1/logins/{login_id}", Polled)


def fee_minor(kind: str, captured_minor: int) -> int:
    """What a payment has cost its shop, worked out by hand. PURE."""
    if not captured_minor:
        return 0
    if kind == "qr":
        return _OF_CODE
    part = (_PERCENT * captured_minor / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return max(int(part) + _FIXED, _LEAST)


def refund_fee_minor(refunds: int) -> int:
    """What so many refunds of captured money have cost."""
    return _OF_REFUND * refunds
