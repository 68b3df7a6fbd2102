"""The advice of deposits as XML: our own plain form, described in docs/bank-files.md.

PURE: values in, bytes into the sink it is given. ISO 20022 has no message for it: camt.05x go from
a bank to its customer, never to it.
"""

from __future__ import annotations

from typing import Final

from clearing.bankfiles.advice_lines import Advice, Client, Line
from clearing.charset import clean
from clearing.iso20022 import Sink
from clearing.money import plain

NAMESPACE: Final = "urn:authhost:deposit-advice:1"
_LONGEST: Final = 140


class AdviceDocument:
    """begin(), add() for every client, end()."""

    def __init__(self, sink: Sink, advice: Advice) -> None:
        self._sink = sink
        self._advice = advice
        self._count = 0
        self._sum_minor = 0

    def begin(self) -> None:
        """The root, with the totals that its lines come to."""
        advice = self._advice
        self._write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<deposit-advice xmlns="{NAMESPACE}" message="{advice.message_id}" '
            f'date="{advice.created_on.isoformat()}" currency="{advice.currency}" '
            f'count="{advice.count}" sum="{plain(advice.sum_minor, advice.currency)}">\n')

    def add(self, client: Client) -> None:
        """A client's lines."""
        self._write(f'<client number="{client.account_id}"{_said("name", client.name)}'
                    f'{_said("iban", client.iban)}>\n')
        for line in client.lines:
            self._write(self._line(line))
        self._write("</client>\n")

    def end(self) -> None:
        """Close the document; what was added is what the root says."""
        advice = self._advice
        assert (self._count, self._sum_minor) == (advice.count, advice.sum_minor), advice
        self._write("</deposit-advice>\n")

    def _line(self, line: Line) -> str:
        item, currency = line.item, self._advice.currency
        self._count += 1
        self._sum_minor += item.amount_minor
        said = "".join(_said(name, value) for name, value in (
            ("credit", line.end_to_end_id), ("reference", item.reference), ("safe", item.safe),
            ("date", item.date), ("time", item.time), ("receipt", item.receipt),
            ("depositor", item.depositor), ("cassette", item.cassette),
            ("payment-reference", item.payment_reference), ("serial", line.serial),
            ("why", item.why)))
        head = f'<line kind="{item.kind}" amount="{plain(item.amount_minor, currency)}"{said}'
        pieces = "".join(
            f'<pieces kind="{"coin" if piece.kind == "coin" else "note"}" '
            f'value="{plain(piece.value_minor, currency)}" count="{piece.count}"/>'
            for piece in item.denominations)
        return f"{head}>{pieces}</line>\n" if pieces else f"{head}/>\n"

    def _write(self, text: str) -> None:
        self._sink.write(text.encode("ascii"))  # the SEPA set is a part of ASCII


def _said(name: str, value: str) -> str:
    cleaned = clean(value, _LONGEST)  # the SEPA set has none of the characters that XML minds
    return f' {name}="{cleaned}"' if cleaned else ""
