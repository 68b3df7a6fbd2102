"""What is paid into an account: a prepaid card's money, or an invoice that was paid.

A row like any other, with a claim of its own by the payer's reference: what is told twice counts
once. It gives back, so the journal hears of it first; then the account's state is summed again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost import limits
from authhost.clock import Clock
from authhost.journal.append import Posting
from authhost.journal.entry import Entry, JournalUnavailable, Verdict
from authhost.journal.lane import Lane
from authhost.journal.views import Views
from authhost.keys import fingerprint
from authhost.model import Action, Kind
from authhost.state.accounts import Accounts
from authhost.states import State

_DOOR: Final = "desk"


class FundingRefused(Exception):
    """It cannot be booked as it is; says why. Nothing was."""


class Funding:
    """Puts money into accounts."""

    def __init__(self, views: Views, accounts: Accounts, append: Lane[Posting], clock: Clock,
                 fingerprint_key: bytes) -> None:
        self._views = views
        self._accounts = accounts
        self._append = append
        self._clock = clock
        self._fingerprint_key = fingerprint_key

    async def fund(self, account_id: int, amount_minor: int, currency: str, reference: str,
                   who: str) -> bool:
        """Book it; False where this reference was booked before. JournalUnavailable.

        FundingRefused: another currency, no amount, or the reference with another amount.
        """
        if amount_minor <= 0:
            raise FundingRefused("amount_minor: is not more than nothing")
        key = f"{_DOOR}/{account_id}/{Kind.FUNDING}/{reference}"
        said = fingerprint(self._fingerprint_key, f"{account_id}\x1f{amount_minor}\x1f{currency}")
        detail = msgspec.json.encode({"reference": reference, "who": who}).decode()
        for _ in range(limits.TRIES):
            view = await self._views.account(account_id)
            if view.currency != currency:
                raise FundingRefused(f"currency: the account is kept in {view.currency}")
            rules = await self._views.terminal("")
            entry = Entry(
                key, 0, said, b"", _DOOR, State.NOTED, 0, 0, "", "", Kind.FUNDING, True,
                Action.APPROVED, "approved", amount_minor, amount_minor, 0, currency, "", "", "",
                "", "", "", self._clock.now_us() // 1000, rules.rules_version, 0, account_id,
                view.fence, None, None, None, 0, 0, 0, -amount_minor, 0, 0, detail)
            result = await self._append.put(Posting((entry,), 0))
            if result.verdict is Verdict.NEW:
                await self._accounts.forget(account_id)
                return True
            if result.verdict is Verdict.KNOWN:
                assert result.claim is not None, "a known row shows its claim"
                if result.claim.fingerprint != said:
                    raise FundingRefused("reference: stands for another amount")
                await self._accounts.forget(account_id)
                return False
        raise JournalUnavailable("the account does not come to rest")
