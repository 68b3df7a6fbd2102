"""One ISO 8583 message, taken apart into its data elements.

Knows: the message type and the values. Must not know: the wire (codec), the meaning (translate).
"""

import msgspec

from iso.fields import SENSITIVE_FIELDS
from iso.masking import mask_text


class Message(msgspec.Struct, frozen=True, gc=False):
    """A decoded message, or one to encode. Frozen; its dictionary is not to be changed either.

    mti: four digits, as on the wire. fields: data element number -> `str`, or `bytes` for a
    binary element; bitmaps are not among them. `gc=False`: a message holds only text and bytes,
    so it can be in no reference cycle, and the collector need not visit it.
    """

    mti: str
    fields: dict[int, str | bytes]

    def text(self, number: int) -> str | None:
        """The text of an element, None when absent. TypeError when the element is binary."""
        value = self.fields.get(number)
        if isinstance(value, bytes):
            raise TypeError(f"field {number} is binary")
        return value

    def binary(self, number: int) -> bytes | None:
        """The bytes of an element, None when absent. TypeError when the element is text."""
        value = self.fields.get(number)
        if isinstance(value, str):
            raise TypeError(f"field {number} is text")
        return value

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{number}: {'***' if number in SENSITIVE_FIELDS else mask_text(repr(value))}"
            for number, value in self.fields.items()
        )
        return f"Message({self.mti!r}, {{{shown}}})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Rich prints a struct's values by itself unless told otherwise."""
        return [("mti", self.mti), ("fields", sorted(self.fields))]
