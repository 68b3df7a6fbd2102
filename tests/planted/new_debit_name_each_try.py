"""Breaks 10 at a payer's bank: what is sent again has another EndToEndId, and is moved again."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from authhost.payments.ordering import Ordering
from authhost.payments.orders import Order
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The number of tries is in the name."""
    real_message, real_read = Ordering._message, Ordering._read

    def named(order: Order) -> Order:
        return msgspec.structs.replace(order, end_to_end_id=f"{order.end_to_end_id}T{order.tries}"
                                       ) if order.tries else order

    def message(self: Ordering, order: Order) -> bytes:
        return real_message(self, named(order))

    def read(self: Ordering, reply: Any, order: Order, *, ordered: bool) -> Any:
        return real_read(self, reply, named(order) if ordered else order, ordered=ordered)

    patch(Ordering, "_message", message)
    patch(Ordering, "_read", read)


if __name__ == "__main__":
    sys.exit(serve(plant))
