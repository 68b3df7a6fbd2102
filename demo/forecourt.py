"""The fuel terminals as they stand there: opened, used by every story, reconciled at night.

Knows terminals, their keys and their own totals; knows no customer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from demo.keyloader import Equipment
from demo.parties import Device
from demo.tally import Tally
from iso.security import MAC_BYTES, MAC_FIELDS
from terminals.layout import Totals
from terminals.pos import Exchange, Pos, Reply
from terminals.session_keys import BadKeys

_DEBITS: Final = frozenset({"sale", "completion", "offline_sale"})


class Forecourt:
    """devices: those that work. until: waits for a moment of the business day."""

    def __init__(self, devices: list[Device], terminals: dict[str, Pos],
                 equipment: Mapping[str, Equipment], tally: Tally,
                 until: Callable[[float], Awaitable[None]]) -> None:
        self.devices = devices
        self.active = {currency: [device for device in devices if device.currency == currency]
                       for currency in ("EUR", "CHF")}
        # Where all of an amount is approved or nothing.
        self.counters = [device for device in self.active["EUR"] if not device.partial_approval]
        self.until = until
        self._terminals = terminals
        self._equipment = equipment
        self._tally = tally
        self._totals: dict[str, Totals] = {}

    def pos(self, device: Device) -> Pos:
        """The terminal itself."""
        return self._terminals[device.terminal_id]

    def equipment(self, device: Device) -> Equipment:
        """Its keys and its PIN pad."""
        return self._equipment[device.terminal_id]

    async def open(self, device: Device) -> None:
        """A terminal gets the session keys of the day, and signs on."""
        await self.change_keys(device)
        self._tally.exchange(await self.pos(device).sign_on())

    async def change_keys(self, device: Device) -> None:
        """New keys for PINs and MACs; what is under way ends under the old ones."""
        try:
            exchange = await self.pos(device).change_keys()
        except BadKeys as error:
            self._tally.surprises.append(f"key change of {device.terminal_id}: {error}")
            return
        self._tally.exchange(exchange)
        if exchange.reply is not None and exchange.reply.action != "800":
            self._tally.surprises.append(f"a key change was answered {exchange.reply}")

    async def close(self, device: Device) -> None:
        """A terminal sends what it still keeps, reconciles its day and cuts over."""
        await self.upload(device)
        totals = self._totals.get(device.terminal_id, Totals())
        balance = await self.pos(device).reconcile(totals, device.currency)
        self._tally.exchange(balance)
        if balance.reply is not None and balance.reply.action != "500":
            host = {number: balance.reply.message.text(number) for number in (76, 77, 88, 89)}
            self._tally.unbalanced.append(f"{device.terminal_id}: {totals} host {host}")
        self._tally.exchange(await self.pos(device).cut_over())

    async def upload(self, device: Device) -> None:
        """What the terminal sold off line."""
        for exchange in await self.pos(device).upload():
            self.count(device, exchange)
            if exchange.kind == "offline_sale" and (
                    exchange.reply is None or exchange.reply.action != "000"):
                self._tally.surprises.append(f"an off-line sale was answered {exchange.reply}")

    async def repeat(self, device: Device, first: Exchange) -> None:
        """The same message again: the same answer, the MAC aside."""
        if first.reply is None:
            return
        again = await self.pos(device).repeat(first)
        self._tally.repeat(
            f"{first.kind} {device.terminal_id} {first.request.text(11)}",
            content(first.reply), content(again.reply) if again.reply is not None else b"",
            again.latency_s)

    def count(self, device: Device, exchange: Exchange) -> None:
        """A sale, completion or off-line sale is a debit; a hold is none yet, nor is a return."""
        self._tally.exchange(exchange, device.currency)
        if exchange.kind in _DEBITS and exchange.approved_minor:
            totals = self._totals.get(device.terminal_id, Totals())
            self._totals[device.terminal_id] = msgspec.structs.replace(
                totals, debits=totals.debits + 1,
                debits_minor=totals.debits_minor + exchange.approved_minor)

    def gave_back(self, device: Device, exchange: Exchange) -> None:
        """A reversal."""
        self._tally.exchange(exchange, device.currency)
        if exchange.reply is not None and exchange.reply.action == "400" \
                and exchange.reply.amount_minor:
            totals = self._totals.get(device.terminal_id, Totals())
            self._totals[device.terminal_id] = msgspec.structs.replace(
                totals, reversed_debits=totals.reversed_debits + 1,
                reversed_debits_minor=totals.reversed_debits_minor + exchange.reply.amount_minor)

    def expect(self, story: str, exchange: Exchange, action: str, reason: str = "") -> bool:
        """True when it was answered so; otherwise a surprise is written down."""
        reply = exchange.reply
        if reply is not None and (reply.action, reply.reason) == (action, reason):
            return True
        said = f"{reply.action} {reply.reason}" if reply is not None else "nothing"
        self._tally.surprises.append(f"{story}: {said}, and not {action} {reason}")
        return False


def content(reply: Reply) -> bytes:
    """An answer without its MAC, which is the transport's (invariant 3)."""
    sealed = any(field in reply.message.fields for field in MAC_FIELDS)
    return reply.raw[:-MAC_BYTES] if sealed else reply.raw
