"""Key types of a variant LMK: three characters, a variant and the code of an LMK pair.

Codes and pairs are the public key type table of the payShield family in its PCI HSM reading: TPK
and TMK have types of their own under pair 36-37, and 002 is a PIN verification key alone. Where one
type serves both, an offset under a TPK is an encryption of whatever a host likes. The usage and
mode beside each are those of ANSI X9.143 that such a key gets when it is exported in a key block.
PURE.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hsm_sim.errors import HsmError


class KeyType(msgspec.Struct, frozen=True):
    """What a key of this type is, and where it lies under the LMK."""

    pair: str  # the two LMKs, as they are named
    variant: int  # 0 to 9, on the first byte of the pair
    usage: str
    mode: str


KEY_TYPES: Final = {
    "000": KeyType("04-05", 0, "K0", "B"),  # zone master key
    "001": KeyType("06-07", 0, "P0", "B"),  # zone PIN key
    "002": KeyType("14-15", 0, "V0", "N"),  # PIN verification key, of whichever method
    "302": KeyType("14-15", 3, "B1", "X"),  # initial key of DUKPT
    "402": KeyType("14-15", 4, "C0", "C"),  # card verification key
    "003": KeyType("16-17", 0, "M3", "C"),  # terminal authentication key
    "008": KeyType("26-27", 0, "M3", "C"),  # zone authentication key
    "009": KeyType("28-29", 0, "B0", "X"),  # base derivation key, type 1
    "109": KeyType("28-29", 1, "E0", "X"),  # EMV master key: application cryptogram
    "209": KeyType("28-29", 2, "E2", "X"),  # EMV master key: secure messaging, integrity
    "309": KeyType("28-29", 3, "E1", "X"),  # EMV master key: secure messaging, confidentiality
    "409": KeyType("28-29", 4, "E3", "X"),  # EMV master key: data authentication code
    "509": KeyType("28-29", 5, "E4", "X"),  # EMV master key: dynamic numbers
    "609": KeyType("28-29", 6, "B0", "X"),  # base derivation key, type 2
    "709": KeyType("28-29", 7, "E6", "X"),  # EMV master key: dynamic card verification
    "809": KeyType("28-29", 8, "B0", "X"),  # base derivation key, type 3
    "00A": KeyType("30-31", 0, "D0", "B"),  # zone encryption key
    "00B": KeyType("32-33", 0, "D0", "B"),  # data encryption key
    "30B": KeyType("32-33", 3, "D0", "B"),  # terminal encryption key
    "70D": KeyType("36-37", 7, "P0", "B"),  # terminal PIN key
    "80D": KeyType("36-37", 8, "K0", "B"),  # terminal master key
}
KEY_BLOCK: Final = "FFF"  # in place of a type: the key block says it


def key_type(code: str) -> KeyType:
    """The type of a code. HsmError('04'): there is none."""
    found = KEY_TYPES.get(code)
    if found is None:
        raise HsmError("04")
    return found
