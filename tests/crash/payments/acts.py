"""What brings each transition about: an act a row of the tables, on payments of its own.

Knows what banks and payers are here, and the acts of asking.py and after.py; kills nobody. An act
may be run again from its beginning, and ends when what it began has come to rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from authhost.payments.life import MOVED, OPEN
from terminals.json_door import Problem
from tests.crash.ground import Stuck
from tests.crash.payments import after, asking
from tests.crash.payments.place import PIN, Place
from tests.crash.payments.portfolio import (
    LEAST_REFUSED_MINOR,
    ROLES,
    SANDBOX,
    SPARE_LIMIT_MINOR,
)

Act = Callable[[Place], Awaitable[None]]
_LATE: Final = 104  # minor units of a sandbox's payment that is answered later


async def by_bank(at: Place, role: str, end: str = "captured") -> None:
    """A debit that its bank answers as it does for this payer. Two, for each second is heard."""
    for payment in [await asking.signed(at, role) for _ in range(2)]:
        await at.became(payment, end)


async def given_up(at: Place) -> None:
    """A bank that is never reached: the debit waits for a connection, and then no more."""
    await at.restart_host()
    await at.became(await asking.signed(at, "away"), "declined")


async def paid_at_once(at: Place) -> None:
    """The bank says yes."""
    await asking.paid(at)


async def queued(at: Place) -> None:
    """No connection is there yet: the debit waits for one."""
    await at.restart_host()
    await asking.paid(at)


async def at_the_limit(at: Place) -> None:
    """Four yeses at once where three fit: a payer who is new."""
    role = at.newcomer()
    await at.enrolled(role)
    amount = SPARE_LIMIT_MINOR // 3
    payments = [await at.request(role, amount) for _ in range(4)]
    # One after the other each is doubted by nobody else; at once they race for what is left.
    await asyncio.gather(*(at.say(payment, role.phone) for payment in payments))
    for payment in payments:
        await at.became(payment, "captured", "declined")


async def certified(at: Place) -> None:
    """A phone enrols, renews, pays by its new key, gives it up, and then signs for nothing."""
    role = at.newcomer()
    phone = await at.enrolled(role)
    made = await at.done(lambda: phone.renew(PIN), "not renewed")
    payment = await at.request(role)
    await at.say(payment, role.phone)
    await at.became(payment, "captured")
    try:
        await at.done(lambda: phone.revoke(PIN), "not revoked")
    except Problem as problem:
        raise Stuck(f"not revoked: {problem}") from None
    at.revoked[made.serial] = datetime.now(UTC)
    late = await at.request(role)
    if await at.say(late, role.phone) != "refused":
        raise Stuck(f"{late} was answered by a key that was given up")
    await at.told(late, "cancellation")


async def sandboxed(at: Place) -> None:
    """A developer's payment, answered late, and its refund."""
    payment = await at.request("plain", _LATE, shop=SANDBOX)
    await at.say(payment, ROLES["plain"].phone)
    await at.became(payment, "captured")
    await after.gone_back(at, payment, _LATE, shop=SANDBOX)


def _of_table() -> dict[str, Act]:
    """Acts of the payments' table, by transition."""
    acts: dict[str, Act] = {
        "none create": asking.asked, "created notify": asking.notified,
        "created open": partial(asking.shown, before="created"),
        "sent open": partial(asking.shown, before="sent"), "created match": asking.matched,
        "signed pay": paid_at_once, "unknown pay": partial(by_bank, role="lost"),
        "signed fail": partial(by_bank, role="refused", end="declined"),
        "unknown fail": partial(by_bank, role="refused_later", end="declined"),
        "signed silence": partial(by_bank, role="lost"),
        "paid capture": after.captured, "partly_refunded capture": after.captured_after_a_refund,
        "partly_refunded unrefund": partial(after.undone, amount=300),
        "refunded unrefund": partial(after.undone, amount=1_000),
        "disputed win": after.disputed, "disputed lose": partial(after.disputed, outcome="lost")}
    for before in map(str, OPEN):
        acts |= {
            f"{before} sign": partial(asking.worded, before=before, decision="approve",
                                      end="captured"),
            f"{before} refuse": partial(asking.worded, before=before, decision="refuse",
                                        end="declined_by_payer"),
            f"{before} decline": partial(asking.worded, before=before, decision="approve",
                                         end="declined", amount=LEAST_REFUSED_MINOR),
            f"{before} cancel": partial(asking.cancelled, before=before),
            f"{before} expire": partial(asking.expired, before=before)}
    for before in map(str, MOVED):
        acts |= {f"{before} refund": partial(after.refunded, before=before),
                 f"{before} dispute": partial(after.disputed, before=before)}
    return acts


# By transition (before, event) and by step (who, what).
ACTS: Final[dict[str, Act]] = {
    **_of_table(),
    "debit queued send": queued, "debit queued give_up": given_up,
    "debit unknown resend": partial(by_bank, role="swallowed"),
    "refund queued send": after.refunded, "refund queued give_up": after.moved_away,
    "refund sent silence": partial(after.back_by, role="back_lost"),
    "refund unknown resend": partial(after.back_by, role="back_swallowed"),
    "refund sent accept": after.refunded,
    "refund unknown accept": partial(after.back_by, role="back_lost"),
    "refund sent refuse": partial(after.back_by, role="back_refused", end="declined"),
    "refund unknown refuse": partial(after.back_by, role="back_refused_later", end="declined"),
    "counters take": at_the_limit,
    "counters give_back": partial(by_bank, role="refused", end="declined"),
    "word say": paid_at_once, "bank pay": paid_at_once,
    "bank status": partial(by_bank, role="lost"),
    "bank claim": partial(by_bank, role="refused", end="declined"),
    "webhook post": paid_at_once, "webhook note": paid_at_once, "hub say": paid_at_once,
    "capture book": after.captured, "capture make": after.captured,
    "refund book": after.refunded, "refund make": after.refunded,
    "dispute open": after.disputed, "dispute resolve": after.disputed,
    "credit match": asking.matched, "phone certify": certified,
    "phone enrol": certified, "phone renew": certified, "phone revoke": certified,
    "sandbox decide": sandboxed,
}
