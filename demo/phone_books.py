"""What the day of payments came to, as shops, payers, banks and the host have it, and where two of
them do not agree.

Knows what each story had to come to, the shops' archives, the phones' memories, the banks' own
books and four tables of the host; knows nothing of how any was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import asyncpg
import msgspec

from demo.insert import statement
from demo.result import PaymentState, Phones
from demo.shops import fee_minor, refund_fee_minor
from terminals.bank.books import Payment as Booked
from terminals.till.bodies import Payment

START_MINOR: Final = 1_000_000  # what a payer has at the bank in the morning
PAYOUT: Final = "merchant_payout_xml"
_PAID_OUT: Final = frozenset({"CAPTURED", "PARTLY_REFUNDED"})
_ORDER: Final = ("CAPTURED", "PARTLY_REFUNDED", "REFUNDED", "DECLINED", "DECLINED_BY_PAYER",
                 "CANCELLED", "EXPIRED")


class End(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment has to be. borne: refunds that its shop has paid; was_unknown: its bank did
    not say at once."""

    state: str
    reason: str
    kind: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    borne: int
    disputed: bool
    was_unknown: bool


class Seen(msgspec.Struct, frozen=True):
    """A payment as one of them has it."""

    state: str
    reason: str
    amount_minor: int


class PhoneBooks:
    """Filled by the day of phones; judged at night."""

    def __init__(self) -> None:
        self.ends: dict[str, End] = {}
        self.codes: dict[str, str] = {}  # paid by code: payment -> entry in its bank's books
        self.shops: dict[str, Payment] = {}
        self.payers: dict[str, Seen] = {}
        self.booked: dict[str, Booked] = {}  # by EndToEndId
        self.started: dict[str, int] = {}  # IBAN of a payer -> minor units in the morning
        self.balances: dict[str, int | None] = {}  # in the evening, as their banks have them
        self.accounts: dict[int, str] = {}  # account -> IBAN
        self.customers: dict[str, str] = {}  # who has paid by code: payment -> IBAN
        self.phones = 0
        self.fetched = 0
        self.logins = 0
        self.revoked = 0
        self.rows: Sequence[Mapping[str, Any]] = ()
        self.settled: Mapping[str, Any] = {}
        self.paid_out_minor = 0  # by the night's files

    async def close(self, database_url: str, business_date: date) -> None:
        """What the host has of it, after the night."""
        connection = await asyncpg.connect(database_url)
        try:
            self.rows = list(map(dict, await connection.fetch(statement("phone_payments"))))
            [settled] = await connection.fetch(statement("phone_settlements"), business_date)
            self.settled = dict(settled)
        finally:
            await connection.close()

    def faults(self) -> list[str]:
        """In words: where what a story had to come to is not what one of them has."""
        found = []
        there = {row["payment_id"]: row for row in self.rows}
        found += [f"payment {one}: no story has asked for it" for one in there.keys()
                  - self.ends.keys()]
        for name, end in self.ends.items():
            found += [f"payment {name}: {why}" for why in self._differing(name, end,
                                                                          there.get(name))]
        found += self._doubled()
        found += [f"account {iban} has {self.balances.get(iban)} at its bank, not {minor}"
                  for iban, minor in self._left().items() if self.balances.get(iban) != minor]
        return [*found, *self._unsettled()]

    def figures(self) -> Phones:
        """For the summary."""
        ends, settled = list(self.ends.values()), self.settled
        return Phones(
            phones=self.phones, payments=len(ends), states=tuple(self._states()),
            declined=dict(Counter(end.reason for end in ends if end.reason).most_common()),
            by_code=len(self.codes), were_unknown=sum(end.was_unknown for end in ends),
            fetched=self.fetched, logins=self.logins, revoked=self.revoked,
            disputes=sum(end.disputed for end in ends),
            refunds=sum(end.refunded_minor > 0 for end in ends),
            refunded_minor=sum(end.refunded_minor for end in ends),
            captured_minor=sum(end.captured_minor for end in ends),
            settlements=settled["count"], gross_minor=settled["gross_minor"],
            netted_minor=settled["refunds_minor"], fees_minor=settled["fees_minor"],
            payouts=settled["payouts"], payout_minor=settled["payout_minor"],
            payout_date=str(settled["payable_on"] or ""))

    def _differing(self, name: str, end: End, row: Mapping[str, Any] | None) -> Iterator[str]:
        """Where one of them has another payment than the story."""
        wanted = Seen(end.state, end.reason, end.amount_minor)
        shop = self.shops.get(name)
        if shop is None or (Seen(shop.state, shop.reason, shop.amount_minor), shop.captured_minor,
                            shop.refunded_minor) != (
                                wanted, end.captured_minor, end.refunded_minor):
            yield f"its shop has {shop}, not {end}"
        if self.payers.get(name) != wanted:
            yield f"its payer has {self.payers.get(name)}, not {wanted}"
        if self._at_bank(name, row) != self._due(end):
            yield f"its bank has {self._at_bank(name, row)}, not {self._due(end)}"
        kept = None if row is None else tuple(row[field] for field in (
            "state", "reason", "amount_minor", "captured_minor", "refunded_minor"))
        if kept != (end.state.lower(), end.reason, end.amount_minor, end.captured_minor,
                    end.refunded_minor):
            yield f"the host has {kept}, not {end}"
        paid = self._due(end)
        given = end.refunded_minor if end.borne else 0
        if row is not None and (row["payer_minor"], row["shop_minor"]) != (
                paid[0] - paid[1], end.captured_minor - given):
            yield (f"the journal has posted {row['payer_minor']} and {row['shop_minor']}, not "
                   f"{paid[0] - paid[1]} and {end.captured_minor - given}")
        if shop is not None and (shop.payout_date is None) == (end.state in _PAID_OUT):
            yield f"its shop has it {end.state}, paid out on {shop.payout_date}"

    @staticmethod
    def _due(end: End) -> tuple[int, int]:
        """What its bank has to have moved: to the shop's operator, and back."""
        return (end.amount_minor if end.captured_minor else 0, end.refunded_minor)

    def _at_bank(self, name: str, row: Mapping[str, Any] | None) -> tuple[int, int]:
        """What it has moved, by its own books."""
        refunds = row["end_to_end_ids"] if row is not None else ()
        return (self._moved(self.codes.get(name, f"P{name}")), sum(map(self._moved, refunds)))

    def _moved(self, end_to_end_id: str) -> int:
        found = self.booked.get(end_to_end_id)
        return found.amount_minor if found is not None and found.paid else 0

    def _doubled(self) -> list[str]:
        """What banks have moved and no payment names."""
        named = {f"P{name}" for name in self.ends} | set(self.codes.values())
        for row in self.rows:
            named.update(row["end_to_end_ids"])
        return [f"a bank has moved {name}, and no payment names it"
                for name, one in self.booked.items() if one.paid and name not in named]

    def _left(self) -> dict[str, int]:
        """What each payer has to have at the bank in the evening, by what payments came to."""
        left = dict(self.started)
        for row in self.rows:
            name = row["payment_id"]
            end = self.ends.get(name)
            iban = self.customers.get(name) or self.accounts.get(row["payer_id"])
            if end is not None and iban is not None:
                paid, back = self._due(end)
                left[iban] -= paid - back
        return left

    def _states(self) -> Iterator[PaymentState]:
        """How many are in each state, by each of them."""
        rows = {row["payment_id"]: row for row in self.rows}
        shops = Counter(one.state for one in self.shops.values())
        payers = Counter(one.state for one in self.payers.values())
        banks = Counter(end.state for name, end in self.ends.items()
                        if self._at_bank(name, rows.get(name)) == self._due(end))
        moved: Counter[str] = Counter()
        for name, end in self.ends.items():
            paid, back = self._at_bank(name, rows.get(name))
            moved[end.state] += paid - back
        for state in (*_ORDER, *sorted({*shops, *payers} - set(_ORDER))):
            yield PaymentState(state=state, payer=payers[state], merchant=shops[state],
                               bank=banks[state], moved_minor=moved[state])

    def _unsettled(self) -> Iterator[str]:
        """Where the night has settled something else than the day's payments."""
        ends = self.ends.values()
        borne = sum(end.refunded_minor for end in ends if end.borne)
        gross = sum(end.captured_minor for end in ends)
        fees = sum(fee_minor(end.kind, end.captured_minor) for end in ends)
        fees += refund_fee_minor(sum(end.borne for end in ends))
        for name, wanted in (("gross_minor", gross), ("refunds_minor", borne),
                             ("fees_minor", fees)):
            if self.settled[name] != wanted:
                yield f"the night has settled {name} {self.settled[name]}, not {wanted}"
        payout, closing = self.settled["payout_minor"], self.settled["closing_minor"]
        if payout + closing != gross - borne - fees:
            yield f"the night pays out {payout} and keeps {closing} of {gross - borne - fees}"
        if payout != self.paid_out_minor:
            yield f"the night's files pay out {self.paid_out_minor}, not {payout}"
