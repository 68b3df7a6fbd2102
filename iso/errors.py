"""The faults this room can name.

Knows: which field, at which position, for which reason. Must not know: values. No message here
ever carries a field's content, so an error may be logged as it is.
"""


class IsoError(ValueError):
    """Any fault of a message, a frame or a profile name. Raised only as one of its subclasses."""


class DecodeError(IsoError):
    """Bytes or text that are not a message, or not the sub-fields they claim to be.

    field: the path, such as `4`, `MTI`, `bitmap` or `63.item[2].quantity` (items count from 1).
    position: of the fault, counted from 0: bytes into the message for a field, characters into
        the field's own value for a sub-field.
    reason: one clause, without any value.
    """

    def __init__(self, field: str, position: int, reason: str) -> None:
        super().__init__(field, position, reason)
        self.field = field
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        return f"field {self.field} at {self.position}: {self.reason}"


class EncodeError(IsoError):
    """A message or a value that its specification cannot carry: our own fault, not the peer's.

    field: the path, as in `DecodeError`. reason: one clause, without any value.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"field {self.field}: {self.reason}"


class FramingError(IsoError):
    """A length that cannot be believed; what follows it on the stream cannot be read either.

    reason: one of `OVERSIZE`, `ZERO`, `TOO_SHORT`, `NOT_DIGITS`.
    """

    OVERSIZE = "length is larger than the largest frame"
    ZERO = "length is zero"
    TOO_SHORT = "length leaves no room for a message"
    NOT_DIGITS = "length is not digits"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownProfile(IsoError):
    """A profile name that the registry does not hold. `known`: the names it holds."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = known

    def __str__(self) -> str:
        return f"no profile {self.name!r}; known are {', '.join(self.known)}"
