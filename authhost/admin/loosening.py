"""May a fleet's client put these limits in place of those? Towards less, or within the fleet's own.

PURE. A limit is another one's equal when both count the same: window, measure, hours, group. One
that only watches limits nothing. `gap` is turned round: more minutes are stricter, and so are
fewer purchases in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_GAP: Final = "gap"
Limit = Mapping[str, Any]
_Key = tuple[str, str, int, str]
_Bound = tuple[int, int]  # minutes, negative; maximum


def loosened(before: Sequence[Limit], after: Sequence[Limit], fleet: Sequence[Limit]) -> str:
    """The first limit that would let more through than before and than the fleet's; '' if none."""
    now, own = _bounds(after), _bounds(fleet)
    for key, bounds in _bounds(before).items():
        given, behind = now.get(key, []), own.get(key, [])
        if _within(given, bounds):
            continue
        if behind and (not given or _within(given, behind)):
            continue  # the fleet's own limit stands behind it
        window, measure, hours, group = key
        return ":".join(part for part in (f"{window}{hours or ''}", measure, group) if part)
    return ""


def _within(some: Sequence[_Bound], others: Sequence[_Bound]) -> bool:
    """Whether each of the others has one that is as strict in both parts."""
    return all(any(one[0] <= other[0] and one[1] <= other[1] for one in some) for other in others)


def _bounds(limits: Sequence[Limit]) -> dict[_Key, list[_Bound]]:
    """The bounds of each thing that is counted; smaller is stricter."""
    found: dict[_Key, list[_Bound]] = {}
    for limit in limits:
        if limit.get("watch"):
            continue
        key = (str(limit["window"]), str(limit["measure"]), int(limit.get("hours") or 0),
               str(limit.get("group") or ""))
        minutes = -int(limit.get("minutes") or 0) if key[0] == _GAP else 0
        found.setdefault(key, []).append((minutes, int(limit["maximum"])))
    return found
