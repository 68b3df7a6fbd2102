"""What is wanted of the edge, looked at before anything is done: sums, holds, cards.

PURE. BadOrder says what is wrong; a wrong order leaves no trace.
"""

from __future__ import annotations

import msgspec

from iso import Message, Profile
from terminals.edge.rows import Particulars, Price, Row
from terminals.edge.states import Kind, State
from terminals.edge.ticket import BadOrder
from terminals.layout import card_of
from terminals.purchase import Card, Sale


def demand_sums(sale: Sale) -> None:
    """Items sum to the amount; nothing is negative."""
    if sale.amount_minor < 0:
        raise BadOrder("a negative amount")
    if sale.items and sum(item.amount_minor for item in sale.items) != sale.amount_minor:
        raise BadOrder("the items do not sum to the amount")


def demand_hold(hold: Row) -> None:
    """It is a pre-authorization that holds something."""
    if hold.kind is not Kind.PREAUTHORIZATION:
        raise BadOrder(f"{hold.sequence} is a {hold.kind}, not a pre-authorization")
    if hold.state is not State.ANSWERED or not hold.approved:
        raise BadOrder(f"{hold.sequence} holds nothing")


def held_card(message: Message) -> Card:
    """The card of a message, by its number alone."""
    pan, expiry = card_of(message)
    return Card(pan, expiry, sequence=(message.text(23) or "")[-2:])


def for_an_advice(sale: Sale) -> Sale:
    """It will lie on a disk: the second card by its number, no track."""
    if sale.second is None or not sale.second.track_2:
        return sale
    return msgspec.structs.replace(sale, second=Card(sale.second.pan, sale.second.expiry))


def particulars(sale: Sale, *, tc: str = "", list_prices: tuple[Price, ...] = (),
                account: int = 0) -> Particulars:
    """What a receipt prints of a sale."""
    card = sale.card
    return Particulars(
        items=sale.items, prompts=sale.answers, tc=tc, list_prices=list_prices, account=account,
        second_masked=sale.second.masked if sale.second is not None else "",
        entry=sale.entry or ("chip" if sale.chip else "stripe" if card.track_2 else "key"))


def checked(profile: Profile, message: Message) -> Message:
    """The message, which can be encoded: one that cannot must not get into the queue."""
    profile.codec.encode(message)
    return message
