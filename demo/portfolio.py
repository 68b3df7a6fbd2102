"""The seeded portfolio: fleets with cards, stations, safes, merchants and payers.

Knows how many of each there are and which restriction each special card or payer has, so that a day
can meet every reason to decline; knows no database. The same seed gives the same portfolio.
"""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Final, TypedDict

from authhost.safes.sscc import made as sscc
from demo import controls
from demo.controls import DIESEL, limit
from demo.numbers import iban, luhn_check_digit
from demo.parties import (
    Account,
    Bank,
    Courier,
    Depositor,
    Device,
    Driver,
    FleetCard,
    Merchant,
    Payer,
    Portfolio,
    Site,
    SmartSafe,
    Subaccount,
    Vehicle,
)
from demo.plan import CONTROLS, HOLDS
from terminals.purchase import Card

BUSINESS_DATE: Final = date(2026, 11, 20)  # a Friday, and a TARGET day
STATION_ACQUIRER: Final = "280131"
BLOCKED_TERMINAL: Final = "T0903"
BLOCKED_STATION: Final = 12
SWISS_STATIONS: Final = (10, 11)
NORTHERN: Final = ("STATION01", "STATION02", "STATION03", "STATION04")
ONE_SITE: Final = "SITE01"
IIN: Final = "780131"
PIN_FLEET: Final = 104  # its cards are issued, with PINs; the portfolio has none of them

# The stations whose terminals run the edge program: profile and number of terminals.
EDGES: Final = {13: ("ifsf", 1), 14: ("ops", 1), 15: ("x9tg23", 2)}
PROFILES: Final = ("ifsf", "ops", "x9tg23")

_FLEETS: Final = ("Alpenfracht Logistik", "Donau Kurier", "Rhein Transport", "Weinland Spedition",
                  "Pannonia Bau", "Salzach Taxi", "Tauern Tiefbau")
_FLEET_IDS: Final = (101, 102, 103, PIN_FLEET, controls.CONTROLLED, controls.PREPAID,
                     controls.PER_SITE)
_SWISS_FLEET: Final = 103
_CLIENTS: Final = ("Markthalle Mitte", "Kaufhaus Sonne", "Baumarkt Nord", "Apotheke am Ring",
                   "Casino Royal Betrieb", "Reisemarkt Bahnhof")
DEPOSITORS: Final = ("Berger", "Fuchs", "Lang", "Winkler")  # as they type it at a safe
_GIVEN: Final = ("Eva", "Jan", "Mia", "Paul")
COURIER: Final = "GELDTRANS"
OPERATOR: Final = "Bargeldbetrieb GmbH"
PAYERS: Final = 60
_COMPANY: Final = "34012345"  # of the cassettes' SSCC
_SHOPS: Final = ("Blumen", "Taxi", "Pizzeria", "Buchladen", "Friseur", "Kartenbüro")
_TOWNS: Final = (("Wien", "1010", "AT"), ("Graz", "8010", "AT"), ("Linz", "4020", "AT"),
                 ("München", "80331", "DE"), ("Passau", "94032", "DE"))
_STREETS: Final = ("Hauptstraße", "Bahnhofstraße", "Ringstraße", "Gartengasse", "Marktplatz")
_NAMES: Final = ("Gruber", "Huber", "Wagner", "Müller", "Pichler", "Steiner", "Moser", "Mayer")
_FIRST_NAMES: Final = ("Anna", "Lukas", "Maria", "Jonas", "Sophie", "David", "Lea", "Paul")
# (country, bank code, BIC, digits of the account number)
_BANKS: Final = (("AT", "20111", "GIBAATWWXXX", 11), ("AT", "12000", "BKAUATWWXXX", 11),
                 ("DE", "37040044", "COBADEFFXXX", 10), ("DE", "50070010", "DEUTDEFFXXX", 10))
