"""How a PIN is born: JA a random one, BA one that is known already.

Layouts: public payShield host commands JA and BA. A PIN leaves here under the LMK only, bound to
the twelve digits of its account (the rightmost of the card number without the check digit). BA is
for bringing cards over from another system: it needs two people's word, and writes to the audit
log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hsm_sim.commands import command
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.unit import Unit

_DEFAULT_DIGITS: Final = 4
_SHORTEST: Final = 4
_LONGEST: Final = 12
_EVEN: Final = 250  # a byte below it is a digit without bias: 250 = 25 * 10


@command(b"JA")
def random_pin(unit: Unit, fields: Fields) -> bytes:
    """JA: account 12N, [PIN length 2N, 4 where it is missing] -> PIN under the LMK.

    15 a length below 4 or above 12; 24 one above what this HSM is configured for.
    """
    account = fields.digits(12)
    length = _DEFAULT_DIGITS
    if fields.peek(2).isdigit() and len(fields.peek(2)) == 2:
        length = fields.number(2)
    fields.end()
    if not _SHORTEST <= length <= _LONGEST:
        raise HsmError("15")
    return unit.pin_to_lmk(random_digits(unit.random, length), account, fields.lmk_id)


@command(b"BA")
def clear_pin(unit: Unit, fields: Fields) -> bytes:
    """BA: PIN, filled with F to one more than the longest PIN's digits; account 12N -> under the
    LMK.

    17 unless the activity 'clear_pin' is open.
    """
    field = fields.take(unit.settings.pin_digits + 1)
    account = fields.digits(12)
    fields.end()
    pin = field.rstrip(b"F")
    if not pin.isdigit():
        raise HsmError("15")
    unit.authority.require("clear_pin")
    sealed = unit.pin_to_lmk(pin.decode("ascii"), account, fields.lmk_id)
    unit.audit("clear_pin_taken")
    return sealed


def random_digits(random: Callable[[int], bytes], length: int) -> str:
    """So many decimal digits, each as likely as any other: bytes from 250 on are thrown away."""
    digits = ""
    while len(digits) < length:
        digits += "".join(str(byte % 10) for byte in random(2 * length) if byte < _EVEN)
    return digits[:length]
