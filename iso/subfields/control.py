"""Reads and writes element 48: message control, sub-elements behind a bitmap of their own.

Knows: how to follow a ControlLayout. Must not know: what a host does with a prompt's answer.

As the codec does, both directions try a function compiled for the sub-elements at hand, and what
it does not take is read or written sub-element by sub-element, and its first fault named.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from iso.compiled import Compiled
from iso.errors import DecodeError, EncodeError
from iso.subfields import control_source, numbers
from iso.subfields.tables import (
    CONTROL_FIELD,
    MAX_CHARS,
    PROMPT_SEPARATOR,
    VAT_RATE_SEPARATOR,
    VAT_SEPARATOR,
    ControlLayout,
    Element,
    ElementKind,
)
from iso.subfields.values import ControlValue, Hidden, Prompt, VatRate

Reader = Callable[[str], ControlValue]

_BITS = 64
_MAX_BITMAPS = 256
_MAX_PROMPTS = 99


class ControlForm:
    """The reader and writer of one layout."""

    __slots__ = ("_bitmap_chars", "_elements_of", "_field", "_layout", "_readers", "_writers")

    def __init__(self, layout: ControlLayout, field: int = CONTROL_FIELD) -> None:
        self._layout = layout
        self._field = str(field)
        self._bitmap_chars = 16 if layout.hex_bitmap else 8
        # The elements of each bitmap met, the least recently used one leaving first.
        self._elements_of = lru_cache(maxsize=_MAX_BITMAPS)(self._read_bitmap)
        self._readers: Compiled[str, control_source.Reader] = Compiled(
            self._compile_reader, _MAX_BITMAPS
        )
        self._writers: Compiled[tuple[int, ...], control_source.Writer] = Compiled(
            self._compile_writer, _MAX_BITMAPS
        )

    def decode(self, raw: str) -> dict[int, ControlValue]:
        """The sub-elements by number. Raises DecodeError, path `48.<number>`."""
        bitmap = raw[: self._bitmap_chars]
        try:
            values = self._readers.functions[bitmap](raw)
            if values is not None:
                return values
        except control_source.UNUSUAL:
            pass  # an unknown bitmap, or a fault that the careful path names
        values = self._read(raw)
        self._readers.accepted(bitmap)
        return values

    def has(self, number: int) -> Callable[[str], bool]:
        """A function of a text: whether the bitmap at its beginning has a sub-element's bit.

        Nothing else of the text is read, nor checked.
        """
        chars, digit = (16, 4) if self._layout.hex_bitmap else (8, 8)
        before, bit = divmod(number - 1, digit)
        values = [value for value in range(1 << digit) if value >> (digit - 1 - bit) & 1]
        one = "".join(f"{value:x}{value:X}" if digit == 4 else re.escape(chr(value))
                      for value in values)
        match = re.compile(f"(?s).{{{before}}}[{one}].{{{chars - before - 1}}}").match
        return lambda raw: match(raw) is not None

    def encode(self, values: Mapping[int, ControlValue]) -> str:
        """The exact inverse of `decode`. Raises EncodeError."""
        numbers_given = tuple(values)
        try:
            raw = self._writers.functions[numbers_given](values)
            if raw is not None:
                return raw
        except control_source.UNUSUAL:
            pass  # an unknown set, or a value that the careful path names
        raw = self._write(values)
        self._writers.accepted(numbers_given)
        return raw

    def _read(self, raw: str) -> dict[int, ControlValue]:
        """The careful path of `decode`."""
        at = self._bitmap_chars
        values: dict[int, ControlValue] = {}
        for number, prefix, size, read in self._elements_of(raw[:at]):
            start = at + prefix
            length = size
            if prefix:
                digits = raw[at:start]
                if len(digits) != prefix or not (digits.isascii() and digits.isdecimal()):
                    raise self._fault(number, at, "length is not digits")
                length = int(digits)
                if length > size:
                    raise self._fault(number, at, f"longer than {size}")
            at = start + length
            text = raw[start:at]
            if len(text) != length:
                raise self._fault(number, start, f"ends before its {length} characters")
            if not text.isprintable():
                raise self._fault(number, start, "not printable")
            try:
                values[number] = read(text)
            except ValueError as error:
                raise self._fault(number, start, str(error)) from None
        if at != len(raw):
            raise DecodeError(self._field, at, "text after the last sub-element")
        return values

    def _write(self, values: Mapping[int, ControlValue]) -> str:
        """The careful path of `encode`."""
        pieces = []
        for number in sorted(values):
            path = f"{self._field}.{number}"
            element = self._layout.elements.get(number)
            if element is None:
                raise EncodeError(path, "no such sub-element in this form")
            try:
                text = _text_of(element, values[number])
            except ValueError as error:
                raise EncodeError(path, str(error)) from None
            if len(text) > element.size or (not element.prefix and len(text) != element.size):
                raise EncodeError(path, f"does not fit {element.size} characters")
            if element.prefix:
                pieces.append(str(len(text)).zfill(element.prefix))
            pieces.append(text)
        raw = self._bitmap_of(values) + "".join(pieces)
        if len(raw) > MAX_CHARS:
            raise EncodeError(self._field, f"longer than {MAX_CHARS} characters")
        return raw

    def _read_bitmap(self, text: str) -> tuple[tuple[int, int, int, Reader], ...]:
        """Number, digits of length, size and reader of each sub-element that the bitmap names."""
        if len(text) != self._bitmap_chars:
            raise DecodeError(self._field, 0, "shorter than its bitmap")
        try:
            bitmap = bytes.fromhex(text) if self._layout.hex_bitmap else text.encode("latin-1")
        except ValueError:
            bitmap = b""
        if len(bitmap) * 8 != _BITS:
            raise DecodeError(self._field, 0, "bitmap is not hexadecimal digits")
        bits = int.from_bytes(bitmap, "big")
        found = []
        for number in range(1, _BITS + 1):
            if bits >> (_BITS - number) & 1:
                element = self._layout.elements.get(number)
                if element is None:
                    raise self._fault(number, 0, "no such sub-element in this form")
                found.append((number, element.prefix, element.size, _READERS[element.kind]))
        return tuple(found)

    def _bitmap_of(self, given: Iterable[int]) -> str:
        bitmap = sum(1 << (_BITS - number) for number in given).to_bytes(_BITS // 8, "big")
        return bitmap.hex().upper() if self._layout.hex_bitmap else bitmap.decode("latin-1")

    def _compile_reader(self, bitmap: str) -> control_source.Reader:
        elements = {
            number: self._layout.elements[number] for number, *_ in self._elements_of(bitmap)
        }
        return control_source.compile_reader(elements, self._bitmap_chars)

    def _compile_writer(self, given: tuple[int, ...]) -> control_source.Writer:
        elements = {number: self._layout.elements[number] for number in given}
        return control_source.compile_writer(elements, self._bitmap_of(given))

    def _fault(self, number: int, position: int, reason: str) -> DecodeError:
        return DecodeError(f"{self._field}.{number}", position, reason)


def _read_digits(text: str) -> str:
    if text and not (text.isascii() and text.isdecimal()):
        raise ValueError("not digits")
    return text


def _text_of(element: Element, value: ControlValue) -> str:
    if isinstance(value, str):
        if element.kind in ("prompts", "vat"):
            raise ValueError("is a tuple of values, not text")
        text = str(value)
        _READERS[element.kind](text)
    elif element.kind == "prompts":
        text = _write_prompts(value)
    elif element.kind == "vat":
        text = _write_vat(value)
    else:
        raise ValueError("is text, not a tuple")
    if not text.isprintable() or not (text.isascii() or max(text) <= "\xff"):
        raise ValueError("not printable")
    return text


def _read_prompts(text: str) -> tuple[Prompt, ...]:
    """A two-digit count, then type and value, separated."""
    count = text[:2]
    if len(count) != 2 or not (count.isascii() and count.isdecimal()):
        raise ValueError("no count of two digits")
    answers = text[2:].split(PROMPT_SEPARATOR) if len(text) > 2 else []
    if len(answers) != int(count):
        raise ValueError(f"says {int(count)}, but {len(answers)} answers follow")
    if not all(answers):
        raise ValueError("an answer without a type")
    return tuple(Prompt(answer[0], answer[1:]) for answer in answers)


def _write_prompts(value: object) -> str:
    if not isinstance(value, tuple) or not all(isinstance(one, Prompt) for one in value):
        raise ValueError("is a tuple of prompts")
    if len(value) > _MAX_PROMPTS:
        raise ValueError(f"more than {_MAX_PROMPTS} prompts")
    for prompt in value:
        if len(prompt.type) != 1 or PROMPT_SEPARATOR in prompt.type + prompt.value:
            raise ValueError("a type that is not one character, or a separator inside")
    answers = PROMPT_SEPARATOR.join(prompt.type + prompt.value for prompt in value)
    return f"{len(value):02}{answers}"


def _read_vat(text: str) -> tuple[VatRate, ...]:
    """Code and percentage, separated; nothing at all is no rate."""
    rates = []
    for pair in text.split(VAT_RATE_SEPARATOR) if text else ():
        code, separator, percent = pair.partition(VAT_SEPARATOR)
        if not (code and separator):
            raise ValueError("not a code and a percentage")
        rates.append(VatRate(code, numbers.read_literal(percent)))
    return tuple(rates)


def _write_vat(value: object) -> str:
    if not isinstance(value, tuple) or not all(isinstance(one, VatRate) for one in value):
        raise ValueError("is a tuple of VAT rates")
    for rate in value:
        if not rate.code or VAT_SEPARATOR in rate.code or VAT_RATE_SEPARATOR in rate.code:
            raise ValueError("a code that is empty or holds a separator")
    return VAT_RATE_SEPARATOR.join(
        f"{rate.code}{VAT_SEPARATOR}{numbers.write_literal(rate.percent)}" for rate in value
    )


_READERS: Mapping[ElementKind, Reader] = {
    "n": _read_digits,
    "ans": str,
    "track": Hidden,
    "prompts": _read_prompts,
    "vat": _read_vat,
}
