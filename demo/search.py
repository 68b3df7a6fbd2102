"""What must not lie about (invariant 15): card numbers, tracks, verification values, PINs, blocks.

Knows what the day's cardholders and terminals spoke of in secret, and how it would look in a file:
as text, packed two digits a byte, or in hexadecimal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from demo.portfolio import IIN

_CARD_NUMBER: Final = re.compile(IIN.encode() + rb"[0-9]{13}")
_PACKED_NUMBER: Final = re.compile(re.escape(bytes.fromhex(IIN)) + rb".{6}[\x00-\x9f]", re.DOTALL)
_DIGITS: Final = 19
_MAILER: Final = re.compile(rb"PIN   [0-9](?: [0-9]){3,}")
_LABELLED_PIN: Final = re.compile(rb"(?:pin|PIN|Pin)[\"']?[ =:]+[\"']?([0-9]{4,12})(?![0-9])")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{16,}")
_NOTHING: Final = bytes(64)  # most of a database's files is empty room
_SAMPLE: Final = 24  # blocks that are looked for as bytes: who keeps one keeps many


class Spoken:
    """What was secret that day. blocks: enciphered PIN blocks as they went over the wire.

    numbers: of the cards, which packed are looked for one by one: in so many bytes, some look
    like a number of the range by chance.
    """

    def __init__(self) -> None:
        self.numbers: set[str] = set()
        self.blocks: set[bytes] = set()
        self.pins: set[str] = set()
        self.tracks: set[str] = set()

    def hold(self, pin: str, track: str) -> None:
        """A cardholder's PIN, and track 2 of the card where it has one."""
        self.pins.add(pin)
        if track:
            self.tracks.add(track)

    def __repr__(self) -> str:
        return f"Spoken({len(self.pins)} PINs, {len(self.blocks)} blocks)"


def found_in(folders: Iterable[Path], spoken: Spoken) -> tuple[tuple[str, str], ...]:
    """(what, file) of everything that lies below these folders in clear."""
    search = _Search(spoken)
    seen: set[bytes] = set()
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            content = path.read_bytes()
            digest = hashlib.blake2b(content).digest()
            if digest not in seen:  # a cluster has most of its files three times
                seen.add(digest)
                found += [(what, str(path)) for what in search.in_content(content)]
    return tuple(found)


class _Search:
    """All patterns, made ready once."""

    def __init__(self, spoken: Spoken) -> None:
        tails = sorted({re.escape(track.partition("=")[2].encode()) for track in spoken.tracks})
        self._tail = re.compile(b"|".join(tails)) if tails else None
        self._numbers = spoken.numbers
        self._pins = {pin.encode() for pin in spoken.pins}
        self._blocks = [block.hex().encode() for block in spoken.blocks]
        self._sample = sorted(spoken.blocks)[:_SAMPLE]

    def in_content(self, content: bytes) -> Iterator[str]:
        """The kinds that are in it, each once."""
        content = content.replace(_NOTHING, b"")
        if _CARD_NUMBER.search(content) or any(
                packed.hex()[:_DIGITS] in self._numbers
                for packed in _PACKED_NUMBER.findall(content)):
            yield "a card number"
        if self._tail is not None and self._tail.search(content):
            yield "a track with its verification value"
        if _MAILER.search(content) or any(
                match[1] in self._pins for match in _LABELLED_PIN.finditer(content)):
            yield "a PIN"
        if any(block in content for block in self._sample) \
                or self._in_hexadecimal(b" ".join(_HEX.findall(content)).lower()):
            yield "a PIN block"

    def _in_hexadecimal(self, runs: bytes) -> bool:
        return bool(runs) and any(block in runs for block in self._blocks)
