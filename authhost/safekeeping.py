"""What speaks against a deposit before it is credited: safe, shift, cassette, depositor, client.

Knows views and whose fence they hang on. An authorization is refused for what is found here; a
confirmed deposit is posted, for the cash is in the safe, and its credit is withheld.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost import limits, rules
from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable
from authhost.journal.views import TerminalView, Views
from authhost.model import Deposit, Kind, Request
from authhost.safes.objections import objections
from authhost.safes.view import SafeClient, SafeView
from authhost.safes.views import SafeViews

NOBODY: Final = 0  # the account of a client whom the safe does not know; not the terminal's own
DEPOSITS: Final = frozenset({Kind.DEPOSIT, Kind.DEPOSIT_AUTHORIZATION})


class Safekeeping:
    """Looks at deposits."""

    def __init__(self, views: Views, safes: SafeViews, clock: Clock) -> None:
        self._views = views
        self._safes = safes
        self._clock = clock

    async def looked_at(self, request: Request, terminal: TerminalView) -> Request:
        """The deposit with its client's account, and with what speaks against it.

        A terminal that is no safe of table `safe` counts for its own account, unlooked at.
        """
        if request.deposit is None:
            return request
        safe = await self._safes.at_hand(terminal.terminal_id, terminal.rules_version)
        if safe is None:
            return request
        client = safe.client(request.deposit.client, request.deposit.account)
        if client is None:  # who has no account here has no fence: a client of just now
            safe = await self._safes.load(terminal.terminal_id) or safe
            client = safe.client(request.deposit.client, request.deposit.account)
        if client is not None:
            safe, client = await self._in_step(safe, client, request)
        found = objections(safe, client, request.deposit, request.amount_minor, request.currency,
                           self._clock.now_us())
        doubts = ("suspects",) if _has_suspects(safe, request.deposit) else ()
        account_id = client.account_id if client is not None else NOBODY
        flags = tuple(dict.fromkeys((*request.flags, *doubts)))
        if request.kind is Kind.DEPOSIT_AUTHORIZATION:
            return msgspec.structs.replace(request, account_id=account_id, flags=flags,
                                           wrong=request.wrong or next(iter(found), ""))
        refused = rules.refused(request, terminal, None)
        reasons = dict.fromkeys((refused, *found) if refused else found)
        kept = (flag for flag in flags if not flag.startswith(rules.WITHHELD))
        return msgspec.structs.replace(request, account_id=account_id,
                                       flags=(*kept, *rules.withheld(tuple(reasons))))

    async def _in_step(self, safe: SafeView, client: SafeClient,
                       request: Request) -> tuple[SafeView, SafeClient | None]:
        """The safe as of the fence under which its client's account is seen: the commit compares
        that one, so what has changed at the safe since is never overlooked."""
        found: SafeClient | None = client
        for _ in range(limits.TRIES):
            assert found is not None, "there is somebody to look at"
            assert request.deposit is not None, "and something"
            account = await self._views.cached_account(found.account_id)
            if safe.fences[found.account_id] == account.fence:
                return safe, found
            if safe.fences[found.account_id] > account.fence:
                await self._views.account(found.account_id)
                continue
            again = await self._safes.load(safe.terminal_id)
            if again is None:
                break
            safe = again
            found = safe.client(request.deposit.client, request.deposit.account)
            if found is None:
                return safe, None
        raise JournalUnavailable("the safe does not come to rest")


def _has_suspects(safe: SafeView, deposit: Deposit) -> bool:
    """Whether notes that the authorities want are told among the pieces, by their category."""
    return any(one.category in safe.categories and safe.categories[one.category].reported
               for one in deposit.pieces)
