"""Routes of custody for people: counts, stays, cases, counterfeits, pick-ups, comparing.

Knows paths, queries and bodies; what they mean is custody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from authhost import limits
from authhost.admin import pages
from authhost.admin.access import allow
from authhost.admin.csv_lines import MOST_BYTES
from authhost.admin.refusals import Invalid
from authhost.custody.cases import PROPOSALS, Decision, Doubted, Proposed
from authhost.custody.comparing import Wanted
from authhost.custody.counterfeits import Reported
from authhost.custody.counting import Count
from authhost.custody.custody import Custody
from authhost.custody.pickups import Asked, State
from authhost.doors.admin_call import AdminCall, Route, Work, page_response
from authhost.doors.admission import Admission
from authhost.doors.call import Endpoint, encoded
from authhost.doors.response import Response

_ROOT: Final = "/v1/admin"
_COUNT_BYTES: Final = 4 * 1024 * 1024
_COMPARE_BYTES: Final = 8 * 1024 * 1024
_CASE_STATES: Final = ("*", "open", "proposed", "decided", "closed")
_PICKUP_STATES: Final = ("*", "open", "accepted", "done", "cancelled")
_STAY_STATES: Final = ("in_safe", "picked_up", "counted", "settled")
_KEYLESS: Final = frozenset({"/counts.csv", "/comparisons"})  # known by their content
_BYTES: Final[Mapping[str, int]] = {"/counts": _COUNT_BYTES, "/counts.csv": MOST_BYTES,
                                    "/comparisons": _COMPARE_BYTES}


class CustodyRoutes:
    """Over one host's custody."""

    def __init__(self, custody: Custody, admission: Admission) -> None:
        self._custody = custody
        self._admission = admission

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        return [self._admission.endpoint(method, _ROOT + path, work,
                                         _BYTES.get(path, limits.HTTP_BODY_BYTES),
                                         path not in _KEYLESS)
                for method, path, work in self._routes()]

    def _routes(self) -> list[Route]:
        return [
            ("POST", "/counts", self._count), ("GET", "/counts", self._counts),
            ("POST", "/counts.csv", self._count_file),
            ("GET", "/stays", self._stays), ("GET", "/stays/{id}", self._stay),
            ("GET", "/cases", self._cases), ("GET", "/cases/{id}", self._case),
            ("POST", "/cases", self._doubt),
            ("POST", "/cases/{id}/proposal", self._propose),
            ("POST", "/cases/{id}/decision", self._decide),
            ("GET", "/counterfeits", self._counterfeits),
            ("GET", "/counterfeits/{id}", self._counterfeit),
            ("POST", "/counterfeits/{id}/report", self._report),
            ("GET", "/pickups", self._pickups), ("POST", "/pickups", self._ask),
            ("POST", "/pickups/{id}/acceptance", self._moved("accepted")),
            ("POST", "/pickups/{id}/completion", self._moved("done")),
            ("POST", "/pickups/{id}/cancellation", self._moved("cancelled")),
            ("POST", "/comparisons", self._compare)]

    async def _count(self, call: AdminCall) -> Response:
        allow(call.actor, "count.tell")
        taken = await self._custody.counts.take(call.actor, call.call.decode(Count))
        return encoded(taken, 200 if taken.known else 201)

    async def _count_file(self, call: AdminCall) -> Response:
        allow(call.actor, "count.tell")
        call.query("dry_run")
        report = await self._custody.counts.take_file(call.actor, call.call.body,
                                                      dry_run=call.yes("dry_run"))
        return encoded(report, 422 if report.state == "refused" else 200)

    async def _counts(self, call: AdminCall) -> Response:
        allow(call.actor, "count.read")
        query = call.query("stay", "cassette", "after", "limit")
        rows = await self._custody.counts.listed(
            call.actor, stay_id=call.number("stay"), cassette=query.get("cassette", ""),
            before=_place(query), most=call.limit())
        return _page(rows, "count_id", call.limit())

    async def _stays(self, call: AdminCall) -> Response:
        allow(call.actor, "stay.read")
        query = call.query("state", "safe", "cassette", "after", "limit")
        rows = await self._custody.stays.listed(
            call.actor, state=call.one_of("state", _STAY_STATES),
            terminal_id=query.get("safe", ""), cassette=query.get("cassette", ""),
            before=_place(query), most=call.limit())
        return _page(rows, "stay_id", call.limit())

    async def _stay(self, call: AdminCall) -> Response:
        allow(call.actor, "stay.read")
        return encoded(await self._custody.stays.read(call.actor, call.id_of()))

    async def _cases(self, call: AdminCall) -> Response:
        allow(call.actor, "case.read")
        query = call.query("state", "kind", "safe", "after", "limit")
        rows = await self._custody.cases.listed(
            call.actor, state=call.one_of("state", _CASE_STATES),
            kind=call.one_of("kind", PROPOSALS), terminal_id=query.get("safe", ""),
            after=_place(query) or 0, most=call.limit())
        return _page(rows, "case_id", call.limit())

    async def _case(self, call: AdminCall) -> Response:
        allow(call.actor, "case.read")
        return encoded(await self._custody.cases.read(call.actor, call.id_of()))

    async def _doubt(self, call: AdminCall) -> Response:
        allow(call.actor, "case.propose")
        return encoded(await self._custody.cases.doubt(call.actor, call.call.decode(Doubted)), 201)

    async def _propose(self, call: AdminCall) -> Response:
        allow(call.actor, "case.propose")
        return encoded(await self._custody.cases.propose(call.actor, call.id_of(),
                                                         call.call.decode(Proposed)))

    async def _decide(self, call: AdminCall) -> Response:
        allow(call.actor, "case.decide")
        return encoded(await self._custody.cases.decide(call.actor, call.id_of(),
                                                        call.call.decode(Decision)))

    async def _counterfeits(self, call: AdminCall) -> Response:
        allow(call.actor, "counterfeit.read")
        query = call.query("unreported", "due_until", "after", "limit")
        rows = await self._custody.counterfeits.listed(
            call.actor, unreported=call.yes("unreported"), due_until=call.day("due_until"),
            after=_place(query) or 0, most=call.limit())
        return _page(rows, "counterfeit_id", call.limit())

    async def _counterfeit(self, call: AdminCall) -> Response:
        allow(call.actor, "counterfeit.read")
        return encoded(await self._custody.counterfeits.document(call.actor, call.id_of()))

    async def _report(self, call: AdminCall) -> Response:
        allow(call.actor, "counterfeit.report")
        return encoded(await self._custody.counterfeits.report(
            call.actor, call.id_of(), call.call.decode(Reported)))

    async def _pickups(self, call: AdminCall) -> Response:
        allow(call.actor, "pickup.read")
        query = call.query("state", "safe", "after", "limit")
        rows = await self._custody.pickups.listed(
            call.actor, state=call.one_of("state", _PICKUP_STATES),
            terminal_id=query.get("safe", ""), after=_place(query) or 0, most=call.limit())
        return _page(rows, "pickup_id", call.limit())

    async def _ask(self, call: AdminCall) -> Response:
        allow(call.actor, "pickup.change")
        wanted = call.call.decode(Asked)
        _zoned(wanted.needed_by, "needed_by")
        return encoded(await self._custody.pickups.ask_as(call.actor, wanted), 201)

    def _moved(self, state: State) -> Work:
        async def work(call: AdminCall) -> Response:
            allow(call.actor, "pickup.change")
            return encoded(await self._custody.pickups.change(call.actor, call.id_of(), state))

        return work

    async def _compare(self, call: AdminCall) -> Response:
        allow(call.actor, "statement.tell")
        return encoded(await self._custody.comparing.compare(call.actor, call.call.decode(Wanted)))


def _place(query: Mapping[str, str]) -> int | None:
    """Where the page before this one ended."""
    place = pages.place_of(query.get("after", ""), int)
    return place[0] if place else None


def _page(rows: Sequence[Mapping[str, Any]], key: str, most: int) -> Response:
    return page_response(rows, pages.following(rows, most, key))


def _zoned(value: datetime | None, where: str) -> None:
    if value is not None and value.tzinfo is None:
        raise Invalid("an instant has its offset", where)
