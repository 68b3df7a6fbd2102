"""What brings each transition about: an act a row of the tables, on payments of its own.

Knows merchants, payers and the bank's people; kills nobody. An act may be run again from its
beginning, and ends when what it began has come to rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from authhost.payments.life import MOVED, OPEN
from authhost.payments.qr_codes import epc_reference
from terminals.json_door import NoAnswer, Problem
from terminals.phone.shown import Answer
from tests.crash.ground import Stuck
from tests.crash.payments.place import PIN, Place
from tests.crash.payments.portfolio import (
    LEAST_REFUSED_MINOR,
    ROLES,
    SANDBOX,
    SHOP,
    SPARE_LIMIT_MINOR,
)

Act = Callable[[Place], Awaitable[None]]
_LATE: Final = 104  # minor units of a sandbox's payment that is answered later


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


async def by_bank(at: Place, role: str, end: str = "captured") -> None:
    """A debit that its bank answers as it does for this payer. Two, for each second is heard."""
    for payment in [await signed(at, role) for _ in range(2)]:
        await at.became(payment, end)


async def given_up(at: Place) -> None:
    """A bank that is never reached: the debit waits for a connection, and then no more."""
    await at.restart_host()
    await at.became(await signed(at, "away"), "declined")


async def paid_at_once(at: Place) -> None:
    """The bank says yes."""
    await paid(at)


async def queued(at: Place) -> None:
    """No connection is there yet: the debit waits for one."""
    await at.restart_host()
    await paid(at)


async def captured(at: Place) -> None:
    """The goods go out in two parts."""
    payment = await paid(at, capture="manual")
    await at.told(payment, "captures", {"amount_minor": 400})
    await at.told(payment, "captures", {"amount_minor": 600})
    await at.became(payment, "captured")


async def captured_after_a_refund(at: Place) -> None:
    """A part went back; the rest is captured, and what is left over goes back too."""
    payment = await paid(at, capture="manual")
    await _gone_back(at, payment, 300)
    said = await at.told(payment, "captures", {"amount_minor": 500, "final": True})
    await at.refund_became(said["refund"], "paid")


async def _gone_back(at: Place, payment: str, amount: int, end: str = "paid", *,
                     shop: str = SHOP) -> None:
    said = await at.told(payment, "refunds", {"amount_minor": amount}, shop=shop)
    await at.refund_became(said["id"], end)


async def refunded(at: Place, before: str = "captured") -> None:
    """Money goes back from a state, and then the rest of it."""
    payment = await paid(at, capture="manual" if before == "paid" else "automatic")
    await _gone_back(at, payment, 300)
    await _gone_back(at, payment, 700)
    await at.became(payment, "refunded")


async def undone(at: Place, amount: int) -> None:
    """The bank would not give it back."""
    payment = await paid(at, "back_refused")
    await _gone_back(at, payment, amount, "declined")
    await at.became(payment, "captured")


async def back_by(at: Place, role: str, end: str = "paid") -> None:
    """Two refunds that the bank answers as it does for this payer."""
    payment = await paid(at, role)
    for amount in (300, 200):
        await _gone_back(at, payment, amount, end)


async def moved_away(at: Place) -> None:
    """The payer's account is unknown when money is to go back: it is never sent."""
    role = ROLES["moved"]
    payment = await paid(at, "moved")
    set_ = "UPDATE account SET iban = $2 WHERE account_id = $1 RETURNING 1"
    await at.until(lambda: at.rows(set_, role.number, None), "")
    await _gone_back(at, payment, 300, "declined")
    await at.until(lambda: at.rows(set_, role.number, role.iban), "")


async def disputed(at: Place, before: str = "captured", outcome: str = "won") -> None:
    """The payer says that it was not right; an administrator decides."""
    payment = await paid(at, capture="manual" if before == "paid" else "automatic")
    if before == "partly_refunded":
        await _gone_back(at, payment, 300)
    at.heard.append((payment, (await at.ask(
        "anna", "POST", f"/payments/{payment}/dispute",
        {"reason": "wilted", "evidence": "a picture"}))["state"]))
    said = await at.ask("berta", "POST", f"/payments/{payment}/dispute/resolution",
                        {"outcome": outcome})
    at.heard.append((payment, said["state"]))
    if said["refund"]:
        await at.refund_became(said["refund"], "paid")


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
    await _gone_back(at, payment, _LATE, shop=SANDBOX)


def _of_table() -> dict[str, Act]:
    """Acts of the payments' table, by transition."""
    acts: dict[str, Act] = {
        "none create": asked, "created notify": notified,
        "created open": partial(shown, before="created"),
        "sent open": partial(shown, before="sent"), "created match": matched,
        "signed pay": paid_at_once, "unknown pay": partial(by_bank, role="lost"),
        "signed fail": partial(by_bank, role="refused", end="declined"),
        "unknown fail": partial(by_bank, role="refused_later", end="declined"),
        "signed silence": partial(by_bank, role="lost"),
        "paid capture": captured, "partly_refunded capture": captured_after_a_refund,
        "partly_refunded unrefund": partial(undone, amount=300),
        "refunded unrefund": partial(undone, amount=1_000),
        "disputed win": disputed, "disputed lose": partial(disputed, outcome="lost")}
    for before in map(str, OPEN):
        acts |= {
            f"{before} sign": partial(worded, before=before, decision="approve", end="captured"),
            f"{before} refuse": partial(worded, before=before, decision="refuse",
                                        end="declined_by_payer"),
            f"{before} decline": partial(worded, before=before, decision="approve",
                                         end="declined", amount=LEAST_REFUSED_MINOR),
            f"{before} cancel": partial(cancelled, before=before),
            f"{before} expire": partial(expired, before=before)}
    for before in map(str, MOVED):
        acts |= {f"{before} refund": partial(refunded, before=before),
                 f"{before} dispute": partial(disputed, before=before)}
    return acts


# By transition (before, event) and by step (who, what).
ACTS: Final[dict[str, Act]] = {
    **_of_table(),
    "debit queued send": queued, "debit queued give_up": given_up,
    "debit unknown resend": partial(by_bank, role="swallowed"),
    "refund queued send": refunded, "refund queued give_up": moved_away,
    "refund sent silence": partial(back_by, role="back_lost"),
    "refund unknown resend": partial(back_by, role="back_swallowed"),
    "refund sent accept": refunded,
    "refund unknown accept": partial(back_by, role="back_lost"),
    "refund sent refuse": partial(back_by, role="back_refused", end="declined"),
    "refund unknown refuse": partial(back_by, role="back_refused_later", end="declined"),
    "counters take": at_the_limit,
    "counters give_back": partial(by_bank, role="refused", end="declined"),
    "word say": paid_at_once, "bank pay": paid_at_once,
    "bank status": partial(by_bank, role="lost"),
    "bank claim": partial(by_bank, role="refused", end="declined"),
    "webhook post": paid_at_once, "webhook note": paid_at_once, "hub say": paid_at_once,
    "capture book": captured, "capture make": captured,
    "refund book": refunded, "refund make": refunded,
    "dispute open": disputed, "dispute resolve": disputed, "credit match": matched,
    "phone certify": certified, "phone enrol": certified, "phone renew": certified,
    "phone revoke": certified, "sandbox decide": sandboxed,
}
