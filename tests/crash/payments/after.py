"""What comes after a payment: captures, refunds and disputes, as merchants, the payers' banks and
administrators make them.

Knows what each ends with; kills nobody. An act may be run again from its beginning.
"""

from __future__ import annotations

from tests.crash.payments.asking import paid
from tests.crash.payments.place import Place
from tests.crash.payments.portfolio import ROLES, SHOP


async def captured(at: Place) -> None:
    """The goods go out in two parts."""
    payment = await paid(at, capture="manual")
    await at.told(payment, "captures", {"amount_minor": 400})
    await at.told(payment, "captures", {"amount_minor": 600})
    await at.became(payment, "captured")


async def captured_after_a_refund(at: Place) -> None:
    """A part went back; the rest is captured, and what is left over goes back too."""
    payment = await paid(at, capture="manual")
    await gone_back(at, payment, 300)
    said = await at.told(payment, "captures", {"amount_minor": 500, "final": True})
    await at.refund_became(said["refund"], "paid")


async def gone_back(at: Place, payment: str, amount: int, end: str = "paid", *,
                     shop: str = SHOP) -> None:
    said = await at.told(payment, "refunds", {"amount_minor": amount}, shop=shop)
    await at.refund_became(said["id"], end)


async def refunded(at: Place, before: str = "captured") -> None:
    """Money goes back from a state, and then the rest of it."""
    payment = await paid(at, capture="manual" if before == "paid" else "automatic")
    await gone_back(at, payment, 300)
    await gone_back(at, payment, 700)
    await at.became(payment, "refunded")


async def undone(at: Place, amount: int) -> None:
    """The bank would not give it back."""
    payment = await paid(at, "back_refused")
    await gone_back(at, payment, amount, "declined")
    await at.became(payment, "captured")


async def back_by(at: Place, role: str, end: str = "paid") -> None:
    """Two refunds that the bank answers as it does for this payer."""
    payment = await paid(at, role)
    for amount in (300, 200):
        await gone_back(at, payment, amount, end)


async def moved_away(at: Place) -> None:
    """The payer's account is unknown when money is to go back: it is never sent."""
    role = ROLES["moved"]
    payment = await paid(at, "moved")
    set_ = "UPDATE account SET iban = $2 WHERE account_id = $1 RETURNING 1"
    await at.until(lambda: at.rows(set_, role.number, None), "")
    await gone_back(at, payment, 300, "declined")
    await at.until(lambda: at.rows(set_, role.number, role.iban), "")


async def disputed(at: Place, before: str = "captured", outcome: str = "won") -> None:
    """The payer says that it was not right; an administrator decides."""
    payment = await paid(at, capture="manual" if before == "paid" else "automatic")
    if before == "partly_refunded":
        await gone_back(at, payment, 300)
    at.heard.append((payment, (await at.ask(
        "anna", "POST", f"/payments/{payment}/dispute",
        {"reason": "wilted", "evidence": "a picture"}))["state"]))
    said = await at.ask("berta", "POST", f"/payments/{payment}/dispute/resolution",
                        {"outcome": outcome})
    at.heard.append((payment, said["state"]))
    if said["refund"]:
        await at.refund_became(said["refund"], "paid")
