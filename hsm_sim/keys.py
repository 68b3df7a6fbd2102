"""A key inside the HSM, and a key as it stands on the wire. Neither shows itself. PURE."""

from __future__ import annotations

import msgspec


class Key(msgspec.Struct, frozen=True, gc=False):
    """A clear key and what it may be used for. It never leaves the process.

    `usage`, `algorithm`, `mode` and `exportability` are the letters of ANSI X9.143 (TR-31);
    a numeric usage is the key block's own ('51' a terminal master key, '52' a zone master key).
    """

    usage: str
    algorithm: str  # T Triple DES, A AES, H HMAC
    mode: str
    exportability: str  # N never, S under a trusted key, E under any
    value: bytes
    version_number: str = "00"
    blocks: tuple[tuple[str, str], ...] = ()  # optional blocks: identifier and data

    def __repr__(self) -> str:
        return (f"Key({self.usage} {self.algorithm} {self.mode} {self.exportability}, "
                f"{len(self.value)} bytes)")


class KeyToken(msgspec.Struct, frozen=True, gc=False):
    """One key on the wire, encrypted, as it was read."""

    scheme: bytes  # b"" bare hex, or U X T Y: Triple DES; R: TR-31; S: a key block under the LMK
    text: bytes  # all of it, with the letter of its scheme

    @property
    def body(self) -> bytes:
        """What follows the letter of the scheme."""
        return self.text[len(self.scheme):]

    def __repr__(self) -> str:
        return f"KeyToken({self.scheme.decode('latin-1') or 'bare'}, {len(self.text)} characters)"
