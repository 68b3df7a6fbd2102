"""A safe as it is when a deposit comes: its clients, depositors, shift, cassette, what is inside.

PURE. Read in one snapshot with its clients' fences; what changes here raises them. Numbers
(`sequence`) are the device's own, growing by one over all that it says.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from authhost.model import Deposit


class SafeClient(msgspec.Struct, frozen=True):
    """Who may be credited. missing: fields of his master data that are empty."""

    account_id: int
    currency: str
    iban: str
    standing: str
    deposit_key: bytes  # Ed25519; b'': what he deposits is not signed
    missing: tuple[str, ...] = ()


class ShiftMark(msgspec.Struct, frozen=True, array_like=True):
    """From this number on the shift is open; '' none is."""

    sequence: int
    shift: str


class Stay(msgspec.Struct, frozen=True, array_like=True):
    """A cassette that is in the safe, or was and is not counted yet.

    registered: table cassette knows it as one that is in use.
    """

    stay_id: int
    cassette_id: str
    state: str
    registered: bool


class Category(msgspec.Struct, frozen=True, array_like=True):
    """What a note of this category means (ECB/2010/14, annex IIa): credited or not, told to the
    authorities or not."""

    category: str
    credited: bool
    reported: bool


class SafeView(msgspec.Struct, frozen=True, kw_only=True):
    """The safe. Capacities in pieces, 0 where nobody has said; clients by reference, depositors by
    account and code: their status; fences by account."""

    terminal_id: str
    currencies: tuple[str, ...]
    note_capacity: int
    coin_capacity: int
    notes_inside: int
    coins_inside: int
    shift: str
    shift_required: bool
    named_depositors: bool
    cassette_id: str
    clients: dict[str, SafeClient]
    depositors: dict[tuple[int, str], str]
    shift_marks: tuple[ShiftMark, ...]
    last_swap: int
    stays: tuple[Stay, ...]
    categories: dict[str, Category]
    fences: dict[int, int]

    def client(self, reference: str, account: str = "") -> SafeClient | None:
        """Whom a device names; where it names none, the safe's own, or whose IBAN it gives."""
        found = self.clients.get(reference)
        if found is None and not reference and account:
            return next((one for one in self.clients.values() if one.iban == account), None)
        return found

    def open_shift(self, sequence: int) -> str:
        """The shift that was open when the device gave this number; 0: the one that is open now.

        What comes late is looked at by its own time, not by ours.
        """
        if not sequence or not self.shift_marks:
            return self.shift
        at = bisect_left(self.shift_marks, sequence, key=lambda mark: mark.sequence)
        return self.shift_marks[at - 1].shift if at else ""

    def stay_of(self, deposit: Deposit) -> Stay | None:
        """The stay of the cassette that a deposit lies in; None where there is no such.

        After the last swap that is the cassette inside; before it, one that has left may be meant,
        and is where none is named.
        """
        if not deposit.cassette and 0 < deposit.sequence < self.last_swap:
            return next((one for one in reversed(self.stays) if one.state != "in_safe"), None)
        cassette = deposit.cassette or self.cassette_id
        stay = next((one for one in reversed(self.stays) if one.cassette_id == cassette), None)
        if stay is None or stay.state == "in_safe":
            return stay
        return stay if 0 < deposit.sequence < self.last_swap else None
