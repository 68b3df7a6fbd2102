"""Routes of what banks answer, and of the clearing's exceptions.

Knows paths, queries and bodies; what they mean is admin's and clearing's.
"""

from __future__ import annotations

from typing import Final

from authhost.admin.access import allow
from authhost.admin.bank_answers import BankAnswers
from authhost.admin.clearing_exceptions import (
    STATES,
    Assigned,
    ClearingExceptions,
    Noted,
    Settled,
    Suggested,
    Wanted,
)
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.response import Response
from authhost.streams import STREAMS

ANSWERS: Final = "/v1/admin/bank-answers"
EXCEPTIONS: Final = "/v1/admin/clearing-exceptions"
EXCEPTION_QUERY: Final = ("stream", "reason", "owner", "state", "older_than", "after", "limit")
MOST_BYTES: Final = 8 * 1024 * 1024  # a larger one is told by the command line


class ClearingRoutes:
    """Over two rooms."""

    def __init__(self, answers: BankAnswers, exceptions: ClearingExceptions) -> None:
        self._answers = answers
        self._exceptions = exceptions

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        one = f"{EXCEPTIONS}/{{id}}"
        return [
            ("POST", ANSWERS, self._tell), ("GET", EXCEPTIONS, self._list),
            ("GET", one, self._read), ("POST", f"{one}/assignment", self._assign),
            ("POST", f"{one}/note", self._note), ("POST", f"{one}/proposal", self._propose),
            ("POST", f"{one}/decision", self._decide)]

    async def _tell(self, call: AdminCall) -> Response:
        call.query()
        return encoded({"answers": await self._answers.tell(call.actor, call.call.body)})

    async def _list(self, call: AdminCall) -> Response:
        query = call.query(*EXCEPTION_QUERY)
        wanted = Wanted(
            stream=call.one_of("stream", STREAMS), reason=query.get("reason", ""),
            owner=query.get("owner", ""), state=call.one_of("state", STATES),
            before=call.instant("older_than"))
        rows, following = await self._exceptions.listed(call.actor, wanted, query.get("after", ""),
                                                        call.limit())
        return page_response(rows, following)

    async def _read(self, call: AdminCall) -> Response:
        return encoded(await self._exceptions.read(call.actor, call.id_of()))

    async def _assign(self, call: AdminCall) -> Response:
        allow(call.actor, "clearing_exception.work")
        return encoded(await self._exceptions.assign(call.actor, call.id_of(),
                                                     call.call.decode(Assigned)))

    async def _note(self, call: AdminCall) -> Response:
        allow(call.actor, "clearing_exception.work")
        return encoded(await self._exceptions.note(call.actor, call.id_of(),
                                                   call.call.decode(Noted)))

    async def _propose(self, call: AdminCall) -> Response:
        allow(call.actor, "clearing_exception.work")
        return encoded(await self._exceptions.propose(call.actor, call.id_of(),
                                                      call.call.decode(Suggested)))

    async def _decide(self, call: AdminCall) -> Response:
        allow(call.actor, "clearing_exception.decide")
        return encoded(await self._exceptions.decide(call.actor, call.id_of(),
                                                     call.call.decode(Settled)))
