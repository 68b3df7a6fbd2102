"""What a payment counts at its two accounts: reserved before the row, given back after one.

Knows the state and the rules of the accounts; writes no row. Two accounts are two hash slots: a
call each, the payer's first.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from authhost.asks import Ask
from authhost.journal.views import AccountView, Views
from authhost.model import Kind
from authhost.payments.model import Asked
from authhost.reservations import Reservations, whose_of
from authhost.settlement import Effect, Take
from authhost.standing import Whose, Windows
from authhost.state.accounts import Accounts, Stale


class Taken(msgspec.Struct, frozen=True):
    """What was reserved, or why nothing was."""

    takes: tuple[Take, ...] = ()
    reason: str = ""
    decided_ms: int = 0


class Counting:
    """Over the accounts' state."""

    def __init__(self, views: Views, accounts: Accounts, reservations: Reservations) -> None:
        self._views = views
        self._accounts = accounts
        self._reservations = reservations

    async def view(self, account_id: int, fence: int = 0) -> AccountView:
        """An account's rules, not older than a fence."""
        view = await self._views.cached_account(account_id)
        return view if view.fence >= fence else await self._views.account(account_id)

    async def reload(self, *account_ids: int) -> None:
        """A row met another fence."""
        for account_id in account_ids:
            await self._views.account(account_id)

    async def take(self, asked: Asked, payer: AccountView, merchant: AccountView) -> Taken:
        """Count the payment at both, or at none. Stale: a view is old, and is loaded again;
        and whatever keeps either from being counted."""
        takes: list[Take] = []
        decided_ms = 0
        for view in (payer, merchant):
            refused = "" if view.currency == asked.currency else "currency"
            try:
                outcome = await self._accounts.reserve(
                    view.account_id, view.fence, view.packed, Ask(money=asked.amount_minor),
                    site="", refused=refused)
            except BaseException as error:
                await self.release(takes)
                if isinstance(error, Stale):
                    await self._views.account(view.account_id)
                raise
            decided_ms = max(decided_ms, outcome.decided_at_ms)
            if outcome.status == "declined":
                await self.release(takes)
                who = "payer" if view is payer else "merchant"
                return Taken((), f"{who}_{outcome.reason}", decided_ms)
            takes.append(Take(whose_of(view, ""), outcome))
        return Taken(tuple(takes), "", decided_ms)

    async def release(self, takes: Sequence[Take]) -> None:
        """No row stands: the state may have it back."""
        for take in takes:
            await self._reservations.release(take)

    def stands(self, takes: Sequence[Take]) -> None:
        """The row stands."""
        for take in takes:
            self._accounts.settled(take.whose.account_id or 0, take.outcome.fence,
                                   take.outcome.reservation)

    async def give_back(self, legs: Sequence[tuple[Whose, Windows, int, int]],
                        fences: dict[int, int]) -> None:
        """The row of a give-back stands: minus after."""
        await self._reservations.give_back(
            [Effect(Kind.PAYMENT_RELEASE, whose, windows, -money, 0, -count)
             for whose, windows, money, count in legs], fences)

    async def forget(self, account_ids: Sequence[int]) -> None:
        """A row of ours stands, and its result was lost: the journal alone knows its effects."""
        for account_id in account_ids:
            await self._accounts.forget(account_id)

    async def fences(self, account_ids: Sequence[int]) -> dict[int, int]:
        """As they are at hand. JournalUnavailable."""
        return {account_id: (await self._views.cached_account(account_id)).fence
                for account_id in account_ids}


