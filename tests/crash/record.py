"""The client's own record: every message, every answer, in the order in which the client saw them.

Knows what was asked and what was said; never looks at the host. It is all that the judge has to
hold against the journal and the files. On disk it holds no PAN.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final, Literal

import msgspec

import iso
from demo.parties import FleetCard

_CODEC: Final = iso.get("ifsf").codec
BUSY: Final = "907"
APPROVED: Final = ("000", "002")
REVERSED: Final = "400"

Event = Literal["sent", "answered"]


class Sent(msgspec.Struct, kw_only=True, eq=False):
    """One message of a terminal and its first answer. Amounts in minor units, volume in ml."""

    key: str
    kind: str
    fields: dict[int, str | bytes]
    mti: str
    card: FleetCard
    amount_minor: int = 0
    volume_ml: int = 0
    original: Sent | None = None
    altered: Sent | None = None  # the message whose key this one bears, with other content
    transmissions: int = 0
    heard: int = 0  # answers, so that none is on its way when it equals the transmissions
    answer: bytes | None = None
    action: str = ""
    reason: str = ""
    approved_minor: int = 0
    approval_code: str = ""
    events: list[Sent] = msgspec.field(default_factory=list)  # what it was told afterwards

    @property
    def approved(self) -> bool:
        """Approved, wholly or in part; an advice: accepted."""
        return self.action in APPROVED

    def __repr__(self) -> str:
        return f"Sent({self.key} {self.kind} {self.action})"


class Record:
    """What a client writes down. With a path, every line is also on disk when it is full."""

    def __init__(self, path: Path) -> None:
        self.messages: dict[str, Sent] = {}
        self.altered: list[Sent] = []
        self.sequence: list[tuple[Event, Sent]] = []
        self.answers = 0
        self.repeats = 0
        self.busy = 0
        self.actions: Counter[str] = Counter()
        self.flipped: list[str] = []
        self._file = path.open("ab", buffering=1 << 20)

    def sent(self, message: Sent) -> None:
        """A transmission is about to leave."""
        message.transmissions += 1
        if message.transmissions > 1:
            return
        if message.altered is not None:
            self.altered.append(message)
            return
        self.messages[message.key] = message
        self.sequence.append(("sent", message))
        if message.original is not None:
            message.original.events.append(message)
        self._line("sent", message, b"")

    def answered(self, message: Sent, raw: bytes) -> bool:
        """An answer came: the first is kept, another must be the same. False: it was "busy"."""
        message.heard += 1
        if raw == message.answer:
            self.answers += 1
            self.repeats += 1
            return True
        fields = _CODEC.decode(raw).fields
        action = str(fields.get(39, ""))
        if action == BUSY:
            self.busy += 1
            return False
        self.answers += 1
        if message.answer is not None:
            self.repeats += 1
            self.flipped.append(f"{message.key}: {message.answer.hex()} then {raw.hex()}")
            self._line("flipped", message, raw)
            return True
        message.answer, message.action = raw, action
        message.approved_minor = int(str(fields.get(4, "0")))
        message.approval_code = str(fields.get(38, "")).strip()
        message.reason = str(fields.get(44, ""))
        self.actions[f"{message.kind} {action}"] += 1
        if message.altered is None:
            self.sequence.append(("answered", message))
        self._line("answered", message, raw)
        return True

    def _line(self, what: str, message: Sent, raw: bytes) -> None:
        self._file.write(f"{what} {message.key} {message.kind} {message.amount_minor} "
                         f"{raw.hex()}\n".encode())

    def close(self) -> None:
        """Write out what waits."""
        self._file.close()
