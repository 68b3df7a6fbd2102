"""The port of delivery: how a released file comes to who receives it, whatever the way.

PURE. In two steps, so that a file is never there twice and never half: prepare() brings the bytes
where nobody looks yet; the caller writes down that it hands over; hand_over() makes them seen. Who
dies between the two finds out from `handing_over` what was done.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Parcel(msgspec.Struct, frozen=True):
    """One file on its way. source: where it lies here; handing_over: an earlier try may have
    handed it over already."""

    delivery_id: int
    run_id: str
    path: str
    source: str
    name: str  # at the target
    sha256: str
    size: int
    handing_over: bool = False


class Receipt(msgspec.Struct, frozen=True):
    """What is known of a file that is there. taken: whoever receives it had it before we looked
    again; number: the order's, where the way has one."""

    place: str
    size: int
    sha256: str
    taken: bool = False
    number: str = ""


class Undelivered(Exception):
    """Not now; a later try may. The message says why, and names no key."""


class Unknown(Undelivered):
    """Of handing over: it may be seen already, or not."""


class Undeliverable(Exception):
    """Never by trying again: a person has to look. The message says at what."""


class Delivery(Protocol):
    """One target, open. Every call may raise Undelivered or Undeliverable; hand_over() alone
    Unknown, and where it raises another, the file is not there."""

    async def prepare(self, parcel: Parcel) -> Receipt | None:
        """Bring the bytes, unseen. A receipt: it is there already, whole, and nothing is to do."""

    async def settle(self) -> None:
        """Return when all that was prepared would outlive a loss of power."""

    async def hand_over(self, parcel: Parcel) -> Receipt:
        """Make seen what was prepared."""

    async def close(self) -> None:
        """Let the target go. Never fails."""
