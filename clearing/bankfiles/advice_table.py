"""The advice of deposits as a table by configuration.

PURE: values in, bytes into the sink it is given.
"""

from __future__ import annotations

from clearing.bankfiles.advice_lines import Advice, Client, denominations_of
from clearing.bankfiles.forms import Column, CsvForm
from clearing.bankfiles.tables import TableFile, amount
from clearing.charset import clean
from clearing.iso20022 import Sink

_LONGEST = 140


class AdviceTable:
    """begin(), add() for every client, end()."""

    def __init__(self, sink: Sink, advice: Advice, form: CsvForm,
                 columns: tuple[Column, ...]) -> None:
        self._advice = advice
        self._form = form
        self._number = 0
        self._table = TableFile(sink, form, columns, {
            "message_id": advice.message_id, "count": advice.count, "currency": advice.currency,
            "sum": amount(advice.sum_minor, advice.currency, form),
            "execute_on": advice.created_on})

    def begin(self) -> None:
        """The head."""
        self._table.begin()

    def add(self, client: Client) -> None:
        """A client's lines."""
        currency = self._advice.currency
        for line in client.lines:
            item = line.item
            self._number += 1
            self._table.add({
                "message_id": self._advice.message_id, "number": self._number,
                "end_to_end_id": line.end_to_end_id, "kind": item.kind,
                "account": client.account_id, "name": clean(client.name, 70), "iban": client.iban,
                "amount": amount(item.amount_minor, currency, self._form),
                "amount_minor": item.amount_minor, "currency": currency,
                "reference": item.reference, "safe": clean(item.safe, 35), "date": item.date,
                "time": item.time, "receipt": clean(item.receipt, 35),
                "depositor": clean(item.depositor, 70), "cassette": clean(item.cassette, 35),
                "payment_reference": clean(item.payment_reference, 35),
                "denominations": denominations_of(item, currency),
                "why": clean(item.why, _LONGEST), "serial": clean(line.serial, 35)})

    def end(self) -> None:
        """The trailer; as many lines as the head says."""
        assert self._number == self._advice.count, self._advice
        self._table.end()
