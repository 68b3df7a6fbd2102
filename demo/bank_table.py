"""What is at the banks, in lines for people: by our books and by theirs. PURE."""

from __future__ import annotations

from demo.amounts import money
from demo.result import Banked

COLLECTED = ("fleet", "mandate", "sequence", "under", "collected on", "sum", "state")
COLUMNS = ("currency", "booked: we say", "they say", "on its way: we say", "they wait for")


def positions(banked: Banked) -> list[tuple[str, ...]]:
    """A line a currency."""
    return [(one.currency, *map(money, (one.account_minor, one.bank_minor, one.transit_minor,
                                        one.waiting_minor))) for one in banked.positions]


def collected(banked: Banked) -> list[tuple[str, ...]]:
    """A line a direct debit."""
    return [(one.fleet, one.mandate, one.sequence, one.end_to_end_id, one.collect_on.isoformat(),
             money(one.amount_minor), one.state + (" again" if one.before_id else ""))
            for one in banked.collected]


def came_back(banked: Banked) -> list[tuple[str, ...]]:
    """A line an order that was refused or returned."""
    return [(one.what, one.code or "", one.subject, money(one.amount_minor), one.currency)
            for one in banked.came_back]
