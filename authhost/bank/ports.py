"""What this room needs of those whose orders it sends: deposits' credits, payments' debits.

Knows names and shapes alone. An order is in one outbox, is SENT there by a commit before its
request leaves, and leaves UNKNOWN by a bank's word alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar


class Order(Protocol):
    """One thing that a bank is asked for. tries: how often it was sent before now; bank_reason: the
    bank's last word where that was a passing refusal, else ''."""

    @property
    def key(self) -> str: ...

    @property
    def end_to_end_id(self) -> str: ...

    @property
    def currency(self) -> str: ...

    @property
    def amount_minor(self) -> int: ...

    @property
    def recorded_at(self) -> datetime: ...

    @property
    def tries(self) -> int: ...

    @property
    def bank_reason(self) -> str: ...


T = TypeVar("T", bound=Order)


class Waiting(Protocol[T]):
    """The outbox of one bank. Instants are real ones."""

    async def waits(self) -> bool:
        """Is there anything to send?"""

    async def take(self, most: int, objection: Callable[[T], str], rail: Callable[[T], str],
                   now: datetime, due: datetime) -> tuple[list[T], bool]:
        """Mark up to `most` SENT; those, and whether there may be more. What there is an objection
        to is let go."""

    async def overdue(self, now: datetime) -> int:
        """SENT, and the time for an answer over: UNKNOWN; how many."""

    async def due(self, most: int, now: datetime, lease: datetime) -> list[T]:
        """What is to be asked about now; until `lease` nobody else does."""

    async def resend(self, keys: Sequence[str], due: datetime, why: str) -> set[str]:
        """UNKNOWN is SENT again, on the disk before it leaves; the keys that are."""

    async def reject(self, orders: Sequence[T], word: str) -> None:
        """The bank has rejected them for a passing cause, and it is not tried again."""
