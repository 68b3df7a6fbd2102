"""Reads and writes element 63, the products sold.

Knows: how to follow a PurchaseLayout. Must not know: which profile has which layout, nor that the
items must sum to the amount (the host's rule). Items count from 1 in the path of a fault.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import itemgetter

from iso.errors import DecodeError, EncodeError
from iso.subfields import numbers
from iso.subfields.tables import MAX_CHARS, PURCHASE_FIELD, PurchaseLayout
from iso.subfields.values import Purchase, SaleItem

_ATTRIBUTES = SaleItem.__struct_fields__
_DECIMALS = ("quantity", "unit_price", "amount")
# The widest texts of an item, on the way out; the notations bound the numbers.
_MAX_CHARS = {"product": 14, "tax_code": 3, "additional_code": 14}

_Readers = tuple[Callable[[str], Decimal], Callable[[str, int], Decimal]]
_Writers = tuple[Callable[[Decimal], str], Callable[[Decimal, int], str]]


class PurchaseForm:
    """The reader and writer of one layout."""

    __slots__ = (
        "_cells",
        "_columns",
        "_field",
        "_head_chars",
        "_layout",
        "_notations",
        "_order",
        "_template",
        "_widths",
        "_writers",
    )

    def __init__(self, layout: PurchaseLayout, field: int = PURCHASE_FIELD) -> None:
        self._layout = layout
        self._field = str(field)
        self._head_chars = sum(chars for _, chars in layout.head)
        self._columns = len(layout.columns)
        # For each attribute of SaleItem in turn: its column, and which part of it. An attribute
        # that the form lacks is read from an empty column put behind the others.
        self._cells = tuple(_cell(layout, attribute) for attribute in _ATTRIBUTES)
        self._notations: _Readers = (numbers.read_scaled, numbers.read_minor)
        self._writers: _Writers = (numbers.write_scaled, numbers.write_minor)
        if layout.literal_decimals:
            self._notations = (numbers.read_literal, numbers.read_literal_amount)
            self._writers = (numbers.write_literal, numbers.write_literal_amount)
        # How an item is written: a percent sign for each attribute, in the order of the columns.
        self._template = layout.column_separator.join("%s" * len(names) for names in layout.columns)
        self._order = itemgetter(
            *(_ATTRIBUTES.index(name) for names in layout.columns for name in names)
        )
        self._widths = tuple(self._width(attribute) for attribute in _ATTRIBUTES)

    def decode(self, raw: str, exponent: int = 2) -> Purchase:
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

    def encode(self, purchase: Purchase, exponent: int = 2) -> str:
        """The exact inverse of `decode`. Raises EncodeError for what the form cannot carry."""
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
                part = self._cells[_ATTRIBUTES.index(attribute)][1]
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
            elif attribute in _DECIMALS:
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
        for attribute, (least, most) in zip(_ATTRIBUTES, self._widths, strict=True):
            path = self._path(f"item[{index}].{attribute}")
            value = getattr(item, attribute)
            try:
                if attribute == "amount":
                    value = write_amount(value, exponent)
                elif attribute in _DECIMALS:
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

    def _width(self, attribute: str) -> tuple[int, int]:
        """Fewest and most characters of an attribute, 0 and 0 when the form lacks it."""
        column, part = self._cells[_ATTRIBUTES.index(attribute)]
        if column == self._columns:
            return 0, 0
        if part.stop is not None or attribute == "unit":
            return 1, 1
        return (1 if attribute == "product" else 0), _MAX_CHARS.get(attribute, MAX_CHARS)

    def _position(self, rows: Sequence[Sequence[str]], index: int, column: int) -> int:
        """Where a column begins in the element's text: one separator follows every column."""
        before = [text for row in rows[:index] for text in row[: self._columns]]
        before += rows[index][:column]
        return self._head_chars + sum(len(text) + 1 for text in before)

    def _path(self, part: str) -> str:
        return f"{self._field}.{part}"


def _cell(layout: PurchaseLayout, attribute: str) -> tuple[int, slice]:
    """Where in a row the attribute is: its column, and which characters of it."""
    for column, attributes in enumerate(layout.columns):
        if attribute in attributes:
            place = attributes.index(attribute)
            if place == len(attributes) - 1:
                return column, slice(place or None, None)
            return column, slice(place, place + 1)
    return len(layout.columns), slice(None)


def _is_text(value: str) -> bool:
    return value.isprintable() and (value.isascii() or max(value) <= "\xff")
