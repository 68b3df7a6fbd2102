"""BAI2, the cash management balance reporting format, as an advice of what clients are credited.

PURE: values in, bytes into the sink it is given. Source: BAI, "Cash Management Balance Reporting
Specifications, version 2": records 01, 02, 03, 16, 88, 49, 98, 99, fields parted by commas, a
record ended by a slash, a text the last field and without one. Amounts are minor units without sign
or point: a type code says which way (100 to 399 credits, 400 to 699 debits). An account's control
total adds up all amounts of its 03, 16 and 88 records, a group's its accounts', the file's its
groups'. One group, for a file has one currency and one day; one account record a client.
"""

from __future__ import annotations

from typing import Final

from clearing.bankfiles.advice_lines import Advice, Client, Line
from clearing.charset import clean
from clearing.iso20022 import Sink

TOTAL_CREDITS: Final = "100"
TOTAL_DEBITS: Final = "400"
DEPOSIT: Final = "301"  # commercial deposit
MORE_FOUND: Final = "357"  # credit adjustment
LESS_FOUND: Final = "631"  # debit adjustment
FEE: Final = "698"  # miscellaneous fees
SUSPECT: Final = "990"  # of those that parties agree on: a piece that is suspected, amount 0
_LONGEST_RECORD: Final = 80  # characters, as 01 says; what is longer goes on in 88
_LONGEST_NAME: Final = 20  # of sender and receiver: 01 has both, and nothing goes on from it
_UNKNOWN_FUNDS: Final = "Z"


class Bai2File:
    """begin(), add() for every client, end()."""

    def __init__(self, sink: Sink, advice: Advice, sender: str, receiver: str) -> None:
        self._sink = sink
        self._advice = advice
        self._sender = _field(sender, _LONGEST_NAME)
        self._receiver = _field(receiver, _LONGEST_NAME)
        self._records = 0
        self._accounts = 0
        self._control_minor = 0
        self._count = 0
        self._sum_minor = 0

    def begin(self) -> None:
        """File and group header: the day's advice, final for that day (status 1, modifier 2)."""
        advice = self._advice
        day = advice.created_on.strftime("%y%m%d")
        # The identification makes a file unique among those of one sender and day.
        number = "".join(letter for letter in advice.message_id if letter.isalnum())[-15:]
        self._record(f"01,{self._sender},{self._receiver},{day},2359,{number},"
                     f"{_LONGEST_RECORD},,2/")
        self._record(f"02,{self._receiver},{self._sender},1,{day},2359,{advice.currency},2/")

    def add(self, client: Client) -> None:
        """An account: its totals, its lines, its control total."""
        first = self._records
        amounts = [line.item.amount_minor for line in client.lines]
        given = [minor for minor in amounts if minor > 0]
        taken = [-minor for minor in amounts if minor < 0]
        self._record(f"03,{_field(client.iban or str(client.account_id))},{self._advice.currency},"
                     f"{TOTAL_CREDITS},{sum(given)},{len(given)},{_UNKNOWN_FUNDS}/")
        if taken:
            self._record(f"88,{TOTAL_DEBITS},{sum(taken)},{len(taken)},{_UNKNOWN_FUNDS}/")
        for line in client.lines:
            self._line(line)
        control = 2 * (sum(given) + sum(taken))  # the totals, and the lines again
        self._record(f"49,{control},{self._records - first + 1}/")
        self._accounts += 1
        self._control_minor += control
        self._count += len(amounts)
        self._sum_minor += sum(amounts)

    def end(self) -> None:
        """Group and file trailer; what was added is what was announced."""
        advice = self._advice
        assert (self._count, self._sum_minor) == (advice.count, advice.sum_minor), advice
        # The group has all records but 01, and itself; the file all, and itself.
        self._record(f"98,{self._control_minor},{self._accounts},{self._records}/")
        self._record(f"99,{self._control_minor},1,{self._records + 1}/")

    def _line(self, line: Line) -> None:
        item = line.item
        text = " ".join(part for part in (
            item.safe, item.date, item.time, item.depositor, item.cassette, item.why, line.serial)
            if part)
        head = f"16,{_code(line)},{abs(item.amount_minor)},{_UNKNOWN_FUNDS},"
        head += _field(line.end_to_end_id)
        reference = f",{_field(item.receipt or item.payment_reference)},"
        if len(head + reference) >= _LONGEST_RECORD:  # a field is never cut: it goes on in 88
            self._record(head + "/")
            head = "88"
        head += reference
        said = _text(text)
        if not said:
            self._record(head + "/")
            return
        room = _LONGEST_RECORD - len(head)
        self._record(head + said[:room])
        rest = said[room:]
        while rest:
            self._record("88," + rest[:_LONGEST_RECORD - 3])
            rest = rest[_LONGEST_RECORD - 3:]

    def _record(self, text: str) -> None:
        self._records += 1
        self._sink.write(text.encode("ascii") + b"\r\n")


def _code(line: Line) -> str:
    item = line.item
    if item.kind == "counterfeit":
        return SUSPECT
    if item.amount_minor < 0:
        return FEE if item.kind == "fee" else LESS_FOUND
    return DEPOSIT if item.kind == "deposit" else MORE_FOUND


def _field(text: str, longest: int = 35) -> str:
    """A field before the last: neither comma nor slash, which end fields and records."""
    return clean(text.replace(",", " ").replace("/", " "), longest)


def _text(text: str) -> str:
    """The last field. It may have commas and slashes, but must not begin with a slash."""
    return clean(text, 140).lstrip("/")
