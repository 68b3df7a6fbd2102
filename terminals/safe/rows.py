"""What the store keeps: messages, the open shift, the cassette inside, the escrow. PURE."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from terminals.safe.counted import Count, Slip
from terminals.safe.states import Escrow, Kind, State

Body = Callable[[int], dict[str, Any]]  # a message's own content, by its number
_OWN: Final = ("sequence", "local_time")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A message. local_time: aware, the safe's own zone; answer: the host's, as it came."""

    sequence: int
    kind: Kind
    state: State
    path: str
    body: bytes
    original: int | None
    local_time: datetime
    stay: int | None
    deposit_kind: str
    amount_minor: int
    currency: str
    status: int
    answer: bytes
    sent: int
    errors: int
    asked: int
    noted_at: datetime

    @property
    def content(self) -> dict[str, Any]:
        """What it says."""
        content: dict[str, Any] = msgspec.json.decode(self.body)
        return content

    def as_alarm(self, alarm: dict[str, Any]) -> bytes:
        """The body of an alarm that is told under this message's number and time instead of it."""
        own = self.content
        return msgspec.json.encode({name: own[name] for name in _OWN} | alarm)

    @property
    def verdict(self) -> Verdict:
        """What the host answered; nothing of what cannot be read."""
        if self.state is not State.FORWARDED:
            return Verdict()
        try:
            return msgspec.json.decode(self.answer, type=Verdict)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Verdict()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The host's answer to an authorization or a deposit. withheld: why there is no credit yet."""

    decision: str = ""
    reason: str = ""
    authorization: str = ""
    approval_code: str = ""
    withheld: tuple[str, ...] = ()

    @property
    def approved(self) -> bool:
        """The notes may go in."""
        return self.decision == "approved"


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """The host's own document of a deposit: its number, and the code by which it is verified."""

    number: str
    code: str


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is about to get its number. count: of a deposit, to be summed."""

    kind: Kind
    path: str
    body: Body
    original: int | None = None
    deposit_kind: str = ""
    amount_minor: int = 0
    currency: str = ""
    count: Count | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The notes in the escrow. authorization: the number of the question, where one was asked."""

    state: Escrow
    count: Count
    slip: Slip
    authorization: int | None = None


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """The open shift. first: its opening's sequence."""

    number: str
    opened_at: datetime
    opened_by: str
    first: int


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """The cassette inside."""

    id: int
    cassette: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the host."""

    unsent: int
    oldest_unsent_at: datetime | None
    parked: int
