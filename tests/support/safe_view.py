"""A safe as it is read, and deposits into it: what a test of the checks starts from."""

from __future__ import annotations

from typing import Any

import msgspec

from authhost.model import Deposit, Piece
from authhost.safes.sscc import made
from authhost.safes.view import Category, SafeClient, SafeView, ShiftMark, Stay

NOW_US = 1_795_341_600_000_000  # 2026-11-22T10:00Z
INSIDE = made("0400638133", 1)
LEFT = made("0400638133", 2)
CLIENT = SafeClient(
    account_id=7, currency="EUR", iban="DE75512108001245126199", standing="good", deposit_key=b"")
SAFE = SafeView(
    terminal_id="S1", currencies=("EUR", "CHF"), note_capacity=2_000,
    coin_capacity=0, notes_inside=100, coins_inside=0, shift="s2", shift_required=True,
    named_depositors=True, cassette_id=INSIDE,
    clients={"": CLIENT, "2": msgspec.structs.replace(CLIENT, account_id=8,
                                                      iban="FR7630006000011234567890189")},
    depositors={(7, "ana"): "active", (7, "bob"): "blocked"},
    shift_marks=(ShiftMark(10, "s1"), ShiftMark(20, ""), ShiftMark(30, "s2")), last_swap=15,
    stays=(Stay(1, LEFT, "picked_up", True), Stay(2, INSIDE, "in_safe", True)),
    categories={one.category: one for one in (
        Category("1", False, False), Category("2", False, True), Category("3", True, False),
        Category("4a", True, False), Category("4b", True, False))},
    fences={7: 1, 8: 1})
NOTES = (Piece(5_000, 4, "note", "4a"), Piece(2_000, 1, "note", "4b"))
AMOUNT = 22_000


def deposit(**more: Any) -> Deposit:
    """A deposit that nothing speaks against, but for what a test says."""
    default: dict[str, Any] = {
        "depositor": "ana", "cassette": INSIDE, "shift": "s2", "sequence": 31,
        "local_time": "2026-11-22T11:00:00", "pieces": NOTES}
    return Deposit(**{**default, **more})
