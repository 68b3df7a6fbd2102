"""The master keys: one file in the data folder, made on first use, that its user alone can read.

A real HSM keeps them in memory that dies when its case is opened; a process has its user. Knows
what a set of master keys is; the LMKs themselves are made of it in `hsm_sim/bootstrap.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from hsm_sim.crypto.ciphers import odd_parity
from hsm_sim.lmk import KEY_BYTES
from hsm_sim.private_files import StoreError, read_private, write_private
from hsm_sim.variant_lmk import PAIR_BYTES, PAIRS

FILE: Final = "master-keys.json"
AUDIT_KEY_BYTES: Final = 32


class MasterKeys(msgspec.Struct, frozen=True):
    """What everything else hangs on. Bytes are Base64 in the file."""

    lmk_id: str
    lmk: bytes
    audit_key: bytes
    variant_lmk_id: str = ""
    variant_pairs: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"MasterKeys({self.lmk_id}, {self.variant_lmk_id or 'no variant LMK'})"


def exists(folder: Path) -> bool:
    """There are master keys in this data folder."""
    return (folder / FILE).exists()


def fresh(random: Callable[[int], bytes], lmk: bytes = b"") -> MasterKeys:
    """New master keys: a random LMK, or this one that custodians formed."""
    return MasterKeys(lmk_id="00", lmk=lmk or random(KEY_BYTES), audit_key=random(AUDIT_KEY_BYTES))


def with_variant(keys: MasterKeys, lmk_id: str, random: Callable[[int], bytes]) -> MasterKeys:
    """The same with a random variant LMK. StoreError: there is one of another identifier."""
    if keys.variant_lmk_id == lmk_id:
        return keys
    if keys.variant_lmk_id:
        raise StoreError(f"the variant LMK of this HSM is {keys.variant_lmk_id}, not {lmk_id}")
    if lmk_id == keys.lmk_id or len(lmk_id) != 2 or not lmk_id.isdigit():
        raise StoreError(f"{lmk_id!r} is no identifier for a second LMK: 01 to 99")
    return msgspec.structs.replace(
        keys, variant_lmk_id=lmk_id,
        variant_pairs=tuple(odd_parity(random(PAIR_BYTES)) for _ in range(PAIRS)))


def load(folder: Path) -> MasterKeys:
    """The master keys of a data folder. StoreError: readable by others, or not master keys."""
    path = folder / FILE
    try:
        keys = msgspec.json.decode(read_private(path), type=MasterKeys)
    except FileNotFoundError:
        raise StoreError(f"{folder} has no master keys: `hsm-sim serve` or `hsm-sim key-ceremony` "
                         "makes them") from None
    except msgspec.MsgspecError as error:
        raise StoreError(f"{path}: {error}") from None
    if len(keys.lmk) != KEY_BYTES or len(keys.audit_key) != AUDIT_KEY_BYTES \
            or len(keys.variant_pairs) not in {0, PAIRS}:
        raise StoreError(f"{path}: a key has not its length")
    return keys


def save(folder: Path, keys: MasterKeys) -> None:
    """Write them down."""
    write_private(folder / FILE, msgspec.json.encode(keys))
