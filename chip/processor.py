"""The inside of the card between two commands: state, session, and what commands may ask of them.

Knows memory, session and randomness; the commands themselves are in `chip/commands/`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

import msgspec

from chip.apdu import Command, Status
from chip.certificates import Certificate
from chip.memory import LifeCycle, Memory, State
from chip.secure import CardChannel

AID: Final = bytes.fromhex("F0464C45455401")
VERSION: Final = bytes.fromhex("0100")
CHALLENGE: Final = 16


class Refused(Exception):
    """The command ends with this status word."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


class Kind(StrEnum):
    """Who proved itself to open a session."""

    FACTORY = "factory"
    ISSUER = "issuer"
    TERMINAL = "terminal"


class Session:
    """One mutual authentication, until SELECT, power, or a wrong MAC ends it."""

    def __init__(self, kind: Kind, channel: CardChannel) -> None:
        self.kind = kind
        self.channel = channel
        self.pin_tried = False
        self.pin_failed = False
        self.arqc: tuple[int, bytes] | None = None  # ATC and cryptogram that wait for an ARPC


class Processor:
    """What the commands work on. Volatile parts begin anew with each power-on and SELECT."""

    def __init__(self, memory: Memory, random: Callable[[int], bytes]) -> None:
        self._memory = memory
        self.state = memory.load()
        self.random = random
        self.deselect()

    def deselect(self) -> None:
        """Forget everything that is not in the memory."""
        self.selected = False
        self.session: Session | None = None
        self.challenge: bytes | None = None
        self.terminal: Certificate | None = None

    def commit(self, **changes: Any) -> None:
        """Change the state: in the memory first, all of it or nothing (MemoryFailed)."""
        state: State = msgspec.structs.replace(self.state, **changes)
        self._memory.save(state)
        self.state = state

    def write(self, **changes: Any) -> None:
        """`commit`, by which a blank card begins to be personalized."""
        if self.state.life_cycle is LifeCycle.BLANK:
            changes["life_cycle"] = LifeCycle.PERSONALIZING
        self.commit(**changes)

    def take_challenge(self) -> bytes:
        """The challenge that was given out, once; Refused where there is none."""
        challenge, self.challenge = self.challenge, None
        if challenge is None:
            raise Refused(Status.NOT_IN_THIS_STATE)
        return challenge

    def within(self, *kinds: Kind) -> Session:
        """The session, where it is one of these; Refused otherwise."""
        if self.session is None or self.session.kind not in kinds:
            raise Refused(Status.NOT_ENTITLED)
        return self.session


Handler = Callable[[Processor, Command], bytes]


def demand(condition: bool, status: int) -> None:
    """Refused with `status` unless it holds."""
    if not condition:
        raise Refused(status)


def no_data(command: Command, *p1p2: int) -> None:
    """Refused unless the parameters are one of these and there are no data."""
    demand(command.p1p2 in p1p2, Status.P1P2)
    demand(not command.data, Status.LENGTH)
