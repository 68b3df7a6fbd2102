"""The stories of paying by phone: approved, refused, cancelled, or left until it expires.

Knows merchants and payers as people; must not know how their accounts are kept.
"""

from __future__ import annotations

from random import Random
from typing import Final

from demo.plan import Story, Visit
from demo.tally import Tally
from terminals.merchant import Till
from terminals.phone import Phone, Waiting

_PURPOSES: Final = ("Lieferung", "Bestellung", "Fahrt", "Karten", "Rechnung")
_PATIENT_S: Final = 4 * 3_600  # business time: a payer takes milliseconds of ours, hours of theirs
_SHORT_S: Final = 120
_EXPIRY_TIMEOUT_S: Final = 8.0  # real seconds: the host sweeps once a second
_POLL_PAUSE_S: Final = 0.25


class PhoneDay:
    """All tills and phones."""

    def __init__(self, tills: list[Till], phones: list[Phone], tally: Tally) -> None:
        self._tills = tills
        self._phones = phones
        self._tally = tally

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.PHONES."""
        return {"approved": self._approved, "approved_repeated": self._approved_repeated,
                "refused": self._refused, "cancelled": self._cancelled,
                "expired": self._expired}

    async def _approved(self, random: Random, _visit: Visit) -> None:
        till, phone, request = await self._requested(random, _PATIENT_S)
        if request is not None:
            self._tally.posted(await phone.answer(request, "approve"))
            await till.status(request.id)

    async def _approved_repeated(self, random: Random, _visit: Visit) -> None:
        _, phone, request = await self._requested(random, _PATIENT_S)
        if request is not None:
            first = await phone.answer(request, "approve")
            self._tally.posted(first)
            again = await phone.repeat(first)
            self._tally.repeat(first.key, first.raw, again.raw, again.latency_s)

    async def _refused(self, random: Random, _visit: Visit) -> None:
        till, phone, request = await self._requested(random, _PATIENT_S)
        if request is not None:
            self._tally.posted(await phone.answer(request, "refuse"))
            await self._expect(till, request, "REFUSED")

    async def _cancelled(self, random: Random, _visit: Visit) -> None:
        till, _, request = await self._requested(random, _PATIENT_S)
        if request is not None:
            self._tally.posted(await till.cancel(request.id))
            await self._expect(till, request, "CANCELLED")

    async def _expired(self, random: Random, _visit: Visit) -> None:
        till, _, request = await self._requested(random, _SHORT_S)
        if request is not None:
            await till.wait(request.id, _EXPIRY_TIMEOUT_S, _POLL_PAUSE_S)
            await self._expect(till, request, "EXPIRED")

    async def _requested(self, random: Random,
                         expires_in_s: int) -> tuple[Till, Phone, Waiting | None]:
        """A request that has arrived at the payer's phone; None when the host declined it."""
        till, phone = random.choice(self._tills), random.choice(self._phones)
        posted = await till.request(random.randint(350, 9_000), phone.number,
                                    random.choice(_PURPOSES), expires_in_s=expires_in_s)
        self._tally.posted(posted)
        waiting = await phone.waiting()
        found = next((one for one in waiting if one.id == posted.decision.id), None)
        if found is None and posted.decision.approved and expires_in_s == _PATIENT_S:
            self._tally.surprises.append(f"{posted.decision.id} does not wait at the phone")
        if found is None and expires_in_s == _SHORT_S and posted.decision.id:
            found = Waiting(id=posted.decision.id, amount_minor=posted.decision.amount_minor,
                            currency=till.currency, merchant_id="", purpose="")
        return till, phone, found

    async def _expect(self, till: Till, request: Waiting, state: str) -> None:
        status = await till.status(request.id)
        if status.state != state:
            self._tally.surprises.append(f"{request.id} is {status.state}, not {state}")
