"""What the controlled fleets have: rules of their accounts, and of the cards of each story.

Data alone. A story has cards, vehicles and drivers of its own, so that what it must hear does not
hang on what others buy.
"""

from __future__ import annotations

from typing import Final

import msgspec

from demo.parties import Limit, Product, ProductCode, ProductGroup, Prompt

DIESEL: Final = "019"
PETROL: Final = "001"
WASH: Final = "102"
SHOP: Final = "421"

CONTROLLED: Final = 105
PREPAID: Final = 106
PER_SITE: Final = 107
NUMBER: Final = "3517"  # what the drivers of these fleets type in
TANK_L: Final = 60

PRODUCTS: Final = (
    Product(product=DIESEL, name="Diesel", unit="L", fuel=True),
    Product(product=PETROL, name="Super 95", unit="L", fuel=True),
    Product(product=WASH, name="Wagenwäsche", unit="U"),
    Product(product=SHOP, name="Shop", unit="U"))
GROUPS: Final = (ProductGroup(group_id=1, name="motor_fuel", products=(DIESEL, PETROL)),
                 ProductGroup(group_id=2, name="shop", products=(WASH, SHOP)))
# The stations of one chain have their own numbers for what they sell.
CODES: Final = tuple(ProductCode(profile="ops", code=code, product=product)
                     for code, product in (("201", DIESEL), ("202", PETROL), ("241", SHOP),
                                           ("250", WASH)))


def limit(window: str, measure: str, maximum: int, **more: str | int | bool) -> Limit:
    """A limit; more: hours, minutes, group, watch."""
    return {"window": window, "measure": measure, "maximum": maximum, **more}


def _asked(prompt: str, **more: str | int | bool) -> tuple[Prompt, ...]:
    return ({"prompt": prompt, "required": True, **more},)


_WEEKEND_OFF: Final = [*[(1 << 24) - 1] * 4, 0, 0, 0]  # this fleet's week ends on Thursday

# account -> what its row has besides name and bank.
ACCOUNTS: Final[dict[int, dict[str, object]]] = {
    CONTROLLED: {
        "credit_line": 5_000_000, "key_entry": "driver_number",
        "products": ("@motor_fuel", "@shop"),
        "limits": (limit("day", "money", 2_000_000), limit("quarter", "volume", 90_000_000),
                   limit("rolling", "money", 3_000_000, hours=48),
                   limit("month", "count", 5_000, group="shop"))},
    PREPAID: {"credit_line": 0},
    PER_SITE: {
        "site_limits": (limit("week", "money", 10_000),),
        "limits": (limit("year", "count", 1, group="shop"),),
        "watch": {"regions": ["north"], "hours": _WEEKEND_OFF}},
}


class Kit(msgspec.Struct, frozen=True, kw_only=True):
    """What the card of one visit has. beside: the status of another card that is shown with it."""

    account_id: int = CONTROLLED
    card: dict[str, object] = {}
    vehicle: dict[str, object] = {}
    driver: dict[str, object] = {}
    subaccount: dict[str, object] | None = None
    beside: str = ""


def _of_card(*limits: Limit) -> Kit:
    return Kit(card={"limits": limits})


_ODOMETER: Final = _asked("odometer", min_step=1, max_step=1_500)

# story -> its cards. A story that begins with 'limit:' is named by what it must hear.
KITS: Final[dict[str, Kit]] = {
    "limit:card:quarter:money": _of_card(limit("quarter", "money", 5_000)),
    "limit:card:year:money": _of_card(limit("year", "money", 5_000)),
    "limit:card:total:money": _of_card(limit("total", "money", 5_000)),
    "limit:card:rolling24h:money": _of_card(limit("rolling", "money", 5_000, hours=24)),
    "limit:card:gap:count": _of_card(limit("gap", "count", 1, minutes=1_440)),
    "limit:card:day:money:motor_fuel": _of_card(limit("day", "money", 4_000, group="motor_fuel")),
    "limit:vehicle:week:volume": Kit(vehicle={"limits": (limit("week", "volume", 60_000),)}),
    "limit:driver:rolling12h:count": Kit(
        driver={"limits": (limit("rolling", "count", 2, hours=12),)}),
    "limit:subaccount:day:count": Kit(subaccount={"limits": (limit("day", "count", 2),)}),
    "limit:site:week:money": Kit(account_id=PER_SITE),
    "limit:account:year:count:shop": Kit(account_id=PER_SITE),
    "limit:account:balance:money": Kit(account_id=PREPAID),
    "tank": Kit(vehicle={"tank_ml": TANK_L * 1_000}),
    "odometer": Kit(card={"prompts": _ODOMETER}),
    "driver_number": Kit(card={"prompts": _asked("driver_number")}),
    "trailer": Kit(card={"prompts": _asked("trailer", pattern="T[0-9]{4}")}),
    "key_entry": Kit(card={"prompts": ({"prompt": "driver_number", "required": False},)}),
    "second_card": Kit(beside="active"),
    "second_stolen": Kit(beside="stolen"),
    "vehicle_blocked": Kit(vehicle={"status": "blocked"}),
    "driver_blocked": Kit(driver={"status": "blocked"}),
    "subaccount_blocked": Kit(subaccount={"status": "blocked"}),
    "items_sum": Kit(),
    "expiry_differs": Kit(),
    "watched": _of_card(limit("day", "money", 2_000, watch=True)),
    "watched_place": Kit(account_id=PER_SITE),
    "offline_flagged": Kit(card={"prompts": _ODOMETER}, vehicle={"tank_ml": TANK_L * 1_000}),
    "consumption": Kit(),
    "increment": Kit(),
    "increment_refused": _of_card(limit("day", "money", 5_000)),
    "increments": Kit(),
    "increment_of_nothing": Kit(),
    "open_hold": Kit(card={"products": (DIESEL, SHOP), "limits": (
        limit("day", "money", 8_000), limit("day", "volume", 45_000))}),
    **{f"contract_{formula}": Kit() for formula in ("spot", "base", "pump", "fixed")},
    **{f"return_{how}": _of_card(limit("day", "money", 5_000))
       for how in ("full", "part", "too_much", "reversed", "of_nothing")},
}


class OfflineCard(msgspec.Struct, frozen=True, kw_only=True):
    """A chip card that meets terminals without a host. limit_minor, products: in the chip;
    maximum_minor, limits: what the office sets beside it."""

    role: str
    limit_minor: int = 20_000
    products: tuple[str, ...] = ()
    maximum_minor: int = 20_000
    limits: tuple[Limit, ...] = ()

    def row(self) -> dict[str, object]:
        """What the office changes of the card's row."""
        return {"offline_max_minor": self.maximum_minor, "limits": self.limits}


OFFLINE_CARDS: Final = (
    *(OfflineCard(role=f"good{number}") for number in range(7)),
    OfflineCard(role="lost"),
    OfflineCard(role="small", maximum_minor=4_000),
    OfflineCard(role="weak", limit_minor=3_000),
    OfflineCard(role="diesel_only", products=(DIESEL,)),
    OfflineCard(role="limited", limits=(limit("day", "money", 5_000),)),
    OfflineCard(role="late"),
    OfflineCard(role="unlisted", maximum_minor=0))