# Banks: name, BIC, and the operator's own account there, which pays safes' clients.
BANKS: Final = {"BANK1": ("Erste Musterbank", "GIBAATWWXXX", iban("AT", "2011100000099999")),
                "BANK2": ("Zweite Musterbank", "BKAUATWWXXX", iban("AT", "1200000000099999")),
                "BANK3": ("Dritte Musterbank", "RLNWATWWXXX", iban("AT", "3200000000099999"))}
# Where payers have their accounts: the first answers at once, the other says that it will.
PROMPT_BANK, LATE_BANK = "BANK1", "BANK3"
# bank -> the operator's account there that payers' debits go to.
COLLECTING: Final = {PROMPT_BANK: iban("AT", "2011100000088888"),
                     LATE_BANK: iban("AT", "3200000000088888")}
PLAN: Final = "SHOPS"  # of what payments cost: demo/shops.py
# What the last digit of a payer's number makes of it, where it is no ordinary one.
_ROLES: Final = {2: "away", 4: "agent", 5: "limited", 6: "late", 7: "poor", 8: "revoked",
                 9: "late"}
DAY_LIMIT: Final = 3_000  # minor units, of a payer who is limited
_SWISS_BANK: Final = ("CH", "00700", "ZKBKCHZZ80A", 12)

_OFFICE_DAY: Final = sum(1 << hour for hour in range(8, 16))
_GOOD: Final = "2912"
_ORDINARY: Final = {101: 62, 102: 44, 103: 28}
_FIRST_CONTROLLED: Final = 2001

Fleet = tuple[tuple[Vehicle, ...], tuple[Driver, ...], tuple[FleetCard, ...]]


# role -> (how many, what its cards have): the small print of the portfolio.
_SPECIAL: Final[dict[str, tuple[int, dict[str, object]]]] = {
    "blocked": (4, {"status": "blocked"}),
    "lost": (3, {"status": "lost"}),
    "stolen": (3, {"status": "stolen"}),
    "not_effective": (3, {"status": "not_effective"}),
    "closed": (2, {"status": "closed"}),
    "expired": (4, {}),
    "diesel_only": (6, {"products": (DIESEL,)}),
    "one_site": (5, {"sites": (ONE_SITE,)}),
    "office_hours": (5, {"hours": (_OFFICE_DAY,) * 5 + (0, 0)}),
    "card:transaction:money": (4, {"limits": (limit("transaction", "money", 5_000),)}),
    "card:day:money": (5, {"limits": (limit("day", "money", 12_000),)}),
    "card:day:volume": (4, {"limits": (limit("day", "volume", 90_000),)}),
    "card:day:count": (4, {"limits": (limit("day", "count", 2),)}),
    "card:week:money": (4, {"limits": (limit("week", "money", 15_000),)}),
    "card:month:money": (4, {"limits": (limit("month", "money", 18_000),)}),
    "vehicle:day:money": (3, {}),
    "driver:day:count": (3, {}),
}


def build(seed: int) -> Portfolio:
    """The portfolio of a seed: 7 fleets, 15 stations, 20 safes, 30 merchants, 60 payers.

    The fourth fleet's cards are issued: demo/bureau.py. Those of the last three are as
    demo/controls.py says.
    """
    random = Random(seed)
    vehicles, drivers, cards = _fleet_cards(random)
    stations, sites, terminals = _stations()
    shops = _shops(random)
    clients, safes = _clients()
    made, subaccounts = _controlled(random)
    other_accounts = (*_fleets(random), *_client_accounts(random), *_shop_accounts(random))
    payer_accounts = _payer_accounts(random)
    return Portfolio(
        products=controls.PRODUCTS, product_codes=controls.CODES,
        product_groups=controls.GROUPS, subaccounts=subaccounts,
        accounts=(*other_accounts, *payer_accounts),
        vehicles=(*vehicles, *made[0]), drivers=(*drivers, *made[1]), cards=(*cards, *made[2]),
        merchants=(*stations, *clients, *shops),
        sites=sites,
        devices=(*terminals, *safes),
        payers=_payers(payer_accounts), banks=_banks(),
        couriers=(Courier(courier_id=COURIER, name="Geldtrans GmbH",
                          address={"town": "Wien", "country": "AT"}),),
        safes=_smart_safes(safes), depositors=_depositors(),
    )


