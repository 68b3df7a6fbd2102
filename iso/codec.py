"""Bytes to messages and back, at the speed of the host's hot path.

Knows: that a bitmap says everything about where elements lie, so each bitmap's function is
compiled once and kept. Must not know: frames, profiles, or what an element means.

Both directions try the compiled function first. Whatever it does not take, be it a bitmap not
seen often enough or a malformed message, goes to the careful path, which reads it with pyiso8583
and names the exact fault. So the two paths accept the same messages and give the same values;
tests/property/test_codec.py holds them to that.
"""

from iso import careful
from iso.compiled import MAX_COMPILED, Compiled
from iso.fields import MTI_DIGITS, Specification
from iso.message import Message
from iso.slicer import Joiner, Slicer, compile_joiner, compile_slicer

_ONE_BITMAP_HIGHEST_BYTE = 0x7F
_ONE_BITMAP_HIGHEST_HEX_DIGIT = ord("7")


class Codec:
    """The codec of one specification. Not shared between threads; a process needs only one."""

    __slots__ = ("_joiners", "_longest", "_one_bitmap", "_shortest", "_slicers", "specification")

    def __init__(self, specification: Specification, max_compiled: int = MAX_COMPILED) -> None:
        self.specification = specification
        width = careful.bitmap_width(specification)
        self._shortest = MTI_DIGITS + width
        self._longest = MTI_DIGITS + 2 * width
        self._one_bitmap = (
            _ONE_BITMAP_HIGHEST_HEX_DIGIT if specification.hex_bitmap else _ONE_BITMAP_HIGHEST_BYTE
        )
        self._slicers: Compiled[bytes, Slicer] = Compiled(self._compile_slicer, max_compiled)
        self._joiners: Compiled[tuple[int, ...], Joiner] = Compiled(
            self._compile_joiner, max_compiled
        )

    def decode(self, data: bytes) -> Message:
        """The message in `data`, one frame's body: MTI first, nothing after the last element.

        Raises DecodeError, and nothing else, for any bytes (invariant 14).
        """
        try:
            end = self._shortest if data[MTI_DIGITS] <= self._one_bitmap else self._longest
            message = self._slicers.functions[data[MTI_DIGITS:end]](data)
            if message is not None:
                return message
        except (KeyError, IndexError):
            pass  # an unknown bitmap, a length that is none, or too few bytes
        message = careful.decode(self.specification, data)
        self._slicers.accepted(careful.shape_of(self.specification, data))
        return message

    def encode(self, message: Message) -> bytes:
        """The bytes of `message`, without any frame. Raises EncodeError."""
        fields = message.fields
        try:
            data = self._joiners.functions[tuple(fields)](message.mti, fields)
            if data is not None:
                return data
        except (LookupError, TypeError, AttributeError, UnicodeEncodeError):
            pass  # an unknown set of elements, or a value that the careful path names
        data = careful.encode(self.specification, message)
        self._joiners.accepted(tuple(fields))
        return data

    @property
    def compiled_count(self) -> int:
        """How many functions are kept at the moment, both directions together."""
        return len(self._slicers.functions) + len(self._joiners.functions)

    def _compile_slicer(self, shape: bytes) -> Slicer:
        numbers = careful.numbers_in(self.specification, shape)
        return compile_slicer(self.specification, numbers, MTI_DIGITS + len(shape))

    def _compile_joiner(self, numbers: tuple[int, ...]) -> Joiner:
        return compile_joiner(self.specification, numbers)
