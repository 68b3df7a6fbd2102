"""The commands, by their two letters. To import this room registers all of them.

A command is a function of the unit and its fields. It reads all fields, calls `Fields.end`, and
only then opens keys: the identifier of the LMK stands at the end of a message. What it returns
follows error code 00 in the answer; a check that failed is HsmError("01").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hsm_sim.fields import Fields
from hsm_sim.unit import Unit


class Answers:
    """More than one answer to one command, in this order.

    `first` is what follows 00 under the usual two letters; each of `later` is (its two letters,
    what follows 00).
    """

    def __init__(self, first: bytes, *later: tuple[bytes, bytes]) -> None:
        self.first = first
        self.later = later


Handler = Callable[[Unit, Fields], bytes | Answers]
COMMANDS: dict[bytes, Handler] = {}
_H = TypeVar("_H", bound=Handler)


def command(letters: bytes) -> Callable[[_H], _H]:
    """Register a function as the command of these two letters."""
    def register(handler: _H) -> _H:
        assert letters not in COMMANDS, letters
        COMMANDS[letters] = handler
        return handler

    return register


# Last, because each of them registers what it has with `command`.
from hsm_sim.commands import (  # noqa: E402, F401
    births,
    card_values,
    cryptograms,
    data_blocks,
    diagnostics,
    dukpt,
    hashes,
    keys,
    macs,
    mailers,
    personalization,
    pin_checks,
    pin_values,
    pins,
    signatures,
)
