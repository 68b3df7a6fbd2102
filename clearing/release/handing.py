"""The one way to bring a file to a place with names: as NAME.part, checked, then renamed.

Knows five verbs of such a place (Store), and that others may take a file away as soon as it has
its name. 1. A name that is there with the same bytes is delivered. 2. With other bytes nothing is
touched: a person looks. 3. A .part goes on where it ends, and what it came to is read back and
compared before it gets its name. 4. Where an earlier try was handing over and neither is there,
it was taken.
"""

from __future__ import annotations

from typing import Final, Protocol

from clearing.release.ports import Parcel, Receipt, Undeliverable, Undelivered

PART: Final = ".part"


class Store(Protocol):
    """A place where files have names."""

    async def size(self, name: str) -> int | None:
        """Bytes of a file; None: there is none."""

    async def digest(self, name: str) -> str:
        """SHA-256 of what is there, read back."""

    async def put(self, name: str, source: str, offset: int) -> None:
        """Write the bytes of `source` from `offset` on, behind as many that are there already."""

    async def rename(self, name: str, to: str) -> None:
        """Give it another name, at once."""

    async def remove(self, name: str) -> None:
        """Take a file away."""


async def prepare(store: Store, parcel: Parcel) -> Receipt | None:
    """As Delivery.prepare."""
    there = await store.size(parcel.name)
    if there is not None:
        if there != parcel.size or await store.digest(parcel.name) != parcel.sha256:
            raise Undeliverable(f"{parcel.name} is there already, with other content: "
                                f"{there} bytes, not {parcel.size}")
        return Receipt(parcel.name, there, parcel.sha256)
    part = parcel.name + PART
    begun = await store.size(part)
    if begun is None and parcel.handing_over:
        return Receipt(parcel.name, parcel.size, parcel.sha256, taken=True)
    offset = begun if begun is not None and begun <= parcel.size else 0
    await _put(store, parcel, part, offset)
    return None


async def _put(store: Store, parcel: Parcel, part: str, offset: int) -> None:
    if offset < parcel.size or not parcel.size:
        await store.put(part, parcel.source, offset)
    if await store.digest(part) == parcel.sha256:
        return
    if offset:  # what was begun was of another file, or torn
        await _put(store, parcel, part, 0)
        return
    await store.remove(part)
    raise Undelivered(f"{part} has not arrived as it was sent")


async def hand_over(store: Store, parcel: Parcel) -> Receipt:
    """As Delivery.hand_over."""
    await store.rename(parcel.name + PART, parcel.name)
    return Receipt(parcel.name, parcel.size, parcel.sha256)
