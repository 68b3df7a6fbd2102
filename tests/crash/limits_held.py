"""Were the limits held? Added up again from postings in order, without the host's own counters.

PURE. Sound in this order: what takes is counted before its row is recorded, what gives back after.
So at any moment, what is recorded of requests and not given back was all counted together, and a
sum beyond a limit is an approval that should not have been. What an advice took may pass a limit
(invariant 1); it is left out, with what gives it back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

from demo.parties import FleetCard, Limit, Portfolio
from tests.crash.journal import Row
from tests.crash.record import Event, Sent

_REQUESTS: Final = ("sale", "preauthorization")


class Posting(msgspec.Struct, frozen=True, gc=False):
    """A signed effect on a card and all above it; windows: (day, week, month)."""

    card_id: int
    windows: tuple[int, int, int]
    money: int
    volume: int
    count: int
    asks: bool  # a request: after it no limit may be passed
    key: str


class Passed(msgspec.Struct, frozen=True):
    """A limit that was passed: whose, in which window, by which message, how far."""

    scope: str
    limit: str
    window: int
    key: str
    reached: int
    maximum: int


def passed(postings: Iterable[Posting], portfolio: Portfolio) -> list[Passed]:
    """The first and worst of each limit that was passed, in each window."""
    limits = {card.card_id: list(_limits(card, portfolio)) for card in portfolio.cards}
    totals: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    worst: dict[tuple[str, str, int], Passed] = {}
    for posting in postings:
        for scope, limit in limits[posting.card_id]:
            name = f"{limit['window']}:{limit['measure']}"
            window = _window(posting, str(limit["window"]))
            place = (scope, name, window)
            totals[place] += int(getattr(posting, str(limit["measure"])))
            reached, maximum = totals[place], int(limit["maximum"])
            before = worst.get(place)
            if posting.asks and reached > maximum and (before is None or reached > before.reached):
                worst[place] = Passed(scope, name, window, posting.key, reached, maximum)
    return list(worst.values())


def journal_postings(rows: Iterable[Row]) -> list[Posting]:
    """What requests took and what gave it back, as the journal recorded it."""
    rows = list(rows)
    kinds = {row.key: row.kind for row in rows if row.leg == 0}
    originals = {row.key: row.original_key for row in rows if row.original_key}

    def root(key: str) -> str:
        while key in originals:
            key = originals[key]
        return key

    return [Posting(row.card_id, (row.day, row.week, row.month), row.money, row.volume, row.count,
                    row.kind in _REQUESTS and row.approved, row.key)
            for row in rows
            if row.card_id is not None and kinds.get(root(row.key)) in _REQUESTS]


def client_postings(sequence: Iterable[tuple[Event, Sent]]) -> list[Posting]:
    """What the client knows: taken when it hears of it, given back as soon as it asks for that."""
    postings = []
    open_minor: dict[str, tuple[int, int]] = {}
    asked_back: set[str] = set()
    for event, sent in sequence:
        original = sent.original
        if event == "sent" and original is not None:
            # A completion keeps at most what was held; that little is left out here.
            asked_back.add(original.key)
            money, volume = open_minor.pop(original.key, (0, 0))
            if money:
                postings.append(Posting(sent.card.card_id, (0, 0, 0), -money, -volume, -1, False,
                                        sent.key))
        elif (event == "answered" and sent.kind in _REQUESTS and sent.approved
              and sent.key not in asked_back):
            volume = sent.volume_ml * sent.approved_minor // sent.amount_minor
            open_minor[sent.key] = (sent.approved_minor, volume)
            postings.append(Posting(sent.card.card_id, (0, 0, 0), sent.approved_minor, volume, 1,
                                    True, sent.key))
    return postings


def _limits(card: FleetCard, portfolio: Portfolio) -> Iterable[tuple[str, Limit]]:
    for limit in card.limits:
        yield f"card {card.card_id}", limit
    for vehicle in portfolio.vehicles:
        if vehicle.vehicle_id == card.vehicle_id:
            yield from ((f"vehicle {vehicle.vehicle_id}", limit) for limit in vehicle.limits)
    for driver in portfolio.drivers:
        if driver.driver_id == card.driver_id:
            yield from ((f"driver {driver.driver_id}", limit) for limit in driver.limits)
    for account in portfolio.accounts:
        if account.account_id == card.account_id:
            yield from ((f"account {account.account_id}", limit) for limit in account.limits)


def _window(posting: Posting, name: str) -> int:
    return posting.windows[("day", "week", "month").index(name)] if name != "total" else 0
