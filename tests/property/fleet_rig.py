"""One fleet twice: in a real host on real servers, and in the model. Each step is done in both.

Knows the requests that a door would make, the rig, and the model's words. A step that comes to
something else in the host than in the model is an AssertionError that shows both.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from authhost.limits import INCREMENTS
from authhost.model import Action, Answer, Kind, Original, Prompted, Request
from authhost.model import Part as HostPart
from authhost.translate.incoming import card_ref
from tests.property.fleet_model import ANY, Holder, Message, Model, Part, Ruling, limits_json
from tests.property.fleet_windows import Limit
from tests.support.leaping import LeapingClock
from tests.support.portfolio import Card
from tests.support.rig import Rig

GROUPS = {"fuel": frozenset({"001", "012"}), "shop": frozenset({"400"}),
          "road": frozenset({"012", "100"})}
FUEL = frozenset({"001", "012"})
HOLD_MINOR, HOLD_ML = 900, 800
TERMINALS = {"S1": "POS00001", "S2": "POS00002"}
TABLES = {"account": "account", "subaccount": "subaccount", "card": "card", "vehicle": "vehicle",
          "driver": "driver"}
YEARS_US = 20 * 366 * 86_400_000_000
_ids = itertools.count(50_000_001)  # far from those of the portfolios


def fleet_sql(name: str) -> str:
    """The text of sql/<name>.sql."""
    return Path(__file__).with_name("sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")


class Fleet:
    """Three cards, two vehicles, a driver, two sub-accounts, two sites."""

    def __init__(self, rig: Rig, clock: LeapingClock, zone: str, start_ms: int, *,
                 tank_ml: int | None = None) -> None:
        self.rig, self.clock, self.zone = rig, clock, zone
        clock.set_ms(start_ms)
        self.account_id = next(_ids)
        names = [str(next(_ids)) for _ in range(8)]
        self.model = Model(zone, GROUPS, FUEL, hold_minor=HOLD_MINOR, hold_ml=HOLD_ML)
        account = str(self.account_id)
        vehicles, drivers, subaccounts = names[:2], names[2:3], names[3:5]
        cards = names[5:]
        held_by = [{"vehicle": vehicles[0], "driver": drivers[0], "subaccount": subaccounts[0]},
                   {"vehicle": vehicles[0], "subaccount": subaccounts[1]},
                   {"vehicle": vehicles[1], "driver": drivers[0]}]
        self.spots = [{"account": account, "card": name, **more}
                      for name, more in zip(cards, held_by, strict=True)]
        for scope, who in {pair for spot in self.spots for pair in spot.items()}:
            self.model.holders[scope, who] = Holder()
        self.model.holders["vehicle", vehicles[0]].tank_ml = tank_ml
        self.cards = [_card(self.account_id, int(name)) for name in cards]
        doc = {
            "vehicle": [{"id": vehicles[0], "tank_ml": tank_ml}, {"id": vehicles[1]}],
            "driver": [{"id": name} for name in drivers],
            "subaccount": [{"id": name} for name in subaccounts],
            "card": [{"id": name, "hmac": card.ref.pan_hmac.hex(), **more}
                     for name, card, more in zip(cards, self.cards, held_by, strict=True)]}
        self._sql(fleet_sql("fleet_open"), self.account_id, zone, json.dumps(doc))
        self.sent: list[tuple[Request, Answer]] = []
        self.story: list[str] = []

    # What an operator does.

    def set_limits(self, scope: str, at: int, limits: Sequence[Limit]) -> None:
        """Other limits for one holder, in force at once."""
        self._tell("set_limits", scope, at, limits)
        text = json.dumps(limits_json(limits))
        if scope == "site":
            self.model.site_limits = tuple(limits)
            self._change("account", self.account_id, "site_limits = $2::text::jsonb", text)
            return
        who = self.spots[at].get(scope)
        if who is not None:
            self.model.holders[scope, who].limits = tuple(limits)
            self._change(scope, int(who), "limits = $2::text::jsonb", text)

    def set_status(self, scope: str, at: int, status: str) -> None:
        """Block or unblock."""
        self._tell("set_status", scope, at, status)
        who = self.spots[at].get(scope)
        if who is not None:
            self.model.holders[scope, who].status = status
            self._change(scope, int(who), "status = $2", status)

    def set_products(self, at: int, products: Sequence[str] | None) -> None:
        """Other products for a card."""
        self._tell("set_products", at, products)
        who = self.spots[at]["card"]
        self.model.holders["card", who].products = \
            None if products is None else frozenset(products)
        self._change("card", int(who), "products = $2", products)

    def set_steps(self, steps: tuple[int, int] | None) -> None:
        """The odometer's smallest and largest step, for the whole fleet."""
        self._tell("set_steps", steps)
        self.model.holders["account", str(self.account_id)].steps = steps
        prompts = [] if steps is None else [{"prompt": "odometer", "required": False,
                                             "min_step": steps[0], "max_step": steps[1]}]
        self._change("account", self.account_id, "prompts = $2::text::jsonb", json.dumps(prompts))

    def set_credit(self, credit_line: int | None) -> None:
        """Another credit line."""
        self._tell("set_credit", credit_line)
        self.model.credit_line = credit_line
        self._change("account", self.account_id, "credit_line = $2", credit_line)

    # What a terminal does.

    def buy(self, at: int, site: str, parts: Sequence[Part], *, partial: bool = False,
            odometer: int | None = None, force: bool = False) -> Answer:
        """A sale with items; with force an off-line one that is uploaded."""
        self._tell("buy", at, site, parts, partial=partial, odometer=odometer, force=force)
        message = self._message(at, site, parts, partial_ok=partial and not force, advice=force,
                                odometer=odometer)
        request = self._request(Kind.OFFLINE_SALE if force else Kind.SALE, at, message)
        answer = self._send(request)
        return self._agree(answer, self.model.take(request.key, message, answer.decided_at_ms))

    def hold(self, at: int, site: str, money: int, *, volume: int = 0,
             products: Sequence[str] = (), partial: bool = False,
             odometer: int | None = None) -> Answer:
        """A pre-authorization: money 0 is open, volume 0 is open, products may be named."""
        self._tell("hold", at, site, money, volume=volume, products=products, partial=partial,
                   odometer=odometer)
        message = self._hold_message(at, site, money, volume, products, partial, odometer)
        request = self._request(Kind.PREAUTHORIZATION, at, message)
        answer = self._send(request)
        ruling = self.model.take(request.key, message, answer.decided_at_ms)
        if ruling.approved:
            assert answer.volume_ml in {0, ruling.volume}, (answer, ruling)
        return self._agree(answer, ruling)

    def increment(self, of: str, at: int, site: str, money: int) -> Answer:
        """Raises an open hold by so much money; its litres it has."""
        self._tell("increment", of, at, site, money)
        message = msgspec.structs.replace(
            self._hold_message(at, site, money, 0, (), False, None), count=0, volume_open=False)
        request = self._request(Kind.INCREMENT, at, message, original=Original((of,)))
        answer = self._send(request)
        claim = self.model.claims.get(of)
        raised = [self.state(key) for key in claim.extended_by] if claim is not None else []
        if claim is None or claim.state != "hold" or raised.count("hold") >= INCREMENTS:
            assert not answer.approved, answer
            return answer
        ruling = self.model.take(request.key, message, answer.decided_at_ms, extends=of)
        return self._agree(answer, ruling)

    def complete(self, of: str, at: int, site: str, parts: Sequence[Part], *,
                 odometer: int | None = None, named_by: str = "key") -> Answer:
        """A completion of a hold: by its key, its approval code, or by what nobody knows."""
        self._tell("complete", of, at, site, parts, odometer=odometer, named_by=named_by)
        message = self._message(at, site, parts, advice=True, odometer=odometer)
        original = {"key": Original((of,)), "code": Original((f"{of}x",), self._code(of)),
                    "nothing": Original((f"{of}x",))}[named_by]
        request = self._request(Kind.COMPLETION, at, message, original=original)
        answer = self._send(request)
        known = named_by == "key" or (named_by == "code" and self.state(of) == "hold")
        open_ = known and self.state(of) == "hold"
        ruling = self.model.complete(request.key, of if known else "", message,
                                     answer.decided_at_ms)
        if open_ and "above_hold" not in ruling.flags:
            # Nothing is taken, so no fence is compared: a block of just now may not be known yet.
            ruling = msgspec.structs.replace(ruling, flags=frozenset(_fenced(ruling.flags)))
            answer = msgspec.structs.replace(answer, flags=tuple(_fenced(answer.flags)))
        return self._agree(answer, ruling)

    def reverse(self, of: str, at: int, site: str, money: int = 0) -> Answer:
        """A reversal, whole (0) or in part."""
        self._tell("reverse", of, at, site, money)
        message = self._message(at, site, (), advice=True)
        request = self._request(Kind.REVERSAL, at, msgspec.structs.replace(message, money=money),
                                original=Original((of,)))
        answer = self._send(request)
        given = self.model.give_back(of, money) if of in self.model.claims else 0
        assert (answer.amount_minor if answer.action == Action.REVERSED else 0) == given, \
            (answer, given)
        return answer

    def bring_back(self, of: str, at: int, site: str, money: int,
                   goods: Sequence[Part] = ()) -> Answer:
        """Goods come back: so much money of a sale; which, where they are named."""
        self._tell("bring_back", of, at, site, money, goods)
        message = msgspec.structs.replace(self._message(at, site, goods), money=money)
        request = self._request(Kind.RETURN, at, message, original=Original((of,)))
        answer = self._send(request)
        return self._agree(answer, self.model.bring_back(of, money, goods))

    def reverse_first(self, at: int, site: str, parts: Sequence[Part]) -> None:
        """A reversal before its original: which is declined when it comes."""
        self._tell("reverse_first", at, site, parts)
        message = self._message(at, site, parts)
        request = self._request(Kind.SALE, at, message)
        self.reverse(request.key, at, site)
        answer = self._send(request)
        assert not answer.approved, answer

    def expire(self, of: str) -> None:
        """The time of a hold has come."""
        self._tell("expire", of)
        self.rig.run(self.rig.host.authorizer.expire(of, "POS00001", "EUR"))
        self.model.expire(of)

    def repeat(self, which: int) -> None:
        """A message again: the same answer."""
        self._tell("repeat", which)
        request, answer = self.sent[which]
        again = msgspec.structs.replace(
            request, repeat=True, deadline_us=self.clock.real_now_us() + 8_000_000)
        assert self.rig.ask(again) == answer

    # What happens to it.

    def later(self, ms: int, *, told: bool = True) -> None:
        """Time goes on; untold reservations grow old with it."""
        self._tell("later", ms, told=told)
        if told:
            self.rig.run(self.rig.host.accounts.flush_settled())
        self.clock.leap_ms(ms)

    def lose(self, what: str) -> None:
        """The state is wiped: all of it, this account's, or what makes an account's hash one.

        A hash vanishes whole or not at all: no server loses one field, so none is dropped here.
        """
        self._tell("lose", what)
        key = f"{{{self.account_id}}}"
        if what == "all":
            self.rig.redis("FLUSHALL")
        elif what == "account":
            self.rig.redis("DEL", key)
        else:
            self.rig.redis("HDEL", key, "m")

    def roll_up(self) -> None:
        """The journal's rows below the fence are summed for good."""
        self._tell("roll_up")
        self.rig.run(self.rig.host.sums.roll_up(self.account_id))

    # Both sides.

    def state(self, key: str) -> str:
        """Of a message, in the model; '' where it was not approved."""
        claim = self.model.claims.get(key)
        return claim.state if claim is not None else ""

    def agrees(self) -> None:
        """The journal's rows sum to what stands in the model, for whomever they count."""
        rows = self._sql(fleet_sql("fleet_taken"), self.account_id)
        held = {(row["scope"], row["who"]): (row["money"], row["volume"], row["count"])
                for row in rows}
        slots = [slot for claim in self.model.claims.values() for slot in claim.slots]
        for scope, who in [*self.model.holders, ("site", "S1"), ("site", "S2")]:
            mine = [slot for slot in slots if slot.spot.get(scope) == who]
            wanted = tuple(sum(getattr(slot, name) for slot in mine)
                           for name in ("money", "volume", "count"))
            assert held.get((scope, who), (0, 0, 0)) == wanted, "\n".join(
                [f"journal: {held}", f"model: {scope} {wanted}", "story:", *self.story])

    def _agree(self, answer: Answer, ruling: Ruling) -> Answer:
        shown = f"\nhost:  {answer}\nmodel: {ruling}\nstory:\n" + "\n".join(self.story)
        assert answer.approved == ruling.approved, shown
        if not ruling.approved:
            assert _reason(answer.reason) in ruling.reasons, shown
            return answer
        assert answer.amount_minor == ruling.money, shown
        assert (answer.action == Action.PARTIAL) == ruling.partial, shown
        told = {_reason(flag) for flag in answer.flags
                if flag != "watch:odometer" and not flag.startswith("original_")}
        if not ruling.partial and not any(
                request.amount_open for request, told_ in self.sent[-1:]):
            assert told == ruling.flags, shown
        return answer

    def _message(self, at: int, site: str, parts: Sequence[Part], **more: Any) -> Message:
        return Message(spot={**self.spots[at], "site": site},
                       money=sum(part.money for part in parts),
                       volume=sum(part.volume for part in parts), parts=tuple(parts), **more)

    def _hold_message(self, at: int, site: str, money: int, volume: int, products: Sequence[str],
                      partial: bool, odometer: int | None) -> Message:
        parts = tuple(Part(product, money, volume) for product in products or (ANY,))
        return msgspec.structs.replace(
            self._message(at, site, parts, hold=True, partial_ok=partial, odometer=odometer),
            money=money, volume=volume, money_open=not money, volume_open=not volume)

    def _request(self, kind: Kind, at: int, message: Message, **more: Any) -> Request:
        products = tuple(part.product for part in message.parts if part.product != ANY)
        reading = "" if message.odometer is None else str(message.odometer)
        itemized = not message.hold
        return self.rig.request(
            kind, self.cards[at], message.money, terminal=TERMINALS[message.spot["site"]],
            volume_ml=message.volume, products=products, partial_ok=message.partial_ok,
            parts=tuple(HostPart(part.product, part.money, part.volume)
                        for part in message.parts) if itemized else (),
            amount_open=message.money_open, volume_open=message.volume_open,
            prompted=Prompted(odometer=reading), wants_rest=message.hold,
            expires_at_us=self.clock.now_us() + YEARS_US if message.hold else 0, **more)

    def _send(self, request: Request) -> Answer:
        answer = self.rig.ask(request)
        self.sent.append((request, answer))
        return answer

    def _code(self, key: str) -> str:
        return next((answer.approval_code for request, answer in self.sent if request.key == key),
                    "")

    def _tell(self, step: str, *values: object, **more: object) -> None:
        words = [*map(repr, values), *(f"{name}={value!r}" for name, value in more.items())]
        self.story.append(f"fleet.{step}({', '.join(words)})")

    def _change(self, table: str, who: int, assignment: str, value: object) -> None:
        """Master data changes as the rules demand: the fence rises with them."""
        name = TABLES[table]
        self._sql(f"WITH changed AS (UPDATE {name} SET {assignment} WHERE {name}_id = $1)"
                  " UPDATE fence SET fence = fence + 1 WHERE account_id = $3",
                  who, value, self.account_id)

    def _sql(self, statement: str, *values: object) -> list[Any]:
        async def fetch() -> list[Any]:
            async with self.rig.host._pool.acquire() as connection:
                return await connection.fetch(statement, *values)

        return self.rig.run(fetch())


def _fenced(flags: Iterable[str]) -> list[str]:
    """Those that do not come from master data alone."""
    return [flag for flag in flags
            if _reason(flag) != "product" and not flag.endswith("_blocked")]


def _reason(said: str) -> str:
    """Without the product that it names: the model does not say which of them."""
    return said.partition(":")[0] if said.startswith("product:") else said


def _card(account_id: int, card_id: int) -> Card:
    pan = f"70{card_id:016d}"
    digest = hashlib.blake2b(pan.encode(), digest_size=32).digest()
    return Card(pan, "3012", account_id, card_id, card_ref(digest, pan, "3012"))
