"""Enrolment codes: what a payer types into a new phone, once.

PURE: bytes of chance in, a text out. Crockford's base32: no I, L, O or U, so that what is read
aloud or copied by hand is not read as something else.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Final

LONG: Final = 10  # characters: 50 bits
CHANCE_BYTES: Final = 7  # that a code is made of; six bits are left over
VALID: Final = timedelta(hours=24)
# Wrong ones; they end the code. Whoever knows a number can spend them, so that few would keep a
# payer out; and of 2^50 codes a hundred tries find one once in ten million million times.
MOST_TRIES: Final = 100
MOST_TYPED: Final = 32  # characters, with hyphens and spaces
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def code_of(chance: bytes) -> str:
    """A code of so many bytes of chance."""
    assert len(chance) == CHANCE_BYTES, "as many as a code needs"
    number = int.from_bytes(chance)
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(LONG))


def normal(typed: str) -> str:
    """What was typed, as the code is written; '' where it cannot be one."""
    text = typed[:MOST_TYPED].upper().translate(_MISREAD)
    return text if len(text) == LONG and set(text) <= set(_ALPHABET) else ""


def hashed(secret: bytes, phone: str, code: str) -> bytes:
    """32 bytes, HMAC with SHA-256: without the key nobody tries a code's 50 bits by himself."""
    return hmac.digest(secret, f"enrolment\n{phone}\n{code}".encode(), "sha256")
