"""Reads and writes element 63, the products sold.

Knows: that the compiled functions of a layout do the usual, and the careful ones all the rest.
Must not know: which profile has which layout, nor that the items must sum to the amount (the
host's rule). Both ways give the same values, to which tests/property/test_subfields_compiled.py
holds them.
"""

from iso.subfields.purchase_reader import CarefulReader
from iso.subfields.purchase_source import UNUSUAL, compile_reader, compile_writer
from iso.subfields.purchase_writer import CarefulWriter
from iso.subfields.tables import PURCHASE_FIELD, PurchaseLayout
from iso.subfields.values import Purchase


class PurchaseForm:
    """The reader and writer of one layout."""

    __slots__ = ("_careful_reader", "_careful_writer", "_read", "_write")

    def __init__(self, layout: PurchaseLayout, field: int = PURCHASE_FIELD) -> None:
        self._careful_reader = CarefulReader(layout, field)
        self._careful_writer = CarefulWriter(layout, field)
        self._read = compile_reader(layout)
        self._write = compile_writer(layout)

    def decode(self, raw: str, exponent: int = 2) -> Purchase:
        """The purchase that the element's text describes. Raises DecodeError.

        exponent: decimals of the currency, for a form that counts in minor units.
        """
        try:
            purchase = self._read(raw, exponent)
            if purchase is not None:
                return purchase
        except UNUSUAL:
            pass  # the careful path reads it, or names the fault
        return self._careful_reader.read(raw, exponent)

    def encode(self, purchase: Purchase, exponent: int = 2) -> str:
        """The exact inverse of `decode`. Raises EncodeError for what the form cannot carry."""
        try:
            raw = self._write(purchase, exponent)
            if raw is not None:
                return raw
        except UNUSUAL:
            pass  # the careful path writes it, or names the fault
        return self._careful_writer.write(purchase, exponent)
