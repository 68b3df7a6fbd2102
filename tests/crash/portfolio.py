"""Who takes part: few accounts, so that each is busy, and limits of every scope, always near.

A limited card is used until it is full and its sales are reversed one by one, so the limit is never
out of reach: a state that forgot anything would show at once. PURE.
"""

from __future__ import annotations

from random import Random
from typing import Final

from demo.numbers import iban, luhn_check_digit
from demo.parties import (
    Account,
    Device,
    Driver,
    FleetCard,
    Limit,
    Merchant,
    Portfolio,
    Site,
    Vehicle,
)
from terminals.purchase import Card

ACQUIRER: Final = "280131"
TERMINALS: Final = 48
PRODUCT: Final = "019"
PRICE_MINOR: Final = 100  # a litre: what is bought in euros is bought in litres
LIMITED_ACCOUNT: Final = 1
WIDE_ACCOUNTS: Final = (11, 12, 13, 14, 15, 16)
_CARDS_OF_WIDE: Final = 12
_CARDS_OF_LIMITED: Final = 4

# The scope that is limited, and how. Every sale is 5 to 60 litres at 100 minor units.
_LIMITED: Final[dict[str, Limit]] = {
    "card": {"window": "day", "measure": "money", "maximum": 30_000},
    "card_volume": {"window": "total", "measure": "volume", "maximum": 250_000},
    "card_count": {"window": "month", "measure": "count", "maximum": 6},
    "vehicle": {"window": "week", "measure": "money", "maximum": 25_000},
    "driver": {"window": "day", "measure": "count", "maximum": 5},
    "account": {"window": "day", "measure": "money", "maximum": 60_000},
}
ROLES: Final = tuple(_LIMITED)


def crash_portfolio(seed: int) -> Portfolio:
    """Fleets, cards, one station, and terminals enough to keep two hosts busy."""
    random = Random(seed)
    accounts = [_account(account_id) for account_id in WIDE_ACCOUNTS]
    cards, vehicles, drivers = [], [], []
    for account in accounts:
        cards += [_card(random, 100 * account.account_id + number, account.account_id, "wide")
                  for number in range(_CARDS_OF_WIDE)]
    for number, (role, limit) in enumerate(_LIMITED.items(), start=LIMITED_ACCOUNT):
        accounts.append(_account(number, (limit,) if role == "account" else ()))
        vehicles.append(Vehicle(vehicle_id=number, account_id=number, plate=f"W {number:05d}",
                                limits=(limit,) if role == "vehicle" else ()))
        drivers.append(Driver(driver_id=number, account_id=number, name=f"Driver {number}",
                              limits=(limit,) if role == "driver" else ()))
        cards += [_card(random, 100 * number + place, number, role,
                        (limit,) if role.startswith("card") else (), shared=number)
                  for place in range(_CARDS_OF_LIMITED)]
    return Portfolio(
        accounts=tuple(accounts), vehicles=tuple(vehicles), drivers=tuple(drivers),
        cards=tuple(cards), payers=(),
        merchants=(Merchant(merchant_id="STATION01", name="Station"),),
        sites=(Site(site_id="SITE01", merchant_id="STATION01", name="Forecourt"),),
        devices=tuple(Device(terminal_id=f"X{number:04d}", kind="pos", acquirer_id=ACQUIRER,
                             merchant_id="STATION01", site_id="SITE01",
                             partial_approval=number % 8 == 0)
                      for number in range(1, TERMINALS + 1)))


def _account(account_id: int, limits: tuple[Limit, ...] = ()) -> Account:
    return Account(account_id=account_id, kind="fleet", name=f"Fleet {account_id}", limits=limits,
                   iban=iban("AT", f"20111{account_id:011d}"), bic="GIBAATWWXXX",
                   address={"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien",
                            "country": "AT"})


def _card(random: Random, card_id: int, account_id: int, role: str,
          limits: tuple[Limit, ...] = (), shared: int | None = None) -> FleetCard:
    digits = f"780131{card_id:06d}{random.randrange(10**6):06d}"
    return FleetCard(
        card_id=card_id, account_id=account_id, role=role, currency="EUR",
        card=Card(digits + luhn_check_digit(digits), "2912"), vehicle_id=shared, driver_id=shared,
        limits=limits)


