"""The careful path of writing element 63: attribute by attribute, and naming what cannot be sent.

Knows: how to follow a PurchaseLayout in writing. Must not know: that a compiled writer comes
first. Items count from 1 in the path of a fault.
"""

from collections.abc import Callable
from decimal import Decimal
from operator import itemgetter

from iso.errors import EncodeError
from iso.subfields import numbers
from iso.subfields.purchase_reader import ATTRIBUTES, DECIMALS, cell
from iso.subfields.tables import MAX_CHARS, PurchaseLayout
from iso.subfields.values import Purchase, SaleItem

# The widest texts of an item, on the way out; the notations bound the numbers.
_MAX_CHARS = {"product": 14, "tax_code": 3, "additional_code": 14}

_Writers = tuple[Callable[[Decimal], str], Callable[[Decimal, int], str]]


class CarefulWriter:
    """The careful writer of one layout."""

    __slots__ = ("_columns", "_field", "_layout", "_order", "_template", "_widths", "_writers")

    def __init__(self, layout: PurchaseLayout, field: int) -> None:
        self._layout = layout
        self._field = str(field)
        self._columns = len(layout.columns)
        self._writers: _Writers = (numbers.write_scaled, numbers.write_minor)
        if layout.literal_decimals:
            self._writers = (numbers.write_literal, numbers.write_literal_amount)
        # How an item is written: a percent sign for each attribute, in the order of the columns.
        self._template = layout.column_separator.join("%s" * len(names) for names in layout.columns)
        self._order = itemgetter(
            *(ATTRIBUTES.index(name) for names in layout.columns for name in names)
        )
        self._widths = tuple(width(layout, attribute) for attribute in ATTRIBUTES)

    def write(self, purchase: Purchase, exponent: int) -> str:
        """The exact inverse of reading. Raises EncodeError for what the form cannot carry."""
        layout = self._layout
        if len(purchase.items) > layout.max_items:
            raise EncodeError(self._path("count"), f"more than {layout.max_items} items")
        head_values = {
            "service_level": purchase.service_level,
            "format_id": purchase.format_id,
        }
        head = ""
        for name, chars in layout.head:
            if name == "count":
                head += str(len(purchase.items)).zfill(chars)
                continue
            value = head_values.pop(name)
            if len(value) != chars or not _is_text(value):
                raise EncodeError(self._path(name), f"not {chars} characters of text")
            head += value
        for name, value in head_values.items():
            if value:
                raise EncodeError(self._path(name), "not in this form")
        rows = [self._row(item, index, exponent) for index, item in enumerate(purchase.items, 1)]
        between = layout.item_separator or layout.column_separator
        raw = head + between.join(rows)
        if layout.trailing and rows:
            raw += layout.column_separator
        if len(raw) > MAX_CHARS:
            raise EncodeError(self._field, f"longer than {MAX_CHARS} characters")
        return raw

    def _row(self, item: SaleItem, index: int, exponent: int) -> str:
        """The columns of one item, joined. Checked as a whole; a fault is then looked for."""
        write, write_amount = self._writers
        try:
            values = (
                item.product,
                item.unit,
                write(item.quantity),
                write(item.unit_price),
                write_amount(item.amount, exponent),
                item.tax_code,
                item.additional_code,
                item.payment_type,
            )
        except ValueError:
            raise self._row_fault(item, index, exponent) from None
        for value, (least, most) in zip(values, self._widths, strict=True):
            if not least <= len(value) <= most:
                raise self._row_fault(item, index, exponent)
        row: str = self._template % self._order(values)
        if row.count(self._layout.column_separator) != self._columns - 1 or not _is_text(row):
            raise self._row_fault(item, index, exponent)
        if self._layout.item_separator and self._layout.item_separator in row:
            raise self._row_fault(item, index, exponent)
        return row

    def _row_fault(self, item: SaleItem, index: int, exponent: int) -> EncodeError:
        """Which attribute of an item cannot be written, and why."""
        write, write_amount = self._writers
        separators = self._layout.column_separator + self._layout.item_separator
        for attribute, (least, most) in zip(ATTRIBUTES, self._widths, strict=True):
            path = self._path(f"item[{index}].{attribute}")
            value = getattr(item, attribute)
            try:
                if attribute == "amount":
                    value = write_amount(value, exponent)
                elif attribute in DECIMALS:
                    value = write(value)
            except ValueError as error:
                return EncodeError(path, str(error))
            if not most and value:
                return EncodeError(path, "not in this form")
            if not least <= len(value) <= most:
                return EncodeError(path, f"not {least} to {most} characters")
            if not _is_text(value) or any(one in value for one in separators):
                return EncodeError(path, "not printable, or holds a separator")
        raise AssertionError("an item that cannot be written has a fault")

    def _path(self, part: str) -> str:
        return f"{self._field}.{part}"


def width(layout: PurchaseLayout, attribute: str) -> tuple[int, int]:
    """Fewest and most characters of an attribute, 0 and 0 when the form lacks it."""
    column, part = cell(layout, attribute)
    if column == len(layout.columns):
        return 0, 0
    if part.stop is not None or attribute == "unit":
        return 1, 1
    return (1 if attribute == "product" else 0), _MAX_CHARS.get(attribute, MAX_CHARS)


def _is_text(value: str) -> bool:
    return value.isprintable() and (value.isascii() or max(value) <= "\xff")
