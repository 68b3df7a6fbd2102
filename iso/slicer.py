"""Writes, for one set of elements, the two functions that take such a message apart and join it.

Knows: a specification, and that all messages with the same bitmap have their elements at offsets
that only the length prefixes move. Must not know: how a fault is named. The functions it writes
return None, or fail with KeyError, IndexError, TypeError, AttributeError or UnicodeEncodeError,
when anything at all is wrong; the careful path then finds out what.

A written function contains names and numbers from the specification only, never a byte of a
message, so nothing a peer sends is ever compiled.
"""

from collections.abc import Callable, Mapping, Sequence
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
    lines = ["text = data.decode('latin-1')", f"mti = text[:{MTI_DIGITS}]"]
    base, offset = "", start
    for number in numbers:
        field = spec.fields[number]
        source = "data" if field.kind == "b" else "text"
        if field.prefix:
            lengths = f"lengths_{field.prefix}_{field.size}"
            tables[lengths] = _lengths(field)
            prefix_end = place(base, offset + field.prefix)
            lines.append(f"start = {prefix_end}")
            lines.append(f"at = start + {lengths}[text[{place(base, offset)}:start]]")
            lines.append(f"v{number} = {source}[start:at]")
            base, offset = "at", 0
        else:
            window = f"{place(base, offset)}:{place(base, offset + field.size)}"
            lines.append(f"v{number} = {source}[{window}]")
            offset += field.size
    # Each slice was as long as asked for if, and only if, the last one ends with the message.
    lines.append(f"if {place(base, offset)} != len(data): return None")
    lines += _kind_checks(spec, numbers)
    items = ", ".join(f"{number}: v{number}" for number in numbers)
    lines.append(f"return Message(mti, {{{items}}})")
    slicer: Slicer = define("data", lines, tables)
    return slicer


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


def place(base: str, offset: int) -> str:
    """The expression of a place so far behind `base`, or behind the start where that is empty."""
    if not base:
        return str(offset)
    return f"{base} + {offset}" if offset else base


def _kind_checks(spec: Specification, numbers: tuple[int, ...]) -> list[str]:
    """One check for all digits and one for all printable text: cheaper than one an element."""
    digits = [number for number in numbers if spec.fields[number].kind == "n"]
    printable = [number for number in numbers if spec.fields[number].kind in _PRINTABLE_KINDS]
    # Asked of bytes, `isdigit` knows ASCII only and is six times faster than `str.isdecimal`.
    checks = [f"if not f'{{mti}}{_joined(digits)}'.encode().isdigit(): return None"]
    if printable:
        checks.append(f"if not f'{_joined(printable)}'.isprintable(): return None")
    return checks


def _joined(numbers: Sequence[int]) -> str:
    """The inside of an f-string, which joins a few texts faster than `join` does."""
    return "".join(f"{{v{number}}}" for number in numbers)


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
