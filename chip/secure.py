"""Secure messaging: commands and responses under the two keys and the counter of a session.

PURE. docs/chip-card.md, "Secure messaging" (ISO 7816-4 data objects, shaped as in ICAO 9303-11).
The outer side is written as generators that ask for each use of a key: a terminal answers them
from keys of its own (`run`), a personalizing program from an HSM that keeps the keys to itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Generator
from typing import Final, TypeVar

import msgspec

from chip import keys, tlv
from chip.apdu import ALL, SECURE, Command, Response

LONGEST: Final = 192  # plain bytes of a command or response
MAC: Final = 8
_BLOCK: Final = 16
_ENCIPHERED: Final = 0x87
_EXPECTED: Final = 0x97
_STATUS: Final = 0x99
_MAC: Final = 0x8E
_PADDED: Final = b"\x01"  # padding indicator: method 2


class SecureError(Exception):
    """The protection is missing (`missing`), or it is not right."""

    def __init__(self, what: str, *, missing: bool = False) -> None:
        super().__init__(what)
        self.missing = missing


class Encipher(msgspec.Struct, frozen=True, gc=False):
    """Asks for AES-CBC under S-ENC, from zeros."""

    data: bytes


class Decipher(msgspec.Struct, frozen=True, gc=False):
    """Asks for the inverse."""

    data: bytes


class Mac(msgspec.Struct, frozen=True, gc=False):
    """Asks for the CMAC under S-MAC, 16 bytes (or the first 8 of them)."""

    data: bytes


Work = Encipher | Decipher | Mac
_Result = TypeVar("_Result")


class SessionKeys(msgspec.Struct, frozen=True, gc=False):
    """S-ENC and S-MAC, 16 bytes each."""

    enc: bytes
    mac: bytes

    def do(self, work: Work) -> bytes:
        """One use of a key."""
        if isinstance(work, Mac):
            return keys.cmac(self.mac, work.data)
        if isinstance(work, Encipher):
            return keys.encipher_chain(self.enc, work.data)
        return keys.decipher_chain(self.enc, work.data)

    def __repr__(self) -> str:
        return "SessionKeys(hidden)"


def run(steps: Generator[Work, bytes, _Result], session_keys: SessionKeys) -> _Result:
    """Drive a generator of this module with keys that are at hand."""
    try:
        work = next(steps)
        while True:
            work = steps.send(session_keys.do(work))
    except StopIteration as done:
        result: _Result = done.value
        return result


class Channel:
    """The outer end of a session, terminal's or issuer's. One command at a time, in order."""

    def __init__(self) -> None:
        self._counter = 0

    def protect(self, command: Command) -> Generator[Work, bytes, Command]:
        """The command as it travels."""
        self._counter += 1
        cla = command.cla | SECURE
        objects = b""
        if command.data:
            objects += yield from _enciphered(self._counter, command.data)
        if command.le is not None:
            objects += tlv.encode(_EXPECTED, bytes([command.le & 0xFF]))
        header = bytes([cla, command.ins, command.p1, command.p2])
        mac = yield Mac(_mac_input(self._counter, header, objects))
        return Command(cla, command.ins, command.p1, command.p2,
                       objects + tlv.encode(_MAC, mac[:MAC]), ALL)

    def reveal(self, response: Response) -> Generator[Work, bytes, Response]:
        """What the card really said; SecureError where somebody else said it, or nobody did."""
        self._counter += 1
        objects = _objects(response.data)
        status = objects.get(_STATUS, b"")
        if len(status) != 2 or _MAC not in objects:
            raise SecureError(f"an answer without protection, status {response.sw:04X}",
                              missing=True)
        signed = tlv.join((tag, value) for tag, value in objects.items() if tag != _MAC)
        mac = yield Mac(_mac_input(self._counter, b"", signed))
        if not hmac.compare_digest(mac[:MAC], objects[_MAC]):
            raise SecureError("the MAC of the answer is wrong")
        data = b""
        if _ENCIPHERED in objects:
            data = yield from _revealed(self._counter, objects[_ENCIPHERED])
        return Response(data, int.from_bytes(status, "big"))


class CardChannel:
    """The card's end. After any SecureError the session is over."""

    def __init__(self, session_keys: SessionKeys) -> None:
        self._keys = session_keys
        self._counter = 0

    def reveal(self, command: Command) -> Command:
        """The command that was meant; SecureError where its protection is not right."""
        self._counter += 1
        objects = _objects(command.data)
        if _MAC not in objects:
            raise SecureError("no MAC", missing=True)
        if not set(objects) <= {_ENCIPHERED, _EXPECTED, _MAC}:
            raise SecureError("an object that does not belong here")
        signed = tlv.join((tag, value) for tag, value in objects.items() if tag != _MAC)
        mac = keys.cmac(self._keys.mac, _mac_input(self._counter, command.header, signed))
        if not hmac.compare_digest(mac[:MAC], objects[_MAC]):
            raise SecureError("wrong MAC")
        data, le = b"", None
        if _ENCIPHERED in objects:
            data = run(_revealed(self._counter, objects[_ENCIPHERED]), self._keys)
        if _EXPECTED in objects:
            if len(objects[_EXPECTED]) != 1:
                raise SecureError("Le has one byte")
            le = objects[_EXPECTED][0] or ALL
        return Command(command.cla & ~SECURE, command.ins, command.p1, command.p2, data, le)

    def protect(self, response: Response) -> Response:
        """The response as it travels."""
        self._counter += 1
        assert len(response.data) <= LONGEST
        objects = b""
        if response.data:
            objects += run(_enciphered(self._counter, response.data), self._keys)
        objects += tlv.encode(_STATUS, response.sw.to_bytes(2, "big"))
        mac = keys.cmac(self._keys.mac, _mac_input(self._counter, b"", objects))
        return Response(objects + tlv.encode(_MAC, mac[:MAC]), response.sw)


