"""The sub-fields of elements 48, 62 and 63: layouts as data, and one reader and writer for each.

Knows: the layouts of the profiles. Must not know: messages; it is handed one element's text.
"""

from iso.subfields.rest import Left
from iso.subfields.shift import TotalLine
from iso.subfields.values import (
    ControlValue,
    Hidden,
    Products,
    Prompt,
    Purchase,
    SaleItem,
    VatRate,
)

__all__ = ["ControlValue", "Hidden", "Left", "Products", "Prompt", "Purchase", "SaleItem",
           "TotalLine", "VatRate"]
