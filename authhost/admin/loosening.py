"""May a fleet's client put these limits in place of those? Towards less, or within the fleet's own.

PURE. A limit is another one's equal when both count the same: window, measure, hours, group. One
that only watches limits nothing. `gap` is turned round: more minutes are stricter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_GAP: Final = "gap"
Limit = Mapping[str, Any]
_Key = tuple[str, str, int, str]


def loosened(before: Sequence[Limit], after: Sequence[Limit], fleet: Sequence[Limit]) -> str:
    """The first limit that would let more through than before and than the fleet's; '' if none."""
    now, own = _strictest(after), _strictest(fleet)
    for key, bound in _strictest(before).items():
        at_most = now.get(key)
        if at_most is not None and at_most <= bound:
            continue
        allowed = own.get(key)
        if allowed is not None and (at_most is None or at_most <= allowed):
            continue  # the fleet's own limit stands behind it
        window, measure, hours, group = key
        return ":".join(part for part in (f"{window}{hours or ''}", measure, group) if part)
    return ""


def _strictest(limits: Sequence[Limit]) -> dict[_Key, int]:
    """The bound of each thing that is counted; smaller is stricter."""
    found: dict[_Key, int] = {}
    for limit in limits:
        if limit.get("watch"):
            continue
        key = (str(limit["window"]), str(limit["measure"]), int(limit.get("hours") or 0),
               str(limit.get("group") or ""))
        bound = -int(limit.get("minutes") or 0) if key[0] == _GAP else int(limit["maximum"])
        found[key] = min(bound, found.get(key, bound))
    return found
