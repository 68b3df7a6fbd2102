"""Writes, for one set of sub-elements of 48, the functions that read and write such an element.

Knows: a ControlLayout, and that offsets are known until the first sub-element with a length. Must
not know: how a fault is named. The functions return None, or fail with one of `UNUSUAL`, when
anything is out of the ordinary; the careful path then reads or writes it, or names the fault.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from iso.compiled import define
from iso.slicer import place
from iso.subfields import numbers
from iso.subfields.tables import (
    MAX_CHARS,
    PROMPT_SEPARATOR,
    VAT_RATE_SEPARATOR,
    VAT_SEPARATOR,
    Element,
)
from iso.subfields.values import ControlValue, Hidden, Prompt, VatRate

Reader = Callable[[str], dict[int, ControlValue] | None]
Writer = Callable[[Mapping[int, ControlValue]], str | None]

UNUSUAL = (LookupError, ValueError, TypeError, AttributeError)

_MAX_PROMPTS = 99
_RATE = re.compile(
    f"([^{re.escape(VAT_SEPARATOR + VAT_RATE_SEPARATOR)}]+)"
    f"{re.escape(VAT_SEPARATOR)}{numbers.LITERAL}"
).fullmatch
_CONSTANTS: Mapping[str, Any] = {
    "Hidden": Hidden,
    "Prompt": Prompt,
    "VatRate": VatRate,
    "Decimal": Decimal,
    "rate": _RATE,
    "counts": {f"{count:02}": count for count in range(_MAX_PROMPTS + 1)},
    "count_texts": tuple(f"{count:02}" for count in range(_MAX_PROMPTS + 1)),
}


def compile_reader(elements: Mapping[int, Element], start: int) -> Reader:
    """The function that reads just these sub-elements, of which the first begins at `start`."""
    tables = dict(_CONSTANTS)
    lines, base, offset = [], "", start
    for number, element in elements.items():
        if element.prefix:
            lengths = f"lengths_{element.prefix}_{element.size}"
            tables[lengths] = {text: length for length, text in enumerate(_prefixes(element))}
            lines += [
                f"start = {place(base, offset + element.prefix)}",
                f"at = start + {lengths}[raw[{place(base, offset)}:start]]",
                f"v{number} = raw[start:at]",
            ]
            base, offset = "at", 0
        else:
            window = f"{place(base, offset)}:{place(base, offset + element.size)}"
            lines.append(f"v{number} = raw[{window}]")
            offset += element.size
    lines += [
        # Each slice was as long as asked for if, and only if, the last one ends with the text.
        f"if len(raw) != {place(base, offset)}: return None",
        # Lengths are digits already, so this asks nothing but the sub-elements.
        f"if not raw[{start}:].isprintable(): return None",
        *_digits_check(elements),
    ]
    for number, element in elements.items():
        if element.kind == "track":
            lines.append(f"v{number} = Hidden(v{number})")
        elif element.kind == "prompts":
            lines += _prompts_read(f"v{number}")
        elif element.kind == "vat":
            lines += _vat_read(f"v{number}")
    lines.append(f"return {{{', '.join(f'{number}: v{number}' for number in elements)}}}")
    reader: Reader = define("raw", lines, tables)
    return reader


def compile_writer(elements: Mapping[int, Element], head: str) -> Writer:
    """The function that writes values of just these sub-elements, given in this order.

    head: the bitmap as on the wire, which the sub-elements follow by number.
    """
    tables = {**_CONSTANTS, "head": head}
    lines = [f"[{', '.join(f'v{number}' for number in elements)}] = values.values()"]
    pieces = []
    for number, element in sorted(elements.items()):
        value = f"v{number}"
        if element.kind == "prompts":
            lines += _prompts_written(value)
        elif element.kind == "vat":
            lines += _vat_written(value)
        if element.prefix:
            prefixes = f"prefixes_{element.prefix}_{element.size}"
            tables[prefixes] = _prefixes(element)
            pieces.append(f"{prefixes}[len({value})]")
        else:
            lines.append(f"if len({value}) != {element.size}: return None")
        pieces.append(value)
    lines += [
        *_digits_check(elements),
        # A value that is no text fails here. Beyond ASCII, the careful path knows how far.
        f"body = ''.join([{', '.join(pieces)}])",
        "if not (body.isascii() and body.isprintable()): return None",
        f"return head + body if len(body) <= {MAX_CHARS - len(head)} else None",
    ]
    writer: Writer = define("values", lines, tables)
    return writer


def _prefixes(element: Element) -> tuple[str, ...]:
    """Every length that the sub-element may have, as on the wire."""
    return tuple(str(length).zfill(element.prefix) for length in range(element.size + 1))


def _digits_check(elements: Mapping[int, Element]) -> list[str]:
    values = [f"v{number}" for number, element in elements.items() if element.kind == "n"]
    if not values:
        return []
    # One of them may be empty, so a digit goes first. Asked of bytes, `isdigit` knows ASCII only.
    return [f"if not ''.join(('0', {', '.join(values)})).encode().isdigit(): return None"]


def _prompts_read(value: str) -> list[str]:
    """A count, then type and value of each answer. An answer without a type has no first one."""
    return [
        f"count = counts[{value}[:2]]",
        f"answers = {value}[2:].split({PROMPT_SEPARATOR!r}) if len({value}) > 2 else ()",
        "if len(answers) != count: return None",
        f"{value} = []",
        f"for answer in answers: {value}.append(Prompt(answer[0], answer[1:]))",
        f"{value} = tuple({value})",
    ]


def _vat_read(value: str) -> list[str]:
    return [
        "rates = []",
        f"for pair in {value}.split({VAT_RATE_SEPARATOR!r}) if {value} else ():",
        "    code, percent = rate(pair).groups()",
        "    rates.append(VatRate(code, Decimal(percent)))",
        f"{value} = tuple(rates)",
    ]


def _prompts_written(value: str) -> list[str]:
    return [
        f"if {value}.__class__ is not tuple: return None",
        "answers = []",
        f"for prompt in {value}:",
        "    kind = prompt.type",
        "    if prompt.__class__ is not Prompt or len(kind) != 1: return None",
        "    answers.append(kind + prompt.value)",
        f"answers = {PROMPT_SEPARATOR!r}.join(answers)",
        # A separator more than those between says that one is inside; none at all is unusual.
        f"if answers.count({PROMPT_SEPARATOR!r}) != len({value}) - 1: return None",
        f"{value} = count_texts[len({value})] + answers",
    ]


def _vat_written(value: str) -> list[str]:
    return [
        f"if {value}.__class__ is not tuple: return None",
        "rates = []",
        f"for one in {value}:",
        f"    pair = one.code + {VAT_SEPARATOR!r} + str(one.percent)",
        "    if one.__class__ is not VatRate or rate(pair) is None: return None",
        "    rates.append(pair)",
        f"{value} = {VAT_RATE_SEPARATOR!r}.join(rates)",
    ]
