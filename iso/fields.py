"""What a data element of ISO 8583 looks like on the wire, and how a table of them is written.

Knows: kinds, lengths, names, and which elements are secret. Must not know: what an element means
to a host, nor which profile is in use.

Kinds (pyiso8583's own specification has none, so they are kept here beside it):
    n    digits only                        -> str
    an   letters, digits and spaces         -> str, printable
    ans  text                               -> str, printable
    z    a track of a card                  -> str, printable
    t    text with a structure of its own   -> str, any byte (latin-1, so it round-trips)
    b    binary                             -> bytes
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["n", "an", "ans", "z", "t", "b"]

# Elements whose value never leaves a process in clear by way of a repr: PAN, expiry, extended PAN,
# tracks, the private element that may carry a second card's track, PIN block, security control
# information, chip data, key management, account identifications, and the private elements that
# carry a key change (123) and a PIN block of 16 bytes (125).
SENSITIVE_FIELDS = frozenset({2, 14, 34, 35, 36, 45, 48, 52, 53, 55, 96, 102, 103, 123, 125})
# The account numbers among them, of which a description may show the first six and the last four.
ACCOUNT_NUMBER_FIELDS = frozenset({2, 34, 102, 103})

SECONDARY_BITMAP = 1
TERTIARY_BITMAP = 65
LAST_FIELD = 128
MTI_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Field:
    """One data element.

    kind: see the module. prefix: ASCII digits of the length before the value, 0 when fixed.
    size: bytes of the value, the largest when there is a prefix. name: for people.
    """

    kind: Kind
    prefix: int
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class Specification:
    """All elements of one message format.

    fields: every element 2 to 128. hex_bitmap: bitmaps are 16 ASCII hex digits instead of 8 bytes.
    pyiso8583: the same elements as that library's specification dictionary.
    """

    name: str
    fields: Mapping[int, Field]
    hex_bitmap: bool
    pyiso8583: Mapping[str, Mapping[str, Any]]


def fixed(kind: Kind, size: int, name: str) -> Field:
    """An element of always `size` bytes."""
    return Field(kind, 0, size, name)


def llvar(kind: Kind, size: int, name: str) -> Field:
    """An element of up to `size` bytes after two digits of length."""
    return Field(kind, 2, size, name)


def lllvar(kind: Kind, size: int, name: str) -> Field:
    """An element of up to `size` bytes after three digits of length."""
    return Field(kind, 3, size, name)


def specification(name: str, fields: Mapping[int, Field], *, hex_bitmap: bool) -> Specification:
    """The specification of a table, with pyiso8583's dictionary of it."""
    assert set(fields) == set(range(2, LAST_FIELD + 1)), "a table names every element"
    bitmap = _entry("ascii" if hex_bitmap else "b", 0, 16 if hex_bitmap else 8, "Bitmap")
    entries: dict[str, Mapping[str, Any]] = {
        "h": _entry("ascii", 0, 0, "Message header"),
        "t": _entry("ascii", 0, MTI_DIGITS, "Message type"),
        "p": bitmap,
        str(SECONDARY_BITMAP): bitmap,
    }
    for number, field in fields.items():
        encoding = {"b": "b", "n": "ascii"}.get(field.kind, "latin-1")
        entries[str(number)] = _entry(encoding, field.prefix, field.size, field.name)
    return Specification(name, dict(fields), hex_bitmap, entries)


def _entry(encoding: str, prefix: int, size: int, name: str) -> Mapping[str, Any]:
    return {
        "data_enc": encoding,
        "len_enc": "ascii",
        "len_type": prefix,
        "len_count": "bytes",
        "max_len": size,
        "desc": name,
    }