def card_number(random: Random) -> str:
    """A number of the range 780131 with its check digit, 19 digits."""
    digits = f"{IIN}{random.randrange(10**12):012d}"
    return digits + luhn_check_digit(digits)


class _Bank(TypedDict):
    iban: str
    bic: str


def _bank(random: Random, *, swiss: bool = False) -> _Bank:
    country, code, bic, digits = _SWISS_BANK if swiss else random.choice(_BANKS)
    return {"iban": iban(country, f"{code}{random.randrange(10**digits):0{digits}d}"), "bic": bic}


def _address(random: Random) -> dict[str, str]:
    town, postcode, country = random.choice(_TOWNS)
    return {"street": random.choice(_STREETS), "number": str(random.randint(1, 120)),
            "postcode": postcode, "town": town, "country": country}


def _person(random: Random) -> str:
    return f"{random.choice(_FIRST_NAMES)} {random.choice(_NAMES)}"


def _fleets(random: Random) -> list[Account]:
    """The Swiss fleet has a collective limit that its day runs into."""
    accounts = []
    for account_id, name in zip(_FLEET_IDS, _FLEETS, strict=True):
        swiss = account_id == _SWISS_FLEET
        accounts.append(Account(
            account_id=account_id, kind="fleet", name=name, currency="CHF" if swiss else "EUR",
            time_zone="Europe/Zurich" if swiss else "Europe/Vienna",
            **{"limits": (limit("day", "money", 2_450_000 if swiss else 40_000_000),),
               "offline": account_id == PIN_FLEET,
               **controls.ACCOUNTS.get(account_id, {})},  # type: ignore[arg-type]
            address=_address(random), **_bank(random, swiss=swiss)))
    return accounts


def _controlled(random: Random) -> tuple[Fleet, tuple[Subaccount, ...]]:
    """A card for each visit of a controlled story, with vehicle and driver, and what is beside."""
    vehicles, drivers, cards, subaccounts = [], [], [], []
    wanted = [(story, kit) for story, kit in controls.KITS.items()
              for _ in range({**CONTROLS, **HOLDS}[story])]
    wanted += [(f"beside_{story}", controls.Kit(card={"status": kit.beside}))
               for story, kit in wanted if kit.beside]
    for number, (role, kit) in enumerate(wanted, start=_FIRST_CONTROLLED):
        account_id = kit.account_id
        vehicles.append(Vehicle(vehicle_id=number, account_id=account_id, number=f"{number}",
                                plate=f"E {number} PB", **kit.vehicle))  # type: ignore[arg-type]
        drivers.append(Driver(driver_id=number, account_id=account_id, name=_person(random),
                              number=f"{controls.NUMBER}{number}",
                              **kit.driver))  # type: ignore[arg-type]
        if kit.subaccount is not None:
            subaccounts.append(Subaccount(
                subaccount_id=number, account_id=account_id, name=f"Baustelle {number}",
                **kit.subaccount))  # type: ignore[arg-type]
        beside = role.startswith("beside_")
        cards.append(FleetCard(
            card_id=number, account_id=account_id, role=role, currency="EUR",
            card=Card(card_number(random), _GOOD), vehicle_id=None if beside else number,
            driver_id=None if kit.beside else number,
            subaccount_id=number if kit.subaccount is not None else None,
            **kit.card))  # type: ignore[arg-type]
    return (tuple(vehicles), tuple(drivers), tuple(cards)), tuple(subaccounts)


