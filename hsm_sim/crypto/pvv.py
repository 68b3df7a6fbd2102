"""The Visa PIN verification value.

Knows: the transformed security parameter and its four digits. Must not know: PIN blocks, or what a
card's stored value is.
"""

from hsm_sim.crypto.ciphers import tdes_encrypt
from hsm_sim.crypto.digits import decimal_digits


def pvv(pvk: bytes, account: str, pvki: int, pin: str) -> str:
    """Four digits of: account (rightmost 11 of its 12 digits), key index, first four PIN digits.

    pvk 16 bytes (the pair), account 12 digits, pvki one digit (Visa uses 0 to 6, HSMs do not
    insist), pin 4 to 12 digits; else ValueError. Source: Visa Payment Technology Standards Manual.
    """
    if len(pvk) != 16:
        raise ValueError(f"a PVK pair has 16 bytes, this one has {len(pvk)}")
    if len(account) != 12 or not (account.isascii() and account.isdecimal()):
        raise ValueError("the account of a PVV has 12 digits")
    if not 0 <= pvki <= 9:
        raise ValueError(f"a PVK index is one digit, not {pvki}")
    if not 4 <= len(pin) <= 12 or not (pin.isascii() and pin.isdecimal()):
        raise ValueError("a PIN has 4 to 12 digits")
    parameter = bytes.fromhex(f"{account[1:]}{pvki}{pin[:4]}")
    return decimal_digits(tdes_encrypt(pvk, parameter), 4)
