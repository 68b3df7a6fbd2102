"""Lets a chip's cryptogram pay twice: it is checked, and not spent."""

from __future__ import annotations

from typing import Any

import msgspec

from authhost.model import Proof
from authhost.proofs import Proofs
from tests.planted import Patch


def plant(patch: Patch) -> None:
    """A good cryptogram stays good."""
    real = Proofs.of

    async def of(self: Proofs, *asked: Any) -> Proof:
        return msgspec.structs.replace(await real(self, *asked), once="")

    patch(Proofs, "of", of)
