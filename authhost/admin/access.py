"""Who may do what: roles, actions, the one table of both, and the one place that decides.

PURE. 1. A role has the actions that the table gives it, and no other. 2. Over what, says its
scope: a fleet's client has its own account, a station manager his site, a client of a safe and
his cashiers their account, a bank and a courier themselves; every statement is given the scope, so
that what lies outside is not there at all. 3. A role with a scope changes only the fields named
below, and a fleet limits only towards less (loosening.py). 4. Whoever watches sees states and
alarms, never names or amounts: of what a column may tell says sight.py.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from authhost.admin.refusals import Forbidden


class Role(StrEnum):
    """What somebody is to us."""

    ADMINISTRATOR = "administrator"
    ANALYST = "analyst"  # reads, changes nothing
    FLEET = "fleet"  # a fleet's client
    STATION = "station"  # a station's manager
    CLIENT = "client"  # a safe's client: his finance department
    CASHIER = "cashier"  # of a safe's client
    BANK = "bank"  # that credits clients
    COURIER = "courier"  # carries cassettes and counts them
    MONITORING = "monitoring"  # watches safes day and night


class Actor(msgspec.Struct, frozen=True):
    """Who acts. account_id to courier_id: the scope; all None is everything.

    access_id 0: the operator.
    """

    name: str
    role: str
    access_id: int = 0
    account_id: int | None = None
    site_id: str | None = None
    bank_id: str | None = None
    courier_id: str | None = None

    @property
    def scope(self) -> tuple[str, int | str] | None:
        """(column, value) of what is his; None: everything. One at most: the table holds it."""
        for column in SCOPES:
            value: int | str | None = getattr(self, column)
            if value is not None:
                return column, value
        return None


def operator(name: str) -> Actor:
    """Who stands at the machine and types: as an administrator, under the name `operator`."""
    return Actor(name, "operator")


# The column of a scope, and whose it is. A role that is not here has everything.
SCOPES: Final[dict[str, frozenset[Role]]] = {
    "account_id": frozenset({Role.FLEET, Role.CLIENT, Role.CASHIER}),
    "site_id": frozenset({Role.STATION}),
    "bank_id": frozenset({Role.BANK}),
    "courier_id": frozenset({Role.COURIER}),
}

_LETTERS: Final = {
    "A": Role.ADMINISTRATOR, "N": Role.ANALYST, "F": Role.FLEET, "S": Role.STATION,
    "C": Role.CLIENT, "K": Role.CASHIER, "B": Role.BANK, "U": Role.COURIER, "M": Role.MONITORING}


def _table(text: str) -> dict[str, frozenset[Role]]:
    """Lines of `noun: action=letters ...` as {'noun.action': roles}."""
    found = {}
    for line in text.strip().splitlines():
        noun, _, actions = line.strip().partition(":")
        for part in actions.split():
            action, _, letters = part.partition("=")
            found[f"{noun}.{action}"] = frozenset(_LETTERS[letter] for letter in letters)
    return found


# A administrator, N analyst, F fleet, S station, C client, K cashier, B bank, U courier,
# M monitoring. What a bank and a courier read of each is in sight.py.
PERMISSIONS: Final[dict[str, frozenset[Role]]] = _table("""
    access: read=A add=A revoke=A
    account: read=ANFCB create=A change=AFC block=A close=A fund=A
    subaccount: read=ANF create=A change=AF
    vehicle: read=ANF create=AF change=AF reset_meter=AF consumption=ANF
    driver: read=ANF create=AF change=AF
    card: read=ANF create=A change=AF activate=A block=AF unblock=AF replace=A close=A unlock_pin=A
    card_order: read=AN create=A batch=A
    product: read=ANFS create=A change=A
    product_group: read=ANFS create=A change=A
    product_code: read=AN change=A
    program: read=AN create=A change=A
    merchant: read=AN create=A change=A
    merchant_user: read=AN create=A change=A
    payer: read=AN create=A enrol=A change=A block=A revoke=A
    site: read=ANS create=A change=A
    terminal: read=ANS create=A change=A
    import: run=A
    price: read=AN change=A
    transaction: read=ANFS
    total: read=ANS
    exception: read=ANF
    station: read=ANS permit=A
    parked: read=AN settle=A
    audit: read=AN
    bank: read=ANB create=A change=AB
    courier: read=ANU create=A change=AU
    safe: read=ANCKBUM create=A change=A total=ANCKB
    safe_client: read=ANCB change=A
    depositor: read=AC create=AC change=AC
    cassette: read=ANUM create=A change=A
    note_category: read=ANCBUM create=A change=A
    safe_fee: read=ANC change=A
    courier_fee: read=ANU change=A
    alarm: read=ANCUM
    deposit: read=ANCKBM amounts=ANCKB names=ACK
    receipt: read=ANCKB print=ACK
    stay: read=ANCBUM
    count: read=ANCBU tell=ABU
    case: read=ANCB propose=A decide=A
    counterfeit: read=ANB report=A
    pickup: read=ANCUM change=ACUM
    statement: read=ANB tell=AB
    day_schedule: read=AN change=A
    ledger: read=AN
    run: read=AN approve=A
    clearing_file: read=AN
    delivery_route: read=AN change=A
    bank_answer: tell=AB
    clearing_exception: read=AN work=A decide=A
    credit: read=AN tell=AB resolve=A
    collecting_account: read=AN change=A
    forecast: read=ANCUM
    certificate: read=AN issue=A renew=A revoke=A
    booking_logic: read=ANFC change=A
    invoice: read=ANF ask=A
    invoicing: read=ANF change=A
    exchange_rate: read=AN tell=A
    ksef_number: tell=A
    supplier_terms: read=ANU change=A
    station_terms: read=AN change=A
    mandate: read=ANF create=A change=A
    payee_verification: read=AN create=A change=A
    dispute: open=A resolve=A
    merchant_plan: read=AN change=A
""")

# What a role with a scope may change of its own; of everything else it may read.
OWN_FIELDS: Final[dict[Role, dict[str, frozenset[str]]]] = {
    Role.FLEET: {
        "account": frozenset({"prompts", "watch"}),
        "subaccount": frozenset({"limits"}),
        "vehicle": frozenset({"plate", "number", "status", "tank_ml", "limits"}),
        "driver": frozenset({"name", "number", "status", "limits"}),
        "card": frozenset({"limits", "prompts"}),
    },
    Role.CLIENT: {
        "account": frozenset({"contact"}),
        "depositor": frozenset({"name", "role", "status", "terminals"}),
    },
    Role.BANK: {"bank": frozenset({"status"})},  # it says itself that it is down
    Role.COURIER: {"courier": frozenset({"address"})},
}


def may(actor: Actor, action: str) -> bool:
    """Whether the table gives him this. KeyError: no such action, a bug."""
    return actor.role == "operator" or actor.role in PERMISSIONS[action]


def allow(actor: Actor, action: str) -> None:
    """The one decision. Forbidden names the action. KeyError: no such action, a bug."""
    if not may(actor, action):
        raise Forbidden(f"the role {actor.role} may not do {action}", action)


def allow_fields(actor: Actor, noun: str, fields: frozenset[str]) -> None:
    """A role with a scope changes what is its own to change. Forbidden names the field."""
    if actor.scope is None:
        return
    for field in sorted(fields - OWN_FIELDS.get(Role(actor.role), {}).get(noun, frozenset())):
        raise Forbidden(f"the role {actor.role} may not change {noun}.{field}",
                        f"{noun}.change.{field}")
