"""The house's books: which files came, which orders it took, what it booked on each account.

PURE: no clock, no file; a day is told. An order is booked once; a file of a MsgId that was there
is refused as a duplicate, whatever is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from terminals.bank.orders import BadOrder
from terminals.house.messages import Line, Refused, notice, report, statement
from terminals.house.orders import Order, PaymentFile, read_file

_DUPLICATE: Final = "DUPL"
_NO_ACCOUNT: Final = "AC02"  # InvalidDebtorAccountNumber
_NO_FUNDS: Final = "AM04"


class State(msgspec.Struct):
    """What outlives a process. orders: taken and not booked yet, with their file's id."""

    files: dict[str, str] = {}  # MsgId -> the group's status
    orders: list[tuple[str, Order]] = []
    lines: list[Line] = []
    booked: dict[str, tuple[str, Order]] = {}
    told: int = 0  # messages that it has written


class House:
    """One bank with the accounts that it keeps.

    accounts: IBAN -> what may be drawn from it, minor units; None: without end. refuse: end-to-end
    id -> reason. batch: a file is booked in one sum a block.
    """

    def __init__(self, accounts: Mapping[str, int | None], *, bic: str = "", batch: bool = False,
                 refuse: Mapping[str, str] = {}, state: State | None = None) -> None:
        self.state = state or State()
        self._accounts = dict(accounts)
        self._bic = bic
        self._batch = batch
        self._refuse = refuse

    def take(self, content: bytes, created: str) -> bytes:
        """A payment file; what the house says of it (pain.002.001.10)."""
        try:
            file = read_file(content)
        except BadOrder as bad:
            return report(self._message(), created, self._bic, message_id=bad.message_id,
                          whole=Refused("", bad.reason, str(bad)))
        if file.message_id in self.state.files:
            return self._said(file, created, _DUPLICATE)
        if any(order.ours not in self._accounts for order in file.orders):
            self.state.files[file.message_id] = "RJCT"
            return self._said(file, created, _NO_ACCOUNT)
        refused = []
        for order in file.orders:
            reason = self._refuse.get(order.end_to_end_id) or order.objection or (
                self._lacks(order))
            if reason:
                refused.append(Refused(order.end_to_end_id, reason, "", order.block_id,
                                       order.amount_minor, order.currency))
            else:
                self.state.orders.append((file.message_id, order))
        self.state.files[file.message_id] = "PART" if refused else "ACCP"
        return report(self._message(), created, self._bic, file=file, refused=refused)

    def settle(self, day: str) -> None:
        """Book what is to be executed up to a day: one line an order, or one a block."""
        waiting: list[tuple[str, Order]] = []
        blocks: dict[tuple[str, str, str], list[Order]] = {}
        for message_id, order in self.state.orders:
            if order.day > day:
                waiting.append((message_id, order))
                continue
            self.state.booked[order.end_to_end_id] = message_id, order
            key = message_id, order.block_id, "" if self._batch else order.end_to_end_id
            blocks.setdefault(key, []).append(order)
        self.state.orders = waiting
        for (message_id, block_id, name), orders in blocks.items():
            first = orders[0]
            self._line(first, sum(map(_signed, orders)), day, end_to_end_id=name,
                       message_id=message_id, block_id=block_id, count=len(orders))

    def execute(self, orders: Iterable[Order], day: str) -> None:
        """Orders that came by another way than a file, and were executed at once."""
        for order in orders:
            self.state.booked[order.end_to_end_id] = "", order
            self._line(order, _signed(order), day, end_to_end_id=order.end_to_end_id)

    def give_back(self, end_to_end_id: str, reason: str, day: str, *,
                  kind: Literal["return", "reversal"] = "return") -> None:
        """What was booked comes back, with a reason (ExternalReturnReason1Code). KeyError: it was
        not booked."""
        message_id, order = self.state.booked[end_to_end_id]
        self._line(order, -_signed(order), day, end_to_end_id=end_to_end_id,
                   message_id=message_id, reason="" if kind == "reversal" else reason,
                   reversal=kind == "reversal")

    def accounts(self) -> list[tuple[str, str]]:
        """(IBAN, currency) of what has moved."""
        return sorted({(line.iban, line.currency) for line in self.state.lines})

    def balance(self, iban: str, currency: str) -> int:
        """What was booked on an account, from nothing."""
        return sum(line.signed_minor for line in self.state.lines
                   if (line.iban, line.currency) == (iban, currency))

    def notice(self, iban: str, currency: str, day: str, created: str) -> bytes:
        """The day's bookings, as they are notified (camt.054.001.08)."""
        return notice(self._message(), created, iban, currency, self._lines(iban, currency, day))

    def statement(self, iban: str, currency: str, day: str, created: str) -> bytes:
        """The day's bookings between the balances before and after (camt.053.001.08)."""
        lines = self._lines(iban, currency, day)
        before = sum(line.signed_minor for line in self.state.lines
                     if (line.iban, line.currency) == (iban, currency) and line.day < day)
        return statement(f"{iban[-16:]}{currency}{day.replace('-', '')}", created, iban, currency,
                         day, before, lines)

    def _lines(self, iban: str, currency: str, day: str) -> list[Line]:
        return [line for line in self.state.lines
                if (line.iban, line.currency, line.day) == (iban, currency, day)]

    def _said(self, file: PaymentFile, created: str, reason: str) -> bytes:
        return report(self._message(), created, self._bic, file=file, whole=Refused("", reason, ""))

    def _lacks(self, order: Order) -> str:
        """Whether the account has so much left, what waits taken off."""
        limit = self._accounts[order.ours]
        if limit is None or order.kind == "debit":
            return ""
        waits = sum(_signed(other) for _, other in self.state.orders if other.ours == order.ours)
        left = limit + self.balance(order.ours, order.currency) + waits
        return _NO_FUNDS if left < order.amount_minor else ""

    def _line(self, order: Order, signed_minor: int, day: str, **more: object) -> None:
        number = len(self.state.lines) + 1
        self.state.lines.append(msgspec.convert({
            "iban": order.ours, "currency": order.currency, "day": day,
            "reference": f"HB{number:010d}", "signed_minor": signed_minor, "kind": order.kind,
            "theirs": order.theirs if more.get("end_to_end_id") else "", **more}, Line))

    def _message(self) -> str:
        self.state.told += 1
        return f"HOUSE{self.state.told:08d}"


def _signed(order: Order) -> int:
    return -order.amount_minor if order.kind == "credit" else order.amount_minor
