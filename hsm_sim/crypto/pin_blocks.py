"""PIN blocks: ISO 0, 1 and 3 in the clear, ISO 4 under its AES key.

Knows: how a PIN of 4 to 12 digits is laid into a block, and each check that ISO 9564-1 asks of one
that comes out. Must not know: the keys of the 8-byte blocks, or which formats are permitted.

Formats are named as the host commands name them: '01' ISO 0, '05' ISO 1, '47' ISO 3.
"""

from collections.abc import Callable
from typing import Final

from hsm_sim.crypto.ciphers import AES_BLOCK, aes_decrypt, aes_encrypt, xor

ISO_0: Final = "01"
ISO_1: Final = "05"
ISO_3: Final = "47"

SHORTEST_PIN: Final = 4
LONGEST_PIN: Final = 12
# Digits that the account of the clear formats has, and what ISO 4 takes.
ACCOUNT_DIGITS: Final = 12
LONGEST_PAN: Final = 19

_CONTROL: Final = {ISO_0: "0", ISO_1: "1", ISO_3: "3"}
_DIGITS: Final = frozenset("0123456789")
_LETTERS: Final = "ABCDEF"


class PinBlockError(Exception):
    """A PIN that cannot be laid into a block, or a block that holds none.

    `reason` is 'length' (of the PIN) or 'format' (anything else). Never holds a digit of the PIN.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def account12(pan: str) -> str:
    """The rightmost 12 digits of the PAN without its check digit, zeros before a shorter one."""
    if not 2 <= len(pan) <= LONGEST_PAN or not _digits(pan):
        raise ValueError("a PAN has 2 to 19 digits")
    return pan[-ACCOUNT_DIGITS - 1 : -1].rjust(ACCOUNT_DIGITS, "0")


def encode(format: str, pin: str, account: str, random: Callable[[int], bytes]) -> bytes:  # noqa: A002 - the standard's word
    """The clear block of 8 bytes. ISO 1 does not look at the account; ISO 0 needs no chance.

    `random(n)` gives n random bytes. PinBlockError for a bad PIN, ValueError for a bad account.
    """
    head = _control(format) + _length_and_pin(pin)
    if format == ISO_1:
        return bytes.fromhex(head + random(8).hex()[len(head) :])
    fill = "F" * 10 if format == ISO_0 else _random_letters(random)
    return xor(bytes.fromhex((head + fill)[:16]), _account_field(account))


def decode(format: str, block: bytes, account: str) -> str:  # noqa: A002 - the standard's word
    """The PIN of a clear block of 8 bytes, or PinBlockError.

    A block for another account shows in its digits or its fill; where it shows in neither, the
    PIN is simply another one.
    """
    control = _control(format)
    if len(block) != 8:
        raise PinBlockError("format", f"a PIN block has 8 bytes, this one has {len(block)}")
    field = block if format == ISO_1 else xor(block, _account_field(account))
    text = field.hex().upper()
    pin, fill = _pin_and_fill(text, control)
    if format == ISO_0 and fill.strip("F"):
        raise PinBlockError("format", "the fill of an ISO 0 block is F")
    if format == ISO_3 and fill.strip(_LETTERS):
        raise PinBlockError("format", "the fill of an ISO 3 block is A to F")
    return pin


def encrypt_iso4(key: bytes, pin: str, pan: str, random: Callable[[int], bytes]) -> bytes:
    """The enciphered block of 16 bytes; key is AES, pan has 12 to 19 digits.

    Source: ISO 9564-1:2017, 9.4.2.3: PIN field enciphered, PAN field added, enciphered again.
    """
    field = ("4" + _length_and_pin(pin)).ljust(16, "A")
    clear = bytes.fromhex(field) + random(8)
    return aes_encrypt(key, xor(aes_encrypt(key, clear), _pan_field(pan)))


def decrypt_iso4(key: bytes, block: bytes, pan: str) -> str:
    """The PIN of an enciphered block of 16 bytes, or PinBlockError."""
    if len(block) != AES_BLOCK:
        raise PinBlockError("format", f"an ISO 4 block has 16 bytes, this one has {len(block)}")
    clear = aes_decrypt(key, xor(aes_decrypt(key, block), _pan_field(pan)))
    pin, fill = _pin_and_fill(clear[:8].hex().upper(), "4")
    if fill.strip("A"):
        raise PinBlockError("format", "the fill of an ISO 4 block is A")
    return pin


def _control(format: str) -> str:  # noqa: A002 - the standard's word
    control = _CONTROL.get(format)
    if control is None:
        raise PinBlockError("format", f"no such format of a clear PIN block: {format!r}")
    return control


def _length_and_pin(pin: str) -> str:
    """The length as one hexadecimal digit, and the PIN."""
    if not SHORTEST_PIN <= len(pin) <= LONGEST_PIN:
        raise PinBlockError("length", "a PIN has 4 to 12 digits")
    if not _digits(pin):
        raise PinBlockError("format", "a PIN is digits")
    return f"{len(pin):X}{pin}"


def _pin_and_fill(text: str, control: str) -> tuple[str, str]:
    """PIN and fill of the 16 characters of a PIN field, the control and the length checked."""
    if text[0] != control:
        raise PinBlockError("format", f"the control field is not {control}")
    length = int(text[1], 16)
    if not SHORTEST_PIN <= length <= LONGEST_PIN:
        raise PinBlockError("length", "the length field is not 4 to 12")
    pin, fill = text[2 : 2 + length], text[2 + length :]
    if not _DIGITS.issuperset(pin):
        raise PinBlockError("format", "a PIN digit is not 0 to 9")
    return pin, fill


def _account_field(account: str) -> bytes:
    if len(account) != ACCOUNT_DIGITS or not _digits(account):
        raise ValueError("the account of a PIN block has 12 digits")
    return bytes.fromhex("0000" + account)


def _pan_field(pan: str) -> bytes:
    """How many digits beyond 12, the PAN, zeros."""
    if not ACCOUNT_DIGITS <= len(pan) <= LONGEST_PAN or not _digits(pan):
        raise ValueError("the PAN of an ISO 4 block has 12 to 19 digits")
    return bytes.fromhex(f"{len(pan) - ACCOUNT_DIGITS}{pan}".ljust(32, "0"))


def _digits(text: str) -> bool:
    return _DIGITS.issuperset(text)


def _random_letters(random: Callable[[int], bytes]) -> str:
    """Ten letters A to F. 128 random bits leave a bias of one in 2**100."""
    number, letters = int.from_bytes(random(16), "big"), ""
    for _ in range(10):
        number, letter = divmod(number, 6)
        letters += _LETTERS[letter]
    return letters
