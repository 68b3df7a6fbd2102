"""Two business days by chance, with everything that a night has to place: for tests of the engines.

PURE but for the chance that it is given: the same chance makes the same days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar

from tests.e2e.clearing_day import (
    BAD_CLIENT,
    BARE_FLEET,
    CLIENT,
    DAY,
    FLEET,
    MERCHANT,
    PAYER,
    POOR_MERCHANT,
    Row,
    adjustment,
    deposit,
    fuel,
    payment,
    reversal,
    row,
    verification,
)

BEFORE = DAY - timedelta(days=1)
_LIVES: list[Row] = [
    {}, {}, {"kind": "envelope", "credit": "none"}, {"credit": "none", "state": "verified"},
    {"credit": "none", "state": "reversed"}]
T = TypeVar("T")
_CODES = ("A00001", "A00002", "")


class Chance:
    """Days of one sequence: what a later one gives back or completes may be an earlier one's."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._number = 0
        self._sold: list[Row] = []
        self._held: list[Row] = []
        self._given: list[Row] = []

    def days(self, size: int) -> tuple[list[Row], list[Row]]:
        """So many happenings on the day before, and on the day."""
        return self._day(size, BEFORE), self._day(size, DAY)

    def _day(self, size: int, day: date) -> list[Row]:
        rows: list[Row] = []
        for _ in range(size):
            made = self._pick((self._sale, self._sale, self._offline, self._deposit, self._deposit,
                               self._payment, self._counted, self._hold, self._hold, self._ending,
                               self._back, self._back, self._again))()
            for one in made:
                one["business_date"] = day
                if self._random.random() < 0.05:
                    one |= {"approved": False, "posted_minor": 0}
            rows += made
        return rows

    def _key(self) -> str:
        self._number += 1
        return f"k{self._number:04d}"

    def _pick(self, options: Sequence[T]) -> T:
        return self._random.choice(options)

    def _minor(self) -> int:
        return self._random.randint(1, 9_999)

    def _when(self) -> Row:
        moment = datetime.combine(DAY, time(self._random.randint(0, 23), 0), UTC)
        return {"decided_at": moment, "approval_code": self._pick(_CODES),
                "terminal_id": self._pick(("T1", "T2")), "card_id": self._pick((1, 2, None))}

    def _sale(self) -> list[Row]:
        made = fuel(self._key(), self._minor(), merchant_id=self._pick(("STATION", "SHOP")),
                    account_id=self._pick((FLEET, BARE_FLEET, None, PAYER)))
        self._sold.append(made)
        return [made]

    def _offline(self) -> list[Row]:
        made = row("offline_sale", self._key(), self._minor(),
                   flags=self._pick(("", "passed:day")), **self._when())
        self._sold.append(made)
        return [made]

    def _deposit(self) -> list[Row]:
        flags = self._pick(("", "", "withheld:provisional_cap", "over:day,withheld:x",
                            "notwithheld:"))
        made = deposit(self._key(), self._minor(), flags=flags, life=self._pick(_LIVES),
                       account_id=self._pick((CLIENT, CLIENT, BAD_CLIENT, FLEET, None)))
        self._sold.append(made)
        return [made]

    def _payment(self) -> list[Row]:
        key = self._pick((self._key(), f"pay/{self._key()}/bank"))
        made = payment(key, self._minor(), account_id=self._pick((MERCHANT, POOR_MERCHANT, PAYER)))
        self._sold += made
        return made

    def _counted(self) -> list[Row]:
        if self._random.random() < 0.5:
            return [verification(self._key(), self._minor())]
        return [adjustment(self._key(), self._pick((-1, 1)) * self._minor())]

    def _hold(self) -> list[Row]:
        kind = self._pick(("preauthorization", "preauthorization", "deposit_authorization"))
        made = row(kind, self._key(), 0, amount_minor=self._minor(), **self._when())
        self._held.append(made)
        raised = [row("increment", self._key(), 0, amount_minor=self._minor(),
                      original_key=made["key"]) for _ in range(self._pick((0, 0, 1)))
                  if kind == "preauthorization"]
        return [made, *raised]

    def _ending(self) -> list[Row]:
        if not self._held or self._random.random() < 0.2:
            return [row("completion", self._key(), self._minor(), **self._when())]
        held, when = self._pick(self._held), self._when()
        named = {"original_key": held["key"], **when}
        if held["kind"] == "deposit_authorization":
            return [deposit(self._key(), self._minor(), original_key=held["key"])]
        match self._pick(("completion", "completion", "expiry", "reversal")):
            case "completion":
                made = row("completion", self._key(), self._pick((0, self._minor())), **named)
                self._sold.append(made)
                released = row("completion", made["key"], 0, leg=1, **named)
                return [made, released][:self._pick((1, 2))]
            case "expiry":
                return [row("expiry", f"{held['key']}/70", 0, **named)]
            case _:
                return [row("reversal", self._key(), 0, **named)]

    def _back(self) -> list[Row]:
        if not self._sold:
            return []
        sold = self._pick(self._sold)
        posted = self._pick((sold["posted_minor"], self._minor()))
        made = reversal(sold, -posted)
        made["key"] = self._pick((self._key(), f"pay/{self._key()}/refund/1"))
        if self._random.random() < 0.2:
            made |= {"kind": "return"}
        if self._random.random() < 0.1:
            made |= {"original_key": "never-seen"}
        self._given.append(made)
        return [made]

    def _again(self) -> list[Row]:
        """What was given back has not come after all: it is taken again, whole or in part."""
        if not self._given:
            return []
        given = self._pick(self._given)
        made = reversal(given, self._pick((-given["posted_minor"], self._minor())))
        made["key"] = self._key()
        return [made]
