"""The HSM as its commands see it: master keys, opened keys, PINs under the LMK, authority, audit.

Knows no socket and no file: randomness, the audit log and the clock are handed in. A key block says
what its key is for, and `open` holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from hsm_sim.authority import Authority
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import Key, KeyToken
from hsm_sim.lmk import KeyBlockLmk
from hsm_sim.settings import LONGEST_OPEN_KEY, OPEN_KEYS, Settings
from hsm_sim.variant_lmk import VariantLmk

Lmk = KeyBlockLmk | VariantLmk
N = TypeVar("N")


class Audit(Protocol):
    """Where audit records go. Never a key, a PIN or an account."""

    def __call__(self, event: str, /, **facts: object) -> None:
        """Write one record."""


class Printer(Protocol):
    """Where PIN mailers go: encrypted, or nowhere."""

    def __call__(self, reference: str, text: bytes) -> None:
        """Print one; the same reference again replaces it. OSError when it cannot."""


class Unit:
    """One HSM."""

    def __init__(self, *, key_block_lmk: KeyBlockLmk, variant_lmk: VariantLmk | None,
                 settings: Settings, authority: Authority, audit: Audit,
                 random: Callable[[int], bytes], printer: Printer | None = None) -> None:
        self.key_block_lmk = key_block_lmk
        self.variant_lmk = variant_lmk
        self.settings = settings
        self.authority = authority
        self.audit = audit
        self.random = random
        self.printer = printer
        self._blocks: dict[bytes, Key] = {}
        self._variants: dict[tuple[str, bytes], Key] = {}

    def open(self, token: KeyToken, usages: str | tuple[str, ...], modes: str, *,
             variant_type: str = "") -> Key:
        """The clear key of a key block under the LMK, or of a variant key of `variant_type`.

        `usages`: one usage, or several; `modes`: the letters that will do. A variant key has
        neither: the LMK pair of its type stands for both, and without a type it is not taken.
        HsmError: 10 parity, 13 LMK, 26 scheme, 28 type, A2, A4 and on: key block, usage, mode.
        """
        if token.scheme == b"S":
            key = self._blocks.get(token.text) or self._open_block(token)
            if key.usage not in usages:
                raise HsmError("A6")
            if key.mode not in modes:
                raise HsmError("A8")
            return key
        return self._open_variant(token, variant_type)

    def open_any(self, token: KeyToken, variant_type: str) -> Key:
        """A key whatever it is for: to check its value or to wrap it, never to work with it."""
        if token.scheme == b"S":
            return self._blocks.get(token.text) or self._open_block(token)
        return self._open_variant(token, variant_type)

    def _open_block(self, token: KeyToken) -> Key:
        key = self.key_block_lmk.open(token.text)
        if len(token.text) <= LONGEST_OPEN_KEY:
            _keep(self._blocks, token.text, key)
        return key

    def _open_variant(self, token: KeyToken, variant_type: str) -> Key:
        if self.variant_lmk is None or token.scheme not in {b"", b"U", b"T"}:
            raise HsmError("26")
        if not variant_type:
            raise HsmError("28")
        name = (variant_type, token.text)
        variant = self._variants.get(name)
        if variant is None:
            variant = self.variant_lmk.open(token, variant_type)
            _keep(self._variants, name, variant)
        return variant

    def seal(self, key: Key, scheme: bytes, *, variant_type: str = "") -> bytes:
        """A key as it stands on the wire under the LMK: S a key block; U, T or Z (bare) a variant.

        HsmError: 26 no such scheme here, 27 not of the scheme's length, 28 no such type.
        """
        if scheme == b"S":
            return self.key_block_lmk.seal(key, self.random)
        if self.variant_lmk is None:
            raise HsmError("26")
        return self.variant_lmk.seal(key, scheme, variant_type)

    def pin_to_lmk(self, pin: str, account: str, lmk_id: str | None = None) -> bytes:
        """A PIN of 4 to 12 digits under the LMK, bound to the 12 digits of an account.

        J and 32H under the key-block LMK; digits, one more than the longest PIN has, under the
        variant LMK, which has to be asked for by its identifier.
        """
        if not 4 <= len(pin) <= self.settings.pin_digits:
            raise HsmError("24")
        lmk = self.lmk(lmk_id)
        if isinstance(lmk, VariantLmk):
            return lmk.pin_to_lmk(pin, account, self.settings.pin_digits)
        return lmk.pin_to_lmk(pin, account, self.random)

    def pin_from_lmk(self, token: bytes, account: str) -> str:
        """The clear PIN. HsmError('14'): not a PIN of this account under this LMK."""
        if token.startswith(b"J"):
            return self.key_block_lmk.pin_from_lmk(token, account)
        if self.variant_lmk is None:
            raise HsmError("14")
        return self.variant_lmk.pin_from_lmk(token, account)

    def take_pin_token(self, fields: Fields) -> bytes:
        """A PIN under the LMK, read off the wire."""
        if fields.peek(1) == b"J":
            letter = fields.take(1)
            token = fields.peek(32)
            fields.hexa(32)
            return letter + token
        return fields.digits(self.settings.pin_digits + 1).encode()

    def lmk(self, lmk_id: str | None) -> Lmk:
        """The LMK of an identifier, the key-block LMK by default. HsmError('13'): there is none."""
        if lmk_id is None or lmk_id == self.key_block_lmk.lmk_id:
            return self.key_block_lmk
        if self.variant_lmk is not None and lmk_id == self.variant_lmk.lmk_id:
            return self.variant_lmk
        raise HsmError("13")

    def figures(self) -> Mapping[str, int]:
        """How many keys are at hand."""
        return {"open_keys": len(self._blocks) + len(self._variants)}


def _keep(cache: dict[N, Key], name: N, key: Key) -> None:
    """Remember an opened key, and forget the oldest beyond the bound."""
    if len(cache) >= OPEN_KEYS:
        del cache[next(iter(cache))]
    cache[name] = key
