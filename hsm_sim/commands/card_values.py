"""Card verification values: CW makes one, CY checks one.

Layouts: public payShield host commands CW and CY. The expiry is four digits in the order in which
the issuer computes with it; the service code says which value it is (000 CVV2, 999 iCVV, else the
stripe's).
"""

from __future__ import annotations

import hmac
from typing import Final

from hsm_sim.commands import command
from hsm_sim.commands.pin_fields import CHECKS, MAKES, take_pan
from hsm_sim.crypto.cvv import cvv
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import KeyToken
from hsm_sim.unit import Unit

CVK: Final = "402"
CVK_USAGE: Final = "C0"


@command(b"CW")
def make_cvv(unit: Unit, fields: Fields) -> bytes:
    """CW: CVK pair, card number, `;`, expiry 4N, service code 3N -> CVV 3N."""
    token = fields.key()
    pan, expiry, service_code = take_pan(fields), fields.digits(4), fields.digits(3)
    fields.end()
    return cvv(_open(unit, token, MAKES), pan, expiry, service_code).encode("ascii")


@command(b"CY")
def check_cvv(unit: Unit, fields: Fields) -> bytes:
    """CY: CVK pair, CVV 3N, card number, `;`, expiry 4N, service code 3N -> nothing."""
    token = fields.key()
    value = fields.digits(3)
    pan, expiry, service_code = take_pan(fields), fields.digits(4), fields.digits(3)
    fields.end()
    if not hmac.compare_digest(cvv(_open(unit, token, CHECKS), pan, expiry, service_code), value):
        raise HsmError("01")
    return b""


def _open(unit: Unit, token: KeyToken, modes: str) -> bytes:
    key = unit.open(token, CVK_USAGE, modes, variant_type=CVK)
    if key.algorithm != "T":
        raise HsmError("A7")
    if len(key.value) != 16:
        raise HsmError("27")
    return key.value
