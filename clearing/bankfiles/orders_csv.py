"""Orders as a table, for a bank that takes no XML: the same credits, the same ids.

PURE: values in, bytes into the sink it is given. Its texts are of the SEPA set, as in pain.001.
"""

from __future__ import annotations

from datetime import date

from clearing.bankfiles.forms import Column, CsvForm
from clearing.bankfiles.pain001 import Credit, Message
from clearing.bankfiles.tables import TableFile, Value, amount
from clearing.charset import clean
from clearing.iso20022 import Sink
from clearing.remittance import LONGEST
from clearing.settings import Debtor


class CreditTable:
    """begin(), add() for every credit, end(), as CreditTransferFile has them."""

    def __init__(self, sink: Sink, message: Message, debtor: Debtor, form: CsvForm,
                 columns: tuple[Column, ...], execute_on: date) -> None:
        self._message = message
        self._form = form
        self._count = 0
        self._sum_minor = 0
        currency = message.currency
        self._same: dict[str, Value] = {
            "message_id": message.message_id, "currency": currency, "execute_on": execute_on,
            "debtor_name": clean(debtor.name, 70), "debtor_iban": debtor.iban,
            "debtor_bic": debtor.bic, "purpose": message.purpose}
        self._table = TableFile(sink, form, columns, {
            "message_id": message.message_id, "count": message.count, "currency": currency,
            "sum": amount(message.sum_minor, currency, form), "execute_on": execute_on})

    def begin(self) -> None:
        """The head."""
        self._table.begin()

    def add(self, credit: Credit) -> None:
        """One row."""
        assert credit.amount_minor > 0, credit.end_to_end_id
        self._count += 1
        self._sum_minor += credit.amount_minor
        address = credit.address
        self._table.add({
            **self._same, "number": self._count, "end_to_end_id": credit.end_to_end_id,
            "amount": amount(credit.amount_minor, self._message.currency, self._form),
            "amount_minor": credit.amount_minor, "name": clean(credit.name, 70),
            "iban": credit.iban, "bic": credit.bic, "street": clean(address.street, 70),
            "house": clean(address.number, 16), "postcode": clean(address.postcode, 16),
            "town": clean(address.town, 35), "country": address.country,
            "remittance": clean(credit.remittance, LONGEST)})

    def end(self) -> None:
        """The trailer; what was added is what the head says."""
        message = self._message
        assert (self._count, self._sum_minor) == (message.count, message.sum_minor), message
        self._table.end()
