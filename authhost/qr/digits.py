"""Check digits by ISO 7064 MOD 97-10, as accounts and references have them.

PURE. Letters count as 10 to 35 (A to Z); nothing else is counted.
"""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = re.compile(r"[0-9A-Z]*")
_CREDITOR: Final = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}")
LONGEST_NAME: Final = 21  # of a creditor reference, without RF and its check digits


def rest(text: str) -> int:
    """What is left of a text of digits and capital letters, divided by 97. ValueError."""
    if _PLAIN.fullmatch(text) is None:
        raise ValueError("not of digits and capital letters")
    return int("".join(str(int(letter, 36)) for letter in text) or "0") % 97


def control(text: str) -> str:
    """The two digits of model 97: written before the text, counted after it. ValueError."""
    return f"{98 - rest(f'{text}00'):02d}"


def creditor_reference(name: str) -> str:
    """RF, check digits, name (ISO 11649). name: 1 to 21 digits and capital letters. ValueError."""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ValueError(f"a name of 1 to {LONGEST_NAME} characters")
    return f"RF{control(f'{name}RF')}{name}"


def is_creditor_reference(text: str) -> bool:
    """Whether it is one, without blanks, with the right check digits."""
    return _CREDITOR.fullmatch(text) is not None and rest(text[4:] + text[:4]) == 1
