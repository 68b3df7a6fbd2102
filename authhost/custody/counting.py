"""What a cash centre found in a cassette: as it is told, and its digest.

PURE. Amounts and values are minor units. A piece that was found to be counterfeit is no piece of
the count. An envelope or a cheque is told by its number, with what was in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from authhost.currencies import NUMERIC

_END: Final = r"$(?!\n)"
MOST_PIECES: Final = 256  # denominations of all currencies in one count
MOST_ITEMS: Final = 5_000
MOST_COUNTERFEITS: Final = 1_000
MOST_MINOR: Final = 10**15  # of one currency in one cassette

Value = Annotated[int, msgspec.Meta(ge=1, le=10**10, description="Minor units a piece.")]
Number = Annotated[int, msgspec.Meta(ge=0, le=10**7)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**12, description="Minor units.")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}" + _END, description="ISO 4217.")]
Name = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*" + _END)]
Serial = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^[0-9A-Za-z]*" + _END)]
Sscc = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{18}" + _END, description="SSCC (GS1).")]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it does not know, it refuses."""


class CountedPiece(_Part, frozen=True, kw_only=True):
    """So many notes or coins of one value."""

    currency: Currency
    value_minor: Value
    kind: Literal["note", "coin"] = "note"
    count: Number


class CountedItem(_Part, frozen=True, kw_only=True):
    """An envelope or a cheque, and what it came to."""

    kind: Literal["envelope", "cheque"]
    number: Name = ""
    currency: Currency
    amount_minor: Amount


class Counterfeit(_Part, frozen=True, kw_only=True):
    """A piece that is suspected to be counterfeit (category 2 of ECB/2010/14, annex IIa)."""

    currency: Currency
    value_minor: Value
    serial: Serial = ""  # '' of a coin, or where it cannot be read
    category: Literal["2"] = "2"


class Count(_Part, frozen=True, kw_only=True):
    """One cassette's or bag's count. reference: the cash centre's own number of it."""

    cassette: Sscc
    reference: Annotated[str, msgspec.Meta(
        min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+" + _END)]
    counted_at: datetime
    pieces: Annotated[tuple[CountedPiece, ...], msgspec.Meta(max_length=MOST_PIECES)] = ()
    items: Annotated[tuple[CountedItem, ...], msgspec.Meta(max_length=MOST_ITEMS)] = ()
    counterfeits: Annotated[
        tuple[Counterfeit, ...], msgspec.Meta(max_length=MOST_COUNTERFEITS)] = ()


def problem(count: Count) -> tuple[str, str]:
    """(where, what) is wrong with a count whose shape is right; ('', '') where nothing is."""
    if count.counted_at.tzinfo is None:
        return "counted_at", "an instant has an offset, like 2026-11-22T10:00:00Z"
    parts: tuple[tuple[str, Sequence[CountedPiece | CountedItem | Counterfeit]], ...] = (
        ("pieces", count.pieces), ("items", count.items), ("counterfeits", count.counterfeits))
    for name, said in parts:
        for place, part in enumerate(said):
            if part.currency not in NUMERIC:
                return f"{name}[{place}].currency", f"no currency that is taken: {part.currency}"
    names: set[tuple[str, int, str]] = set()
    for place, piece in enumerate(count.pieces):
        if (piece.currency, piece.value_minor, piece.kind) in names:
            return f"pieces[{place}]", "this denomination is there twice"
        names.add((piece.currency, piece.value_minor, piece.kind))
    for currency in {piece.currency for piece in count.pieces}:
        if sum(piece.value_minor * piece.count for piece in count.pieces
               if piece.currency == currency) > MOST_MINOR:
            return "pieces", f"no cassette holds so much {currency}"
    serials: set[tuple[str, int, str]] = set()
    for place, one in enumerate(count.counterfeits):
        if one.serial and (one.currency, one.value_minor, one.serial) in serials:
            return f"counterfeits[{place}].serial", "this serial number is there twice"
        serials.add((one.currency, one.value_minor, one.serial))
    return "", ""


def stored(count: Count) -> list[dict[str, Any]]:
    """Pieces and items in one list, as the column cash_count.pieces has them."""
    pieces = [msgspec.to_builtins(piece) for piece in count.pieces]
    return pieces + [{"currency": item.currency, "value_minor": item.amount_minor,
                      "kind": item.kind, "count": 1, "number": item.number}
                     for item in count.items]


def digest(count: Count) -> bytes:
    """SHA-256 of what was told: the same count in another order of lines is the same count."""
    said = msgspec.to_builtins(count)
    for name in ("pieces", "items", "counterfeits"):
        said[name] = sorted(msgspec.json.encode(part, order="sorted") for part in said[name])
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).digest()
