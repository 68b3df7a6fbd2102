"""One message and what became of it, as a terminal tells it; and how patient it is.

Knows the fields of an answer that every story looks at; knows no wire.
"""

from __future__ import annotations

import msgspec

from iso import Message
from terminals.link import Received


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a terminal is. Real seconds, not business time."""

    answer_timeout_s: float = 5.0
    request_repeats: int = 1  # then the reversal
    advice_repeats: int = 5  # then the store; a later upload begins again
    reconnect_pause_s: float = 0.2


class Reply(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the host answered. raw: its bytes without frame, to compare with a repeat's."""

    mti: str
    action: str  # field 39
    amount_minor: int = 0  # field 4, approved
    approval_code: str = ""  # field 38
    reference: str = ""  # field 37
    reason: str = ""  # field 44, of a decline
    raw: bytes
    message: Message

    @property
    def approved(self) -> bool:
        """Approved, wholly or in part."""
        return self.action in ("000", "002")


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One message and what became of it.

    reply: None when no answer came; then `reversal` says what was done about it, or the advice
    waits in the store. sent: transmissions, repeats included.
    """

    kind: str
    request: Message
    reply: Reply | None
    sent: int
    latency_s: float  # from the first transmission to the answer
    reversal: Exchange | None = None

    @property
    def approved_minor(self) -> int:
        """Approved amount; 0 when declined or unanswered."""
        return self.reply.amount_minor if self.reply is not None and self.reply.approved else 0


def reply_of(received: Received) -> Reply:
    """What every story looks at."""
    message = received.message
    return Reply(
        mti=message.mti, action=message.text(39) or "", amount_minor=int(message.text(4) or 0),
        approval_code=(message.text(38) or "").strip(), reference=message.text(37) or "",
        reason=message.text(44) or "", raw=received.raw, message=message)