def _enciphered(counter: int, data: bytes) -> Generator[Work, bytes, bytes]:
    # Zeros and the counter in front make the counter's encipherment the initial value.
    assert len(data) <= LONGEST
    chain = yield Encipher(_block(counter) + _padded(data))
    return tlv.encode(_ENCIPHERED, _PADDED + chain[_BLOCK:])


def _revealed(counter: int, value: bytes) -> Generator[Work, bytes, bytes]:
    if value[:1] != _PADDED or len(value) % _BLOCK != 1 or len(value) == 1:
        raise SecureError("the enciphered data are no whole blocks")
    start = yield Encipher(_block(counter))
    plain = (yield Decipher(start + value[1:]))[_BLOCK:]
    data = plain.rstrip(b"\x00")
    if data[-1:] != b"\x80":
        raise SecureError("wrong padding")
    return data[:-1]


def _mac_input(counter: int, header: bytes, objects: bytes) -> bytes:
    return _block(counter) + (_padded(header) if header else b"") \
        + (_padded(objects) if objects else b"")


def _objects(data: bytes) -> dict[int, bytes]:
    """Each object once, in the order they came; the MAC last."""
    try:
        pairs = tlv.parse(data)
    except tlv.TlvError as error:
        raise SecureError(str(error), missing=True) from None
    objects = dict(pairs)
    if len(objects) != len(pairs) or (_MAC in objects and pairs[-1][0] != _MAC) \
            or tlv.join(pairs) != data:
        raise SecureError("objects twice, in another order, or in another coding")
    return objects


def _padded(data: bytes) -> bytes:
    """ISO 9797-1 method 2."""
    return data + b"\x80" + bytes(-(len(data) + 1) % _BLOCK)


def _block(counter: int) -> bytes:
    return counter.to_bytes(_BLOCK, "big")
