"""One bank, as deposits use it: what may go, how it is written, and what is noted of an answer.

Knows deposits' credits and their creditors; how a bank is talked to is talk.py's.
"""

from __future__ import annotations

from authhost.bank import bounds
from authhost.bank.banks import Bank
from authhost.bank.counts import Counts
from authhost.bank.links import Links
from authhost.bank.meanings import Meaning
from authhost.bank.notes import Note, Notes
from authhost.bank.outbox import Credit
from authhost.bank.pain001 import Creditor, CreditWriter, creditor, remittance
from authhost.bank.payees import Payees
from authhost.bank.talk import Talk
from authhost.bounded import Bounded
from authhost.clock import Clock
from clearing.party import parse_party


class Exchange(Talk[Credit]):
    """Of one bank."""

    def __init__(self, bank: Bank, links: Links, notes: Notes, counts: Counts,
                 clock: Clock, payees: Payees) -> None:
        super().__init__(bank, links, counts, clock)
        self.notes = notes
        self._payees = payees
        self._creditors: Bounded[tuple[str, str], Creditor] = Bounded(bounds.CREDITORS)
        self._writers = {currency: CreditWriter(rail) for currency, rail in bank.rails.items()}

    def change(self, bank: Bank) -> None:
        """Other hours, limits, accounts or another status; the place is the same."""
        if bank != self.bank:
            super().change(bank)
            self._writers = {currency: CreditWriter(rail) for currency, rail in bank.rails.items()}

    @property
    def full(self) -> bool:
        """True where nothing more should be sent."""
        return self.notes.full

    def objection(self, order: Credit) -> str:
        """Why this credit goes by night instead, or ''."""
        why = self.bank.objection(order.currency, order.amount_minor, self._clock.now())
        return why or self._creditor(order).defect or self._payees.objection(order)

    def writable(self, order: Credit) -> bool:
        """Its rail and account are still there, and nobody is listed under its name meanwhile:
        otherwise it stays unknown, for a person."""
        return (order.currency in self._writers and not self._creditor(order).defect
                and not self._payees.objection(order))

    def _message(self, order: Credit) -> bytes:
        return self._writers[order.currency].write(
            order.end_to_end_id, order.amount_minor, self._creditor(order),
            remittance(order.terminal_id, order.day, order.detail), self._clock.now())

    def _put(self, order: Credit, said: Meaning, word: str, wait_s: float, tried: int) -> None:
        self.notes.put(Note(order, said, word, wait_s, tried))

    def _creditor(self, order: Credit) -> Creditor:
        place = (order.party or "", order.currency)
        found = self._creditors.get(place)
        if found is None:
            party = parse_party(order.party) if order.party else None
            found = (Creditor(b"", "account_missing") if party is None
                     else creditor(party, order.currency))
            self._creditors.put(place, found)
        return found
