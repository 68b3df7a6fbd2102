"""BAI2 added up by the specification and by nobody's code: for tests of who writes it.

PURE. Source: BAI, "Cash Management Balance Reporting Specifications, version 2", the control
totals of 49 (account), 98 (group) and 99 (file), each with its number of records.
"""

from __future__ import annotations

_HEADS = {"01": "99", "02": "98", "03": "49"}


def faults(content: bytes) -> list[str]:
    """What does not add up, by the number of the physical record; nothing where all does."""
    found: list[str] = []
    levels: list[tuple[str, int, list[int]]] = []  # a head that is open, where, its parts' totals
    logical = ""  # the record that an 88 goes on with
    for at, record in enumerate(content.decode("ascii").removesuffix("\r\n").split("\r\n")):
        code, *fields = record.removesuffix("/").split(",")
        if code in _HEADS:
            levels.append((code, at, []))
        if code in {"03", "16"} or (code == "88" and logical == "03"):
            levels[-1][2].extend(_amounts(code, fields))
        if code in _HEADS.values():
            head, begun, parts = levels.pop()
            stated = [sum(parts), *([] if code == "49" else [len(parts)]), at - begun + 1]
            if _HEADS[head] != code or [int(field) for field in fields] != stated:
                found.append(f"record {at + 1}: {record}: found {stated} since its {head}")
            if levels:
                levels[-1][2].append(sum(parts))
        logical = logical if code == "88" else code
    return found if not levels else [*found, f"{levels[-1][0]} never ends"]


def _amounts(code: str, fields: list[str]) -> list[int]:
    """Of 03: after account and currency, and of its 88: type, amount, count, funds, and again."""
    if code == "16":
        return [int(fields[1])]
    summaries = fields[2:] if code == "03" else fields
    return [int(minor) for minor in summaries[1::4]]
