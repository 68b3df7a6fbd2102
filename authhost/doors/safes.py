"""The routes of safes: what a device says of itself, of its cassettes, and of what was put in.

Knows HTTP and which message is whose; what a message does is authhost/safes', what becomes of a
deposit is authorize's. Over mutual TLS the certificate names the safe. Every answer says in the
header Missing-Sequences which of the device's own numbers never came.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from authhost.admin.refusal_log import DEVICE, RefusalLog
from authhost.admin.refusal_log import Refusal as Refused
from authhost.authorize import Authorizer
from authhost.clock import Clock
from authhost.doors.authorizing import acquirer_of, answered, context_of
from authhost.doors.call import Call, Endpoint, Handler, encoded, json_response
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.journal.entry import JournalUnavailable
from authhost.model import Action, Kind, Request
from authhost.safes import day_ends, shifts, status, swaps
from authhost.safes.messages import Blocked, Effect, Moment, NoSuchSafe, NumberTaken
from authhost.safes.rooms import Safes
from authhost.safes.sequences import header
from authhost.translate import safe_bodies as bodies
from authhost.translate.deposits import number_keys
from authhost.translate.incoming import Refusal
from authhost.translate.json_door import Context
from authhost.translate.safes import SafeTranslator, authorization_key

ROOT: Final = "/v1/safes/{terminal_id}"
_MISSING: Final = "Missing-Sequences"
B = TypeVar("B", bound=bodies.Message)
Work = Callable[[Call, str], Awaitable[Response]]


class SafeRoutes:
    """The rows of the route table."""

    def __init__(self, *, authorizer: Authorizer, translator: SafeTranslator, safes: Safes,
                 clock: Clock, refusals: RefusalLog) -> None:
        self._authorizer = authorizer
        self._translator = translator
        self._safes = safes
        self._clock = clock
        self._refusals = refusals

    def endpoints(self) -> list[Endpoint]:
        """What HttpDoor is given."""
        return [
            self._told("/sign-on", "sign_on", bodies.SignOn, status.signed_on),
            self._told("/sign-off", "sign_off", bodies.SignOff, status.signed_off),
            self._told("/shifts", "shift_open", bodies.ShiftOpen, shifts.opened),
            self._told("/swaps", "swap", bodies.Swap, swaps.swapped),
            self._told("/end-of-day", "end_of_day", bodies.EndOfDay, day_ends.ended),
            self._told("/status", "status", bodies.Status, status.told),
            self._told("/alarms", "alarm", bodies.Alarm, status.alarmed),
            self._endpoint("POST", "/shifts/{shift}/close", self._close),
            self._endpoint("POST", "/authorizations", self._authorization),
            self._endpoint("POST", "/authorizations/{id}/cancellation", self._cancellation),
            self._endpoint("POST", "/deposits", self._deposit),
            self._endpoint("GET", "/depositors", self._depositors),
            self._endpoint("GET", "/balance", self._balance),
        ]

    def _endpoint(self, method: str, path: str, work: Work) -> Endpoint:
        return Endpoint(method, ROOT + path, self._guarded(work))

    def _told(self, path: str, kind: str, body_type: type[B],
              effect: Callable[[Moment, B], Awaitable[bodies.MessageAnswer]]) -> Endpoint:
        """A message that moves no money: its kind, its shape, and what it does."""
        async def work(call: Call, terminal_id: str) -> Response:
            body = call.decode(body_type)
            return await self._take(terminal_id, kind, body, lambda moment: effect(moment, body))

        return self._endpoint("POST", path, work)

    async def _close(self, call: Call, terminal_id: str) -> Response:
        body, shift = call.decode(bodies.ShiftClose), call.path["shift"]
        if not 1 <= len(shift) <= 32 or not shift.isascii() or not shift.isprintable():
            raise ProblemError(404, "Not found", "there is no such shift", "shift")
        return await self._take(terminal_id, "shift_close", body,
                                lambda moment: shifts.closed(moment, body, shift), shift=shift)

    async def _take(self, terminal_id: str, kind: str, body: bodies.Message, effect: Effect,
                    **about: str) -> Response:
        answer = await self._safes.messages.take(terminal_id, kind, body, effect, **about)
        return json_response(answer)

    async def _authorization(self, call: Call, terminal_id: str) -> Response:
        body = call.decode(bodies.Authorization)
        context = await self._context(call, terminal_id)
        request = self._translator.authorization(terminal_id, body, context)
        return await self._authorize(request, body.sequence, context)

    async def _deposit(self, call: Call, terminal_id: str) -> Response:
        body = call.decode(bodies.Deposit)
        context = await self._context(call, terminal_id)
        request = self._translator.deposit(terminal_id, body, context)
        return await self._authorize(request, body.sequence, context)

    async def _cancellation(self, call: Call, terminal_id: str) -> Response:
        body = call.decode(bodies.Cancellation)
        context = await self._context(call, terminal_id)
        original = authorization_key(call.path["id"], context.acquirer_id, terminal_id)
        if original is None:
            raise ProblemError(404, "Not found", "there is no such authorization here", "id")
        request = self._translator.cancellation(terminal_id, body, original, context)
        return await self._authorize(request, body.sequence, context)

    async def _depositors(self, _call: Call, terminal_id: str) -> Response:
        return encoded(await self._safes.depositors(terminal_id))

    async def _balance(self, _call: Call, terminal_id: str) -> Response:
        return encoded(await self._safes.balance(terminal_id))

    async def _context(self, call: Call, terminal_id: str) -> Context:
        acquirer_id = await acquirer_of(self._authorizer, terminal_id, "safe")
        return context_of(call, self._clock, acquirer_id, terminal_id, 0)

    async def _authorize(self, request: Request, sequence: int, context: Context) -> Response:
        request = await self._with_number(request, sequence, context)
        reply = await self._authorizer.authorize(
            request, lambda answer: self._translator.answer(request, answer))
        if reply.action == Action.DUPLICATE:
            raise _taken("this Idempotency-Key, or this number, stands for other content")
        if request.deposit is None:  # a cancellation: of deposits authorize tells
            self._safes.sequences.note(request.terminal_id, sequence)
        return answered(self._clock, request, reply)

    async def _with_number(self, request: Request, sequence: int, context: Context) -> Request:
        """A number stands for one message, of whatever kind. Cash that is in the safe is stored all
        the same, and a person looks at it; who has a row under this very key is a repeat."""
        sequences, terminal_id = self._safes.sequences, request.terminal_id
        if await sequences.is_new(terminal_id, sequence):
            return request
        keys = number_keys(context.acquirer_id, terminal_id, sequence)
        used = await sequences.used(terminal_id, sequence, keys)
        if request.key in used or not used:
            return request
        if request.kind is not Kind.DEPOSIT:
            raise _taken("this number stands for a message of another kind")
        return msgspec.structs.replace(request, wrong="sequence")

    async def _asking(self, response: Response, terminal_id: str) -> Response:
        """With what is missing, where that can be known: what is answered is not held for it."""
        with contextlib.suppress(JournalUnavailable):
            missing = await self._safes.sequences.missing(terminal_id)
            if missing:
                response.headers[_MISSING] = header(missing)
        return response

    def _guarded(self, work: Work) -> Handler:
        """Who speaks, the room's own words for what cannot be done, and what is missing. A refusal
        is in the audit trail."""
        async def guarded(call: Call) -> Response:
            terminal_id = call.path["terminal_id"]
            try:
                call.is_from(terminal_id)
                if "\0" in terminal_id:
                    raise NoSuchSafe(terminal_id)
                response = await work(call, terminal_id)
            except (ProblemError, Refusal, NoSuchSafe, Blocked, NumberTaken) as error:
                problem = _problem_of(error)
                await self._refusals.note(Refused(
                    call.certificate or terminal_id, DEVICE, f"safe/{terminal_id}",
                    f"{problem.status} {problem.where}".rstrip()))
                if call.certificate not in {None, terminal_id} or isinstance(error, NoSuchSafe):
                    raise problem from None  # which numbers are missing is nobody else's to know
                response = problem.response()
            return await self._asking(response, terminal_id)

        return guarded


def _problem_of(error: Exception) -> ProblemError:
    match error:
        case ProblemError():
            return error
        case Refusal():
            return ProblemError(422, "Invalid body", error.reason, error.where)
        case NoSuchSafe():
            return _no_safe()
        case Blocked():
            return ProblemError(403, "Terminal blocked", "this safe may not begin to work",
                                "terminal_id")
    return _taken(f"this number stands for another message: {error}")


def _taken(detail: str) -> ProblemError:
    return ProblemError(422, "Number used for other content", detail, "sequence")


def _no_safe() -> ProblemError:
    return ProblemError(404, "Not found", "there is no such safe", "terminal_id")
