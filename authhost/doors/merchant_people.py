"""Routes of merchants' people: logins by phone, sessions, and the desk that makes users.

Knows paths and bodies; who may what is said by the rooms behind.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from authhost.doors.admin_call import AdminCall, Route, Work, page_response
from authhost.doors.admission import Admission
from authhost.doors.call import Call, Endpoint, encoded
from authhost.doors.merchant_call import MerchantDoor, worded
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.merchants.login_text import Login, LoginWord
from authhost.merchants.logins import Logins
from authhost.merchants.sessions import Sessions
from authhost.merchants.users import NewUser, Status, Users
from authhost.payments.bodies import said_at
from authhost.payments.model import Caller
from authhost.payments.requests import line, phone
from authhost.payments.signing import SignedAt

_USERS: Final = "/v1/admin/merchant-users"
_MOST_BROWSER: Final = 70
_END: Final = r"$(?!\n)"


class LoginBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An agent wants to log in. browser: what the phone shows of the place, so that the agent
    knows it."""

    phone: Annotated[str, msgspec.Meta(max_length=64)]
    browser: Annotated[str, msgspec.Meta(max_length=_MOST_BROWSER)] = ""


class LoginWordBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The agent's word, signed on the phone (the text: docs/payments.md)."""

    decision: Literal["approve", "refuse"]
    phone: Annotated[str, msgspec.Meta(pattern=r"^\+[1-9][0-9]{6,14}" + _END)]
    signed_at: SignedAt
    serial: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{1,40}" + _END)]
    signature: Annotated[str, msgspec.Meta(max_length=200)]


class LoginState(msgspec.Struct, frozen=True):
    """What a login is now: CONFIRMED or REFUSED."""

    id: str
    state: str


class LoginShown(msgspec.Struct, frozen=True, kw_only=True):
    """A login as the phone shows it. code: the browser shows the same."""

    id: str
    merchant_id: str
    merchant: str
    user_id: str
    code: str
    browser: str
    nonce: str
    created_at: str
    expires_at: str


class Session(msgspec.Struct, frozen=True):
    """Who speaks, and what that one may. serial: of the phone's certificate behind it, or ''."""

    merchant_id: str
    user_id: str
    rights: tuple[str, ...]
    serial: str


class LoginRoutes:
    """For agents' browsers and phones. Logins have no key: a try begun twice is two tries, and a
    word said twice is one. plain: phones are told without TLS too."""

    def __init__(self, logins: Logins, sessions: Sessions, door: MerchantDoor,
                 region: str, *, plain: bool) -> None:
        self._logins = logins
        self._sessions = sessions
        self._door = door
        self._region = region
        self._plain = plain

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        return [Endpoint("POST", "/v1/logins", worded(self._begin), keyed=False),
                # Who polls first has the token.
                Endpoint("GET", "/v1/logins/{id}", worded(self._poll), safe=False),
                Endpoint("POST", "/v1/logins/{id}/word", worded(self._word), keyed=False),
                Endpoint("GET", "/v1/phones/{phone}/logins", self._waiting),
                self._door.endpoint("GET", "/v1/session", self._session),
                self._door.endpoint("DELETE", "/v1/session", self._end)]

    async def _begin(self, call: Call) -> Response:
        body = call.decode(LoginBody)
        begun = await self._logins.begin(phone(body.phone, self._region, "phone"),
                                         line(body.browser, _MOST_BROWSER, "browser"))
        return encoded(begun, 201).uncached()

    async def _poll(self, call: Call) -> Response:
        return encoded(await self._logins.poll(call.path["id"])).uncached()

    async def _word(self, call: Call) -> Response:
        body = call.decode(LoginWordBody)
        call.is_from(body.phone)
        name = call.path["id"]
        state = await self._logins.word(name, LoginWord(**msgspec.structs.asdict(body)))
        return encoded(LoginState(name, state.upper()))

    async def _waiting(self, call: Call) -> Response:
        number = call.path["phone"]
        call.is_from(number, plain=self._plain)
        if not number.isprintable():
            raise ProblemError(404, "Not found", "there is no such phone", "phone")
        found = await self._logins.waiting(number)
        return encoded(list(map(shown, found)))

    async def _session(self, call: Call, caller: Caller) -> Response:
        return encoded(Session(
            caller.merchant_id, caller.user_id, tuple(sorted(caller.rights)), caller.serial))

    async def _end(self, call: Call, caller: Caller) -> Response:
        _, _, token = call.headers.get("authorization", "").partition(" ")
        if not token:
            raise ProblemError(422, "Invalid", "a certificate is no session: it has no end here",
                               "Authorization")
        await self._sessions.end(caller.user_id, token)
        return Response(status_code=204)


class UserRoutes:
    """For the administrators: merchants' users."""

    def __init__(self, users: Users, admission: Admission) -> None:
        self._users = users
        self._admission = admission

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        rows: list[Route] = [
            ("POST", _USERS, self._add), ("GET", _USERS, self._list),
            ("GET", f"{_USERS}/{{id}}", self._read),
            ("POST", f"{_USERS}/{{id}}/secret", self._renew),
            ("POST", f"{_USERS}/{{id}}/blocking", self._moved("blocked")),
            ("POST", f"{_USERS}/{{id}}/unblocking", self._moved("active")),
            ("POST", f"{_USERS}/{{id}}/closing", self._moved("closed"))]
        return [self._admission.endpoint(*row) for row in rows]

    async def _add(self, call: AdminCall) -> Response:
        row = await self._users.add(call.actor, call.call.decode(NewUser),
                                    call.asked("merchant-users"))
        return encoded(row, 201).uncached()

    async def _list(self, call: AdminCall) -> Response:
        query = call.query("merchant", "after", "limit")
        rows = await self._users.listed(call.actor, query.get("merchant"), query.get("after", ""),
                                        call.limit())
        return page_response(rows, rows[-1]["user_id"] if len(rows) == call.limit() else None)

    async def _read(self, call: AdminCall) -> Response:
        return encoded(await self._users.read(call.actor, call.call.path["id"]))

    async def _renew(self, call: AdminCall) -> Response:
        user_id = call.call.path["id"]
        row = await self._users.renew_secret(call.actor, user_id,
                                             call.asked("merchant-users", user_id, "secret"))
        return encoded(row, 201).uncached()

    def _moved(self, status: Status) -> Work:
        async def work(call: AdminCall) -> Response:
            return encoded(await self._users.move(call.actor, call.call.path["id"], status))

        return work


async def waiting_for(logins: Logins, phone: str) -> list[tuple[str, bytes]]:
    """What waits for a phone, as its stream tells it: (id, JSON)."""
    return [(one.id, msgspec.json.encode(shown(one))) for one in await logins.waiting(phone)]


def shown(login: Login) -> LoginShown:
    """A login as phones get it, from the list and over the stream."""
    return LoginShown(**{
        **msgspec.structs.asdict(login), "created_at": said_at(login.created_at),
        "expires_at": said_at(login.expires_at)})
