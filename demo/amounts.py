"""Amounts for people. PURE."""

from __future__ import annotations


def money(minor: int) -> str:
    """Minor units of a currency with two decimals, for people."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"
