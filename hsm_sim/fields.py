"""The fields of one command: a cursor over the bytes after its two letters.

Knows lengths, characters and how a key stands on the wire; opens no key. Some commands carry raw
binary, so nothing is decoded before it is known what it is. Errors: '15' for characters and for
what is missing, '80' where a length field says more than there is. PURE.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Container
from typing import Final

from hsm_sim.errors import HsmError
from hsm_sim.keys import KeyToken

TRAILER: Final = 0x19
LONGEST_TRAILER: Final = 32
SHORTEST_KEY_BLOCK: Final = 16  # its header
_HEXA: Final = frozenset(b"0123456789ABCDEFabcdef")
_SCHEME_LENGTHS: Final = {0x55: 33, 0x58: 33, 0x54: 49, 0x59: 49}  # U X T Y
_BLOCKS: Final = frozenset(b"RS")
_BARE_SINGLE: Final = 16
_BARE_DOUBLE: Final = 32


class Fields:
    """A cursor; what is read is behind it. After `end`: `lmk_id` and `trailer`, if they came."""

    __slots__ = ("_at", "_blocks", "_data", "_lmk_ids", "lmk_id", "trailer")

    def __init__(self, data: bytes, lmk_ids: Container[str] | None = None) -> None:
        """`lmk_ids`: those that there are, where it matters."""
        self._data = data
        self._lmk_ids = lmk_ids
        self._at = 0
        self._blocks: list[KeyToken] = []
        self.lmk_id: str | None = None
        self.trailer: bytes | None = None

    def take(self, length: int, *, short: str = "15") -> bytes:
        """So many bytes, whatever they are. `short` is the error when there are fewer."""
        at = self._at
        taken = self._data[at:at + length]
        if len(taken) != length:
            raise HsmError(short)
        self._at = at + length
        return taken

    def digits(self, length: int) -> str:
        """So many decimal digits, as they are."""
        taken = self.take(length)
        if not taken.isdigit():
            raise HsmError("15")
        return taken.decode("ascii")

    def number(self, length: int) -> int:
        """A decimal number of so many digits."""
        return int(self.digits(length))

    def hexa(self, length: int) -> bytes:
        """So many hexadecimal characters; their bytes, half as many."""
        try:
            return unhexlify(self.take(length))  # unlike bytes.fromhex it takes no blanks
        except ValueError:
            raise HsmError("15") from None

    def hexa_number(self, length: int) -> int:
        """A hexadecimal number of so many characters."""
        taken = self.take(length)
        if not _HEXA.issuperset(taken):
            raise HsmError("15")
        return int(taken, 16)

    def choice(self, allowed: str, *, otherwise: str = "15") -> str:
        """One character out of these. `otherwise` is the error for another one."""
        taken = self.take(1).decode("latin-1")
        if taken not in allowed:
            raise HsmError(otherwise)
        return taken

    def until(self, delimiter: bytes) -> bytes:
        """What comes before a delimiter, which is passed over. It has to come."""
        end = self._data.find(delimiter, self._at)
        if end < 0:
            raise HsmError("15")
        taken = self._data[self._at:end]
        self._at = end + len(delimiter)
        return taken

    @property
    def at_end(self) -> bool:
        """Everything has been read."""
        return self._at == len(self._data)

    def peek(self, length: int) -> bytes:
        """What comes next, at most so many bytes; the cursor stays."""
        return self._data[self._at:self._at + length]

    def skip(self, delimiter: bytes) -> bool:
        """Pass over an optional delimiter; True if it was there."""
        if not self._data.startswith(delimiter, self._at):
            return False
        self._at += len(delimiter)
        return True

    def rest(self) -> bytes:
        """All that is left, trailer and all."""
        taken = self._data[self._at:]
        self._at = len(self._data)
        return taken

    def key(self) -> KeyToken:
        """One key as it stands: 16H, 32H, U or X and 32H, T or Y and 48H, R or S and a key block.

        A bare key is as long as its hexadecimal characters go on, 16 or 32 of them. Where more such
        fields follow one, its length is not to be seen: such commands ask `bare_key`.
        """
        first = self._data[self._at:self._at + 1]
        if not first:
            raise HsmError("15")
        code = first[0]
        if code in _BLOCKS:
            return self._block(first)
        length = _SCHEME_LENGTHS.get(code)
        if length is None:
            double = self.peek(_BARE_DOUBLE)
            is_double = len(double) == _BARE_DOUBLE and _HEXA.issuperset(double)
            return self.bare_key(_BARE_DOUBLE if is_double else _BARE_SINGLE)
        text = self.take(length)
        if not _HEXA.issuperset(text[1:]):
            raise HsmError("15")
        return KeyToken(first, text)

    def bare_key(self, length: int) -> KeyToken:
        """A key without a letter of so many characters: the fields after it may be hex as well."""
        text = self.take(length)
        if not _HEXA.issuperset(text):
            raise HsmError("15")
        return KeyToken(b"", text)

    def _block(self, scheme: bytes) -> KeyToken:
        """A key block says its own length in characters 1 to 4, the version being character 0."""
        length = self._data[self._at + 2:self._at + 6]
        if len(length) != 4 or not length.isdigit() or int(length) < SHORTEST_KEY_BLOCK:
            raise HsmError("15")
        token = KeyToken(scheme, self.take(1 + int(length)))
        if scheme == b"S":
            self._blocks.append(token)
        return token

    def lmk(self) -> None:
        """An optional `%nn`; key blocks read so far have to be under that LMK."""
        if self.skip(b"%"):
            self.lmk_id = self.digits(2)
            if self._lmk_ids is not None and self.lmk_id not in self._lmk_ids:
                raise HsmError("13")
            for block in self._blocks:
                if block.text[15:17] != self.lmk_id.encode():
                    raise HsmError("A2")

    def end(self) -> None:
        """The end of the command: an optional `%nn`, an optional trailer, and nothing else."""
        if self.lmk_id is None:
            self.lmk()
        at = self._at
        data = self._data
        if at == len(data):
            return
        if data[at] != TRAILER or len(data) - at - 1 > LONGEST_TRAILER:
            raise HsmError("15")
        self.trailer = data[at + 1:]
        self._at = len(data)
