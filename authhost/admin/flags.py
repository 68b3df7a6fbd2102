"""What the flags of a journal row mean to the fleet: how grave, and in words.

PURE. A flag is a name with parts behind colons, 'limit:card:day:money'; the longest beginning that
the table knows says what it is. One that nobody knows is shown all the same.
"""

from __future__ import annotations

from typing import Any, Final

# beginning -> severity, text
_KNOWN: Final[dict[str, tuple[str, str]]] = {
    "limit": ("high", "A limit was passed by a purchase that could not be refused any more."),
    "limit:account:balance": ("high", "The credit line or the prepaid balance was passed."),
    "tank": ("high", "More fuel than the vehicle's tank holds."),
    "gap": ("medium", "Two fills too near in time."),
    "prompt_wrong:odometer": ("medium", "The odometer went back, or too far ahead."),
    "prompt_wrong": ("medium", "An answer at the terminal was wrong."),
    "prompt_missing": ("low", "An answer at the terminal is missing."),
    "watch": ("low", "Something that the fleet watches: nothing was refused for it."),
    "watch:region": ("medium", "A site outside the fleet's regions."),
    "watch:hours": ("medium", "Outside the fleet's hours."),
    "cryptogram": ("high", "The chip's word for a sale off line is another's, or forged."),
    "cryptogram_replayed": ("high", "The chip's word for a sale off line stands for another one."),
    "cryptogram_unchecked": ("medium", "The chip's word for a sale off line was not looked at."),
    "chip_data": ("medium", "What the chip said of a sale off line cannot be read."),
    "chip_missing": ("high", "A sale off line without the chip that the card has."),
    "pin_missing": ("high", "A sale off line whose PIN the chip has not verified."),
    "key_out_of_step": ("medium", "Nobody has the key that the chip's word is checked with."),
    "above_hold": ("low", "More was sold than was held for it."),
    "original": ("medium", "A completion whose hold was over, declined, or never came."),
    "items_sum": ("medium", "The lines of the sale do not sum to its amount."),
    "offline": ("low", "Sold while the terminal was off line."),
    "card": ("high", "The card was blocked, closed or unknown when it was used off line."),
    "second_card": ("high", "The second card was blocked, closed, or another fleet's."),
    "account": ("high", "The account was blocked or closed."),
    "product": ("medium", "A product that the card may not buy."),
    "site": ("medium", "A site where the card may not buy."),
    "hours": ("medium", "An hour when the card may not buy."),
    "price": ("low", "No price by contract for a product of the sale."),
    "withheld": ("high", "A deposit's credit waits for a person."),
    "key_entry": ("medium", "The card's number was typed in."),
}
_UNKNOWN: Final = ("medium", "Flagged by the host.")


def explained(flags: str) -> list[dict[str, Any]]:
    """Each flag of a row with its severity and its text. flags: comma separated."""
    found = []
    for flag in filter(None, flags.split(",")):
        severity, text = _meaning(flag)
        found.append({"flag": flag, "severity": severity, "text": text})
    return found


def _meaning(flag: str) -> tuple[str, str]:
    parts = flag.split(":")
    if parts[0] == "limit" and "gap" in parts[2:3]:
        return _KNOWN["gap"]
    for length in range(len(parts), 0, -1):
        known = _KNOWN.get(":".join(parts[:length]))
        if known is not None:
            return known
    name = parts[0]
    while "_" in name:  # original_expired, card_blocked
        name = name.rpartition("_")[0]
        if name in _KNOWN:
            return _KNOWN[name]
    return _UNKNOWN
