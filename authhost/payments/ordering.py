"""One bank, as payments use it: what may go, how it is written, what an answer means to a payer.

Knows payers' debits and refunds; how a bank is talked to is bank/talk.py's. A payer does not wait:
what a bank rejects, for whatever cause, is declined. A refund waits, as a deposit's credit does.
"""

from __future__ import annotations

from datetime import timedelta

from authhost.bank import bounds
from authhost.bank.banks import Bank
from authhost.bank.counts import Counts
from authhost.bank.initiation import Payer, PaymentWriter, payer, remittance, ultimate
from authhost.bank.links import Links
from authhost.bank.meanings import Meaning, told_payer
from authhost.bank.talk import Talk
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.payments.answers import Answers
from authhost.payments.orders import DEBIT, Order
from clearing.party import parse_party

_REFUSED = frozenset({Meaning.NEVER, Meaning.NIGHT, Meaning.LATER})


class Ordering(Talk[Order]):
    """Of one bank."""

    lean = True

    def __init__(self, bank: Bank, links: Links, answers: Answers, counts: Counts,
                 clock: Clock) -> None:
        super().__init__(bank, links, counts, clock)
        self._answers = answers
        self._payers: Bounded[tuple[str, str], Payer] = Bounded(bounds.CREDITORS)
        self._payees: Bounded[str, bytes] = Bounded(bounds.CREDITORS)
        self._writers = _writers(bank)

    def change(self, bank: Bank) -> None:
        """Other hours, limits, accounts or another status; the place is the same."""
        if bank != self.bank:
            super().change(bank)
            self._writers = _writers(bank)

    @property
    def full(self) -> bool:
        """True where nothing more should be sent."""
        return self._answers.full

    def refuses(self, currency: str, amount_minor: int, party: str | None) -> str:
        """Why no debit of this payer can go now, or ''."""
        at = self._clock.now()
        why = self.bank.shut(at) or self.bank.objection(currency, amount_minor, at)
        if why:
            return why.partition(":")[0]
        if currency not in self._writers:
            return "no_collection"
        defect = self._payer(party, currency).defect
        return f"payer_{defect}" if defect else ""

    def objection(self, order: Order) -> str:
        """Why it does not go now, or ''."""
        return self.refuses(order.currency, order.amount_minor, order.party)

    def writable(self, order: Order) -> bool:
        """It may be sent again: a debit while its payer may still stand there."""
        return (order.currency in self._writers
                and not self._payer(order.party, order.currency).defect
                and (order.kind != DEBIT or self._age_s(order) <= bounds.DEBIT_S))

    def unheard(self, order: Order) -> None:
        """Too old to be sent again. Declined, once whatever was sent last must have come."""
        if order.kind != DEBIT:
            return
        came_by = (order.sent_at or order.recorded_at) + timedelta(
            seconds=self.bank.answer_s * 2 + bounds.ANSWER_MARGIN_S)
        if self.real_now() < came_by:
            self._answers.silent(order.key, order.tries, came_by)
        else:
            self._answers.no(order, "NOOR", told_payer("NOOR"), order.tries)

    def _read_as(self, order: Order) -> str:
        """Only what is settled is paid: a debit that a bank has merely accepted may fail yet."""
        return "instant" if order.kind == DEBIT else super()._read_as(order)

    def _message(self, order: Order) -> bytes:
        writer = self._writers[order.currency]
        write = writer.debit if order.kind == DEBIT else writer.refund
        return write(order.end_to_end_id, order.amount_minor,
                     self._payer(order.party, order.currency), self._payee(order.payee),
                     remittance(order.purpose, order.reference, order.payment_id),
                     self._clock.now())

    def _put(self, order: Order, said: Meaning, word: str, wait_s: float, tried: int) -> None:
        if said is Meaning.ACCEPT:
            self._answers.yes(order, word)
        elif said in _REFUSED and (order.kind == DEBIT or said is not Meaning.LATER):
            self._answers.no(order, word, told_payer(word), tried)
        else:
            self._answers.silent(order.key, tried, self.real_now() + timedelta(seconds=wait_s),
                                 word)

    def _payer(self, party: str | None, currency: str) -> Payer:
        place = (party or "", currency)
        found = self._payers.get(place)
        if found is None:
            found = payer(parse_party(party) if party else None, currency)
            self._payers.put(place, found)
        return found

    def _payee(self, name: str) -> bytes:
        found = self._payees.get(name)
        if found is None:
            found = ultimate(name)
            self._payees.put(name, found)
        return found


def _writers(bank: Bank) -> dict[str, PaymentWriter]:
    return {currency: PaymentWriter(rail) for currency, rail in bank.rails.items()
            if rail.collecting is not None}
