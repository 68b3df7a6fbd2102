"""Codes by chance that people may read. Not secrets."""

from __future__ import annotations

import secrets


def approval_code() -> str:
    """Six digits (field 38, an6): only hard to guess."""
    return f"{secrets.randbelow(1_000_000):06d}"
