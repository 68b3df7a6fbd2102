"""How a receipt's lines are set: 40 columns, amounts, pairs, and text that is wrapped. PURE."""

from __future__ import annotations

import textwrap
from decimal import Decimal
from typing import Final

WIDTH: Final = 40


def money(minor: int) -> str:
    """Minor units of a currency with two decimals."""
    return f"{Decimal(minor).scaleb(-2):.2f}"


def pair(left: str, right: str) -> str:
    """Left and right; what is too long on the left gives way."""
    room = WIDTH - len(right) - 1 if right else WIDTH
    return f"{left[:room]:<{room}} {right}" if right else left[:WIDTH]


def wrapped(*texts: str) -> list[str]:
    """Lines that fit; an empty text is none."""
    return [line for text in texts for line in textwrap.wrap(text, WIDTH)]


def trimmed(text: str) -> str:
    """As it is printed: no line longer than the paper, none with spaces at its end."""
    return "\n".join(line.rstrip()[:WIDTH] for line in text.splitlines()) + "\n"
