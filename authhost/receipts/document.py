"""A receipt: what was put in, by whom, where, for whom, and what it is known by.

PURE. Money is minor units with its ISO 4217 currency. What the device told is read with patience: a
receipt is due for whatever was taken, so what cannot be read is left out, and named in `missing`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from authhost.operator import Address, Operator


class Client(msgspec.Struct, frozen=True):
    """Whose account is to be credited. account_id 0: nobody is known."""

    account_id: int = 0
    name: str = ""
    address: Address = Address()
    iban: str = ""
    bank: str = ""


class SafeParty(msgspec.Struct, frozen=True):
    """Where it was put in. address: free lines, as the courier has them."""

    terminal_id: str = ""
    model: str = ""
    merchant: str = ""
    site: str = ""
    address: tuple[str, ...] = ()


class Parties(msgspec.Struct, frozen=True):
    """All who take part, as master data had them when the receipt was first made."""

    operator: Operator
    client: Client
    safe: SafeParty
    depositor: str = ""  # the name behind the code, '' where none is known


class Denomination(msgspec.Struct, frozen=True):
    """Pieces of one value. category: of ECB/2010/14, '' where it was not told."""

    value_minor: int = 0
    count: int = 0
    kind: str = "note"
    category: str = ""


class Suspect(msgspec.Struct, frozen=True):
    """A piece that was kept and is not what it says it is, perhaps."""

    value_minor: int = 0
    currency: str = ""
    category: str = ""
    serial: str = ""


class Enclosed(msgspec.Struct, frozen=True):
    """A cheque or an envelope."""

    number: str = ""
    bank: str = ""


class Rejected(msgspec.Struct, frozen=True):
    """Pieces that were handed back."""

    count: int = 0


class Told(msgspec.Struct, frozen=True):
    """What the device said, as the journal's `detail` has it."""

    denominations: tuple[Denomination, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    rejected: Rejected = Rejected()
    depositor: str = ""
    cassette: str = ""
    account: str = ""
    reference_model: str = ""
    reference: str = ""
    receipt: str = ""
    shift: str = ""
    sequence: int | str = ""
    local_time: str = ""
    cheque: Enclosed = Enclosed()
    envelope: Enclosed = Enclosed()
    declared_minor: int = 0  # of an envelope or a cheque: nobody has counted it


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit's document. copy: 0 the original, above it copies, None not printed."""

    number: str
    code: str
    digest: str  # hexadecimal
    key: str
    kind: str  # cash, envelope, cheque
    amount_minor: int
    currency: str
    account_id: int | None
    business_date: date
    recorded_at: datetime  # at the host, in the safe's time zone
    told: Told
    parties: Parties
    end_to_end_id: str  # of the bank's credit
    state: str  # of the cash, now
    credit: str  # of the bank's credit, now
    issued_at: datetime
    copy: int | None = None
    missing: tuple[str, ...] = ()  # what a whole document would have




def told(detail: str) -> tuple[Told, tuple[str, ...]]:
    """What the device said, and what of it could not be read."""
    try:
        whole = msgspec.json.decode(detail)
    except (msgspec.DecodeError, UnicodeDecodeError):
        whole = None
    if not isinstance(whole, dict):
        return Told(), ("detail",)
    if isinstance(whole.get("rejected"), int):
        whole["rejected"] = {"count": whole["rejected"]}
    found: dict[str, Any] = {}
    lost = []
    for field in msgspec.structs.fields(Told):
        if whole.get(field.name) is None:
            continue
        try:
            found[field.name] = msgspec.convert(whole[field.name], field.type, strict=False)
        except msgspec.ValidationError:
            lost.append(field.name)
    return Told(**found), tuple(lost)


def missing(parties: Parties, told: Told, kind: str) -> tuple[str, ...]:
    """What a whole document would have and this one has not, by names of fields."""
    needed: dict[str, object] = {
        "operator.name": parties.operator.name, "operator.address": parties.operator.address.lines,
        "operator.tax_number": parties.operator.tax_number,
        "client.name": parties.client.name, "client.address": parties.client.address.lines,
        "client.iban": told.account or parties.client.iban,
        "safe.address": parties.safe.address or parties.safe.site,
        "depositor": told.depositor, "cassette": told.cassette, "local_time": told.local_time}
    if kind == "cash":
        needed["denominations"] = told.denominations
    return tuple(name for name, value in needed.items() if not value)


def address_of(given: object) -> Address:
    """An address of master data, whatever parts it has."""
    if not isinstance(given, dict):
        return Address()
    return Address(**{part: str(given[part]).strip() for part in Address.__struct_fields__
                      if isinstance(given.get(part), str | int)})


def placed(placement: object, site_country: str) -> tuple[str, ...]:
    """Where a safe stands, as lines: room and floor, then the address in any of its shapes."""
    if not isinstance(placement, dict):
        return ()
    parts = [str(placement[part]).strip() for part in ("room", "floor")
             if isinstance(placement.get(part), str | int)]
    room = ", ".join(part for part in parts if part)
    given = placement.get("address")
    if isinstance(given, str):
        address: tuple[str, ...] = tuple(filter(None, map(str.strip, given.splitlines())))
    else:
        found = address_of(given)
        if found.lines and not found.country:
            found = msgspec.structs.replace(found, country=site_country)
        address = found.lines
    return (*((room,) if room else ()), *address)
