"""Who is paid or invoiced, and whether a bank would accept them as a creditor.

PURE. Knows IBAN (ISO 13616), BIC (ISO 9362) and the structured address of SEPA; a defect is a
reason by name, never an exception, so that one bad client holds up nobody else.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from clearing.charset import clean

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_SEPA_MAXIMUM_MINOR: Final = 99_999_999_999  # 999,999,999.99 euro, EPC125-05 AT-04
_ACCOUNTS_KEPT: Final = 4_096  # a client with many safes has many credits a night


class Address(msgspec.Struct, frozen=True):
    """A structured address (PostalAddress24); '' where a part is not known. lines: of one whose
    street is not known as such, at most two are told beside town and country."""

    street: str = ""
    number: str = ""
    postcode: str = ""
    town: str = ""
    country: str = ""  # ISO 3166, two letters
    lines: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Town and country: the least that SEPA takes since unstructured addresses ended."""
        return bool(clean(self.town, 35)) and _COUNTRY.fullmatch(self.country) is not None


class Party(msgspec.Struct, frozen=True):
    """An account's master data as a run keeps it."""

    name: str
    time_zone: str
    iban: str
    bic: str
    address: Address


class _Stored(msgspec.Struct, frozen=True):
    name: str
    time_zone: str = "UTC"
    iban: str | None = None
    bic: str | None = None
    address: object = None


def parse_party(content: str | None) -> Party | None:
    """A row of clearing_party; None where the run knows no such account."""
    if content is None:
        return None
    stored = msgspec.json.decode(content, type=_Stored)
    return Party(stored.name, stored.time_zone, compact(stored.iban), compact(stored.bic),
                 parse_address(stored.address))


def parse_address(stored: object) -> Address:
    """Whatever master data holds; a part that is no text or number is left out."""
    given = stored if isinstance(stored, dict) else {}
    told = given.get("lines")
    lines = tuple(line.strip() for line in told if isinstance(line, str) and line.strip()) \
        if isinstance(told, list) else ()
    return Address(lines=lines, **{
        part: str(given[part]).strip() for part in Address.__struct_fields__
        if part != "lines" and isinstance(given.get(part), str | int)})


def compact(number: str | None) -> str:
    """An IBAN or BIC without blanks, in capitals; '' for none."""
    return "".join((number or "").split()).upper()


@lru_cache(_ACCOUNTS_KEPT)
def account_defect(iban: str, bic: str, currency: str) -> str:
    """Why a bank would refuse this account, or ''. A BIC may be missing in SEPA only."""
    if not iban:
        return "iban_missing"
    try:
        parsed = IBAN(iban)
    except SchwiftyException:
        return "iban_invalid"
    if bic:
        try:
            BIC(bic)
        except SchwiftyException:
            return "bic_invalid"
    if currency == "EUR":
        return "" if parsed.in_sepa_zone else "outside_sepa"
    return "" if bic else "bic_missing"


def creditor_defect(party: Party | None, amount_minor: int, currency: str) -> str:
    """Why this credit cannot be sent, or ''."""
    if amount_minor <= 0:
        return "not_positive"
    if party is None:
        return "account_missing"
    if not clean(party.name, 70):
        return "name_missing"
    if not party.address.complete:
        return "address_incomplete"
    if currency == "EUR" and amount_minor > _SEPA_MAXIMUM_MINOR:
        return "amount_too_large"
    return account_defect(party.iban, party.bic, currency)
