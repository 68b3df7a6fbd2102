"""What each HTTP door needs that asks `authorize`: a message's context, and its reply as HTTP.

Knows HTTP and deadlines; decides nothing.
"""

from __future__ import annotations

from authhost import limits
from authhost.authorize import Authorizer, Silence
from authhost.clock import Clock
from authhost.doors.call import Call, json_response
from authhost.doors.outcome import outcome_of
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.model import Request
from authhost.repeats import Reply
from authhost.translate.json_door import Context


async def acquirer_of(authorizer: Authorizer, terminal_id: str, kind: str) -> str:
    """The acquirer comes with the terminal, so that the key is the same at every door.

    kind: what the terminal is called where it is refused.
    """
    terminal = await authorizer.views.cached_terminal(terminal_id)
    if terminal.mac_required:
        raise ProblemError(403, "MAC required",
                           f"this {kind} proves its messages, which this door cannot check",
                           "terminal_id")
    return terminal.acquirer_id


def context_of(call: Call, clock: Clock, acquirer_id: str, client: str, hold_us: int) -> Context:
    """client: who speaks where no certificate says so. hold_us: how long money is held."""
    return Context(acquirer_id, call.idempotency_key, call.certificate or client,
                   clock.real_now_us() + limits.DEADLINE_MS * 1000, clock.now_us(), hold_us)


def answered(clock: Clock, request: Request, reply: Reply) -> Response:
    """What was decided. Silence after the deadline: who asked has gone on."""
    if clock.real_now_us() > request.deadline_us:
        raise Silence("answered after its deadline")
    response = json_response(reply.body)
    response.headers["x-outcome"] = outcome_of(reply.action)
    return response