def _fleet_cards(random: Random) -> Fleet:
    wanted = [(account_id, "ordinary") for account_id, count in _ORDINARY.items()
              for _ in range(count)]
    wanted += [(_FLEET_IDS[number % 2], role) for role, (count, _) in _SPECIAL.items()
               for number in range(count)]
    vehicles, drivers, cards = [], [], []
    numbers: set[str] = set()
    for card_id, (account_id, role) in enumerate(wanted, start=1001):
        number = card_number(random)
        assert number not in numbers
        numbers.add(number)
        currency = "CHF" if account_id == _SWISS_FLEET else "EUR"
        day = (limit("day", "money", 20_000),) if role == "vehicle:day:money" else ()
        vehicles.append(Vehicle(vehicle_id=card_id, account_id=account_id, limits=day,
                                plate=f"W {random.randint(10000, 99999)} {card_id % 100:02d}"))
        count = (limit("day", "count", 2),) if role == "driver:day:count" else ()
        drivers.append(Driver(driver_id=card_id, account_id=account_id, limits=count,
                              name=_person(random)))
        ordinary: dict[str, object] = {"limits": (limit("day", "money", 5_000_000),
                                                  limit("month", "volume", 90_000_000))}
        rules = _SPECIAL[role][1] if role in _SPECIAL else ordinary
        cards.append(FleetCard(
            card_id=card_id, account_id=account_id, role=role, currency=currency,
            card=Card(number, "2509" if role == "expired" else _GOOD),
            vehicle_id=card_id, driver_id=card_id, **rules))  # type: ignore[arg-type]
    return tuple(vehicles), tuple(drivers), tuple(cards)


def _stations() -> tuple[list[Merchant], tuple[Site, ...], list[Device]]:
    """Twelve stations of three terminals; the outdoor one takes partial approvals. And those with
    the edge program, whose terminals are all at the counter."""
    merchants, sites, devices = [], [], []
    for number in range(1, 13 + len(EDGES)):
        merchant_id, site_id = f"STATION{number:02d}", f"SITE{number:02d}"
        currency = "CHF" if number in SWISS_STATIONS else "EUR"
        status = "blocked" if number == BLOCKED_STATION else "active"
        merchants.append(Merchant(merchant_id=merchant_id, name=f"Tankstelle {number}",
                                  status=status))
        sites.append(Site(
            site_id=site_id, merchant_id=merchant_id, name=f"Autohof {number}",
            region="north" if merchant_id in NORTHERN else "south",
            country="CH" if number in SWISS_STATIONS else "AT"))
        profile, places = EDGES.get(number, ("", 3))
        for place in range(1, places + 1):
            terminal_id = f"T{number:02d}{place:02d}"
            devices.append(Device(
                edge=profile,
                terminal_id=terminal_id, kind="pos", acquirer_id=STATION_ACQUIRER,
                merchant_id=merchant_id, site_id=site_id, partial_approval=place == 3,
                status="blocked" if terminal_id == BLOCKED_TERMINAL else "active",
                outdoor=place == 3, currency=currency))
    return merchants, tuple(sites), devices


def _clients() -> tuple[list[Merchant], list[Device]]:
    """Twenty safes of six clients."""
    merchants = [Merchant(merchant_id=f"CLIENT{number:02d}", name=name, account_id=None)
                 for number, name in enumerate(_CLIENTS, start=1)]
    safes = []
    for number in range(20):
        client = number % len(_CLIENTS)
        safes.append(Device(
            terminal_id=f"S{number + 1:04d}", kind="safe", acquirer_id="900001",
            merchant_id=merchants[client].merchant_id, account_id=201 + client,
            currency="CHF" if client == 5 else "EUR"))
    return merchants, safes


