"""A host's desk before an HSM: keys whose clear values a test knows, sealed under the HSM's own
LMKs.

Knows how keys stand on the wire; the HSM itself is a function that takes a command and gives back
the answer after its header.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from hsm_sim.crypto.ciphers import odd_parity
from hsm_sim.keys import Key
from hsm_sim.lmk import KeyBlockLmk
from hsm_sim.variant_lmk import VariantLmk

# What each name is under either LMK: key type of a variant; usage, algorithm and mode of a block.
KINDS: Final = {
    "zpk": ("001", "P0", "T", "B"), "zpk2": ("001", "P0", "T", "E"),
    "tpk": ("70D", "P0", "T", "D"),
    "pvk": ("002", "V2", "T", "C"), "pvk_ibm": ("002", "V1", "T", "N"),
    "cvk": ("402", "C0", "T", "C"), "tak": ("003", "M3", "T", "C"), "zak": ("008", "M1", "T", "C"),
    "bdk": ("009", "B0", "T", "X"), "mk_ac": ("109", "E0", "T", "N"),
    "aes_zpk": ("", "P0", "A", "B"), "aes_tpk": ("", "P0", "A", "B"),
    "aes_mac": ("", "M6", "A", "C"),
    "aes_bdk": ("", "B0", "A", "X"), "aes_mk_ac": ("", "E0", "A", "X"),
    "hmac": ("", "M7", "H", "C"),
}
_LENGTHS: Final = {"T": 16, "A": 16, "H": 32}


class Desk:
    """Keys by name, under the key-block LMK or under the variant LMK."""

    def __init__(self, ask: Callable[[bytes], bytes], blocks: KeyBlockLmk, variants: VariantLmk, *,
                 variant: bool = False) -> None:
        self.ask = ask
        self.is_variant = variant
        self._blocks = blocks
        self._variants = variants
        self._values: dict[str, bytes] = {}
        self._tokens: dict[str, bytes] = {}

    def value(self, name: str) -> bytes:
        """The clear key: random, but for the base keys of the DUKPT standards' examples."""
        if name not in self._values:
            algorithm = KINDS[name][2]
            made = os.urandom(_LENGTHS[algorithm])
            self._values[name] = odd_parity(made) if algorithm == "T" else made
        return self._values[name]

    def put(self, name: str, value: bytes) -> None:
        """A key of a published example."""
        self._values[name] = value

    def key(self, name: str) -> bytes:
        """The key on the wire. AES and HMAC keys are blocks, whatever the LMK."""
        if name not in self._tokens:
            code, usage, algorithm, mode = KINDS[name]
            self._tokens[name] = (self.under_variant(code, self.value(name))
                                  if self.is_variant and code else
                                  self.block(usage, algorithm, mode, self.value(name)))
        return self._tokens[name]

    def key_type(self, name: str) -> bytes:
        """What a key type field says."""
        code = KINDS[name][0]
        return code.encode() if self.is_variant and code else b"FFF"

    def block(self, usage: str, algorithm: str, mode: str, value: bytes) -> bytes:
        """A key block under the LMK."""
        key = Key(usage=usage, algorithm=algorithm, mode=mode, exportability="N", value=value)
        return self._blocks.seal(key, os.urandom)

    def under_variant(self, code: str, value: bytes) -> bytes:
        """A double length key under the variant LMK."""
        key = Key(usage="", algorithm="T", mode="N", exportability="N", value=value)
        return self._variants.seal(key, b"U", code)
