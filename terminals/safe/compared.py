"""The host's word to the end of a shift or a day, in lines for people. PURE."""

from __future__ import annotations

from typing import Any

import msgspec


class _Compared(msgspec.Struct, frozen=True):
    """The host's word to a shift's or a day's end."""

    state: str = ""
    warnings: tuple[str, ...] = ()
    differences: tuple[dict[str, Any], ...] = ()
    piece_differences: tuple[dict[str, Any], ...] = ()


def compared(answer: bytes) -> list[str]:
    """Whether the host has the same sums, a line each: what differs, and what it warns of."""
    try:
        said = msgspec.json.decode(answer, type=_Compared)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [f"the host: {answer.decode(errors='replace')}"]
    return [f"the host: {said.state}", *(
        "  " + " ".join(f"{name} {value}" for name, value in line.items())
        for line in (*said.differences, *said.piece_differences)),
        *(f"  warning: {warning}" for warning in said.warnings)]
