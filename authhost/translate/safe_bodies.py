"""What safes say and hear over JSON, as types: what msgspec checks, it checks before anything else.

PURE data. Amounts are integers in minor units. Every message has the device's own `sequence`, which
grows by one over all its messages, and its `local_time`, without a zone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from authhost.translate.bodies import Amount, Body, Currency, LocalTime, Positive, Text

_END: Final = r"$(?!\n)"
Number = Annotated[int, msgspec.Meta(ge=1, le=10**12, description="The device's own, never reset.")]
Shift = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z._-]+" + _END,
                                    description="Of the safe, never used again.")]
ShiftOrNone = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^[0-9A-Za-z._-]*" + _END)]
Code = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*" + _END)]
Cassette = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^[0-9A-Za-z]*" + _END,
                                       description="SSCC: eighteen digits (GS1).")]
Category = Annotated[str, msgspec.Meta(max_length=4, pattern=r"^[0-9a-z]*" + _END,
                                       description="ECB/2010/14, annex IIa: 1, 2, 3, 4a, 4b.")]
Count = Annotated[int, msgspec.Meta(ge=0, le=10**7)]
Kind = Literal["cash", "envelope", "cheque"]
PieceKind = Literal["note", "coin"]
MOST_LINES: Final = 128


class Piece(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many notes or coins of one value and category."""

    value_minor: Positive
    count: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    kind: PieceKind = "note"
    category: Category = ""


