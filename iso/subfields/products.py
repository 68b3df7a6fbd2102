"""Reads and writes element 62: the products a terminal may sell, a device, a receipt text.

Knows: how to follow a ProductsLayout. Must not know: which products exist. The three parts come
together or the element is absent.

Reading tries tables first: what each length prefix may be, and for codes of one width where they
lie. What they do not take is read part by part, and its first fault named.
"""

from collections.abc import Mapping

from iso.errors import DecodeError, EncodeError
from iso.subfields.tables import MAX_CHARS, PRODUCTS_FIELD, ProductsLayout
from iso.subfields.values import Products

_DIGITS = frozenset("0123456789")

# For each length prefix of the codes: where they end, and where each lies when that is known.
_Places = Mapping[str, tuple[int, tuple[slice, ...] | None]]


class ProductsForm:
    """The reader and writer of one layout."""

    __slots__ = ("_field", "_layout", "_lengths", "_places")

    def __init__(self, layout: ProductsLayout, field: int = PRODUCTS_FIELD) -> None:
        self._layout = layout
        self._field = str(field)
        # The width of the text, by the digits that say it.
        self._lengths: Mapping[str, int] = {
            str(length).zfill(layout.text_prefix): length for length in range(MAX_CHARS + 1)
        }
        self._places = _places(layout)

    def decode(self, raw: str) -> Products:
        """The products that the element's text lists. Raises DecodeError."""
        products = self._from_tables(raw)
        return products if products is not None else self._part_by_part(raw)

    def _from_tables(self, raw: str) -> Products | None:
        layout = self._layout
        try:
            end, slices = self._places[raw[: layout.codes_prefix]]
            text_start = end + 1 + layout.text_prefix
            if len(raw) != text_start + self._lengths[raw[end + 1 : text_start]]:
                return None
        except KeyError:
            return None
        device = raw[end]
        if device not in _DIGITS or not raw[:end].isprintable():
            return None
        if slices is None:
            codes = tuple(raw[layout.codes_prefix : end].split(layout.separator))
            return Products(codes, device, raw[text_start:]) if all(codes) else None
        return Products(tuple(map(raw.__getitem__, slices)), device, raw[text_start:])

    def _part_by_part(self, raw: str) -> Products:
        layout = self._layout
        codes_start = layout.codes_prefix
        codes_end = codes_start + self._length(raw, 0, codes_start, "1", layout.codes_max_chars)
        listed = raw[codes_start:codes_end]
        if len(listed) != codes_end - codes_start or not listed.isprintable():
            raise DecodeError(f"{self._field}.1", codes_start, "short, or not printable")
        device = raw[codes_end : codes_end + 1]
        if not (device.isascii() and device.isdecimal()):
            raise DecodeError(f"{self._field}.2", codes_end, "not one digit")
        text_length_end = codes_end + 1 + layout.text_prefix
        length = self._length(raw, codes_end + 1, text_length_end, "3", MAX_CHARS)
        if len(raw) != text_length_end + length:
            raise DecodeError(f"{self._field}.3", text_length_end, "length is not the text's")
        return Products(self._codes(listed, codes_start), device, raw[text_length_end:])

    def encode(self, products: Products) -> str:
        """The exact inverse of `decode`. Raises EncodeError."""
        layout = self._layout
        for code in products.codes:
            fits = len(code) == layout.code_chars if layout.code_chars else bool(code)
            separated = layout.separator and layout.separator in code
            if not fits or separated or not code.isprintable():
                raise EncodeError(f"{self._field}.1", "a code that the form cannot carry")
        listed = layout.separator.join(products.codes)
        if len(listed) > layout.codes_max_chars:
            raise EncodeError(f"{self._field}.1", f"over {layout.codes_max_chars} characters")
        if len(products.device) != 1 or not (
            products.device.isascii() and products.device.isdecimal()
        ):
            raise EncodeError(f"{self._field}.2", "not one digit")
        raw = (
            f"{str(len(listed)).zfill(layout.codes_prefix)}{listed}{products.device}"
            f"{str(len(products.text)).zfill(layout.text_prefix)}{products.text}"
        )
        if len(raw) > MAX_CHARS:
            raise EncodeError(f"{self._field}.3", f"element longer than {MAX_CHARS} characters")
        return raw

    def _length(self, raw: str, start: int, end: int, part: str, largest: int) -> int:
        digits = raw[start:end]
        if len(digits) != end - start or not (digits.isascii() and digits.isdecimal()):
            raise DecodeError(f"{self._field}.{part}", start, "length is not digits")
        if int(digits) > largest:
            raise DecodeError(f"{self._field}.{part}", start, f"longer than {largest}")
        return int(digits)

    def _codes(self, listed: str, position: int) -> tuple[str, ...]:
        layout = self._layout
        if not listed:
            return ()
        if not layout.code_chars:
            codes = tuple(listed.split(layout.separator))
            if not all(codes):
                raise DecodeError(f"{self._field}.1", position, "an empty code")
            return codes
        width = layout.code_chars
        if len(listed) % width:
            raise DecodeError(f"{self._field}.1", position, f"not codes of {width} characters")
        return tuple(listed[at : at + width] for at in range(0, len(listed), width))


def _places(layout: ProductsLayout) -> _Places:
    start, width = layout.codes_prefix, layout.code_chars
    places: dict[str, tuple[int, tuple[slice, ...] | None]] = {}
    for length in range(0, layout.codes_max_chars + 1, width or 1):
        end = start + length
        slices = tuple(slice(at, at + width) for at in range(start, end, width)) if width else None
        places[str(length).zfill(start)] = end, slices if length else ()
    return places
