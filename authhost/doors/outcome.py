"""The word that metrics use for an answer."""

from __future__ import annotations

from authhost.model import Action


def outcome_of(action: str) -> str:
    """'approved', 'partial', 'declined', 'reversed', 'refused' or 'other' for an action code."""
    if action == Action.APPROVED:
        return "approved"
    if action == Action.PARTIAL:
        return "partial"
    if action[0] in "12":
        return "declined"
    if action[0] == "4":
        return "reversed"
    return "refused" if action[0] == "9" else "other"
