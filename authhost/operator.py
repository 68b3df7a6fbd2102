"""Who runs the safes: the party that receipts name first.

PURE data; a host is started with it.
"""

from __future__ import annotations

import msgspec


class Address(msgspec.Struct, frozen=True):
    """A structured address; '' where a part is not known. country: ISO 3166, two letters."""

    street: str = ""
    number: str = ""
    postcode: str = ""
    town: str = ""
    country: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """As it is written on a letter, empty lines left out."""
        street = f"{self.street} {self.number}".strip()
        town = " ".join(part for part in (self.postcode, self.town) if part)
        return tuple(line for line in (street, f"{town}, {self.country}".strip(", ")) if line)


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who runs the safes and issues the receipts. contact: where a holder may ask."""

    name: str = ""
    address: Address = Address()
    registration: str = ""  # in the company register
    tax_number: str = ""
    contact: str = ""
