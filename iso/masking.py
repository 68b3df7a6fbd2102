"""What may be shown of text that could hold an account number.

Knows: how such a number looks. Must not know: where it was found, nor where the text goes.
"""

import re

# An account number has 13 to 19 digits, perhaps in groups. A longer run may contain one. What
# stands behind it on a track (ISO/IEC 7813) ends with the verification value: none of it is shown.
_ACCOUNT_NUMBER_LIKE = re.compile(
    r"(?P<number>[0-9](?:[ -]?[0-9]){12,})(?P<track>[=Dd][0-9]+|\^[^^]{0,26}\^[0-9]*)?")
_SHORTEST_ACCOUNT_NUMBER = 13


def mask_account_number(digits: str) -> str:
    """First six and last four of an account number; nothing of a shorter text."""
    if len(digits) < _SHORTEST_ACCOUNT_NUMBER:
        return "*" * len(digits)
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


def mask_text(text: str) -> str:
    """The text with everything that could be an account number masked, and made printable."""
    masked = _ACCOUNT_NUMBER_LIKE.sub(_masked, text)
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in masked)


def _masked(match: re.Match[str]) -> str:
    behind = match["track"]
    return mask_account_number(match["number"]) + (f"{behind[0]}***" if behind else "")
