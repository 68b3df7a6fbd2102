"""Numbers with check digits: card numbers (ISO/IEC 7812-1 annex B) and IBANs (ISO 13616).

PURE.
"""

from __future__ import annotations


def luhn_check_digit(digits: str) -> str:
    """The digit that makes `digits` followed by it a valid card number."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def luhn_valid(digits: str) -> bool:
    """True when the last digit is the check digit of the others."""
    return digits[-1] == luhn_check_digit(digits[:-1])


def iban(country: str, bban: str) -> str:
    """The IBAN of a domestic account number: check digits are 98 less the rest modulo 97."""
    rearranged = f"{bban}{country}00"
    number = int("".join(str(int(character, 36)) for character in rearranged))
    return f"{country}{98 - number % 97:02d}{bban}"
