"""Who may do what: roles, actions, the one table of both, and the one place that decides.

PURE. 1. A role has the actions that the table gives it, and no other. 2. Over what, says its
scope: a fleet's client has its own account, a station manager his site; every statement is given
the scope, so that what lies outside is not there at all. 3. A fleet's client changes only the
fields named below, and limits only towards less (loosening.py).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from authhost.admin.refusals import Forbidden


class Role(StrEnum):
    """What somebody is to us."""

    ADMINISTRATOR = "administrator"
    ANALYST = "analyst"  # reads everything, changes nothing
    FLEET = "fleet"  # a fleet's client
    STATION = "station"  # a station's manager


class Actor(msgspec.Struct, frozen=True):
    """Who acts. account_id, site_id: the scope; None is everything. access_id 0: the operator."""

    name: str
    role: str
    access_id: int = 0
    account_id: int | None = None
    site_id: str | None = None


def operator(name: str) -> Actor:
    """Who stands at the machine and types: as an administrator, under the name `operator`."""
    return Actor(name, "operator")


_ALL: Final = frozenset({Role.ADMINISTRATOR, Role.ANALYST, Role.FLEET, Role.STATION})
_OFFICE: Final = frozenset({Role.ADMINISTRATOR, Role.ANALYST})
_FLEETS: Final = _OFFICE | {Role.FLEET}
_STATIONS: Final = _OFFICE | {Role.STATION}
_OWN: Final = frozenset({Role.ADMINISTRATOR, Role.FLEET})
_ADMINISTRATOR: Final = frozenset({Role.ADMINISTRATOR})

PERMISSIONS: Final[dict[str, frozenset[Role]]] = {
    "access.read": _ADMINISTRATOR, "access.add": _ADMINISTRATOR, "access.revoke": _ADMINISTRATOR,
    "account.read": _FLEETS, "account.create": _ADMINISTRATOR, "account.change": _OWN,
    "account.block": _ADMINISTRATOR, "account.close": _ADMINISTRATOR,
    "account.fund": _ADMINISTRATOR,
    "subaccount.read": _FLEETS, "subaccount.create": _ADMINISTRATOR,
    "subaccount.change": _OWN,
    "vehicle.read": _FLEETS, "vehicle.create": _OWN, "vehicle.change": _OWN,
    "vehicle.reset_meter": _OWN, "vehicle.consumption": _FLEETS,
    "driver.read": _FLEETS, "driver.create": _OWN, "driver.change": _OWN,
    "card.read": _FLEETS, "card.create": _ADMINISTRATOR, "card.change": _OWN,
    "card.activate": _ADMINISTRATOR, "card.block": _OWN, "card.unblock": _OWN,
    "card.replace": _ADMINISTRATOR, "card.close": _ADMINISTRATOR,
    "card.unlock_pin": _ADMINISTRATOR,
    "card_order.read": _OFFICE, "card_order.create": _ADMINISTRATOR,
    "card_order.batch": _ADMINISTRATOR,
    "product.read": _ALL, "product.create": _ADMINISTRATOR, "product.change": _ADMINISTRATOR,
    "product_group.read": _ALL, "product_group.create": _ADMINISTRATOR,
    "product_group.change": _ADMINISTRATOR,
    "product_code.read": _OFFICE, "product_code.change": _ADMINISTRATOR,
    "program.read": _OFFICE, "program.create": _ADMINISTRATOR, "program.change": _ADMINISTRATOR,
    "merchant.read": _OFFICE, "merchant.create": _ADMINISTRATOR,
    "merchant.change": _ADMINISTRATOR,
    "site.read": _STATIONS, "site.create": _ADMINISTRATOR, "site.change": _ADMINISTRATOR,
    "terminal.read": _STATIONS, "terminal.create": _ADMINISTRATOR,
    "terminal.change": _ADMINISTRATOR,
    "import.run": _ADMINISTRATOR,
    "price.read": _OFFICE, "price.change": _ADMINISTRATOR,
    "transaction.read": _ALL, "total.read": _STATIONS, "exception.read": _FLEETS,
    "station.read": _STATIONS, "station.permit": _ADMINISTRATOR,
    "parked.read": _OFFICE, "parked.settle": _ADMINISTRATOR,
    "audit.read": _OFFICE,
}

# What a fleet's client may change of its own; of everything else it may read.
FLEET_FIELDS: Final[dict[str, frozenset[str]]] = {
    "account": frozenset({"prompts", "watch"}),
    "subaccount": frozenset({"limits"}),
    "vehicle": frozenset({"plate", "number", "status", "tank_ml", "limits"}),
    "driver": frozenset({"name", "number", "status", "limits"}),
    "card": frozenset({"limits", "prompts"}),
}


def allow(actor: Actor, action: str) -> None:
    """The one decision. Forbidden names the action. KeyError: no such action, a bug."""
    roles = PERMISSIONS[action]
    if actor.role != "operator" and actor.role not in roles:
        raise Forbidden(f"the role {actor.role} may not do {action}", action)


def allow_fields(actor: Actor, noun: str, fields: frozenset[str]) -> None:
    """A fleet's client changes what is its own to change. Forbidden names the action."""
    if actor.role != Role.FLEET:
        return
    for field in sorted(fields - FLEET_FIELDS.get(noun, frozenset())):
        raise Forbidden(f"the role fleet may not change {noun}.{field}", f"{noun}.change.{field}")
