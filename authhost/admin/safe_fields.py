"""What may be said of safes and of those around them: bodies of creation and change, as types.

PURE data, as fields.py. How a safe is at the moment (its shift, its cassette, its fill) is told by
the safe itself, and is in none of these.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from authhost.admin.fields import (
    END,
    Address,
    BasisPoints,
    Bic,
    Clock,
    Currency,
    Fields,
    Fraction,
    Id,
    Key,
    Money,
    Name,
    Pieces,
    Sscc,
    Status,
    Text,
    Zone,
)
from clearing.bankfiles.forms import FileForm

Rails = Annotated[list["Rail"], msgspec.Meta(max_length=32)]
Currencies = Annotated[list[Currency], msgspec.Meta(min_length=1, max_length=32)]
Terminals = Annotated[list[Key], msgspec.Meta(min_length=1, max_length=1_000)]
Days = Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=7)]],
                 msgspec.Meta(min_length=1, max_length=7)]
Reference = Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,32}" + END)]


class Debtor(Fields, frozen=True):
    """Whose account a credit is taken from: the operator's, or the bank's cash in transit. Or which
    of the operator's collects what payers pay."""

    name: Name
    iban: Annotated[str, msgspec.Meta(max_length=34)]
    bic: Bic
    address: Address = Address()


class Rail(Fields, frozen=True):
    """A way on which a bank takes credits of one currency, and its hours in its own zone.

    most_minor: of one credit; null is any. days: 1 is Monday, the day on which it opens. until:
    24:00 is the day's end; earlier than from: over midnight. service_level, local_instrument: codes
    of ISO 20022, '' what is usual for the rail. collects: where payers' debits go to and refunds
    come from; null: the rail takes none.
    """

    currency: Currency
    rail: Literal["instant", "transfer"]
    debtor: Debtor
    collects: Debtor | None = None
    most_minor: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None
    days: Days = msgspec.field(default_factory=lambda: [*range(1, 8)])
    opens: Clock = msgspec.field(name="from", default="00:00")
    until: Annotated[str, msgspec.Meta(
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)" + END)] = "24:00"
    time_zone: Zone = "UTC"
    service_level: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{0,4}" + END)] = ""
    local_instrument: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{0,35}" + END)] = ""


class Bank(Fields, frozen=True):
    """A bank that credits clients. answer_s: then an outcome is unknown. files: what it takes by
    night, and in which form."""

    bank_id: Key | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    bic: Bic | UnsetType = UNSET
    status: Literal["active", "down", "closed"] | UnsetType = UNSET
    endpoint: Annotated[str, msgspec.Meta(max_length=512)] | UnsetType = UNSET
    server_name: Annotated[str, msgspec.Meta(
        max_length=253, pattern=r"^([0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?" + END)] | UnsetType = UNSET
    rails: Rails | UnsetType = UNSET
    answer_s: Annotated[int, msgspec.Meta(ge=1, le=60)] | UnsetType = UNSET
    files: FileForm | UnsetType = UNSET


class Courier(Fields, frozen=True):
    """Who carries cassettes. lead_h: hours from a request to the door, on working days."""

    courier_id: Key | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    status: Literal["active", "closed"] | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    lead_h: Annotated[int, msgspec.Meta(ge=0, le=720)] | UnsetType = UNSET


class Placement(Fields, frozen=True):
    """Where a courier finds a safe."""

    room: Text = ""
    floor: Text = ""
    address: Address = Address()
    opens: Text = ""
    notes: Annotated[str, msgspec.Meta(max_length=400,
                                       pattern=r"^[^\x00-\x1f\x7f]*" + END)] = ""


class Safe(Fields, frozen=True):
    """A safe's settings. Capacities are pieces a cassette; 0: not known. silent_min: nothing heard
    for so many minutes is an alarm; 0: never."""

    terminal_id: Key | UnsetType = UNSET
    model: Text | UnsetType = UNSET
    currencies: Currencies | UnsetType = UNSET
    note_capacity: Pieces | UnsetType = UNSET
    coin_capacity: Pieces | UnsetType = UNSET
    fill_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] | UnsetType = UNSET
    shift_required: bool | UnsetType = UNSET
    named_depositors: bool | UnsetType = UNSET
    courier_id: Key | UnsetType | None = UNSET
    time_zone: Zone | UnsetType = UNSET
    cut_off: Annotated[str, msgspec.Meta(
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?" + END)] | UnsetType = UNSET
    placement: Placement | UnsetType = UNSET
    silent_min: Annotated[int, msgspec.Meta(ge=0, le=10_080)] | UnsetType = UNSET


class Depositor(Fields, frozen=True):
    """Who may put money in. terminals: null is every safe of the client."""

    depositor_id: Id | UnsetType = UNSET
    account_id: Id | UnsetType = UNSET
    code: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,64}" + END)] | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    role: Literal["depositor", "cashier", "supervisor"] | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    terminals: Terminals | UnsetType | None = UNSET


class Cassette(Fields, frozen=True):
    """A cassette or bag by its SSCC (GS1). capacity: pieces; 0: as the safe says."""

    cassette_id: Sscc | UnsetType = UNSET
    kind: Literal["cassette", "bag"] | UnsetType = UNSET
    capacity: Pieces | UnsetType = UNSET
    status: Literal["active", "closed"] | UnsetType = UNSET


class NoteCategory(Fields, frozen=True):
    """What a category of notes or coins means: kept or handed back, credited or not, told to the
    authorities or not. source: the rule that says so."""

    category: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z]{1,4}" + END)] | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    kept: bool | UnsetType = UNSET
    credited: bool | UnsetType = UNSET
    reported: bool | UnsetType = UNSET
    source: Name | UnsetType = UNSET


class Sharing(Fields, frozen=True):
    """How a safe calls a client; '' is its default one."""

    reference: Reference = ""


class FeeTerms(Fields, frozen=True):
    """What a client pays, in minor units of his account; a share in basis points."""

    per_deposit_minor: Money = 0
    per_note: Fraction = "0"
    per_coin: Fraction = "0"
    percent_basis_points: BasisPoints = 0
    smallest_minor: Money = 0
    largest_minor: Money | None = None
    monthly_minor: Money = 0
    early_credit_basis_points: BasisPoints = 0  # a year
    per_pickup_minor: Money = 0
    per_count_minor: Money = 0
    vat_basis_points: BasisPoints = 0


class Fee(Fields, frozen=True):
    """A client's fees from a day on."""

    account_id: Id
    valid_from: date
    terms: FeeTerms


class CourierFee(Fields, frozen=True):
    """What a courier asks from a day on, in minor units of its currency."""

    courier_id: Key
    valid_from: date
    currency: Currency
    per_pickup_minor: Money = 0
    per_count_minor: Money = 0
