"""The three streams of business, each with a day of its own: fuel, cash, payments.

PURE. The one place that says which stream a row of the journal is in. A row that gives back is in
the stream of what it gives back, so that the night of a stream finds both. What books nothing and
names nothing known (a reversal of what never came) follows the class of the key that it names.
"""

from __future__ import annotations

from typing import Final, Literal

from authhost.keys import CLASS
from authhost.model import Kind

Stream = Literal["fuel", "cash", "payments"]
STREAMS: Final[tuple[Stream, ...]] = ("fuel", "cash", "payments")
PAYMENT_KEYS: Final = "pay/"  # what the keys of all rows of a payment begin with

_CASH: Final = frozenset({
    Kind.DEPOSIT, Kind.DEPOSIT_AUTHORIZATION, Kind.ADJUSTMENT, Kind.VERIFICATION})
_PAYMENTS: Final = frozenset(kind for kind in Kind if kind.startswith("payment"))
_GIVE_BACK: Final = frozenset({Kind.REVERSAL, Kind.RETURN, Kind.EXPIRY})
_DEPOSIT_CLASS: Final = f"/{CLASS[Kind.DEPOSIT]}/"


def stream_of(kind: str, key: str, original_kind: str = "", original_key: str = "") -> Stream:
    """The stream of a row. original_*: of what it gives back, '' where there is none."""
    if kind in _CASH:
        return "cash"
    if kind in _PAYMENTS or key.startswith(PAYMENT_KEYS):
        return "payments"
    if kind not in _GIVE_BACK:
        return "fuel"
    if original_kind:
        return stream_of(original_kind, original_key)
    # Acquirer and terminal may be called anything but have no slash of their own.
    if original_key.startswith(PAYMENT_KEYS):
        return "payments"
    return "cash" if _DEPOSIT_CLASS in original_key else "fuel"
