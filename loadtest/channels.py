"""Safes, tills and payers for the load scenarios: what they are called and how a payer signs.

Knows names and keys alone. The keys follow from the numbers, so they are public: for load, never
for money.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def safe_name(number: int) -> str:
    """The n-th safe's terminal id, from 1 on."""
    return f"S{number:05d}"


def till_name(number: int) -> str:
    """The n-th till's terminal id, from 1 on."""
    return f"K{number:05d}"


def phone_number(number: int) -> str:
    """The n-th payer's phone (E.164), from 1 on."""
    return f"+49150{number:07d}"


def payer_key(number: int) -> Ed25519PrivateKey:
    """The n-th payer's private key (RFC 8032)."""
    seed = hashlib.blake2b(f"loadtest payer {number}".encode(), digest_size=32).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)
