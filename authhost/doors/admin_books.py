"""Routes of the books and of the days that they are kept by.

Knows paths and queries; what they mean is admin's and clearing's.
"""

from __future__ import annotations

from typing import Final

from authhost.admin.access import allow
from authhost.admin.books import Books, Proof
from authhost.admin.day_schedules import DaySchedule, DaySchedules
from authhost.doors.admin_call import AdminCall, Route, page_response, row_response
from authhost.doors.call import encoded
from authhost.doors.described import PAGE, Described
from authhost.doors.response import Response

_ROOT: Final = "/v1/admin"
SCHEDULES, BALANCE, PROOF = (f"{_ROOT}/{name}" for name in (
    "day-schedules", "trial-balance", "ledger-verification"))
_ONE: Final = f"{SCHEDULES}/{{stream}}"

BOOKS: Final = (
    Described("GET", SCHEDULES, "When each stream's days end, which one is open, and which are "
              "closed and not cleared", answer=PAGE),
    Described("GET", _ONE, "The schedule of one: fuel, cash, payments"),
    Described("PATCH", _ONE, "It is changed from the day on that is open", DaySchedule),
    Described("GET", BALANCE, "The trial balance, in minor units: now, or as the books were known "
              "at an instant", answer=PAGE, query=("known_at", "up_to")),
    Described("GET", PROOF, "Whether the books are what was booked: digests and chain of all runs",
              answer=Proof, query=("known_at",)),
)


class BooksRoutes:
    """Over two rooms."""

    def __init__(self, books: Books, schedules: DaySchedules) -> None:
        self._books = books
        self._schedules = schedules

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("GET", SCHEDULES, self._all), ("GET", _ONE, self._read),
                ("PATCH", _ONE, self._change), ("GET", BALANCE, self._balance),
                ("GET", PROOF, self._prove)]

    async def _all(self, call: AdminCall) -> Response:
        call.query()
        return page_response(await self._schedules.all(call.actor), None)

    async def _read(self, call: AdminCall) -> Response:
        call.query()
        return row_response(await self._schedules.read(call.actor, call.call.path["stream"]))

    async def _change(self, call: AdminCall) -> Response:
        allow(call.actor, "day_schedule.change")
        tag = call.tag()
        return row_response(await self._schedules.change(
            call.actor, call.call.path["stream"], call.call.decode(DaySchedule), tag))

    async def _balance(self, call: AdminCall) -> Response:
        call.query("known_at", "up_to")
        return page_response(await self._books.balance(
            call.actor, call.instant("known_at"), call.day("up_to")), None)

    async def _prove(self, call: AdminCall) -> Response:
        call.query("known_at")
        return encoded(await self._books.proved(call.actor, call.instant("known_at")))
