"""The stories of paying by phone: what shops, payers, an agent and two banks make of a payment.

Knows tills, phones and the office as people use them; must not know how accounts are kept. Each
story says what its payment has to come to: demo/phone_books.py compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

import msgspec

from demo import bank_app
from demo.bank_app import BankApp
from demo.handset import Astray, Handset
from demo.office import Office
from demo.parties import Account
from demo.phone_books import End, PhoneBooks
from demo.plan import Story, Visit
from demo.portfolio import DAY_LIMIT
from demo.shops import Shop, Shops, begun, polled
from demo.tally import Tally
from terminals.json_door import Problem
from terminals.phone.door import Door
from terminals.till.bodies import Payment

_PURPOSES: Final = ("Lieferung", "Bestellung", "Fahrt", "Karten", "Rechnung")
_PATIENT_S: Final = 12 * 3_600  # business time: a payer takes milliseconds of ours, hours of theirs
_SHORT_S: Final = 120
_LEAST, _MOST = 350, 9_000  # minor units
_CONFLICT, _FORBIDDEN = 409, 403


class Equipment(msgspec.Struct, frozen=True, kw_only=True):
    """What the day has been set up with. handsets: by role; agents: merchant and user by phone."""

    shops: Sequence[Shop]
    handsets: Mapping[str, Sequence[Handset]]
    agents: Mapping[str, tuple[str, str]]
    makers: Shops
    office: Office
    app: BankApp
    customers: Sequence[Account]  # of the application
    browser: Door


class PhoneDay:
    """All tills and phones."""

    def __init__(self, equipment: Equipment, tally: Tally, books: PhoneBooks) -> None:
        self._with = equipment
        self._tally = tally
        self._books = books
        self._own: dict[str, Iterator[Handset]] = {
            role: iter(handsets) for role, handsets in equipment.handsets.items()}

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.PHONES."""
        return {"approved": self._approved, "approved_repeated": self._approved_repeated,
                "late": self._late, "refused": self._refused, "cancelled": self._cancelled,
                "expired": self._expired, "limit": self._limit, "blocked": self._blocked,
                "no_funds": self._no_funds, "captured_part": self._captured_part,
                "refunded_part": self._refunded_part, "disputed": self._disputed,
                "code": self._code, "away": self._away, "login": self._login,
                "revoked": self._revoked}

    # The payer's word.

    async def _approved(self, random: Random, _visit: Visit) -> None:
        shop, handset, asked = await self._asked(random, "ordinary")
        await self._paid(shop, handset, asked)
        self._end(asked, "CAPTURED")

    async def _approved_repeated(self, random: Random, visit: Visit) -> None:
        """The till asks twice under one key, and the phone says yes twice."""
        shop, handset = random.choice(self._with.shops), self._any(random, "ordinary")
        amount_minor, purpose = random.randint(_LEAST, _MOST), random.choice(_PURPOSES)
        first, again = [await shop.ask(
            amount_minor, purpose, handset.number, expires_in_s=_PATIENT_S, key=f"r{visit.seed:x}")
            for _ in range(2)]
        self._same(first.id, first, again)
        shown = await handset.asked(first.id)
        said = await handset.say(shown, "approve")
        self._same(f"word of {first.id}", said, await handset.say(shown, "approve"))
        await shop.ended(first.id, "CAPTURED")
        self._end(first, "CAPTURED")

    async def _late(self, random: Random, _visit: Visit) -> None:
        """The payer's bank does not say at once what becomes of it."""
        shop, handset, asked = await self._asked(random, "late")
        await self._paid(shop, handset, asked)
        events = [change.event for change in await shop.changes(asked.id)]
        self._must("SILENCE" in events, f"{asked.id} was never UNKNOWN: {events}")
        self._end(asked, "CAPTURED", was_unknown=True)

    async def _refused(self, random: Random, _visit: Visit) -> None:
        shop, handset, asked = await self._asked(random, "ordinary")
        said = await handset.say(await handset.asked(asked.id), "refuse")
        self._must(said.state == "DECLINED_BY_PAYER", f"a no came to {said}")
        await shop.ended(asked.id, "DECLINED_BY_PAYER")
        self._end(asked, "DECLINED_BY_PAYER")

    async def _cancelled(self, random: Random, _visit: Visit) -> None:
        """The shop was first; the payer who says yes all the same hears so."""
        shop, handset, asked = await self._asked(random, "ordinary")
        shown = await handset.asked(asked.id)
        stands = await shop.cancel(asked.id)
        self._must(stands.state == "CANCELLED", f"a cancelled payment is {stands.state}")
        await handset.heard(asked.id, "CANCELLED")
        await self._not_now(handset, shown, _CONFLICT)
        self._end(asked, "CANCELLED")

    async def _expired(self, random: Random, _visit: Visit) -> None:
        shop, handset = random.choice(self._with.shops), self._any(random, "ordinary")
        asked = await self._ask(shop, handset, random, expires_in_s=_SHORT_S)
        await shop.ended(asked.id, "EXPIRED")
        await handset.heard(asked.id, "EXPIRED")
        self._end(asked, "EXPIRED")

    # What speaks against it.

    async def _limit(self, random: Random, _visit: Visit) -> None:
        shop, handset = random.choice(self._with.shops), self._any(random, "limited")
        asked = await self._ask(shop, handset, random, least=DAY_LIMIT + 1)
        await self._declined(shop, handset, asked, "payer_limit:account:day:money")

    async def _blocked(self, random: Random, _visit: Visit) -> None:
        await self._declined(*await self._asked(random, "blocked"), "payer_account_blocked")

    async def _declined(self, shop: Shop, handset: Handset, asked: Payment, reason: str) -> None:
        """A yes that comes to a no, at once."""
        said = await handset.say(await handset.asked(asked.id), "approve")
        self._must((said.state, said.reason) == ("DECLINED", reason),
                   f"{asked.id} is {said.state} {said.reason}, not for {reason}")
        await shop.ended(asked.id, "DECLINED")
        self._end(asked, "DECLINED", reason)

    async def _no_funds(self, random: Random, _visit: Visit) -> None:
        """The payer's bank has the last word."""
        shop, handset, asked = await self._asked(random, "poor")
        await handset.say(await handset.asked(asked.id), "approve")
        ended = await shop.ended(asked.id, "DECLINED")
        self._must(ended.reason == "no_funds", f"{asked.id} was declined for {ended.reason}")
        await handset.heard(asked.id, "DECLINED")
        self._end(asked, "DECLINED", "no_funds")

    # What comes after.

    async def _captured_part(self, random: Random, _visit: Visit) -> None:
        """Not all goods went out: the rest goes back to the payer."""
        shop, handset = random.choice(self._with.shops), self._any(random, "ordinary")
        asked = await self._ask(shop, handset, random, capture="manual")
        await self._paid(shop, handset, asked, "PAID")
        part = asked.amount_minor * 2 // 3
        await shop.capture(asked.id, part)
        await shop.refunded(asked.id)
        self._end(asked, "PARTLY_REFUNDED", captured=part, refunded=asked.amount_minor - part)

    async def _refunded_part(self, random: Random, visit: Visit) -> None:
        """Asked for twice under one key, given back once."""
        shop, handset, asked = await self._asked(random, "ordinary")
        await self._paid(shop, handset, asked)
        part = asked.amount_minor // 3
        first = await shop.refund(asked.id, part, f"b{visit.seed:x}")
        self._same(first.id, first, await shop.refund(asked.id, part, f"b{visit.seed:x}"))
        await shop.refunded(asked.id)
        self._end(asked, "PARTLY_REFUNDED", refunded=part, borne=1)

    async def _disputed(self, random: Random, visit: Visit) -> None:
        """The payer says that it was not right, and is believed."""
        shop, handset, asked = await self._asked(random, "ordinary")
        await self._paid(shop, handset, asked)
        office, path = self._with.office, f"/payments/{asked.id}/dispute"
        await office.post(path, {"reason": "not delivered", "evidence": "letter of the payer"})
        await shop.ended(asked.id, "DISPUTED")
        try:
            await shop.refund(asked.id, 1, f"d{visit.seed:x}")
            raise Astray(f"{asked.id} is disputed, and was refunded")
        except Problem as problem:
            self._must(problem.status == _CONFLICT, f"a refund in a dispute: {problem}")
        await office.post(f"{path}/resolution", {"outcome": "lost"})
        await shop.ended(asked.id, "REFUNDED")
        await shop.refunded(asked.id)
        await handset.heard(asked.id, "REFUNDED")
        self._end(asked, "REFUNDED", refunded=asked.amount_minor, borne=1, disputed=True)

    # Other ways.

    async def _code(self, random: Random, _visit: Visit) -> None:
        """Paid in the payer's own bank application; the bank tells twice of it."""
        shop, customer = random.choice(self._with.shops), random.choice(self._with.customers)
        asked = await shop.ask(random.randint(_LEAST, _MOST), random.choice(_PURPOSES), None,
                               expires_in_s=_PATIENT_S)
        code = bank_app.read(await shop.till.code(asked.id))
        self._must(code.amount_minor == asked.amount_minor, f"the code of {asked.id} says {code}")
        credit = self._with.app.pay(customer, code)
        first = await self._with.app.tell(credit)
        self._must((first["state"], first["payment_id"]) == ("matched", asked.id),
                   f"the credit of {asked.id} came to {first}")
        self._same(f"credit of {asked.id}", first, await self._with.app.tell(credit))
        await shop.ended(asked.id, "CAPTURED")
        self._books.codes[asked.id] = credit["entry_reference"]
        self._end(asked, "CAPTURED")

    async def _away(self, random: Random, _visit: Visit) -> None:
        """A phone without a line fetches what waits for it when it is back."""
        handset = next(self._own["away"])
        shops = random.sample(list(self._with.shops), 2)
        waits = [(shop, await self._ask(shop, handset, random)) for shop in shops]
        for shop, asked in waits:
            state = (await shop.till.payment(asked.id)).state
            self._must(state == "CREATED", f"{asked.id} is {state}, and no phone has heard of it")
        fetched = await handset.fetched()
        self._books.fetched += len(waits)
        for shop, asked in waits:
            self._must(asked.id in fetched, f"{asked.id} does not wait at {handset.number}")
            said = await handset.say(fetched[asked.id], "approve")
            self._must(said.state == "SIGNED", f"a yes came to {said}")
            await shop.ended(asked.id, "CAPTURED")
            self._end(asked, "CAPTURED")
        await handset.fetched()  # what became of them; the host tells it for a day

    async def _login(self, random: Random, _visit: Visit) -> None:
        """An agent logs in by phone, and asks a payer in his own name."""
        agent, browser = next(self._own["agent"]), self._with.browser
        merchant_id, user_id = self._with.agents[agent.number]
        login = await begun(browser, agent.number)
        shown, = (one for one in await agent.phone.logins() if one.code == login.code)
        said = await agent.say(shown, "approve")
        self._must(said.state == "CONFIRMED", f"a login came to {said}")
        session = await polled(browser, login.id)
        self._must((session.state, session.user_id) == ("CONFIRMED", user_id),
                   f"a browser was told {session.state} of {session.user_id}")
        again = await polled(browser, login.id)
        self._must((again.state, again.token) == ("USED", ""), f"a token was told twice: {again}")
        shop = self._with.makers.session(merchant_id, user_id, session.token)
        try:
            handset = self._any(random, "ordinary")
            asked = await self._ask(shop, handset, random)
            await self._paid(shop, handset, asked)
            who = (await shop.changes(asked.id))[0].who
        finally:
            await shop.close()
        self._must(who == user_id, f"{asked.id} was asked by {user_id}, and is said to be {who}'s")
        self._books.logins += 1
        self._end(asked, "CAPTURED")

    async def _revoked(self, random: Random, _visit: Visit) -> None:
        """A phone that pays, is lost, and pays nothing more from that moment on; its payer has
        another one then."""
        handset, shop = next(self._own["revoked"]), random.choice(self._with.shops)
        before = await self._ask(shop, handset, random)
        await self._paid(shop, handset, before)
        self._end(before, "CAPTURED")
        asked = await self._ask(shop, handset, random)
        shown = await handset.asked(asked.id)
        await self._with.office.post(f"/payer-certificates/{handset.serial}/revocation",
                                     {"reason": "key_compromise"})
        await self._not_now(handset, shown, _FORBIDDEN)
        self._books.revoked += 1
        await shop.cancel(asked.id)
        await shop.ended(asked.id, "CANCELLED")
        await handset.enrol(self._with.office)
        self._must((await handset.fetched())[asked.id].state == "CANCELLED",
                   f"{handset.number} is another phone now, and was not told of {asked.id}")
        self._end(asked, "CANCELLED")

    # What they have in common.

    def _any(self, random: Random, role: str) -> Handset:
        return random.choice(self._with.handsets[role])

    async def _asked(self, random: Random, role: str) -> tuple[Shop, Handset, Payment]:
        """Some shop asks some payer for something."""
        shop, handset = random.choice(self._with.shops), self._any(random, role)
        return shop, handset, await self._ask(shop, handset, random)

    async def _ask(self, shop: Shop, handset: Handset, random: Random, *, least: int = _LEAST,
                   expires_in_s: int = _PATIENT_S, capture: str = "") -> Payment:
        return await shop.ask(random.randint(least, _MOST), random.choice(_PURPOSES),
                              handset.number, expires_in_s=expires_in_s, capture=capture)

    async def _paid(self, shop: Shop, handset: Handset, asked: Payment,
                    state: str = "CAPTURED") -> None:
        """The payer says yes; shop and payer hear that the money has moved."""
        said = await handset.say(await handset.asked(asked.id), "approve")
        self._must(said.state == "SIGNED", f"a yes to {asked.id} came to {said}")
        await shop.ended(asked.id, state)
        await handset.heard(asked.id, state)

    async def _not_now(self, handset: Handset, shown: object, status: int) -> None:
        """A yes that the host refuses to hear."""
        try:
            said = await handset.say(shown, "approve")  # type: ignore[arg-type]
        except Problem as problem:
            self._must(problem.status == status, f"a yes that came too late: {problem}")
            self._tally.problem("payment_word")
        else:
            raise Astray(f"a yes that came too late came to {said}")

    def _same(self, name: str, first: object, again: object) -> None:
        self._tally.compared(name, msgspec.json.encode(first), msgspec.json.encode(again))

    def _end(self, asked: Payment, state: str, reason: str = "", *, captured: int | None = None,
             refunded: int = 0, borne: int = 0, disputed: bool = False,
             was_unknown: bool = False) -> None:
        """What a payment has to be at the end of the day, at everybody's."""
        if captured is None:
            captured = asked.amount_minor if state in _TAKEN else 0
        self._books.ends[asked.id] = End(
            state=state, reason=reason, kind=asked.kind, amount_minor=asked.amount_minor,
            captured_minor=captured, refunded_minor=refunded, borne=borne, disputed=disputed,
            was_unknown=was_unknown)

    @staticmethod
    def _must(good: bool, why: str) -> None:
        if not good:
            raise Astray(why)


_TAKEN: Final = frozenset({"CAPTURED", "PARTLY_REFUNDED", "REFUNDED"})
