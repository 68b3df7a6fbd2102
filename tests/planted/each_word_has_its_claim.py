"""Breaks the one word that ends the asking: a payer's yes and a merchant's end both stand."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from authhost.payments.writer import Writer
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The claim of a word has its event in it."""
    real = Writer.put

    async def put(self: Writer, message: Any, legs: Any) -> Any:
        if message.key.endswith("/word"):
            event = message.detail["event"]
            message = msgspec.structs.replace(message, key=f"{message.key}/{event}")
        return await real(self, message, legs)

    patch(Writer, "put", put)


if __name__ == "__main__":
    sys.exit(serve(plant))
