"""The fleet card in software: everything the chip does, from power-on to the last status word.

Knows APDUs as bytes and hands them to `commands/`; knows no reader. What a real card would keep
in silicon is in its memory, and survives a loss of power at any moment, whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import msgspec

from chip import keys
from chip.apdu import SECURE, ApduError, Command, Response, Status
from chip.commands import COMMANDS, IN_THE_CLEAR, INSTRUCTIONS
from chip.memory import LifeCycle, Memory, MemoryFailed, State
from chip.processor import Processor, Refused
from chip.secure import SecureError

# TS, T0 (TD1 follows, 5 historical bytes), TD1 (T=1), "FLEET", TCK: ISO 7816-3.
ATR: Final = bytes.fromhex("3B8501464C454554DA")
_SELECT: Final = 0xA4
_GET_DATA: Final = 0xCA
_CLASSES: Final = frozenset({0x00, 0x80, 0x00 | SECURE, 0x80 | SECURE})


class TransportKeys(msgspec.Struct, frozen=True):
    """What the factory writes: key 10, and key 11 of each target (20, 30, 40)."""

    transport: bytes
    loading: dict[int, bytes]

    @staticmethod
    def of(master: bytes, serial: bytes) -> TransportKeys:
        """Of the chip with this serial, from the factory's master."""
        return TransportKeys(
            keys.diversified(master, keys.TRANSPORT, serial),
            {target: keys.loading_key(master, target, serial) for target in keys.LOADED})

    def __repr__(self) -> str:
        return "TransportKeys(hidden)"


class Card:
    """One card. It answers every command with a status word; without power it answers nothing."""

    def __init__(self, memory: Memory, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self._memory = memory
        self._random = random
        self._processor: Processor | None = None

    @staticmethod
    def blank(serial: bytes, transport: TransportKeys, memory: Memory, *,
              random: Callable[[int], bytes] = os.urandom) -> Card:
        """A card as it leaves the factory, written into `memory`. serial: 8 bytes, unique."""
        assert len(serial) == 8
        memory.save(State(serial=serial, keys={keys.TRANSPORT: transport.transport},
                          loading_keys=transport.loading))
        return Card(memory, random=random)

    def power_on(self) -> bytes:
        """Contact or reset: all but the memory is new. The ATR; MemoryFailed if it is dead."""
        self._processor = Processor(self._memory, self._random)
        return ATR

    def power_off(self) -> None:
        """Pulled out, at whatever moment."""
        self._processor = None

    def transmit(self, raw: bytes) -> bytes:
        """One command, one response: data, SW1, SW2."""
        assert self._processor is not None, "a card without power"
        return _answer(self._processor, raw).encode()


def _answer(card: Processor, raw: bytes) -> Response:
    try:
        outer = Command.parse(raw)
    except ApduError:
        return Response(b"", Status.LENGTH)
    if outer.cla not in _CLASSES:
        return Response(b"", Status.CLASS)
    if outer.ins not in INSTRUCTIONS:
        return Response(b"", Status.INSTRUCTION)
    if (outer.cla & ~SECURE, outer.ins) not in COMMANDS:
        return Response(b"", Status.CLASS)
    if not outer.cla & SECURE:
        if card.session is not None and outer.ins not in IN_THE_CLEAR:
            return Response(b"", Status.NOT_ENTITLED)
        return _execute(card, outer)
    if card.session is None:
        return Response(b"", Status.NOT_ENTITLED)
    channel = card.session.channel
    try:
        inner = channel.reveal(outer)
    except SecureError as error:
        card.session = None
        return Response(b"", Status.SECURE_MISSING if error.missing else Status.SECURE_WRONG)
    return channel.protect(_execute(card, inner))


def _execute(card: Processor, command: Command) -> Response:
    if command.ins != _SELECT and not card.selected:
        return Response(b"", Status.NOT_IN_THIS_STATE)
    blocked = card.state.life_cycle is LifeCycle.BLOCKED
    if blocked and command.ins not in (_SELECT, _GET_DATA):
        return Response(b"", Status.NOT_IN_THIS_STATE)
    try:
        data = COMMANDS[command.cla, command.ins](card, command)
    except Refused as refused:
        return Response(b"", refused.status)
    except MemoryFailed:
        card.session = None
        return Response(b"", Status.MEMORY)
    chosen = blocked and command.ins == _SELECT
    return Response(data, Status.BLOCKED_FILE if chosen else Status.DONE)
