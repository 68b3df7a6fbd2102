"""Breaks rule 1 and so invariant 1: Redis hears of a reversal before the journal has it."""

from __future__ import annotations

import sys

from authhost.authorize import Authorizer
from authhost.journal.settle import SettledResult
from authhost.journal.views import TerminalView
from authhost.model import Action, Kind, Request
from authhost.parts import Shares
from authhost.repeats import Reply
from authhost.settlement import Take, plan
from authhost.standing import Found
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Give back first, write afterwards, do not tell again."""
    reserve_for, told = Authorizer._reserve_for, Authorizer._told

    async def give_back_first(self: Authorizer, request: Request, found: Found | None,
                              terminal: TerminalView,
                              shares: Shares) -> tuple[Take, ...]:
        view = await self._reservations.view(request, terminal)
        if request.kind is Kind.REVERSAL and found is not None and view is not None:
            made = plan(request, found, ())
            assert made is not None, "a reversal reserves nothing that could have moved"
            await self._reservations.give_back(made.effects, {view.account_id: view.fence})
        return await reserve_for(self, request, found, terminal, shares)

    async def told_already(self: Authorizer, result: SettledResult,
                           takes: tuple[Take, ...]) -> Reply:
        settled = result.settled
        if settled is not None and settled.answer.action == Action.REVERSED:
            return Reply(settled.answer_bytes, settled.answer.action)
        return await told(self, result, takes)

    patch(Authorizer, "_reserve_for", give_back_first)
    patch(Authorizer, "_told", told_already)


if __name__ == "__main__":
    sys.exit(serve(plant))
