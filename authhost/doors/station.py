"""The routes of a station's terminals: catalogue, heartbeat, day totals, shifts.

Knows HTTP and the shapes that terminals read and write; what they mean is authhost/station's. Over
mutual TLS the certificate names the terminal. None of them takes an Idempotency-Key: a heartbeat is
of its moment, and a shift is known by its name and content.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Final

import msgspec

from authhost.authorize import Busy
from authhost.doors.call import Call, Endpoint, Handler, encoded, json_response
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.station.catalogue import CatalogueBusy, NoCatalogue
from authhost.station.comparing import ProductTotal, Told
from authhost.station.heartbeat import Heartbeat
from authhost.station.shifts import BadShift, Line, NoSuchShift, Span
from authhost.station.stations import Stations
from authhost.station.watching import NoSuchTerminal, Terminal
from authhost.translate import bodies

SHIFT_BYTES: Final = 4 * 1024 * 1024
MOST_LINES: Final = 10_000
MOST_TRANSACTIONS: Final = 20_000
_MOST_DIGITS: Final = 18
_NAME: Final = r"^[0-9A-Za-z._-]{1,32}$(?!\n)"

Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{0,12}$(?!\n)")]
Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z|*_-]{0,32}$(?!\n)")]
Whole = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]


class TotalLine(bodies.Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of a shift's totals; amounts are positive, whatever their direction."""

    card_type: Code = ""
    product: Code = ""
    kind: str
    count: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    amount_minor: Whole
    volume_ml: Whole = 0


class Shift(bodies.Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shift's totals. last_day: its last date by the terminal's own clock, where it is told."""

    shift: Name
    day: bodies.LocalDate
    last_day: bodies.LocalDate | None = None
    from_sequence: Number = ""
    to_sequence: Number = ""
    totals: Annotated[tuple[TotalLine, ...], msgspec.Meta(max_length=MOST_LINES)]


class Transaction(bodies.Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A transaction of a shift."""

    kind: str
    sequence: bodies.Sequence
    local_date: bodies.LocalDate
    amount_minor: bodies.Amount
    product_totals: Annotated[tuple[ProductTotal, ...], msgspec.Meta(max_length=99)] = ()


class Transactions(bodies.Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All transactions of a shift, for a comparison one by one."""

    transactions: Annotated[tuple[Transaction, ...], msgspec.Meta(max_length=MOST_TRANSACTIONS)]


class HeartbeatAnswer(msgspec.Struct, frozen=True):
    """What a terminal hears. upload: a shift's transactions are wanted; time: ours, UTC."""

    catalogue_version: int
    upload: bool
    time: datetime


class StationRoutes:
    """The rows of the route table."""

    def __init__(self, stations: Stations) -> None:
        self._stations = stations

    def endpoints(self) -> list[Endpoint]:
        """What HttpDoor is given."""
        station = "/v1/stations/{terminal_id}"
        return [
            Endpoint("GET", f"{station}/catalogue", _guarded(self._catalogue)),
            Endpoint("POST", f"{station}/heartbeats", _guarded(self._heartbeat), keyed=False),
            Endpoint("GET", f"{station}/days/{{date}}", _guarded(self._day)),
            Endpoint("POST", f"{station}/shifts", _guarded(self._shift), SHIFT_BYTES, keyed=False),
            Endpoint("POST", f"{station}/shifts/{{shift}}/transactions",
                     _guarded(self._transactions), SHIFT_BYTES, keyed=False),
        ]

    async def _catalogue(self, call: Call) -> Response:
        terminal_id = _named(call)
        have = call.query.get("have", "0")
        if not (have.isascii() and have.isdigit() and len(have) <= _MOST_DIGITS):
            raise ProblemError(422, "Invalid query", "have is the number of a version", "have")
        signed = await self._stations.catalogue.get(terminal_id, int(have))
        return Response(status_code=304) if signed is None else json_response(signed.body)

    async def _heartbeat(self, call: Call) -> Response:
        terminal_id = _named(call)
        upload = await self._stations.watching.take(terminal_id, call.decode(Heartbeat))
        newest = await self._stations.catalogue.newest(terminal_id)
        return encoded(HeartbeatAnswer(newest, upload, self._stations.clock.now()))

    async def _day(self, call: Call) -> Response:
        terminal = await self._terminal(call)
        day = _date(call.path["date"], "date")
        return encoded(await self._stations.days.of(terminal.terminal_id, terminal.site_id, day))

    async def _shift(self, call: Call) -> Response:
        terminal = await self._terminal(call)
        body = call.decode(Shift)
        span = Span(body.shift, _date(body.day, "day"), body.from_sequence, body.to_sequence,
                    _date(body.last_day, "last_day") if body.last_day is not None else None)
        lines = [Line(line.card_type, line.product, line.kind, line.count, line.amount_minor,
                      line.volume_ml) for line in body.totals]
        return encoded(await self._stations.shifts.totals(terminal, span, lines))

    async def _transactions(self, call: Call) -> Response:
        terminal = await self._terminal(call)
        body = call.decode(Transactions)
        told = [Told(one.kind, one.sequence,
                     _date(one.local_date, f"transactions[{number}].local_date").isoformat(),
                     one.amount_minor, one.product_totals)
                for number, one in enumerate(body.transactions)]
        return encoded(await self._stations.shifts.transactions(terminal, call.path["shift"], told))

    async def _terminal(self, call: Call) -> Terminal:
        terminal_id = _named(call)
        return await self._stations.watching.terminal(terminal_id)


def _named(call: Call) -> str:
    """The terminal that the path names, and the certificate where there is one."""
    terminal_id = call.path["terminal_id"]
    call.is_from(terminal_id)
    if "\0" in terminal_id or "\0" in call.path.get("shift", ""):
        raise ProblemError(404, "Not found", "there is no such terminal", "terminal_id")
    return terminal_id


def _guarded(handler: Callable[[Call], Awaitable[Response]]) -> Handler:
    """The rooms' own words for what cannot be done, as problems."""
    async def guarded(call: Call) -> Response:
        try:
            return await handler(call)
        except (NoSuchTerminal, NoCatalogue):
            raise ProblemError(404, "Not found", "there is no such terminal at a station",
                               "terminal_id") from None
        except NoSuchShift:
            raise ProblemError(404, "Not found", "tell the shift's totals first",
                               "shift") from None
        except BadShift as error:
            raise ProblemError(422, "Invalid body", error.reason, error.where) from None
        except CatalogueBusy:
            raise ProblemError(503, "Busy", "too many catalogues on their way",
                               retry_after_s=30) from None
        except (HsmUnavailable, HsmRefused) as error:
            raise Busy(str(error)) from None

    return guarded


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ProblemError(422, "Invalid body", f"is no date: {text}", where) from None
