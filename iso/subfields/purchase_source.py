"""Writes, for one layout of element 63, the two functions that read and write its usual form.

Knows: that an item is one regular expression, which checks all that the careful paths check. Must
not know: how a fault is named. The functions return None, or fail with one of `UNUSUAL`, when
anything is out of the ordinary: a fault, no items at all, text beyond latin-1. The careful path
then reads or writes it after all, or finds out what is wrong.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from iso.compiled import define
from iso.subfields import numbers
from iso.subfields.purchase_reader import ATTRIBUTES, DECIMALS
from iso.subfields.purchase_writer import width
from iso.subfields.tables import MAX_CHARS, PurchaseLayout
from iso.subfields.values import Purchase, SaleItem

Reader = Callable[[str, int], Purchase | None]
Writer = Callable[[Purchase, int], str | None]

UNUSUAL = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)

_HEAD_TEXTS = ("service_level", "format_id")


def compile_reader(layout: PurchaseLayout) -> Reader:
    """The function that reads a purchase of one item or more."""
    widths = {attribute: (1 if attribute == "product" else 0, 0) for attribute in ATTRIBUTES}
    tables: dict[str, Any] = {
        "match": re.compile(_item_pattern(layout, widths)).match,
        "Decimal": Decimal,
        "SaleItem": SaleItem,
        "Purchase": Purchase,
    }
    lines = [f"{name} = ''" for name in _HEAD_TEXTS if name not in dict(layout.head)]
    at = 0
    for name, chars in layout.head:
        lines.append(f"{name} = raw[{at}:{at + chars}]")
        at += chars
        if name == "count":
            counts = range(1, layout.max_items + 1)
            tables["rounds"] = {str(count).zfill(chars): range(count) for count in counts}
    groups, values = _groups_and_values(layout)
    # The pattern holds that an item ends where the text does or before a separator. One character
    # further is the next item, or one past the end of the text after the last one.
    beyond = "" if layout.trailing else " + 1"
    if not layout.literal_decimals:
        lines.append("minor = f'E-{exponent}'")
    lines += [
        "items = []",
        f"at = {at}",
        "for _ in rounds[count]:",
        "    found = match(raw, at)",
        f"    {groups} = found.groups()",
        f"    items.append(SaleItem({values}))",
        f"    at = found.end(){beyond}",
        f"if at != len(raw){beyond}: return None",
        "return Purchase(service_level, tuple(items), format_id)",
    ]
    reader: Reader = define("raw, exponent", lines, tables)
    return reader


def compile_writer(layout: PurchaseLayout) -> Writer:
    """The function that writes a purchase of one item or more."""
    head = dict(layout.head)
    widths = {attribute: width(layout, attribute) for attribute in ATTRIBUTES}
    counts = range(1, layout.max_items + 1)
    tables: dict[str, Any] = {
        "match": re.compile(_item_pattern(layout, widths)).fullmatch,
        "counts": {count: str(count).zfill(head["count"]) for count in counts},
        "scales": tuple(map(str, range(numbers.MAX_DECIMALS + 1))),
        "astuple": msgspec.structs.astuple,
    }
    head_faults = []
    for name in _HEAD_TEXTS:
        if name in head:
            text = f"{name}.isascii() and {name}.isprintable()"
            head_faults.append(f"len({name}) != {head[name]} or not ({text})")
        else:
            head_faults.append(name)
    # The pattern sees the row only, where a character could be in its neighbour's place.
    inner = {attribute for attributes in layout.columns for attribute in attributes[:-1]}
    item_faults = [f"len({name}) != 1" for name in ATTRIBUTES if name in inner]
    item_faults += [name for name, (_, most) in widths.items() if not most]
    item_faults = item_faults or ["False"]
    row = layout.column_separator.join("".join(map("{%s}".__mod__, c)) for c in layout.columns)
    between = layout.item_separator or layout.column_separator
    if layout.trailing:
        row, between = row + between, ""
    lines = [
        "service_level, items, format_id = astuple(purchase)",
        "count = counts[len(items)]",
        f"if {' or '.join(head_faults)}: return None",
        "rows = []",
        "for item in items:",
        f"    {', '.join(ATTRIBUTES)} = astuple(item)",
        f"    if {' or '.join(item_faults)}: return None",
        *(f"    {line}" for line in _number_lines(layout)),
        f"    row = f{row!r}",
        "    if match(row) is None: return None",
        "    rows.append(row)",
        f"raw = {' + '.join(head)} + {between!r}.join(rows)",
        f"return raw if len(raw) <= {MAX_CHARS} else None",
    ]
    writer: Writer = define("purchase, exponent", lines, tables)
    return writer


def _item_pattern(layout: PurchaseLayout, widths: Mapping[str, tuple[int, int]]) -> str:
    """One item. widths: fewest and most characters of each text, where most is 0 for no bound."""
    text = _characters(layout.column_separator + layout.item_separator)
    notations = _notations(layout)
    columns = []
    for attributes in layout.columns:
        column = ""
        for attribute in attributes:
            least, most = widths[attribute]
            if attribute in notations:
                column += notations[attribute]
            elif attribute == "unit" or attribute != attributes[-1]:
                column += f"({text})"
            else:
                column += f"({text}{{{least},{most or ''}}})"
        columns.append(column)
    separator = re.escape(layout.column_separator)
    if layout.trailing:
        return separator.join([*columns, ""])
    return f"{separator.join(columns)}(?={re.escape(layout.item_separator) or separator}|\\Z)"


def _characters(separators: str) -> str:
    """The class of printable latin-1 without the separators. More is left to the careful path."""
    wanted = [code for code in range(256) if chr(code).isprintable()]
    ranges: list[list[int]] = []
    for code in wanted:
        if chr(code) in separators:
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(f"\\x{first:02x}-\\x{last:02x}" for first, last in ranges) + "]"


def _notations(layout: PurchaseLayout) -> dict[str, str]:
    if layout.literal_decimals:
        return dict(zip(DECIMALS, (numbers.LITERAL,) * 2 + (numbers.SIGNED_LITERAL,), strict=True))
    return dict(zip(DECIMALS, (numbers.SCALED,) * 2 + (numbers.MINOR,), strict=True))


def _groups_and_values(layout: PurchaseLayout) -> tuple[str, str]:
    """Names for the pattern's groups, and the arguments of SaleItem made of them."""
    scaled = () if layout.literal_decimals else ("quantity", "unit_price")
    values = dict.fromkeys(ATTRIBUTES, "''")
    groups = []
    for attributes in layout.columns:
        for name in attributes:
            values[name] = name
            if name in scaled:
                groups.append(f"{name}_scale")
                values[name] = f"Decimal(f'{{{name}}}E-{{{name}_scale}}')"
            elif name in DECIMALS:
                values[name] = f"Decimal({name}{'' if layout.literal_decimals else ' + minor'})"
            groups.append(name)
    return ", ".join(groups), ", ".join(values.values())


def _number_lines(layout: PurchaseLayout) -> list[str]:
    """The numbers of an item become text. Whether they then are numbers, the pattern says."""
    if layout.literal_decimals:
        return [f"{name} = str({name})" for name in DECIMALS]
    lines = []
    for name in ("quantity", "unit_price"):
        lines += [
            f"whole, _, decimals = str({name}).partition('.')",
            f"{name} = scales[len(decimals)] + ((whole + decimals).lstrip('0') or '0')",
        ]
    return [
        *lines,
        "whole, _, decimals = str(amount).partition('.')",
        "if len(decimals) > exponent: return None",
        "amount = whole + decimals.ljust(exponent, '0')",
        "if amount[0] == '-': amount = '-' + (amount[1:].lstrip('0') or '0')",
        "else: amount = amount.lstrip('0') or '0'",
    ]