def _client_accounts(random: Random) -> list[Account]:
    """The first three are the first bank's. The casino has a limit that its day runs into; the last
    one is kept in francs, for which no bank has a rail of its own."""
    return [Account(account_id=201 + number, kind="safe_client", name=name,
                    currency="CHF" if number == 5 else "EUR",
                    limits=(limit("day", "money", 3_000_000),) if number == 4 else (),
                    credit_line=100_000_000,
                    bank_id="BANK1" if number < 3 else "BANK2", credit_rule="instant",
                    contact={"name": f"Buchhaltung {name}", "email": "kassa@example.com"},
                    address=_address(random), **_bank(random, swiss=number == 5))
            for number, name in enumerate(_CLIENTS)]


def _banks() -> tuple[Bank, ...]:
    """Euro at once, each from the operator's account there; payers' debits go to another one."""
    return tuple(Bank(bank_id=bank_id, name=name, bic=bic, rails=({
        "currency": "EUR", "rail": "instant", "debtor": _operator(account, bic),
        **({"collects": _operator(COLLECTING[bank_id], bic)} if bank_id in COLLECTING else {})},))
        for bank_id, (name, bic, account) in BANKS.items())


def _operator(account: str, bic: str) -> dict[str, object]:
    return {"name": OPERATOR, "iban": account, "bic": bic, "address": {
        "street": "Hafenstraße", "number": "1", "postcode": "1020", "town": "Wien",
        "country": "AT"}}


def _smart_safes(devices: list[Device]) -> tuple[SmartSafe, ...]:
    """Each with the cassette of the morning and another."""
    return tuple(SmartSafe(
        terminal_id=device.terminal_id, account_id=device.account_id or 0,
        currency=device.currency, courier_id=COURIER,
        cassettes=(sscc(_COMPANY, 2 * number), sscc(_COMPANY, 2 * number + 1)))
        for number, device in enumerate(devices))


def _depositors() -> tuple[Depositor, ...]:
    """The same four names at each client."""
    return tuple(Depositor(depositor_id=10 * (201 + client) + number, account_id=201 + client,
                           code=code, name=f"{_GIVEN[number]} {code}",
                           role="supervisor" if number == 0 else "depositor")
                 for client in range(len(_CLIENTS))
                 for number, code in enumerate(DEPOSITORS))


def _shops(random: Random) -> list[Merchant]:
    return [Merchant(merchant_id=f"SHOP{number:02d}", account_id=300 + number, plan_id=PLAN,
                     name=f"{_SHOPS[number % len(_SHOPS)]} {random.choice(_NAMES)}")
            for number in range(1, 31)]


def _shop_accounts(random: Random) -> list[Account]:
    return [Account(account_id=300 + number, kind="merchant",
                    name=f"{_SHOPS[number % len(_SHOPS)]} {random.choice(_NAMES)}",
                    address=_address(random), **_bank(random))
            for number in range(1, 31)]


def _payer_accounts(random: Random) -> list[Account]:
    """Every twentieth is blocked, every tenth has a small day."""
    accounts = []
    for number in range(1, PAYERS + 1):
        role = role_of(number)
        bank_id = LATE_BANK if role == "late" else PROMPT_BANK
        _, bic, own = BANKS[bank_id]
        accounts.append(Account(
            account_id=400 + number, kind="payer", name=_person(random), bank_id=bank_id,
            status="blocked" if role == "blocked" else "active",
            limits=(limit("day", "money", DAY_LIMIT if role == "limited" else 500_000),),
            address=_address(random), bic=bic,
            iban=iban("AT", f"{own[4:9]}{number:05d}{random.randrange(10**6):06d}")))
    return accounts


def role_of(number: int) -> str:
    """What the day uses the n-th payer for."""
    return "blocked" if number % 20 == 0 else _ROLES.get(number % 10, "ordinary")


def _payers(accounts: list[Account]) -> tuple[Payer, ...]:
    return tuple(Payer(phone=f"+43660{number:07d}", account_id=account.account_id,
                       name=account.name, role=role_of(number))
                 for number, account in enumerate(accounts, start=1))
