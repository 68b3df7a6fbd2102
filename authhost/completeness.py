"""Is a client's master data complete: what must be known before cash of his is credited.

PURE. Knows the columns of an account. A bank credits a name and an IBAN, an address has a town and
a country (structured addresses of ISO 20022), somebody must be found when a count differs, and a
suspected counterfeit is told to the authorities with the account holder's data (ECB/2010/14).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_COLUMNS: Final = ("name", "iban", "bank_id")
_ADDRESS: Final = ("town", "country")


def missing(account: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that are empty, as 'iban' or 'address.town'; () where nothing is.

    account: its row with name, iban, bank_id, address, contact; the last two are JSON objects.
    """
    found = [name for name in _COLUMNS if not account[name]]
    address, contact = _object(account["address"]), _object(account["contact"])
    found += [f"address.{name}" for name in _ADDRESS if not address.get(name)]
    if not contact.get("name"):
        found.append("contact.name")
    if not (contact.get("email") or contact.get("phone")):
        found.append("contact.email")
    return tuple(found)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
