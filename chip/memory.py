"""What the card keeps without power, and where: one value that is written whole or not at all.

Knows files; knows no command. A card's file is its silicon: who can read it has the card, so it is
enciphered (AES-256-GCM) under a key that is not beside it, and only its owner may read it.
"""

from __future__ import annotations

import contextlib
import os
from enum import IntEnum
from pathlib import Path
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12


class LifeCycle(IntEnum):
    """States of the card, as GET DATA DF03 tells them."""

    BLANK = 0x01
    PERSONALIZING = 0x03
    ACTIVE = 0x05
    BLOCKED = 0x0F


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the card keeps. b"" or "" where it has not got it yet."""

    serial: bytes  # 8 bytes
    life_cycle: LifeCycle = LifeCycle.BLANK
    keys: dict[int, bytes] = {}  # by reference, see chip/keys.py
    loading_keys: dict[int, bytes] = {}  # by target
    cryptogram_version: int = 0
    private_scalar: bytes = b""
    public_point: bytes = b""
    certificate: bytes = b""
    issuer_keys: dict[int, bytes] = {}  # points by number
    today: bytes = b""  # YYMMDD, 3 bytes: the latest date that was believed
    records: tuple[bytes, bytes, bytes] = (b"", b"", b"")
    pin: str = ""
    pin_tries: int = 3
    pin_tries_left: int = 3
    atc: int = 0
    offline_count: int = 0
    ever_online: bool = False
    online_open: bool = False  # an ARQC whose ARPC has not come
    arpc_failed: bool = False

    def __repr__(self) -> str:
        return f"State({self.serial.hex()}, {self.life_cycle.name})"


class MemoryFailed(Exception):
    """It could not be read or written."""


class Memory(Protocol):
    """Where a state is kept. `save` returns when it would survive a loss of power, or raises."""

    def load(self) -> State:
        """The last state saved; MemoryFailed where there is none."""
        ...

    def save(self, state: State) -> None:
        """Keep this one instead; MemoryFailed, and the old one stays."""
        ...


class Volatile:
    """Memory for a card that lives as long as its process."""

    def __init__(self, state: State | None = None) -> None:
        self._state = state

    def load(self) -> State:
        """What was saved last."""
        if self._state is None:
            raise MemoryFailed("nothing was ever written")
        return self._state

    def save(self, state: State) -> None:
        """Keep it."""
        self._state = state


class CardFile:
    """A card in a file. key: 32 bytes, kept elsewhere."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._cipher = AESGCM(key)

    def load(self) -> State:
        """MemoryFailed where there is no file, or it is not of this key."""
        try:
            sealed = self._path.read_bytes()
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
            return msgspec.msgpack.decode(plain, type=State)
        except (OSError, InvalidTag, ValueError) as error:
            raise MemoryFailed(f"{self._path.name}: {type(error).__name__}") from None

    def save(self, state: State) -> None:
        """Written beside, synced, renamed: a power cut leaves the old state or the new one."""
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(state), None)
        beside = self._path.with_name(self._path.name + ".new")
        try:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            directory = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise MemoryFailed(f"{self._path.name}: {error.strerror}") from None
