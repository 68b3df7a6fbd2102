"""What the operator decides of release: whether two people let files out, and whose key signs.

PURE. A run keeps the settings that it was posted with, these among them.
"""

from __future__ import annotations

import msgspec


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """four_eyes: a run's files stay hidden until a person who did not start it approves them.

    signing_key: the file of an Ed25519 private key (PEM, PKCS #8) that signs SHA256SUMS; '' none.
    """

    four_eyes: bool = False
    signing_key: str = ""
