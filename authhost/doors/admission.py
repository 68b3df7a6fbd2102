"""Who comes into the admin API: his name, and what he hears who may not.

Knows the keyring and HTTP's words for refusals; must not know what a route does.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from authhost import limits
from authhost.admin.access import Actor
from authhost.admin.keyring import Keyring
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
from authhost.doors.admin_call import AdminCall, Work
from authhost.doors.call import Call, Endpoint
from authhost.doors.problems import ProblemError, not_identified
from authhost.doors.response import Response
from authhost.hsm.errors import HsmRefused, HsmUnavailable

_STATUS: Final[dict[type[Refused], tuple[int, str]]] = {
    Unknown: (404, "Not found"), Forbidden: (403, "Not permitted"), Invalid: (422, "Invalid"),
    Conflict: (409, "Conflict"), Moved: (412, "Changed meanwhile")}


class Admission:
    """Lets in whom the keyring knows. secret: of the fingerprints of creating requests."""

    def __init__(self, keyring: Keyring, secret: bytes) -> None:
        self._keyring = keyring
        self._secret = secret

    def endpoint(self, method: str, path: str, work: Work,
                 most_bytes: int = limits.HTTP_BODY_BYTES, keyed: bool = True) -> Endpoint:
        """A row of the route table. Each refusal is in the audit trail, under its route."""
        async def handler(call: Call) -> Response:
            actor: Actor | None = None
            try:
                actor = await self._keyring.identify(call.headers.get("authorization", ""),
                                                     call.certificate)
                return await _worked(work, AdminCall(call, actor, self._secret))
            except NotIdentified as refused:
                return await self._stranger(call, refused)
            except ProblemError as problem:
                if actor is not None and problem.status < 500:
                    await self._keyring.refusals.note(Refusal(
                        actor.name, str(actor.role), f"{call.method} {path.format_map(call.path)}",
                        f"{problem.status} {problem.where}".rstrip()))
                raise

        return Endpoint(method, path, handler, most_bytes, keyed)

    async def _stranger(self, call: Call, refused: NotIdentified) -> Response:
        await self._keyring.refusals.note(Refusal(call.certificate or NOBODY, NOBODY, "",
                                                  "401 Authorization"))
        return not_identified(refused.detail)


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
