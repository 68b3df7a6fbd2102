"""Writes, for one set of elements, the two functions that take such a message apart and join it.

Knows: a specification, and that all messages with the same bitmap have their elements at offsets
that only the length prefixes move. Must not know: how a fault is named. The functions it writes
return None, or fail with KeyError, IndexError, TypeError, AttributeError or UnicodeEncodeError,
when anything at all is wrong; the careful path then finds out what.

A written function contains names and numbers from the specification only, never a byte of a
message, so nothing a peer sends is ever compiled.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from iso.compiled import define
from iso.fields import LAST_FIELD, MTI_DIGITS, Field, Specification
from iso.message import Message

Slicer = Callable[[bytes], Message | None]
Joiner = Callable[[str, Mapping[int, str | bytes]], bytes | None]

_PRINTABLE_KINDS = frozenset({"an", "ans", "z"})


def compile_slicer(spec: Specification, numbers: tuple[int, ...], start: int) -> Slicer:
    """The function that decodes a message whose elements are `numbers` and begin at `start`."""
    tables: dict[str, Any] = {"Message": Message}
    lines = ["text = data.decode('latin-1')"]
    # The elements since the last length prefix, which lie at fixed places of the text behind it.
    names, slices = ["mti"], [slice(0, MTI_DIGITS)]
    base, offset = "", start
    for number in numbers:
        field = spec.fields[number]
        if field.prefix:
            names.append("length")
            slices.append(slice(offset, offset + field.prefix))
            lines += _cut(tables, base, names, slices)
            lengths = f"lengths_{field.prefix}_{field.size}"
            tables[lengths] = _lengths(field)
            source = "data" if field.kind == "b" else "text"
            lines.append(f"start = {_at(base, offset + field.prefix)}")
            lines.append(f"at = start + {lengths}[length]")
            lines.append(f"v{number} = {source}[start:at]")
            names, slices, base, offset = [], [], "at", 0
        elif field.kind == "b":
            lines.append(f"v{number} = data[{_at(base, offset)}:{_at(base, offset + field.size)}]")
            offset += field.size
        else:
            names.append(f"v{number}")
            slices.append(slice(offset, offset + field.size))
            offset += field.size
    lines += _cut(tables, base, names, slices)
    # Each slice was as long as asked for if, and only if, the last one ends with the message.
    lines.append(f"if {_at(base, offset)} != len(data): return None")
    lines += _kind_checks(spec, numbers)
    items = ", ".join(f"{number}: v{number}" for number in numbers)
    lines.append(f"return Message(mti, {{{items}}})")
    slicer: Slicer = define("data", lines, tables)
    return slicer


def _cut(
    tables: dict[str, Any], base: str, names: Sequence[str], slices: Sequence[slice]
) -> list[str]:
    """The lines that give each name its slice: all in one call where there are several."""
    if len(names) < 3:
        return [
            f"{name} = text[{_at(base, one.start)}:{_at(base, one.stop)}]"
            for name, one in zip(names, slices, strict=True)
        ]
    cut = f"cut{len(tables)}"
    tables[cut] = itemgetter(*slices)
    return [f"{', '.join(names)} = {cut}(text{f'[{base}:{_at(base, slices[-1].stop)}]' if base else ''})"]


def compile_joiner(spec: Specification, numbers: tuple[int, ...]) -> Joiner:
    """The function that encodes a message whose dictionary has `numbers` in just this order."""
    ordered = tuple(sorted(numbers))
    tables: dict[str, Any] = {"bitmap": _bitmap_text(spec, ordered)}
    lines = [f"[{', '.join(f'v{number}' for number in numbers)}] = fields.values()"]
    pieces, checks = ["mti", "bitmap"], [f"len(mti) != {MTI_DIGITS}"]
    for number in ordered:
        field, value = spec.fields[number], f"v{number}"
        if field.kind == "b":
            lines.append(f"{value} = {value}.decode('latin-1')")
        if field.prefix:
            prefixes = f"prefixes_{field.prefix}_{field.size}"
            tables[prefixes] = tuple(_lengths(field))
            pieces.append(f"{prefixes}[len({value})]")
        else:
            checks.append(f"len({value}) != {field.size}")
        pieces.append(value)
    lines.append(f"if {' or '.join(checks)}: return None")
    lines += _kind_checks(spec, ordered)
    lines.append(f"return ''.join(({', '.join(pieces)})).encode('latin-1')")
    joiner: Joiner = define("mti, fields", lines, tables)
    return joiner


def _at(base: str, offset: int) -> str:
    if not base:
        return str(offset)
    return f"{base} + {offset}" if offset else base


def _kind_checks(spec: Specification, numbers: tuple[int, ...]) -> list[str]:
    """One check for all digits and one for all printable text: cheaper than one an element."""
    digits = ["mti"] + [f"v{number}" for number in numbers if spec.fields[number].kind == "n"]
    printable = [f"v{number}" for number in numbers if spec.fields[number].kind in _PRINTABLE_KINDS]
    # Asked of bytes, `isdigit` knows ASCII only and is six times faster than `str.isdecimal`.
    checks = [f"if not ''.join(({', '.join(digits)},)).encode().isdigit(): return None"]
    if printable:
        checks.append(f"if not ''.join(({', '.join(printable)},)).isprintable(): return None")
    return checks


def _lengths(field: Field) -> dict[str, int]:
    """Every length prefix that the element may have. A lookup refuses signs and spaces too."""
    return {str(length).zfill(field.prefix): length for length in range(field.size + 1)}


def bitmap_of(numbers: tuple[int, ...]) -> bytes:
    """The bitmap of the elements, 8 bytes, or 16 with the secondary one."""
    width_bits = 64 if max(numbers, default=0) <= 64 else LAST_FIELD
    bits = 1 << (width_bits - 1) if width_bits == LAST_FIELD else 0
    for number in numbers:
        bits |= 1 << (width_bits - number)
    return bits.to_bytes(width_bits // 8, "big")


def _bitmap_text(spec: Specification, numbers: tuple[int, ...]) -> str:
    bitmap = bitmap_of(numbers)
    return bitmap.hex().upper() if spec.hex_bitmap else bitmap.decode("latin-1")