class Suspect(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One note that is kept and that the device does not take for genuine."""

    value_minor: Amount
    currency: Currency
    category: Category
    serial: Code = ""


class Rejected(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was handed back."""

    count: Count


class Order(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The client's own word."""

    signature: Annotated[str, msgspec.Meta(max_length=100, description="Ed25519, base64.")]


class Cheque(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cheque that was put in."""

    number: Code
    bank: Code = ""


class Envelope(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An envelope that was put in."""

    number: Code


class Message(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every message of a safe has."""

    sequence: Number
    local_time: LocalTime


class Authorization(Message, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Notes in escrow: may they stay?

    Of an envelope or a cheque the amount is what the depositor declares. client: as this safe's
    clients are named, '' its own; account: the IBAN that is to be credited, where it is named.
    """

    amount_minor: Amount
    currency: Currency
    kind: Kind = "cash"
    denominations: Annotated[tuple[Piece, ...], msgspec.Meta(max_length=MOST_LINES)] = ()
    suspects: Annotated[tuple[Suspect, ...], msgspec.Meta(max_length=MOST_LINES)] = ()
    rejected: Rejected | None = None
    depositor: Code = ""
    cassette: Cassette = ""
    client: Code = ""
    account: Annotated[str, msgspec.Meta(max_length=34, pattern=r"^[0-9A-Z]*" + _END,
                                         description="IBAN.")] = ""
    reference_model: Code = ""
    reference: Text = ""
    receipt: Code = ""
    shift: ShiftOrNone = ""
    order: Order | None = None
    cheque: Cheque | None = None
    envelope: Envelope | None = None


class Deposit(Authorization, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The cash is in the safe. authorization: what it was allowed by, where it was asked."""

    authorization: Annotated[str, msgspec.Meta(max_length=200,
                                               pattern=r"^[^\x00-\x1f\x7f]*" + _END)] = ""


class Counter(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many pieces of one value."""

    currency: Currency
    value_minor: Positive
    kind: PieceKind
    count: Count


class Total(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sum of so many deposits of a kind."""

    currency: Currency
    kind: Kind
    count: Count
    amount_minor: Annotated[int, msgspec.Meta(ge=0, le=10**15)]


Counters = Annotated[tuple[Counter, ...], msgspec.Meta(max_length=MOST_LINES)]
Totals = Annotated[tuple[Total, ...], msgspec.Meta(max_length=MOST_LINES)]


class SignOn(Message, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The safe is there. first_sequence: nothing is asked for below it (a device that had another
    host before)."""

    software: Code
    model: Code = ""
    cassette: Cassette = ""
    counters: Counters = ()
    first_sequence: Number = 1


class SignOff(Message, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The safe goes."""


class ShiftOpen(Message, frozen=True, forbid_unknown_fields=True, kw_only=True,
                rename={"change": "float"}):
    """From now on money may be put in. float: what lies in the tills as change."""

    shift: Shift
    opened_by: Code
    change: Counters = ()


class ShiftClose(Message, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The shift ends, with its own sums."""

    closed_by: Code
    totals: Totals


class Swap(Message, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"into": "in"}):
    """A cassette left with a courier and another came; in is '' where none did. counters: what the
    one that left holds."""

    out: Cassette
    into: Cassette = ""
    courier: Code = ""
    guard: Code = ""
    seal: Code = ""
    counters: Counters = ()


class EndOfDay(Message, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sums of all deposits since the last end of day, and the pieces that they were."""

    totals: Totals
    denominations: Counters = ()


class CassetteFill(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many pieces are in one cassette."""

    cassette: Cassette
    pieces: Count


class Fill(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How full the safe is, in pieces."""

    notes: Count = 0
    coins: Count = 0
    by: Annotated[tuple[CassetteFill, ...], msgspec.Meta(max_length=64)] = ()


class Status(Message, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the safe is. unsent: messages that wait for the host; link_age_s: since it answered."""

    fill: Fill = Fill()
    software: Code = ""
    unsent: Count = 0
    oldest_unsent_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    link_age_s: Annotated[int, msgspec.Meta(ge=0, le=2**40)] = 0


class Alarm(Message, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something is wrong, or has happened."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64,
                                      pattern=r"^[0-9A-Za-z._-]+" + _END)]
    severity: Literal["info", "warning", "alarm"]
    text: Text = ""


class Cancellation(Message, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The notes of an authorization were handed back."""


# What is answered.
Ranges = tuple[tuple[int, int], ...]


class DepositAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a deposit, an authorization or its cancellation.

    withheld: why a deposit that is stored has no credit yet. authorization, expires_at: what a
    confirm names, and until when the notes are held. parked: another content stands under its
    number; it is kept apart, and a person looks at it.
    """

    key: str
    decision: Literal["approved", "declined", "parked", "cancelled"]
    action_code: str
    reason: str
    amount_minor: int
    currency: str
    approval_code: str
    decided_at: str
    flags: tuple[str, ...]
    withheld: tuple[str, ...]
    authorization: str = ""
    expires_at: str = ""


class MessageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What every message hears. time: ours, UTC; missing: numbers, first and last, that never came;
    warnings: what of it does not fit what is known here. It is stored all the same."""

    time: datetime
    shift: str
    cassette: str
    missing: Ranges
    warnings: tuple[str, ...]


class ClientLine(msgspec.Struct, frozen=True, kw_only=True):
    """A client of the safe, as it names him."""

    reference: str
    name: str
    currency: str


class SignOnAnswer(MessageAnswer, frozen=True, kw_only=True):
    """What a safe goes by. depositors_version: changes with who may put money in."""

    clients: tuple[ClientLine, ...]
    depositors_version: str
    named_depositors: bool
    shift_required: bool
    currencies: tuple[str, ...]
    note_capacity: int
    coin_capacity: int
    fill_percent: int
    time_zone: str


class TotalDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sums differ."""

    currency: str
    kind: str
    told_count: int
    told_minor: int
    host_count: int
    host_minor: int


class PieceDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pieces differ."""

    currency: str
    value_minor: int
    kind: str
    told_count: int
    host_count: int


class ComparedAnswer(MessageAnswer, frozen=True, kw_only=True):
    """Sums or counters compared with what was deposited. host, pieces: the host's own; inside: what
    the cassette should hold (at a swap: the one that left)."""

    state: Literal["balanced", "differs"]
    host: tuple[Total, ...] = ()
    pieces: tuple[Counter, ...] = ()
    inside: tuple[Counter, ...] = ()
    differences: tuple[TotalDifference, ...] = ()
    piece_differences: tuple[PieceDifference, ...] = ()


class DepositorLine(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may put money in. client: the reference of whom he does it for."""

    client: str
    code: str
    name: str
    role: str


class Depositors(msgspec.Struct, frozen=True, kw_only=True):
    """Who may put money in, for a safe that is off-line."""

    version: str
    depositors: tuple[DepositorLine, ...]
