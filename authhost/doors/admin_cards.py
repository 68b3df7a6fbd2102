"""Routes of what is done with a card, an account, a vehicle's meter, and of who is let in.

Knows paths and bodies; what may be done is admin's to say.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from authhost.admin.access import Role, allow
from authhost.admin.accounts import ACCOUNT_ACTIONS, AccountActions
from authhost.admin.cards import Cards, Reason, Replacement
from authhost.admin.fields import Currency, Expiry, Pan
from authhost.admin.keyring import Keyring, NewAccess
from authhost.admin.refusals import Unknown
from authhost.doors.admin_call import AdminCall, Route, Work, row_response
from authhost.doors.call import encoded
from authhost.doors.response import Response
from authhost.translate.bodies import Body

_ROOT = "/v1/admin"
_PLAIN = {"activate": "activation", "unblock": "unblocking", "close": "closing",
          "unlock_pin": "pin-unlocking"}


class Blocking(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a card is blocked."""

    reason: Reason


class Replacing(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The number of the card that takes another one's place, and when."""

    pan: Pan
    expiry: Expiry
    when: Annotated[str, msgspec.Meta(pattern="^(now|activation)$")] = "activation"

    def __repr__(self) -> str:
        return "Replacing(hidden)"


class Lookup(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A card's number, in a body: a path is logged."""

    pan: Pan

    def __repr__(self) -> str:
        return "Lookup(hidden)"


class Funding(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was paid in; less than nothing: taken back."""

    amount_minor: Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]
    currency: Currency
    reference: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{1,35}$(?!\n)")]


class AccessBody(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody to be let in."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,64}$(?!\n)")]
    role: Role
    expires_at: datetime
    account_id: int | None = None
    site_id: str | None = None
    bank_id: str | None = None
    courier_id: str | None = None
    certificate: Annotated[str, msgspec.Meta(max_length=64)] = ""
    with_token: bool = True


class CardRoutes:
    """What is done with a card, an account, a meter."""

    def __init__(self, cards: Cards, accounts: AccountActions) -> None:
        self._cards = cards
        self._accounts = accounts

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        card, account = f"{_ROOT}/cards/{{id}}", f"{_ROOT}/accounts/{{id}}"
        return [
            *(("POST", f"{card}/{path}", self._act(action)) for action, path in _PLAIN.items()),
            ("POST", f"{card}/blocking", self._block),
            ("POST", f"{card}/replacement", self._replace),
            ("POST", f"{_ROOT}/card-lookups", self._find),
            *(("POST", f"{account}/{action}ing", self._move(action))
              for action in ACCOUNT_ACTIONS if action != "close"),
            ("POST", f"{account}/closing", self._move("close")),
            ("POST", f"{account}/fundings", self._fund),
            ("POST", f"{_ROOT}/vehicles/{{id}}/meter-reset", self._reset_meter)]

    def _act(self, action: str) -> Work:
        async def work(call: AdminCall) -> Response:
            request = call.asked("cards", call.call.path["id"], action)
            return row_response(await self._cards.do(call.actor, call.id_of(), action, "",
                                                     request))

        return work

    async def _block(self, call: AdminCall) -> Response:
        allow(call.actor, "card.block")
        body = call.call.decode(Blocking)
        request = call.asked("cards", call.call.path["id"], "block")
        return row_response(await self._cards.do(call.actor, call.id_of(), "block", body.reason,
                                                 request))

    async def _replace(self, call: AdminCall) -> Response:
        allow(call.actor, "card.replace")
        body = call.call.decode(Replacing)
        when: Any = body.when
        row = await self._cards.replace(
            call.actor, call.id_of(), Replacement(body.pan, body.expiry, when),
            call.asked("cards", call.call.path["id"], "replacement"))
        return row_response(row, 201, f"{_ROOT}/cards/{row['card_id']}")

    async def _find(self, call: AdminCall) -> Response:
        allow(call.actor, "card.read")
        number = await self._cards.find(call.actor, call.call.decode(Lookup).pan)
        if number is None:
            raise Unknown("no card has this number", "pan")
        return encoded({"card_id": number})

    def _move(self, action: str) -> Work:
        async def work(call: AdminCall) -> Response:
            request = call.asked("accounts", call.call.path["id"], action)
            return row_response(await self._accounts.do(call.actor, call.id_of(), action, request))

        return work

    async def _fund(self, call: AdminCall) -> Response:
        allow(call.actor, "account.fund")
        body = call.call.decode(Funding)
        row = await self._accounts.fund(
            call.actor, call.id_of(), body.amount_minor, body.currency, body.reference,
            call.asked("accounts", call.call.path["id"], "fundings"))
        return encoded(row, 201)

    async def _reset_meter(self, call: AdminCall) -> Response:
        request = call.asked("vehicles", call.call.path["id"], "meter-reset")
        return row_response(await self._accounts.reset_meter(call.actor, call.id_of(), request))


class AccessRoutes:
    """Who is let in."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("GET", f"{_ROOT}/access", self._list), ("POST", f"{_ROOT}/access", self._add),
                ("DELETE", f"{_ROOT}/access/{{name}}", self._revoke)]

    async def _list(self, call: AdminCall) -> Response:
        rows = [dict(row.items()) for row in await self._keyring.all(call.actor)]
        return encoded({"data": rows, "next": None})

    async def _add(self, call: AdminCall) -> Response:
        allow(call.actor, "access.add")
        body = call.call.decode(AccessBody)
        wanted = NewAccess(**{name: getattr(body, name) for name in body.__struct_fields__})
        number, token = await self._keyring.add(call.actor, wanted)
        answer = {"access_id": number, "name": body.name, "token": token}
        return encoded(answer, 201)

    async def _revoke(self, call: AdminCall) -> Response:
        await self._keyring.revoke(call.actor, call.call.path["name"])
        return Response(status_code=204)
