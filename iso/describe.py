"""A message for people: field by field, with every secret masked.

Knows: names, sub-fields, and what a person may see. Must not know: where the text goes. Account
numbers keep the first six and the last four digits; tracks, PIN blocks and chip data keep
nothing; and any run of digits long enough to be an account number is masked wherever it is.
"""

from collections.abc import Iterator

from iso.errors import DecodeError, FramingError
from iso.fields import ACCOUNT_NUMBER_FIELDS
from iso.masking import mask_account_number, mask_text
from iso.message import Message
from iso.profiles import Profile
from iso.subfields.tables import (
    CONTROL_FIELD,
    PRODUCTS_FIELD,
    PROMPT_NAMES,
    PURCHASE_FIELD,
)
from iso.subfields.values import ControlValue, Hidden, VatRate

_STRUCTURED = {CONTROL_FIELD, PRODUCTS_FIELD, PURCHASE_FIELD}
# Behind nothing, or a length of 2 or 4 bytes, or a TPDU, or a length and a TPDU.
_MTI_OFFSETS = (0, 2, 4, 5, 7, 9)


def describe(profile: Profile, message: Message) -> list[str]:
    """One line an element: number, name, value; sub-elements follow, indented by four spaces."""
    lines = [f"MTI {message.mti}"]
    for number in sorted(message.fields):
        value = message.fields[number]
        field = profile.specification.fields.get(number)
        name = field.name if field else "Unknown"
        if number in _STRUCTURED and isinstance(value, str):
            lines.append(f"{number:>3} {name}")
            lines += [f"    {line}" for line in _sub_lines(profile, number, value)]
        else:
            lines.append(f"{number:>3} {name}: {_shown(profile, number, value)}")
    return lines


def describe_text(profile: Profile, data: bytes) -> str:
    """The description of one message's bytes, with or without the profile's usual framing.

    Raises DecodeError when they are no message of this profile.
    """
    return "\n".join(describe(profile, profile.codec.decode(_unframed(profile, data))))


def parse_input(given: str | bytes) -> bytes:
    """The bytes that a person gave: hexadecimal text with any white space, or the bytes themselves.

    Bytes that are hexadecimal text are taken as such when a message type shows up in what they
    stand for; an ASCII message of digits only is thus left alone. Raises DecodeError for text that
    is not hexadecimal.
    """
    if isinstance(given, str):
        return _unhexed(given)
    try:
        unhexed = _unhexed(given.decode("ascii"))
    except ValueError:
        return given
    return unhexed if any(unhexed[at : at + 4].isdigit() for at in _MTI_OFFSETS) else given


def _unhexed(text: str) -> bytes:
    try:
        return bytes.fromhex("".join(text.split()))
    except ValueError:
        pass
    raise DecodeError("input", 0, "is not hexadecimal text")


def _unframed(profile: Profile, data: bytes) -> bytes:
    """The body, if the bytes are exactly one frame of the profile's framing; else as they are."""
    framing = profile.framing
    start = framing.length_bytes
    try:
        if start + framing.payload_bytes(data[:start]) == len(data):
            return data[start + framing.header_bytes :]
    except FramingError:
        pass
    return data


def _shown(profile: Profile, number: int, value: str | bytes) -> str:
    if number in ACCOUNT_NUMBER_FIELDS and isinstance(value, str):
        return mask_account_number(value)
    if number in profile.sensitive_fields:
        return "****"
    return value.hex() if isinstance(value, bytes) else mask_text(value)


def _sub_lines(profile: Profile, number: int, value: str) -> Iterator[str]:
    """The sub-elements; of one that cannot be read only the fault, as it may hold a track."""
    try:
        if number == CONTROL_FIELD:
            yield from _control_lines(profile, value)
        elif number == PRODUCTS_FIELD:
            yield from _products_lines(profile, value)
        else:
            yield from _purchase_lines(profile, value)
    except DecodeError as error:
        yield f"({len(value)} characters, not readable: {error})"


def _control_lines(profile: Profile, value: str) -> Iterator[str]:
    for number, control in profile.control(value).items():
        name = profile.control_layout.elements[number].name
        yield f"{CONTROL_FIELD}-{number} {name}: {_control_text(control)}"


def _control_text(value: ControlValue) -> str:
    if isinstance(value, Hidden):
        return "****"
    if isinstance(value, str):
        return mask_text(value)
    parts = []
    for part in value:
        if isinstance(part, VatRate):
            parts.append(f"{mask_text(part.code)} = {part.percent}%")
        else:
            name = PROMPT_NAMES.get(part.type, f"type {mask_text(part.type)}")
            parts.append(f"{name} = {mask_text(part.value)}")
    return "; ".join(parts)


def _products_lines(profile: Profile, value: str) -> Iterator[str]:
    products = profile.products(value)
    yield f"{PRODUCTS_FIELD}-1 Allowed products: {mask_text(', '.join(products.codes))}"
    yield f"{PRODUCTS_FIELD}-2 Device: {products.device}"
    yield f"{PRODUCTS_FIELD}-3 Receipt text: {mask_text(products.text)}"


def _purchase_lines(profile: Profile, value: str) -> Iterator[str]:
    purchase = profile.purchase(value)
    units = profile.purchase_layout.units
    level = {"S": "self", "F": "full"}.get(purchase.service_level, purchase.service_level)
    yield f"Service level: {mask_text(level)}"
    if purchase.format_id:
        yield f"Format: {mask_text(purchase.format_id)}"
    for index, item in enumerate(purchase.items, 1):
        unit = mask_text(units.get(item.unit, item.unit))
        line = f"Item {index}: product {mask_text(item.product)}, {item.quantity} {unit}"
        line += f" at {item.unit_price}, amount {item.amount}"
        for name in ("tax_code", "additional_code", "payment_type"):
            text = getattr(item, name)
            if text:
                line += f", {name.replace('_', ' ')} {mask_text(text)}"
        yield line
