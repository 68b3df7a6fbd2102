"""Breaks invariant 7: a reversal gives back each time that it is asked, whatever went already."""

from __future__ import annotations

import sys

import msgspec

from authhost import settlement
from authhost.journal import settle
from authhost.model import Kind, Request
from authhost.parts import Shares
from authhost.settlement import Plan, Take
from authhost.standing import Found
from authhost.states import State
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """What was reversed looks as if it had just been taken."""
    real = settlement.plan

    def plan(request: Request, found: Found, takes: tuple[Take, ...],
             shares: Shares = ()) -> Plan | None:
        if request.kind is Kind.REVERSAL and found.state is State.REVERSED:
            found = msgspec.structs.replace(found, state=State.TAKEN,
                                            remaining=sum(leg.money for leg in found.legs))
        return real(request, found, takes, shares)

    patch(settle, "plan", plan)


if __name__ == "__main__":
    sys.exit(serve(plant))
