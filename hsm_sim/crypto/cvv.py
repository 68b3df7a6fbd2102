"""Card verification values: CVV on the stripe, CVV2 in print, iCVV in the chip's stripe image.

Knows: the one algorithm that they share. Must not know: which of them is wanted; the service code
says it (CVV2: '000', iCVV: '999', else the card's own).
"""

from typing import Final

from hsm_sim.crypto.ciphers import tdes_encrypt, xor
from hsm_sim.crypto.digits import decimal_digits

_LONGEST_PAN: Final = 19


def cvv(cvk: bytes, pan: str, expiry: str, service_code: str) -> str:
    """Three digits. The expiry is taken in the order in which the issuer gives it.

    cvk 16 bytes (the pair), pan 12 to 19 digits, expiry 4, service code 3; else ValueError.
    Source: Visa Payment Technology Standards Manual, CVV.
    """
    if len(cvk) != 16:
        raise ValueError(f"a CVK pair has 16 bytes, this one has {len(cvk)}")
    if not 12 <= len(pan) <= _LONGEST_PAN:
        raise ValueError(f"a PAN has 12 to 19 digits, this one has {len(pan)}")
    if len(expiry) != 4 or len(service_code) != 3:
        raise ValueError("an expiry has 4 digits, a service code has 3")
    text = f"{pan}{expiry}{service_code}"
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("PAN, expiry and service code are digits")
    data = bytes.fromhex(text.ljust(32, "0"))
    first = tdes_encrypt(cvk[:8], data[:8])
    return decimal_digits(tdes_encrypt(cvk, xor(first, data[8:])), 3)
