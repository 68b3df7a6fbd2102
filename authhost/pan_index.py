"""A card's number as it may be kept: its keyed hash, made by the HSM, whose key never leaves it.

Knows two keys by name and a bounded memory of numbers that came before: the HSM is asked once a
number and process. What is remembered dies with the process (PCI DSS 3.5.1.1).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from authhost import limits
from authhost.bounded import Bounded
from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys

_USAGE: Final = "M7"  # HMAC (ANSI X9.143)
_FINGERPRINT_LABEL: Final = b"authhost fingerprint key"
_AT_ONCE: Final = 256


class PanIndex:
    """PAN -> HMAC-SHA-256 over all of it, 32 bytes. fingerprint_key: 32 bytes, in memory alone."""

    def __init__(self, hsm: Hsm, key_block: str, fingerprint_key: bytes) -> None:
        self._hsm = hsm
        self._key_block = key_block
        self.fingerprint_key = fingerprint_key
        self._known: Bounded[str, bytes] = Bounded(limits.PAN_INDEX)

    @staticmethod
    async def make(hsm: Hsm, keys: HsmKeys) -> PanIndex:
        """With the stored keys, which are generated in a new database.

        HsmUnavailable; HsmRefused where the stored keys are not under this HSM's master key.
        """
        index = await keys.ensure(hsm, "pan_index", _USAGE, "H", "G")
        fingerprint = await keys.ensure(hsm, "fingerprint", _USAGE, "H", "G")
        key = await hsm.hmac(fingerprint.block, _FINGERPRINT_LABEL)
        return PanIndex(hsm, index.block, key)

    def at_hand(self, pan: str) -> bytes | None:
        """Its hash, if this process has asked for it before."""
        return self._known.get(pan)

    async def of(self, pan: str) -> bytes:
        """Its hash; the HSM is asked where it is not at hand. HsmUnavailable, HsmRefused."""
        known = self._known.get(pan)
        if known is None:
            known = await self._hsm.hmac(self._key_block, pan.encode())
            self._known.put(pan, known)
        return known

    async def of_all(self, pans: Iterable[str]) -> dict[str, bytes]:
        """The hashes of many numbers, for a portfolio that is put in."""
        found: dict[str, bytes] = {}
        wanted = list(dict.fromkeys(pans))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start:start + _AT_ONCE]
            found.update(zip(some, await asyncio.gather(*map(self.of, some)), strict=True))
        return found

    def __repr__(self) -> str:
        return "PanIndex(hidden)"
