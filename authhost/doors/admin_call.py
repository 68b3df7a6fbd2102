"""One request to the admin API: who asks, his query, and what is answered.

Knows HTTP and the names of refusals; decides nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.desk import tag_of
from authhost.admin.keyring import Keyring
from authhost.admin.once import Asked, asked
from authhost.admin.refusal_log import NOBODY, Refusal
from authhost.admin.refusals import (
    Conflict,
    Forbidden,
    Invalid,
    Moved,
    NotIdentified,
    Refused,
    Unknown,
)
from authhost.doors.call import Call, Handler, json_response
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.hsm.errors import HsmRefused, HsmUnavailable

PAGE: Final = 100
MOST: Final = 1_000
_MOST_DIGITS: Final = 19
_STATUS: Final[dict[type[Refused], tuple[int, str]]] = {
    Unknown: (404, "Not found"), Forbidden: (403, "Not permitted"), Invalid: (422, "Invalid"),
    Conflict: (409, "Conflict"), Moved: (412, "Changed meanwhile")}
Work = Callable[["AdminCall"], Awaitable[Response]]


class AdminCall:
    """A request whose sender is known."""

    def __init__(self, call: Call, actor: Actor, secret: bytes) -> None:
        self.call = call
        self.actor = actor
        self._secret = secret

    def asked(self, *what: str) -> Asked:
        """What a creating request is known by. what: the path, in parts."""
        head = [self.call.method.encode(), *(part.encode() for part in what)]
        return asked(self.call.idempotency_key, self._secret, *head, self.call.body)

    def query(self, *names: str) -> Mapping[str, str]:
        """The query, which must have no other names: a filter misspelt is no filter."""
        for name, value in self.call.query.items():
            if name not in names:
                raise Invalid(f"no such parameter; there are {', '.join(names)}", name)
            if "\0" in value or len(value) > 512:
                raise Invalid("not a text that could be meant", name)
        return self.call.query

    def number(self, name: str, least: int = 1, most: int = 2**62) -> int | None:
        """A whole number of the query; None where it is not given."""
        text = self.call.query.get(name, "")
        if not text:
            return None
        is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
        if not is_number or not least <= int(text) <= most:
            raise Invalid(f"a whole number from {least} to {most}", name)
        return int(text)

    def limit(self) -> int:
        """How many rows a page has."""
        return self.number("limit", most=MOST) or PAGE

    def day(self, name: str) -> date | None:
        """A date of the query."""
        text = self.call.query.get(name, "")
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise Invalid("a date like 2026-07-23", name) from None

    def instant(self, name: str) -> datetime | None:
        """An instant of the query, with its offset."""
        text = self.call.query.get(name, "")
        try:
            value = datetime.fromisoformat(text) if text else None
        except ValueError:
            value = None
        if text and (value is None or value.tzinfo is None):
            raise Invalid("an instant like 2026-07-23T10:00:00Z", name)
        return value

    def yes(self, name: str) -> bool:
        """A switch of the query: 1 or 0."""
        text = self.call.query.get(name, "0")
        if text not in {"0", "1"}:
            raise Invalid("0 or 1", name)
        return text == "1"

    def id_of(self, name: str = "id") -> int | None:
        """A number in the path; None for what cannot be one, and so is not there."""
        text = self.call.path[name]
        is_id = text.isascii() and text.isdecimal() and len(text) <= 18
        return int(text) if is_id else None


def admitted(keyring: Keyring, secret: bytes, work: Work, path: str = "") -> Handler:
    """A handler that lets in whom the keyring knows, and says refusals in HTTP's words.

    Each refusal is in the audit trail. path: the route's, for it.
    """
    async def handler(call: Call) -> Response:
        actor: Actor | None = None
        try:
            actor = await keyring.identify(call.headers.get("authorization", ""),
                                           call.certificate)
            return await _worked(work, AdminCall(call, actor, secret))
        except NotIdentified as refused:
            problem = ProblemError(401, "Not identified", refused.detail, "Authorization")
            await keyring.refusals.note(Refusal(call.certificate or NOBODY, NOBODY, "",
                                                "401 Authorization"))
            response = problem.response()
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        except ProblemError as problem:
            if actor is not None and problem.status < 500:
                where = path.format_map(call.path) if path else ""
                await keyring.refusals.note(Refusal(
                    actor.name, str(actor.role), f"{call.method} {where}".rstrip(),
                    f"{problem.status} {problem.where}".rstrip()))
            raise

    return handler


async def _worked(work: Work, call: AdminCall) -> Response:
    try:
        return await work(call)
    except asyncpg.DataError:
        # A value of the query or the path that no column holds: an id of 30 digits, a NUL.
        raise ProblemError(422, "Invalid", "a value that cannot be") from None
    except NotIdentified:
        raise
    except Refused as refused:
        status, title = _STATUS[type(refused)]
        raise ProblemError(status, title, refused.detail, refused.where) from None
    except (HsmUnavailable, HsmRefused):
        raise ProblemError(503, "Busy", "no HSM answers: nothing was done, try again",
                           retry_after_s=1) from None


def row_response(row: Mapping[str, Any], status: int = 200, location: str = "") -> Response:
    """A row and its tag."""
    response = json_response(msgspec.json.encode(row), status)
    response.headers["ETag"] = tag_of(row)
    if location:
        response.headers["Location"] = location
    return response


def page_response(rows: Sequence[Any], following: str | None, **more: Any) -> Response:
    """A page. following: the cursor of the next one, None at the end."""
    return json_response(msgspec.json.encode({"data": rows, "next": following, **more}))
