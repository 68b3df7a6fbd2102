"""Key ceremonies: a key of which nobody knows more than a part.

Each custodian gives a component; their exclusive or is the key. A component is given twice, or with
its check value, so that a slip of the hand is found before it costs a key. Knows components; who
gave one has been proved before. Nothing here shows one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hsm_sim.crypto.ciphers import kcv, odd_parity, xor
from hsm_sim.errors import HsmError
from hsm_sim.keys import Key
from hsm_sim.unit import Unit
from hsm_sim.wrapping import check_value

LENGTHS: Final = {"T": (16, 24), "A": (16, 24, 32)}
FEWEST: Final = 2
MOST: Final = 3


class Part(msgspec.Struct, frozen=True):
    """What one custodian brings: who it is, what proves it, a component and its check value.

    In place of the check value the component may stand once more. A witness brings no component.
    """

    custodian: str
    passphrase: str
    component: str = ""
    again: str = ""

    def __repr__(self) -> str:
        return f"Part({self.custodian})"


class BadComponent(Exception):
    """A component that cannot be one, in words that do not repeat it."""


def read_component(algorithm: str, text: str, again: str) -> bytes:
    """A component in hex and, as `again`, the same once more or its check value 6H."""
    try:
        value = bytes.fromhex(text)
        second = bytes.fromhex(again)
    except ValueError:
        raise BadComponent("a component is hexadecimal") from None
    if algorithm not in LENGTHS:
        raise BadComponent("keys are formed for T (Triple DES) and A (AES)")
    if len(value) not in LENGTHS[algorithm]:
        lengths = " or ".join(str(2 * length) for length in LENGTHS[algorithm])
        raise BadComponent(f"a component has {lengths} hexadecimal characters, "
                           f"not {2 * len(value)}")
    if second not in {value, kcv(algorithm, value)[:3]}:
        raise BadComponent("its check value, or its second time, does not fit")
    return value


def combine(components: Sequence[bytes]) -> bytes:
    """The key that two or three components make. BadComponent: lengths differ, or a repetition."""
    if not FEWEST <= len(components) <= MOST:
        raise BadComponent(f"a key is formed of {FEWEST} or {MOST} components")
    if len({len(one) for one in components}) != 1:
        raise BadComponent("the components differ in length")
    if len(set(components)) != len(components):
        raise BadComponent("two components are the same: the key would have a part less")
    value = components[0]
    for one in components[1:]:
        value = xor(value, one)
    if not any(value):
        raise BadComponent("the components make a key of zeros")
    return value


def form_key(unit: Unit, template: Key, components: Sequence[bytes]) -> tuple[str, str]:
    """The key block under the LMK, and the check value. `template` says what the key is for."""
    value = combine(components)
    key = Key(template.usage, template.algorithm, template.mode, template.exportability,
              odd_parity(value) if template.algorithm == "T" else value, template.version_number)
    if key.algorithm == "T" and key.value[:8] == key.value[8:16]:
        raise BadComponent("the components make a single length key")
    try:
        block = unit.seal(key, b"S").decode("ascii")
    except HsmError as error:
        raise BadComponent(str(error)) from None
    return block, check_value(key).decode("ascii")
