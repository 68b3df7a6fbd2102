"""What the machine counted: notes and coins by value, suspects, and what it handed back. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

GENUINE: Final = "4a"  # and fit
_PIECES: Final = re.compile(r"(?P<value>[1-9][0-9]{0,8})x(?P<count>[1-9][0-9]{0,5})(?P<coin>c?)$")


class Piece(msgspec.Struct, frozen=True, gc=False):
    """So many notes or coins of one value. category: of notes (ECB/2010/14, annex IIa)."""

    value_minor: int
    count: int
    kind: Literal["note", "coin"] = "note"
    category: str = ""


class Suspect(msgspec.Struct, frozen=True, gc=False):
    """A note that is kept and not credited. category: 2 suspected counterfeit, 3 not clear."""

    value_minor: int
    currency: str
    category: str = "2"
    serial: str = ""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the escrow. rejected: pieces that were handed back at once."""

    currency: str
    pieces: tuple[Piece, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    rejected: int = 0

    @property
    def amount_minor(self) -> int:
        """Of what may be credited."""
        return sum(piece.value_minor * piece.count for piece in self.pieces)

    def number(self, kind: str) -> int:
        """How many notes, or coins; suspects are notes."""
        return sum(piece.count for piece in self.pieces if piece.kind == kind) \
            + (len(self.suspects) if kind == "note" else 0)


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """What a depositor says. client: as the safe's clients are named, '' the default one.

    account: the client's IBAN, where it is named. declared_minor: of an envelope or a cheque, which
    no machine counts; number: its own.
    """

    kind: Literal["cash", "envelope", "cheque"] = "cash"
    depositor: str = ""
    client: str = ""
    account: str = ""
    reference_model: str = ""
    reference: str = ""
    currency: str = ""
    declared_minor: int = 0
    number: str = ""
    bank: str = ""  # of a cheque

    def amount_minor(self, count: Count) -> int:
        """Cash is what was counted; of an envelope or a cheque it is what the depositor says."""
        return count.amount_minor if self.kind == "cash" else self.declared_minor


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a shift's or a day's totals."""

    currency: str
    kind: str  # cash, envelope, cheque
    count: int
    amount_minor: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of one value, in a cassette or of a day."""

    currency: str
    value_minor: int
    kind: str
    count: int


def parsed(words: Iterable[str]) -> tuple[Piece, ...]:
    """`5000x4` is four notes of 50.00, `200x3c` three coins of 2.00. ValueError."""
    pieces = []
    for word in words:
        found = _PIECES.match(word)
        if found is None:
            raise ValueError(f"{word!r}: 5000x4 is four notes of 50.00, 200x3c three coins of 2.00")
        value, count = int(found["value"]), int(found["count"])
        pieces.append(Piece(value, count, "coin") if found["coin"]
                      else Piece(value, count, "note", GENUINE))
    return tuple(pieces)
