"""What of a row somebody may see: columns by role and noun.

PURE data. Of whoever watches (SAFE-53) and of a bank the columns that they see are named, so that
one that is new is hidden from them; from the others those that are not theirs to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from authhost.admin.access import Role

_SAFE: Final = frozenset({
    "terminal_id", "model", "currencies", "note_capacity", "coin_capacity", "fill_percent",
    "shift_required", "named_depositors", "courier_id", "time_zone", "cut_off", "cassette_id",
    "shift", "software", "signed_on_at", "last_seen_at", "fill",
    "silent_min"})
_SEES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    (Role.MONITORING, "safe"): _SAFE,
    (Role.MONITORING, "cassette"): frozenset({"cassette_id", "kind", "capacity", "status"}),
    (Role.BANK, "safe"): _SAFE,
    (Role.BANK, "account"): frozenset({
        "account_id", "kind", "name", "status", "currency", "iban", "bic", "address", "bank_id",
        "credit_rule", "posting", "billing"}),
    # Its own safes only, and where they stand; who was at work in them is the client's to know.
    (Role.COURIER, "safe"): _SAFE | {"placement"},
}
_HIDDEN: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    (Role.CLIENT, "account"): frozenset({"standing"}),  # what we think of him
}


def seen(role: str, noun: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without what this role does not see."""
    hidden = _HIDDEN.get((role, noun), frozenset())
    shown = _SEES.get((role, noun))
    return {name: value for name, value in row.items()
            if name not in hidden and (shown is None or name in shown)}
