"""A finished card back at the issuer's desk: PIN tries set back, or the card blocked for ever.

Knows the issuer session of docs/chip-card.md, its keys in the HSM; knows no database: what the host
thinks of the card is the console's (`authhost card`).
"""

from __future__ import annotations

from chip import issuer as commands
from chip import keys
from chip.commands.access import TRIES
from chip.dialogue import demand_active
from issuing.chip_session import ChipSession


async def unblock_pin(session: ChipSession, authentication: str) -> int:
    """All tries again, for the PIN that the card has; how many. CardProblem."""
    await _open(session, authentication)
    await session.send(commands.unblock(), "RESET RETRY COUNTER")
    return int.from_bytes(await session.public(TRIES), "big")


async def block(session: ChipSession, authentication: str) -> None:
    """The application answers nobody any more. CardProblem."""
    await _open(session, authentication)
    await session.send(commands.BLOCK, "BLOCK")


async def _open(session: ChipSession, authentication: str) -> None:
    public = await session.start()
    demand_active(public)
    await session.authenticate(keys.AUTHENTICATION, public.serial, authentication)
