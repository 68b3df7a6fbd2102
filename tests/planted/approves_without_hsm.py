"""Breaks invariant 13: with the HSM away the host takes the PIN's word for it."""

from __future__ import annotations

from typing import Any

from authhost.hsm.errors import HsmUnavailable
from authhost.model import Proof
from authhost.proofs import Proofs
from tests.planted import Patch


def plant(patch: Patch) -> None:
    """Who cannot ask believes."""
    real = Proofs.of

    async def of(self: Proofs, *asked: Any) -> Proof:
        try:
            return await real(self, *asked)
        except HsmUnavailable:
            return Proof(pin=1)

    patch(Proofs, "of", of)
