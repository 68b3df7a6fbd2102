"""Writes, for one layout of element 63, the two functions that read and write its usual form.

Knows: that an item is one regular expression, which checks all that the careful path checks. Must
not know: how a fault is named. The functions return None, or fail with LookupError, ValueError,
TypeError, AttributeError or ArithmeticError, on anything unusual; the careful path then reads or
writes it, or finds out what is wrong.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from iso.compiled import define
from iso.subfields import numbers
from iso.subfields.purchase_reader import ATTRIBUTES
from iso.subfields.purchase_writer import width
from iso.subfields.tables import MAX_CHARS, PurchaseLayout
from iso.subfields.values import Purchase, SaleItem

Reader = Callable[[str, int], Purchase | None]
Writer = Callable[[Purchase, int], str | None]

UNUSUAL = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)


def compile_reader(layout: PurchaseLayout) -> Reader:
    """The function that reads a purchase of at least one item."""
    widths = {attribute: (0, 0) for attribute in ATTRIBUTES} | {"product": (1, 0)}
    tables: dict[str, Any] = {
        "match": re.compile(_pattern(layout, widths)).match,
        "counts": {},
        "Decimal": Decimal,
        "SaleItem": SaleItem,
        "Purchase": Purchase,
    }
    lines, at = [], 0
    for name, chars in layout.head:
        if name == "count":
            tables["counts"] = {
                str(count).zfill(chars): range(count) for count in range(1, layout.max_items + 1)
            }
            lines.append(f"rounds = counts[raw[{at}:{at + chars}]]")
        else:
            lines.append(f"{name} = raw[{at}:{at + chars}]")
        at += chars
    present = [attribute for names in layout.columns for attribute in names]
    values = [_value(layout, name) if name in present else "''" for name in ATTRIBUTES]
    format_id = "format_id" if "format_id" in dict(layout.head) else "''"
    lines += [
        "" if layout.literal_decimals else "minor = f'E-{exponent}'",
        "items = []",
        f"at = {at}",
        "for _ in rounds:",
        "    found = match(raw, at)",
        f"    {', '.join(_groups(layout))} = found.groups()",
        f"    items.append(SaleItem({', '.join(values)}))",
        # The pattern sees to it that an item ends with the text or before a separator. After
        # the last item this steps past the end by that one separator, or ends with the text.
        f"    at = found.end(){'' if layout.trailing else ' + 1'}",
        f"if at != len(raw){'' if layout.trailing else ' + 1'}: return None",
        f"return Purchase(service_level, tuple(items), {format_id})",
    ]
    reader: Reader = define("raw, exponent", lines, tables)
    return reader


def compile_writer(layout: PurchaseLayout) -> Writer:
    """The function that writes a purchase of at least one item."""
    widths = {attribute: width(layout, attribute) for attribute in ATTRIBUTES}
    head = dict(layout.head)
    tables: dict[str, Any] = {
        "match": re.compile(_pattern(layout, widths)).fullmatch,
        "counts": tuple(
            str(count).zfill(head["count"]) if count else None
            for count in range(layout.max_items + 1)
        ),
        "astuple": msgspec.structs.astuple,
    }
    names = {name: "count" if name == "count" else name for name in head}
    tests = ["count is None"]
    for name in ("service_level", "format_id"):
        if name not in head:
            tests.append(name)
            continue
        tests += [f"len({name}) != {head[name]}", f"not {name}.isascii()"]
        tests.append(f"not {name}.isprintable()")
    absent, single = [], []
    columns = [list(attributes) for attributes in layout.columns]
    for attribute in ATTRIBUTES:
        if not any(attribute in attributes for attributes in columns):
            absent.append(attribute)
        elif not any(attribute == attributes[-1] for attributes in columns):
            single.append(attribute)
    refused = [*absent, *(f"len({name}) != 1" for name in single)]
    row = layout.column_separator.join(
        "".join(f"{{{name}}}" for name in attributes) for attributes in columns
    )
    between = layout.item_separator or layout.column_separator
    ending = f" + {layout.column_separator!r}" if layout.trailing else ""
    lines = [
        "service_level, items, format_id = astuple(purchase)",
        "count = counts[len(items)]",
        f"if {' or '.join(tests)}: return None",
        "rows = []",
        "for item in items:",
        f"    {', '.join(ATTRIBUTES)} = astuple(item)",
        *([f"    if {' or '.join(refused)}: return None"] if refused else []),
        *(f"    {line}" for line in _numbers_as_text(layout)),
        f"    row = f{row!r}",
        "    if match(row) is None: return None",
        "    rows.append(row)",
        f"raw = f{''.join(f'{{{name}}}' for name in names)!r} + {between!r}.join(rows){ending}",
        f"return raw if len(raw) <= {MAX_CHARS} else None",
    ]
    writer: Writer = define("purchase, exponent", lines, tables)
    return writer


def _pattern(layout: PurchaseLayout, widths: Mapping[str, tuple[int, int]]) -> str:
    """One item. widths: fewest and most characters of each text, where most is 0 for no bound."""
    separators = layout.column_separator + layout.item_separator
    # Only what latin-1 has: text beyond it is read by the careful path, and never written.
    characters = "".join(
        re.escape(chr(code))
        for code in range(256)
        if chr(code).isprintable() and chr(code) not in separators
    )
    notations = {"quantity": numbers.SCALED, "unit_price": numbers.SCALED, "amount": numbers.MINOR}
    if layout.literal_decimals:
        notations = dict.fromkeys(notations, numbers.LITERAL) | {"amount": numbers.SIGNED_LITERAL}
    columns = []
    for attributes in layout.columns:
        column = ""
        for attribute in attributes:
            least, most = widths[attribute]
            if attribute in notations:
                notation = notations[attribute]
                if notation == numbers.SCALED:
                    notation = notation.replace("]", "])(", 1)
                column += f"({notation})"
            elif attribute == "unit" or attribute != attributes[-1]:
                column += f"([{characters}])"
            else:
                column += f"([{characters}]{{{least},{most or ''}}})"
        columns.append(column)
    separator = re.escape(layout.column_separator)
    if layout.trailing:
        return separator.join([*columns, ""])
    end = re.escape(layout.item_separator or layout.column_separator)
    return f"{separator.join(columns)}(?={end}|\\Z)"
