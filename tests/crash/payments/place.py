"""Merchants, payers with their phones and the operator's bank: what each asks for, and heard.

Knows how each is reached; what runs is stage.py's. Whoever asks asks again until it is answered,
and what was answered is remembered: it must be so in the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from authhost.embedded import Servers
from terminals.json_door import NoAnswer, Problem
from terminals.phone.door import Door
from terminals.phone.keystore import Keystore
from terminals.phone.program import Phone
from terminals.phone.shown import Answer, Waiting
from tests.crash.ground import PATIENCE_S, Stuck
from tests.crash.payments.portfolio import BANK, ROLES, SHOP, Role, spare
from tests.crash.payments.stage import COLLECTING, Stage, statement

PIN: Final = "2468"
_QUICK: Final = 2  # of scrypt: nobody steals these phones
_REFUSED: Final = frozenset({403, 409, 422})
T = TypeVar("T")


class Place(Stage):
    """All of them."""

    def __init__(self, servers: Servers, folder: Path, port: int, planted: str,
                 patience_s: float = PATIENCE_S) -> None:
        super().__init__(servers, folder, port, planted, patience_s)
        self.phones: dict[str, Phone] = {}  # by number
        self.heard: list[tuple[str, str]] = []  # (payment, state) as somebody was answered
        self.refunds_heard: list[str] = []
        self.revoked: dict[str, datetime] = {}  # serial: when its phone was answered so
        self.credited_minor: dict[str, int] = {}  # entries that the bank told
        self._doors: list[Door] = []
        self._spare = itertools.count()
        self._entries = itertools.count(1)

    async def open(self) -> None:
        """Everything runs, and every payer has enrolled."""
        await super().open()
        for role in ROLES.values():
            await self.enrolled(role)

    async def close(self) -> None:
        """Stop everything."""
        for door in self._doors:
            await door.close()
        await super().close()

    # The merchant.

    async def request(self, role: str | Role | None, amount: int = 1_000, *, shop: str = SHOP,
                      **more: Any) -> str:
        """A payment that is asked for; its id. role: None where nobody is named."""
        body: dict[str, Any] = {
            "amount_minor": amount, "currency": "EUR", "purpose": "Roses", "reference": "R-1",
            "expires_in_s": 3_600, "callback_url": self.callback,
            **more}
        if role is not None:
            body["payer_phone"] = (ROLES[role] if isinstance(role, str) else role).phone
        said = await self.asked(shop, "POST", "/v1/payments", body)
        self.heard.append((said["id"], said["state"]))
        return str(said["id"])

    async def told(self, payment: str, what: str, body: object = None, *,
                   shop: str = SHOP, may: frozenset[int] = frozenset()) -> Any:
        """Something that the merchant does to a payment; what it was answered."""
        said = await self.asked(shop, "POST", f"/v1/payments/{payment}/{what}", body, may=may)
        if what == "refunds" and "id" in said:
            self.refunds_heard.append(said["id"])
        elif said.get("state"):
            self.heard.append((payment, said["state"]))
        return said

    async def credited(self, payment: str, amount: int, reference: str, entry: str = "") -> str:
        """The operator's bank tells of a credit; its entry."""
        entry = entry or f"E{next(self._entries):08d}"
        self.credited_minor[entry] = amount
        said = await self.ask("anna", "POST", f"/banks/{BANK}/credits", {"credits": [{
            "entry_reference": entry, "iban": COLLECTING, "amount_minor": amount,
            "currency": "EUR", "references": [reference], "booked_on": str(self.day)}]})
        if said["credits"][0]["state"] == "matched":
            self.heard.append((payment, "CAPTURED"))
        return entry

    # The payer.

    async def enrolled(self, role: Role) -> Phone:
        """A payer whose phone has a certificate: made, given a code, enrolled."""
        rows = await self.until(lambda: self.rows(
            "SELECT 1 FROM fence WHERE account_id = $1", role.number), "no account")
        assert rows, role
        # A payer who was made by a request that was answered nothing is there already.
        await self.asked("anna", "POST", "/v1/admin/payers", {
            "phone": role.phone, "account_id": role.number, "name": role.role}, may=_REFUSED)
        code = (await self.ask("anna", "POST", f"/payers/{role.phone}/codes"))["code"]
        phone = self.phone(role.phone)
        await self.done(lambda: phone.enrol(code, PIN), f"{role.role} is not enrolled")
        return phone

    def phone(self, number: str) -> Phone:
        """The program of a phone."""
        if number not in self.phones:
            self._doors.append(Door(self.url, repeats=0, timeout_s=10.0))
            self.phones[number] = Phone(
                number, Keystore(self.folder / "phones" / number, cost=_QUICK), self._doors[-1])
        return self.phones[number]

    def newcomer(self) -> Role:
        """A payer whom nobody has made yet, with SPARE_LIMIT_MINOR a day."""
        return spare(next(self._spare))

    async def done(self, work: Callable[[], Awaitable[T]], why: str) -> T:
        """What a phone does, until it is answered. Problem, Stuck."""
        async def once() -> tuple[T] | None:
            try:
                return (await work(),)
            except NoAnswer:
                return None

        found: tuple[T] = await self.until(once, why)
        return found[0]

    async def shown(self, payment: str) -> Waiting:
        """What the payer reads, of the row, so that nothing is handed to the phone by it."""
        [row] = await self.until(lambda: self.rows(statement("shown"), payment), "no payment")
        return Waiting(**dict(row))

    async def say(self, payment: str, number: str, decision: Answer = "approve") -> str:
        """The payer's word; what it came to, or 'refused'. Stuck."""
        shown = await self.shown(payment)
        phone = self.phone(number)
        try:
            [said] = await self.done(lambda: phone.answer(shown, decision, PIN),
                                     f"no answer to the word about {payment}")
        except Problem as problem:
            if problem.status not in _REFUSED:
                raise Stuck(str(problem)) from None
            return "refused"
        self.heard.append((payment, said.state))
        return said.state

    # What is seen.

    async def state(self, payment: str) -> str:
        """Of a payment, as the database has it."""
        rows = await self.rows("SELECT state FROM payment WHERE payment_id = $1", payment)
        return str(rows[0]["state"]) if rows else ""

    async def became(self, payment: str, *states: str) -> None:
        """Wait until a payment is so. Stuck."""
        async def there() -> bool:
            return await self.state(payment) in states

        try:
            await self.until(there, "")
        except Stuck:
            raise Stuck(f"{payment} does not become {states}, "
                        f"it is {await self.state(payment)}") from None

    async def refund_became(self, refund: str, *states: str) -> None:
        """Wait until a refund is so. Stuck."""
        async def there() -> bool:
            rows = await self.rows("SELECT state FROM refund WHERE refund_id = $1", refund)
            return bool(rows) and rows[0]["state"] in states

        await self.until(there, f"refund {refund} does not become {states}")
