"""The off-line store: advices that no host has answered yet, kept until one has.

Knows how to keep messages across a restart; knows nothing of their meaning. A message holds a
card number, so the file is encrypted (Fernet: AES-128-CBC with HMAC-SHA256) under a key that the
terminal gets from elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet

from iso import Message


class StoreFull(Exception):
    """The store is at its limit: the till must stop selling off line."""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """One unsent advice, with the method it belongs to."""

    kind: str
    mti: str
    text: dict[int, str]
    binary: dict[int, bytes]

    @property
    def message(self) -> Message:
        """The message as it was built when the sale took place."""
        return Message(self.mti, dict(sorted((self.text | self.binary).items())))

    @staticmethod
    def of(kind: str, message: Message) -> Kept:
        """Text and binary elements apart, since MessagePack tells them apart and types do not."""
        fields = message.fields.items()
        return Kept(kind, message.mti,
                    {number: value for number, value in fields if isinstance(value, str)},
                    {number: value for number, value in fields if isinstance(value, bytes)})

    def __repr__(self) -> str:
        return f"Kept({self.kind}, {self.message!r})"


class OfflineStore:
    """First in, first out; bounded. In memory alone without `path`."""

    def __init__(self, path: Path | None = None, key: bytes = b"", limit: int = 1000) -> None:
        if path is not None and not key:
            raise ValueError("a store on disk needs a key: it holds card numbers")
        self._path = path
        self._cipher = Fernet(key) if key else None
        self._limit = limit
        self._kept: list[Kept] = self._load()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, kind: str, message: Message) -> None:
        """Keep an advice; StoreFull at the limit."""
        if len(self._kept) >= self._limit:
            raise StoreFull(f"{self._limit} advices wait already")
        self._kept.append(Kept.of(kind, message))
        self._save()

    def first(self) -> Kept | None:
        """The oldest one, which stays until `remove`."""
        return self._kept[0] if self._kept else None

    def remove(self, kept: Kept) -> None:
        """It was answered."""
        self._kept.remove(kept)
        self._save()

    def _load(self) -> list[Kept]:
        if self._path is None or self._cipher is None or not self._path.exists():
            return []
        plain = self._cipher.decrypt(self._path.read_bytes())
        return msgspec.msgpack.decode(plain, type=list[Kept])

    def _save(self) -> None:
        """Written beside and renamed: a power cut leaves the old file or the new one."""
        if self._path is None or self._cipher is None:
            return
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(self._cipher.encrypt(msgspec.msgpack.encode(self._kept)))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
