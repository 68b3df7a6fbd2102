"""The custodians: names and what proves them, scrypt hashes of passphrases (RFC 7914).

Knows no activity and no key. After five wrong passphrases a name is refused for ten minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from hsm_sim.private_files import StoreError, read_private, write_private

FILE: Final = "custodians.json"
SHORTEST_PASSPHRASE: Final = 10
MISSES: Final = 5
LOCKED_S: Final = 600
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_COST: Final = 1 << 15
_MEMORY: Final = 1 << 26


class Unproved(Exception):
    """A custodian who is none, or not this one; in words that do not say which."""


class Proof(msgspec.Struct, frozen=True):
    """What a passphrase is compared with. Bytes are Base64 in the file."""

    salt: bytes
    hash: bytes


class Custodians:
    """Who they are. Passphrases come in and are not kept."""

    def __init__(self, folder: Path, monotonic_s: Callable[[], float]) -> None:
        self._path = folder / FILE
        self._now = monotonic_s
        self._misses: dict[str, tuple[int, float]] = {}

    def names(self) -> list[str]:
        """All of them."""
        return sorted(self._proofs())

    def prove(self, name: str, passphrase: str) -> None:
        """Unproved when the passphrase is not this custodian's. Takes a tenth of a second."""
        misses, until_s = self._misses.get(name, (0, 0.0))
        if misses >= MISSES and self._now() < until_s:
            raise Unproved(f"{name}: too many wrong passphrases, wait {LOCKED_S // 60} minutes")
        proof = self._proofs().get(name)
        if proof is None:
            raise Unproved("no such custodian, or not this passphrase")
        if not hmac.compare_digest(_hash(passphrase, proof.salt), proof.hash):
            self._misses[name] = (1 if misses >= MISSES else misses + 1, self._now() + LOCKED_S)
            raise Unproved("no such custodian, or not this passphrase")
        self._misses.pop(name, None)

    def add(self, name: str, passphrase: str, random: Callable[[int], bytes]) -> None:
        """A new custodian. StoreError: the name, the passphrase, or one of them is taken."""
        proofs = self._proofs()
        if not _NAME.fullmatch(name):
            raise StoreError(f"{name!r} is no custodian's name: a-z, 0-9, _ and -, at most 32")
        if name in proofs:
            raise StoreError(f"there is a custodian {name}")
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise StoreError(f"a passphrase has at least {SHORTEST_PASSPHRASE} characters")
        if any(hmac.compare_digest(_hash(passphrase, proof.salt), proof.hash)
               for proof in proofs.values()):
            raise StoreError("another custodian has this passphrase: two people, two passphrases")
        salt = random(16)
        proofs[name] = Proof(salt, _hash(passphrase, salt))
        write_private(self._path, msgspec.json.encode(proofs))

    def _proofs(self) -> dict[str, Proof]:
        try:
            return msgspec.json.decode(read_private(self._path), type=dict[str, Proof])
        except FileNotFoundError:
            return {}
        except msgspec.MsgspecError as error:
            raise StoreError(f"{self._path}: {error}") from None


def _hash(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=_COST, r=8, p=1, maxmem=_MEMORY)
