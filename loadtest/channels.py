"""Safes for the load scenarios: what they are called."""

from __future__ import annotations


def safe_name(number: int) -> str:
    """The n-th safe's terminal id, from 1 on."""
    return f"S{number:05d}"
