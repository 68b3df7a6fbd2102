"""A payment from its request to its end: acts of merchants and payers.

Knows how a payment is brought into a state; kills nobody. An act may be run again from its
beginning, and ends when what it began has come to rest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from authhost.payments.qr_codes import epc_reference
from terminals.json_door import NoAnswer
from terminals.phone.shown import Answer
from tests.crash.ground import Stuck
from tests.crash.payments.place import Place
from tests.crash.payments.portfolio import ROLES


async def paid(at: Place, role: str = "plain", *, capture: str = "automatic") -> str:
    """Asked, signed, and the bank says yes, at once or when it is asked what became of it."""
    payment = await signed(at, role, capture=capture)
    await at.became(payment, "paid", "captured")
    return payment


async def signed(at: Place, role: str, **more: Any) -> str:
    """The payer has said yes."""
    payment = await at.request(role, **more)
    if await at.say(payment, ROLES[role].phone) != "SIGNED":
        raise Stuck(f"{payment} of {role} is not signed")
    return payment


async def asked(at: Place) -> None:
    """The merchant asks, and takes it back."""
    await at.told(await at.request("plain"), "cancellation")


async def handed(at: Place, amount: int = 1_000, *, state: str = "sent") -> str:
    """A request that is CREATED, SENT (the phone has fetched it) or OPENED (it shows it)."""
    payment = await at.request("plain", amount)
    phone = at.phone(ROLES["plain"].phone)

    async def moved() -> bool:
        # Nothing hangs on these moves: one that was lost is made again by whoever looks again.
        await phone.waiting()
        return await at.state(payment) == "sent"

    if state == "sent":
        await at.until(partial(_tried, moved), f"{payment} is not handed over")
    elif state == "opened":
        await opened(at, payment)
    return payment


async def opened(at: Place, payment: str) -> None:
    """The payer reads it."""
    shown_, phone = await at.shown(payment), at.phone(ROLES["plain"].phone)

    async def moved() -> bool:
        await phone.opened(shown_)
        return await at.state(payment) == "opened"

    await at.until(partial(_tried, moved), f"{payment} is not opened")


async def _tried(work: Callable[[], Awaitable[bool]]) -> bool:
    """False where the host did not answer, too."""
    try:
        return await work()
    except NoAnswer:
        return False


async def notified(at: Place) -> None:
    """The phone fetches it; the payer says no."""
    payment = await handed(at)
    await at.say(payment, ROLES["plain"].phone, "refuse")


async def shown(at: Place, before: str) -> None:
    """The payer reads it, and says no."""
    payment = await handed(at, state=before)
    await opened(at, payment)
    await at.say(payment, ROLES["plain"].phone, "refuse")


async def worded(at: Place, before: str, decision: Answer, end: str, amount: int = 1_000) -> None:
    """The payer's word from a state."""
    payment = await handed(at, amount, state=before)
    await at.say(payment, ROLES["plain"].phone, decision)
    await at.became(payment, end)


async def cancelled(at: Place, before: str) -> None:
    """The merchant takes it back."""
    await at.told(await handed(at, state=before), "cancellation")


async def expired(at: Place, before: str) -> None:
    """Nobody answers in time."""
    payment = await handed(at, state=before)
    await at.until(partial(_over, at, payment), "its time is not over")
    await at.became(payment, "expired")


async def _over(at: Place, payment: str) -> bool:
    await at.rows("UPDATE payment SET expires_at = now() WHERE payment_id = $1", payment)
    return True


async def matched(at: Place) -> None:
    """A code that is paid in the payer's own application; the bank tells it twice, and once more
    than was asked for."""
    payment = await at.request(None, kind="qr")
    reference = epc_reference(payment)
    entry = await at.credited(payment, 1_000, reference)
    await at.became(payment, "captured")
    await at.credited(payment, 1_000, reference, entry)
    await at.credited(payment, 1_000, reference)
