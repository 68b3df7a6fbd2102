"""The commands that the HSM is measured with, and the keys behind them, made by the HSM itself.

Knows the layouts of host commands; no clear key and no clear PIN is ever here: PINs are born under
the LMK (JA) and their blocks and values are asked for.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from loadtest.hsm_generator import framed

CARDS = 500
MESSAGE = bytes(range(256))
TRANSACTION_DATA = bytes(63) + b"\x80"
TR31_BLOCKS = 256


class Caller:
    """One command at a time, to set things up."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, command: bytes) -> bytes:
        """What follows 00. RuntimeError: it was another code."""
        self._socket.sendall(framed(command))
        answer = self._file.read(int.from_bytes(self._file.read(2), "big"))
        if answer[6:8] != b"00":
            raise RuntimeError(f"{command[:2].decode()} was answered {answer[6:8].decode()}")
        return answer[8:]

    def key(self, what: bytes) -> bytes:
        """A fresh key: usage, algorithm and length, mode of use (A0)."""
        made = self.ask(b"A00FFFS#" + what + b"00N00")
        return made[:1 + int(made[2:6])]


def pins(caller: Caller) -> list[bytes]:
    """EC: cards with PINs that nobody has seen, ISO 0 and PVV."""
    zpk, pvk = caller.key(b"P0T2B"), caller.key(b"V2T2C")
    commands = []
    for number in range(CARDS):
        account = b"9701%08d" % number
        pin = caller.ask(b"JA" + account + b"04")
        block = caller.ask(b"JG" + zpk + b"01" + account + pin)
        pvv = caller.ask(b"DG" + pvk + pin + account + b"1")
        commands.append(b"EC" + zpk + pvk + block + b"01" + account + b"1" + pvv)
    return commands


def card_values(caller: Caller) -> list[bytes]:
    """CY."""
    cvk = caller.key(b"C0T2C")
    commands = []
    for number in range(CARDS):
        card = b"9701%012d;2812201" % number
        commands.append(b"CY" + cvk + caller.ask(b"CW" + cvk + card) + card)
    return commands


def macs(caller: Caller) -> list[bytes]:
    """M6: retail MAC of 8 bytes, zeros as padding."""
    key = caller.key(b"M3T2C")
    return [b"M600131FFF" + key + b"%04X" % len(MESSAGE) + MESSAGE[number % 256:]
            + MESSAGE[:number % 256] for number in range(CARDS)]


def cryptograms(caller: Caller) -> list[bytes]:
    """KW: mode 0, scheme 2, a card and a counter of its own each time, a wrong cryptogram."""
    key = caller.key(b"E0T2X")
    return [b"KW02" + key + bytes.fromhex(f"9701{number:010d}01") + number.to_bytes(2, "big")
            + b"%02X" % len(TRANSACTION_DATA) + TRANSACTION_DATA + b";" + os.urandom(8)
            for number in range(CARDS)]


def key_blocks(caller: Caller) -> list[bytes]:
    """A0: session keys, made and given out under terminals' keys (TR-31)."""
    terminals = [caller.key(b"51A3B") for _ in range(TR31_BLOCKS)]
    return [b"A01FFFS;1" + terminal + b"R#P0T2D00S00" for terminal in terminals]


# Name, its commands, the code that each is answered with.
JOBS: tuple[tuple[str, Callable[[Caller], list[bytes]], bytes], ...] = (
    ("pin", pins, b"00"), ("cvv", card_values, b"00"), ("mac", macs, b"00"),
    ("arqc", cryptograms, b"01"), ("tr31", key_blocks, b"00"))
