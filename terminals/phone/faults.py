"""What a phone can be made to do wrong, so that the host's answer is seen: a switch for each.

PURE data and texts. As the simulators of wallets have it, for tests and for who builds a host.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from terminals.phone.shown import Waiting


class Fault(StrEnum):
    """What goes wrong with the next word."""

    NONE = ""
    WRONG_NONCE = "wrong_nonce"  # another nonce is signed
    ALTERED_AMOUNT = "altered_amount"  # another amount is signed
    REPLAY = "replay"  # the signature of the word before this one
    EXPIRED = "expired"  # signed ten minutes ago, by the phone's clock
    SILENT = "silent"  # shown, and never answered
    LATE = "late"  # answered once its time is over
    TWICE = "twice"  # yes, and then no
    SOMEONE_ELSES = "someone_elses"  # signed with a key that has no certificate


_AGO: Final = timedelta(minutes=10)


def altered(shown: Waiting, fault: Fault) -> Waiting:
    """What is signed in place of what was shown."""
    if fault is Fault.WRONG_NONCE:
        return msgspec.structs.replace(shown, nonce=shown.nonce[::-1] + "x")
    if fault is Fault.ALTERED_AMOUNT:
        return msgspec.structs.replace(shown, amount_minor=shown.amount_minor + 1)
    return shown


def moved(at: datetime, fault: Fault) -> datetime:
    """When it says that it was signed."""
    return at - _AGO if fault is Fault.EXPIRED else at
