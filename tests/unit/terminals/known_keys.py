"""Keys that a test knows, what a key change brings of them, and a host that seals with them."""

from __future__ import annotations

import iso
from hsm_sim.crypto import tr31
from hsm_sim.crypto.tr31_header import Header
from iso import Message
from iso.security import key_change_text, with_room
from terminals.session_keys import SessionKeys

IFSF = iso.get("ifsf")
TMK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TPK, TAK = bytes(range(0x10, 0x20)), bytes(range(0x20, 0x30))


def block(usage: str, key: bytes, tmk: bytes = TMK, algorithm: str = "T", mode: str = "C") -> str:
    version = "D" if algorithm == "A" else "B"
    return tr31.wrap(tmk, Header(version, usage, algorithm, mode), key, bytes)


def answer(generation: int = 1, tmk: bytes = TMK, algorithm: str = "T") -> str:
    usage = "M6" if algorithm == "A" else "M3"
    return key_change_text(generation, block("P0", TPK, tmk, algorithm, "B"),
                           block(usage, TAK, tmk, algorithm))


def ready(generation: int = 1) -> SessionKeys:
    keys = SessionKeys(TMK)
    keys.load(answer(generation))
    return keys


def proved(message: Message, keys: SessionKeys) -> Message:
    """A host's answer with its MAC."""
    room = with_room(message)
    mac = keys.sealing().mac(IFSF.codec.encode(room)[:-8])
    return Message(room.mti, room.fields | {max(room.fields): mac})
