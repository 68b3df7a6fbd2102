"""How each profile writes elements 48, 62 and 63: data, since two real profiles already disagree.

Knows: sub-element numbers, formats, separators, unit letters. Must not know: parsing.

Sources: the PayEx host-to-host pages, the ops-ifsf library, Heartland's public tables. Where they
give a name but no format, a length prefix is chosen here (marked "chosen"): a sub-element that
says its own length cannot shift the ones behind it. A bit without a row is refused, because
nothing says where such a sub-element ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CONTROL_FIELD = 48
PRODUCTS_FIELD = 62
PURCHASE_FIELD = 63
# All three are LLLVAR.
MAX_CHARS = 999

ElementKind = Literal["n", "ans", "track", "prompts", "vat"]


@dataclass(frozen=True, slots=True)
class Element:
    """One sub-element of 48. prefix: digits of its length, 0 when always `size` characters."""

    kind: ElementKind
    prefix: int
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class ControlLayout:
    """Element 48: a bitmap of 64 sub-elements, then those. hex_bitmap: 16 ASCII hex digits."""

    elements: Mapping[int, Element]
    hex_bitmap: bool = False


@dataclass(frozen=True, slots=True)
class ProductsLayout:
    """Element 62. code_chars: width of a product code, 0 when `separator` is between them."""

    code_chars: int
    separator: str = ""
    codes_prefix: int = 2
    codes_max_chars: int = 99
    text_prefix: int = 3


@dataclass(frozen=True, slots=True)
class PurchaseLayout:
    """Element 63.

    head: (name, characters) before the items, `count` among them. columns: the columns of an
    item, each one or more attributes of SaleItem; within a column all but the last are one
    character. column_separator: between columns; after the last one too when `trailing`.
    item_separator: between items; empty when items follow each other like columns do.
    literal_decimals: decimal points, amounts in major units; else scaled, and minor units.
    units: the letters of the units of measure.
    """

    head: tuple[tuple[str, int], ...]
    columns: tuple[tuple[str, ...], ...]
    literal_decimals: bool
    units: Mapping[str, str]
    column_separator: str = "\\"
    item_separator: str = ""
    trailing: bool = False
    max_items: int = 18


PROMPT_SEPARATOR = "\\"
VAT_SEPARATOR = "\\"
# Chosen: the only public message has one rate; several are separated as the items of 63 are there.
VAT_RATE_SEPARATOR = "/"

# Heartland's public table of customer data types.
PROMPT_NAMES: Mapping[str, str] = {
    "0": "id",
    "1": "vehicle",
    "2": "vehicle tag",
    "3": "driver",
    "4": "odometer",
    "5": "licence number",
    "6": "licence state",
    "7": "licence name",
    "8": "work order",
    "9": "invoice",
    "A": "trip",
    "B": "unit",
    "C": "reefer hours",
    "U": "job",
    "V": "department",
    "a": "maintenance",
    "b": "trailer",
    "c": "hubometer",
}

CONTROL_ELEMENTS: Mapping[int, Element] = {
    1: Element("ans", 2, 99, "Communication diagnostics"),  # chosen: LLVAR
    2: Element("ans", 2, 99, "Hardware and software configuration"),  # chosen: LLVAR
    3: Element("ans", 0, 2, "Language"),
    4: Element("n", 0, 10, "Batch and sequence number"),
    5: Element("ans", 2, 99, "Shift"),  # chosen: LLVAR
    6: Element("ans", 2, 99, "Clerk"),  # chosen: LLVAR
    8: Element("prompts", 3, 250, "Customer data"),  # chosen: LLLVAR
    9: Element("track", 2, 37, "Track 2, second card"),
    14: Element("ans", 0, 2, "PIN method"),
    32: Element("vat", 2, 99, "VAT percentages"),
    37: Element("ans", 0, 1, "Vehicle entry mode"),  # chosen: one character
    39: Element("ans", 2, 99, "Prior message"),  # chosen: LLVAR
}
CONTROL = ControlLayout(CONTROL_ELEMENTS)
CONTROL_HEX = ControlLayout(CONTROL_ELEMENTS, hex_bitmap=True)

# Chosen: 99 characters of codes are 33 three-digit Conexxus codes, so no separator is needed.
PRODUCTS = ProductsLayout(code_chars=3)
# Chosen: product codes have no fixed width in this dialect, so they are separated.
PRODUCTS_OPS = ProductsLayout(code_chars=0, separator="\\")

UNITS: Mapping[str, str] = {
    "L": "litre",
    "G": "US gallon",
    "I": "imperial gallon",
    "K": "kg",
    "P": "pound",
    "U": "unit",
    "C": "case",
    "Q": "quart",
    "Z": "ounce",
    "O": "other",
}
# Charging letters are Heartland's; another network uses C and W, so they stay out of UNITS.
UNITS_X9TG23: Mapping[str, str] = {**UNITS, "6": "kWh", "7": "minute", "8": "hour"}

_ITEM = ("product", "unit", "quantity", "unit_price", "amount", "tax_code", "additional_code")

# PayEx. Chosen: a separator between any two columns, of one item or of two, and none at the end.
PURCHASE = PurchaseLayout(
    head=(("service_level", 1), ("count", 2)),
    columns=tuple((name,) for name in _ITEM),
    literal_decimals=False,
    units=UNITS,
)
PURCHASE_OPS = PurchaseLayout(
    head=(("service_level", 1), ("count", 2), ("format_id", 1)),
    columns=(
        ("payment_type", "unit", "tax_code", "product"),
        ("quantity",),
        ("unit_price",),
        ("amount",),
    ),
    literal_decimals=True,
    units=UNITS,
    item_separator="/",
)
# Format and code set are one `format_id` of two characters. Chosen: numbers as in PURCHASE.
PURCHASE_X9TG23 = PurchaseLayout(
    head=(("format_id", 2), ("service_level", 1), ("count", 3)),
    columns=(("product",), ("unit", "quantity"), ("unit_price",), ("amount",)),
    literal_decimals=False,
    units=UNITS_X9TG23,
    trailing=True,
)
