"""The careful path of reading element 63: item by item, and naming the first fault of all.

Knows: how to follow a PurchaseLayout in reading. Must not know: that a compiled reader comes
first. Items count from 1 in the path of a fault.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

from iso.errors import DecodeError
from iso.subfields import numbers
from iso.subfields.tables import PurchaseLayout
from iso.subfields.values import Purchase, SaleItem

ATTRIBUTES = SaleItem.__struct_fields__
DECIMALS = ("quantity", "unit_price", "amount")

_Readers = tuple[Callable[[str], Decimal], Callable[[str, int], Decimal]]


class CarefulReader:
    """The careful reader of one layout."""

    __slots__ = ("_cells", "_columns", "_field", "_head_chars", "_layout", "_notations")

    def __init__(self, layout: PurchaseLayout, field: int) -> None:
        self._layout = layout
        self._field = str(field)
        self._head_chars = sum(chars for _, chars in layout.head)
        self._columns = len(layout.columns)
        # For each attribute of SaleItem in turn: its column, and which part of it. An attribute
        # that the form lacks is read from an empty column put behind the others.
        self._cells = tuple(cell(layout, attribute) for attribute in ATTRIBUTES)
        self._notations: _Readers = (numbers.read_scaled, numbers.read_minor)
        if layout.literal_decimals:
            self._notations = (numbers.read_literal, numbers.read_literal_amount)

    def read(self, raw: str, exponent: int) -> Purchase:
        """The purchase that the element's text describes. Raises DecodeError.

        exponent: decimals of the currency, for a form that counts in minor units.
        """
        head, at = {}, 0
        for name, chars in self._layout.head:
            head[name] = raw[at : at + chars]
            at += chars
        count_text = head["count"]
        if len(raw) < at or not (count_text.isascii() and count_text.isdecimal()):
            raise DecodeError(self._path("count"), 0, "no item count of digits")
        count = int(count_text)
        if count > self._layout.max_items:
            raise DecodeError(self._path("count"), 0, f"more than {self._layout.max_items} items")
        rows = self._rows(raw[at:])
        if len(rows) != count:
            raise DecodeError(self._path("count"), 0, f"says {count}, but {len(rows)} items follow")
        items = [self._item(rows, index, exponent) for index in range(count)]
        return Purchase(head["service_level"], tuple(items), head.get("format_id", ""))

    def _rows(self, body: str) -> list[list[str]]:
        """The columns of each item. A row that is short of columns is the item's fault to name."""
        layout = self._layout
        if not body:
            return []
        if layout.item_separator:
            return [row.split(layout.column_separator) for row in body.split(layout.item_separator)]
        cells = body.split(layout.column_separator)
        if layout.trailing:
            # The text after the last separator: empty, or an unfinished column to be refused.
            if cells[-1]:
                raise DecodeError(self._field, self._head_chars + len(body), "not ended")
            cells.pop()
        columns = self._columns
        return [cells[start : start + columns] for start in range(0, len(cells), columns)]

    def _item(self, rows: list[list[str]], index: int, exponent: int) -> SaleItem:
        row = rows[index]
        if len(row) != self._columns:
            raise DecodeError(
                self._path(f"item[{index + 1}]"),
                self._position(rows, index, 0),
                f"has {len(row)} columns, not {self._columns}",
            )
        row.append("")
        product, unit, quantity, price, amount, tax, additional, payment = [
            row[column][part] for column, part in self._cells
        ]
        read, read_amount = self._notations
        try:
            if (
                product
                and len(unit) == 1
                and (product + unit + tax + additional + payment).isprintable()
            ):
                return SaleItem(
                    product,
                    unit,
                    read(quantity),
                    read(price),
                    read_amount(amount, exponent),
                    tax,
                    additional,
                    payment,
                )
        except ValueError:
            pass  # found again, with its name, below
        raise self._item_fault(rows, index, exponent)

    def _item_fault(self, rows: list[list[str]], index: int, exponent: int) -> DecodeError:
        """What is wrong with an item that could not be read, in the order of the wire."""
        row = rows[index]
        for column, attributes in enumerate(self._layout.columns):
            for attribute in attributes:
                part = self._cells[ATTRIBUTES.index(attribute)][1]
                reason = self._cell_fault(attribute, row[column][part], exponent)
                if reason:
                    position = self._position(rows, index, column) + (part.start or 0)
                    return DecodeError(
                        self._path(f"item[{index + 1}].{attribute}"), position, reason
                    )
        raise AssertionError("an item that cannot be read has a fault")

    def _cell_fault(self, attribute: str, text: str, exponent: int) -> str:
        read, read_amount = self._notations
        try:
            if attribute == "amount":
                read_amount(text, exponent)
            elif attribute in DECIMALS:
                read(text)
            elif attribute == "product" and not text:
                return "is empty"
            elif attribute == "unit" and len(text) != 1:
                return "is not one character"
            elif not text.isprintable():
                return "is not printable"
        except ValueError as error:
            return str(error)
        return ""

    def _position(self, rows: Sequence[Sequence[str]], index: int, column: int) -> int:
        """Where a column begins in the element's text: one separator follows every column."""
        before = [text for row in rows[:index] for text in row[: self._columns]]
        before += rows[index][:column]
        return self._head_chars + sum(len(text) + 1 for text in before)

    def _path(self, part: str) -> str:
        return f"{self._field}.{part}"


def cell(layout: PurchaseLayout, attribute: str) -> tuple[int, slice]:
    """Where in a row the attribute is: its column, and which characters of it."""
    for column, attributes in enumerate(layout.columns):
        if attribute in attributes:
            place = attributes.index(attribute)
            if place == len(attributes) - 1:
                return column, slice(place or None, None)
            return column, slice(place, place + 1)
    return len(layout.columns), slice(None)
