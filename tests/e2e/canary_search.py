"""What must not be found, in every form in which it could lie about, and the search for it.

Knows secrets by kind and finds them in bytes, files, tables and the memory of processes. A finding
says kind, form and place, never the value. Not found is what is compressed or enciphered.
"""

from __future__ import annotations

import base64
import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hsm_sim.crypto import pin_blocks
from iso.masking import mask_account_number

_CHUNK: Final = 1 << 16
_READ: Final = 1 << 24
_WORD: Final = 4
_SHORTEST: Final = 2 * _WORD - 1  # it holds a whole word of its bytes, wherever it begins
_LONGEST: Final = 256  # bytes of a form
_PIECE: Final = 9  # digits of a card number; first six and last four may be found, no more


class Vault:
    """Secrets that were told to it, by the forms of each."""

    def __init__(self) -> None:
        self.label = ""  # put before the names of what is told from now on
        self.secrets = 0
        self._names: dict[bytes, str] = {}
        self._words: set[int] = set()  # where a form may begin
        self._by_word: defaultdict[int, list[bytes]] = defaultdict(list)

    @property
    def forms(self) -> int:
        """How many byte strings are looked for."""
        return len(self._names)

    def pan(self, pan: str) -> None:
        """A card number: whole, in groups, and any nine digits at its ends or in its middle."""
        self.secrets += 1
        middle = (len(pan) - _PIECE) // 2
        for piece in (pan[:_PIECE], pan[middle:middle + _PIECE], pan[-_PIECE:]):
            self._text("PAN", piece)
        for gap in " -":
            self._text("PAN", gap.join(pan[at:at + 4] for at in range(0, len(pan), 4)))
            self._text("PAN", f"{pan[:6]}{gap}{pan[6:]}")
        self._packed("PAN", pan)
        self._number("PAN", pan)

    def track(self, track: str, cvv: str) -> None:
        """Track 2 behind its separator, whole and as a mask would leave it; the CVV by its name."""
        self.secrets += 2
        tail = track.partition("=")[2]
        self._text("track", tail)
        self._packed("track", tail)
        self._text("track", tail[4:])  # without the expiry
        self._text("track", mask_account_number(tail))
        for said in ("cvv='%s'", 'cvv":"%s"', 'cvv": "%s"', "cvv=%s", "cvv: %s"):
            self._text("CVV", said % cvv)

    def pin(self, pin: str, pan: str) -> None:
        """A clear PIN, and the clear blocks that hold it (ISO 9564-1 formats 0, 1, 3 and 4)."""
        self.secrets += 1
        self._text("PIN", pin)
        for first in "0134":
            self._packed("PIN", f"{first}{len(pin):x}{pin}")
        self._number("PIN", pin)
        block = pin_blocks.encode("01", pin, pin_blocks.account12(pan), bytes)
        self.bytes("clear PIN block", block)
        self.bytes("clear PIN block", b"\x3c" + block[1:7])  # format 3: what follows is random

    def bytes(self, kind: str, value: bytes) -> None:
        """A secret of bytes: as it is, in hexadecimal, base64, and as Python would show it."""
        self.secrets += 1
        self._form(f"{kind} raw", value)
        self._form(f"{kind} hex", value.hex().encode())
        self._form(f"{kind} hex", value.hex().upper().encode())
        self._base64(kind, value)
        shown = repr(value)[2:-1]
        self._form(f"{kind} repr", shown.encode())
        self._form(f"{kind} repr", json.dumps(shown)[1:-1].encode())

    def found(self, data: bytes) -> Iterator[str]:
        """The names of the forms that these bytes hold."""
        for start in range(0, len(data), _CHUNK):
            chunk = data[start:start + _CHUNK + _LONGEST]
            if not chunk.strip(b"\0"):
                continue
            words = self._words.intersection(array("I", chunk[:len(chunk) // _WORD * _WORD]))
            forms = {form for word in words for form in self._by_word[word]}
            yield from {self._names[form] for form in forms if form in chunk}

    def _text(self, kind: str, text: str) -> None:
        raw = text.encode()
        self._form(f"{kind} text", raw)
        self._form(f"{kind} UTF-16", text.encode("utf-16-le"))
        self._form(f"{kind} UTF-16", text.encode("utf-16-be"))
        self._form(f"{kind} hex of text", raw.hex().encode())
        self._base64(kind, raw)

    def _base64(self, kind: str, raw: bytes) -> None:
        """At each of the three places in a group where it may begin."""
        for shift, skipped in ((0, 0), (1, 2), (2, 3)):
            coded = base64.b64encode(bytes(shift) + raw)[skipped:(shift + len(raw)) * 8 // 6]
            self._form(f"{kind} base64", coded)
            self._form(f"{kind} base64", coded.translate(bytes.maketrans(b"+/", b"-_")))

    def _packed(self, kind: str, digits: str) -> None:
        """Two digits a byte, whichever half of a byte it begins in."""
        for start in (0, 1):
            even = digits[start:start + (len(digits) - start) // 2 * 2]
            self._form(f"{kind} packed", bytes.fromhex(even))

    def _number(self, kind: str, digits: str) -> None:
        for order in ("little", "big"):
            self._form(f"{kind} integer", int(digits).to_bytes(8, order))

    def _form(self, name: str, form: bytes) -> None:
        if not _SHORTEST <= len(form) <= _LONGEST or form in self._names:
            return
        self._names[form] = self.label + name
        for start in range(_WORD):
            word = array("I", form[start:start + _WORD])[0]
            self._words.add(word)
            self._by_word[word].append(form)


class Search:
    """One search: what was found, and how many bytes were looked at in which place."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.looked_at: Counter[str] = Counter()
        self.findings: Counter[tuple[str, str]] = Counter()  # by (place, kind and form)
        self.where: set[str] = set()
        self.refused: set[str] = set()  # processes whose memory nobody but root may read

    def data(self, place: str, data: bytes, where: str = "") -> None:
        """Some bytes of a place."""
        self.looked_at[place] += len(data)
        for name in self._vault.found(data):
            self.findings[place, name] += 1
            self.where.add(f"{place} {where}: {name}")

    def tree(self, place: str, top: Path) -> None:
        """A file, or all files below a folder, that are there and have a content."""
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and not path.is_symlink():
                self.data(place, path.read_bytes(), str(path.relative_to(top.parent)))

    def memory(self, place: str, pid: int) -> None:
        """What a process has written to its memory and shares with nobody."""
        try:
            memory = Path(f"/proc/{pid}/mem").open("rb", buffering=0)  # noqa: SIM115  # below
        except PermissionError:
            self.refused.add(place)
            return
        with memory:
            for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
                span, modes, *_ = line.split(maxsplit=2)
                if modes != "rw-p":
                    continue
                start, end = (int(text, 16) for text in span.split("-"))
                for at in range(start, end, _READ):
                    memory.seek(at)
                    self.data(place, memory.read(min(_READ, end - at)))
