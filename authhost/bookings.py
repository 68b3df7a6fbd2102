"""What a person or a count books on an account: paid in, adjusted, verified.

A row like any other, with a claim of its own by its reference: what is told twice counts once. It
gives back or moves no counter, so the journal hears of it first; then the account's state is
summed again.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from authhost import limits
from authhost.clock import Clock
from authhost.journal.append import Posting
from authhost.journal.entry import Entry, JournalUnavailable, Verdict
from authhost.journal.lane import Lane
from authhost.journal.views import Views
from authhost.keys import CLASS, fingerprint
from authhost.model import Action, Kind
from authhost.state.accounts import Accounts
from authhost.states import State
from authhost.streams import stream_of

_DOOR: Final = "desk"
# (on the balance, in the books) of one minor unit. What was paid in, or counted, frees the balance.
_MOVES: Final[dict[Kind, tuple[int, int]]] = {
    Kind.FUNDING: (-1, 0), Kind.VERIFICATION: (-1, 0), Kind.ADJUSTMENT: (0, 1)}


class BookingRefused(Exception):
    """It cannot be booked as it is; says why. Nothing was."""


class Bookings:
    """Writes such rows."""

    def __init__(self, views: Views, accounts: Accounts, append: Lane[Posting], clock: Clock,
                 fingerprint_key: bytes) -> None:
        self._views = views
        self._accounts = accounts
        self._append = append
        self._clock = clock
        self._fingerprint_key = fingerprint_key

    async def book(self, kind: Kind, account_id: int, amount_minor: int, currency: str,
                   reference: str, detail: dict[str, Any], *, terminal_id: str = "",
                   ) -> tuple[str, bool]:
        """(the row's key, whether it is new): the same reference is booked once.

        JournalUnavailable. BookingRefused: another currency, or the reference with another amount.
        """
        key = key_of(kind, account_id, reference)
        said = fingerprint(self._fingerprint_key, f"{account_id}\x1f{amount_minor}\x1f{currency}")
        balance, posted = _MOVES[kind]
        text = msgspec.json.encode({"reference": reference, **detail}).decode()
        for _ in range(limits.TRIES):
            view = await self._views.account(account_id)
            # What is given back is what was counted: of a deposit in a wrong currency, too.
            if view.currency != currency and kind is not Kind.VERIFICATION:
                raise BookingRefused(f"currency: the account is kept in {view.currency}")
            terminal = await self._views.terminal(terminal_id)
            entry = Entry(
                key, 0, said, b"", _DOOR, State.NOTED, 0, 0, "", "", kind, True, Action.APPROVED,
                "approved", amount_minor, amount_minor, posted * amount_minor, currency,
                terminal_id, terminal.merchant_id, terminal.site_id, "", "", "",
                self._clock.now_us() // 1000, terminal.rules_version, 0, account_id, view.fence,
                None, None, None, 0, 0, 0, balance * amount_minor, 0, 0, text,
                stream=stream_of(kind, key))
            result = await self._append.put(Posting((entry,), 0))
            if result.verdict in {Verdict.NEW, Verdict.KNOWN}:
                claim = result.claim
                if claim is not None and claim.fingerprint != said:
                    raise BookingRefused("reference: stands for another amount")
                if balance:
                    await self._accounts.forget(account_id)
                return key, result.verdict is Verdict.NEW
        raise JournalUnavailable("the account does not come to rest")


def key_of(kind: Kind, account_id: int, reference: str) -> str:
    """The key of such a row."""
    return f"{_DOOR}/{account_id}/{CLASS[kind]}/{reference}"
