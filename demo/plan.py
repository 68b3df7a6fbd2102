"""The plan of the day: which story happens when. Deterministic from the seed.

Knows how many of each story there are and how a day's traffic is spread over its hours;
knows nothing of how a story goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

import msgspec

OPENS_S: Final = 600  # the first story, in seconds since midnight
CLOSES_S: Final = 22.75 * 3_600  # the last one begins before; then the terminals close their day
# Visits in each hour, relative: commuters, lunch, the evening; lorries at night.
_HOURS: Final = (2, 1, 1, 1, 2, 5, 9, 12, 10, 8, 7, 8, 10, 8, 7, 8, 10, 12, 11, 8, 6, 5, 3, 0)

# The stories at fuel terminals, and how many of each a day has.
FUEL: Final = {
    "sale": 1_060, "sale_repeated": 110,
    "hold_equal": 110, "hold_smaller": 180, "hold_zero": 36, "hold_above": 30, "hold_late": 20,
    "hold_by_code": 20, "hold_reversed": 15,
    "reversed": 90, "reversed_partly": 40, "reversed_before": 20, "reversed_repeated": 20,
    "offline": 60, "conflict": 15, "echo": 80, "key_change": 12,
    "unknown_card": 20, "unknown_terminal": 8, "blocked_terminal": 10, "blocked_station": 14,
}
# Sales with cards of a role: what each is refused for.
CARDS: Final = {
    "blocked": 10, "lost": 8, "stolen": 8, "expired": 10, "not_effective": 8, "closed": 6,
    "diesel_only": 24, "one_site": 20, "office_hours": 24,
    "card:transaction:money": 16, "card:day:money": 24, "card:day:volume": 20,
    "card:day:count": 18, "card:week:money": 20, "card:month:money": 20,
    "vehicle:day:money": 15, "driver:day:count": 14,
}
# Stripes with a PIN on line. What locks a card needs one of its own: demo/bureau.py.
PINS: Final = {
    "pin": 64, "pin_dukpt": 24, "pin_repeated": 6, "pin_wrong_once": 12, "pin_locked": 5,
    "pin_unlocked": 4, "pin_forgotten": 5, "stripe_copied": 8,
}
# Chip cards, which check the PIN themselves.
CHIPS: Final = {
    "chip": 36, "chip_wrong_once": 6, "chip_no_pin": 4, "chip_replayed": 6, "chip_copied": 6,
    "chip_locked": 3,
}
SAFES: Final = {"deposit": 190, "deposit_repeated": 35, "deposit_wrong": 10}
# Tills and payers' phones. The last three need a payer of their own each: demo/portfolio.py.
PHONES: Final = {
    "approved": 90, "approved_repeated": 12, "late": 24, "refused": 16, "cancelled": 12,
    "expired": 10, "limit": 10, "blocked": 4, "no_funds": 10, "captured_part": 8,
    "refunded_part": 10, "disputed": 4, "code": 10, "away": 6, "login": 6, "revoked": 6,
}

# Controlled fleets: what is asked, shown and counted at a purchase. Cards: demo/controls.py.
CONTROLS: Final = {
    "limit:card:quarter:money": 3, "limit:card:year:money": 2, "limit:card:total:money": 2,
    "limit:card:rolling24h:money": 4, "limit:card:gap:count": 4,
    "limit:card:day:money:motor_fuel": 4, "limit:vehicle:week:volume": 3,
    "limit:driver:rolling12h:count": 3, "limit:subaccount:day:count": 3,
    "limit:site:week:money": 3, "limit:account:year:count:shop": 1,
    "limit:account:balance:money": 1,
    "tank": 4, "odometer": 6, "driver_number": 5, "trailer": 3, "key_entry": 4,
    "second_card": 4, "second_stolen": 2, "vehicle_blocked": 2, "driver_blocked": 2,
    "subaccount_blocked": 2, "items_sum": 3, "expiry_differs": 2, "currency": 2,
    "watched": 3, "watched_place": 2, "offline_flagged": 3, "consumption": 3,
}
# Their holds that are raised, completions at contract prices, and goods that come back.
HOLDS: Final = {
    "increment": 8, "increment_refused": 4, "increments": 2, "increment_of_nothing": 2,
    "open_hold": 8, "contract_spot": 5, "contract_base": 5, "contract_pump": 3,
    "contract_fixed": 3, "return_full": 8, "return_part": 6, "return_too_much": 4,
    "return_reversed": 4, "return_of_nothing": 2,
}

PLACES: Final = {"fuel": FUEL, "card": CARDS, "pin": PINS, "chip": CHIPS, "control": CONTROLS,
                 "hold": HOLDS, "safe": SAFES, "phone": PHONES}


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One story. at_s: business seconds since midnight. seed: all its other choices."""

    at_s: float
    place: str  # a name of PLACES
    story: str
    seed: int


Story = Callable[[Random, Visit], Awaitable[None]]


def plan(seed: int) -> list[Visit]:
    """All visits of a day, in their order."""
    random = Random(seed)
    visits = [
        Visit(at_s=_moment(random), place=place, story=story, seed=random.getrandbits(48))
        for place, stories in PLACES.items()
        for story, count in stories.items()
        for _ in range(count)
    ]
    return sorted(visits, key=lambda visit: (visit.at_s, visit.seed))


def _moment(random: Random) -> float:
    """A moment of the day by the hours' weights, between the first story and the last."""
    hour = random.choices(range(24), _HOURS)[0]
    return min(max(hour * 3_600 + random.random() * 3_600, OPENS_S), CLOSES_S)
