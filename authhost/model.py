"""What one message is, inside: a Request, the state's Outcome, the Answer that leaves.

PURE: knows no clock, no socket, no dialect. Money is an integer in minor units with its ISO 4217
currency; volume is an integer in millilitres; instants are integers in microseconds or milliseconds
since 1970 UTC, and say so in their names. Action codes are those of ISO 8583:1993, field 39.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a message asks for, or what a journal row records."""

    SALE = "sale"
    PREAUTHORIZATION = "preauthorization"
    COMPLETION = "completion"
    OFFLINE_SALE = "offline_sale"
    REVERSAL = "reversal"
    EXPIRY = "expiry"
    DEPOSIT = "deposit"
    PAYMENT_REQUEST = "payment_request"
    PAYMENT_AUTHORIZATION = "payment_authorization"  # the payer's yes: counted, not booked
    PAYMENT_RELEASE = "payment_release"  # the bank's no: what the yes has counted is given back
    PAYMENT = "payment"  # the bank's yes: booked
    PAYMENT_RECEIPT = "payment_receipt"  # the merchant's leg of a payment
    PAYMENT_REFUSAL = "payment_refusal"
    PAYMENT_CANCELLATION = "payment_cancellation"
    RECONCILIATION = "reconciliation"
    INCREMENT = "increment"  # a pre-authorization that raises an open one
    RETURN = "return"  # goods come back: a request, with the sale that they were bought in
    FUNDING = "funding"  # paid into an account: a prepaid one, or an invoice that was paid
    DEPOSIT_AUTHORIZATION = "deposit_authorization"  # notes in escrow: may be refused still
    ADJUSTMENT = "adjustment"  # what a count found more or less than was credited, signed
    VERIFICATION = "verification"  # counted: what was provisional is no exposure any more


class Action:
    """Action codes, ISO 8583:1993 field 39 (and two private ones of the fleet field)."""

    APPROVED = "000"
    PARTIAL = "002"
    DO_NOT_HONOUR = "100"
    EXPIRED_CARD = "101"
    RESTRICTED_CARD = "104"
    PIN_TRIES = "106"
    INVALID_MERCHANT = "109"
    INVALID_AMOUNT = "110"
    INVALID_CARD = "111"
    NO_ACCOUNT = "114"
    NOT_SUPPORTED = "115"
    WRONG_PIN = "117"
    NOT_PERMITTED_CARDHOLDER = "119"
    NOT_PERMITTED_TERMINAL = "120"
    EXCEEDS_AMOUNT = "121"
    SECURITY_VIOLATION = "122"
    EXCEEDS_FREQUENCY = "123"
    WRONG_DRIVER = "184"
    WRONG_PROMPT = "185"
    CARD_NOT_EFFECTIVE = "125"
    PIN_BLOCK = "126"
    KEY_OUT_OF_STEP = "128"
    COUNTERFEIT = "129"
    LOST_CARD = "208"
    STOLEN_CARD = "209"
    REVERSED = "400"
    ALREADY_REVERSED = "480"
    NOTHING_TO_REVERSE = "481"
    BALANCED = "500"
    NOT_BALANCED = "501"
    NETWORK = "800"
    INVALID_TRANSACTION = "902"
    FORMAT_ERROR = "904"
    MALFUNCTION = "909"
    BUSY = "907"
    TIMED_OUT = "911"
    DUPLICATE = "913"
    ORIGINAL_NOT_FOUND = "914"
    WRONG_MAC = "916"


class CardRef(msgspec.Struct, frozen=True, gc=False):
    """A card as a message names it. The clear PAN ends here: what goes on is its keyed hash."""

    pan_hmac: bytes
    pan_masked: str
    expiry: str  # YYMM; '' when the message has none

    def __repr__(self) -> str:
        return f"CardRef({self.pan_masked})"


class Check(StrEnum):
    """What became of one proof: a PIN, a card's verification value, a chip's cryptogram, a MAC.

    WRONG was checked and is not it; MALFORMED could not be checked, for what came is no such thing;
    OUT_OF_STEP could not be checked, for nobody has the key that it names. An HSM that does not
    answer is no value but an exception.
    """

    ABSENT = "absent"
    GOOD = "good"
    WRONG = "wrong"
    MALFORMED = "malformed"
    OUT_OF_STEP = "out_of_step"


class PinBlock(msgspec.Struct, frozen=True, gc=False):
    """An enciphered PIN as it came, 8 bytes, or 16 in format 48 (ISO 9564-1).

    format: the HSM's two digits, 01 ISO 0, 05 ISO 1, 47 ISO 3, 48 ISO 4. scheme: whose key it is
    under, 'terminal' (session key, its generation), 'zone' (the acquirer's, its generation) or
    'dukpt' (ksn, 10 bytes TDES, 12 bytes AES).
    """

    block: bytes
    format: str
    scheme: str
    generation: int = 0
    ksn: bytes = b""

    def __repr__(self) -> str:
        return "PinBlock(hidden)"


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What proves the card and who holds it. Lives as long as its request, in memory alone.

    pan is whole, for the HSM binds each proof to it; service_code and cvv are track 2's, '' where
    there is none; chip is field 55 (BER-TLV) as it came; psn the card's sequence number, 2 digits.
    """

    pan: str
    expiry: str = ""  # YYMM
    pin: PinBlock | None = None
    service_code: str = ""
    cvv: str = ""
    chip: bytes = b""
    psn: str = "00"

    def __repr__(self) -> str:
        return "Evidence(hidden)"


class Part(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One product's share of a message: minor units and millilitres; '*' may become any product."""

    product: str
    money: int
    volume: int


class Item(msgspec.Struct, frozen=True, gc=False):
    """One line of a sale as the terminal told it. Quantity and price in major units a unit."""

    product: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    amount_minor: int


class Prompted(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the driver typed in, by the host's own names of the prompts; '' where nothing was.

    Never a card's number: what looks like one is '' and in `unreadable`, like whatever else cannot
    be an answer to its prompt.
    """

    odometer: str = ""  # kilometres, 1 to 8 digits
    engine_hours: str = ""  # 1 to 6 digits
    driver_number: str = ""
    vehicle_number: str = ""
    trailer: str = ""
    job: str = ""
    order_number: str = ""
    unreadable: tuple[str, ...] = ()  # names of prompts


NOT_PROMPTED = Prompted()


class Allowed(msgspec.Struct, frozen=True, gc=False):
    """A product that may be sold, and what is left of its limits. None: no limit says."""

    product: str
    money_left: int | None = None  # minor units
    volume_left_ml: int | None = None


class ContractPrice(msgspec.Struct, frozen=True, gc=False):
    """What the fleet pays for one product of a sale, by its contract.

    unit_price is Decimal's text in major units a unit of measure, VAT included; contract and
    version: which one said so.
    """

    product: str
    unit_price: str
    amount_minor: int
    contract: str
    version: int


class Piece(msgspec.Struct, frozen=True, gc=False):
    """So many notes or coins of one value. category: of ECB/2010/14 for notes, '' for coins."""

    value_minor: int
    count: int
    kind: str  # 'note' or 'coin'
    category: str = ""


class Suspect(msgspec.Struct, frozen=True, gc=False):
    """One note that the device keeps and does not take for genuine."""

    value_minor: int
    currency: str
    category: str
    serial: str = ""


class Deposit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a safe has counted, or holds in escrow.

    client: as the device names it, '' for the safe's own; account: the IBAN that was asked for;
    local_time: of the safe, without zone; sequence: the device's own number, 0 where it sends none;
    order: what the client's own key signs, and the signature (64 bytes), b'' where there is none.
    """

    kind: str = "cash"  # 'cash', 'envelope', 'cheque'
    client: str = ""
    account: str = ""
    depositor: str = ""
    cassette: str = ""
    shift: str = ""
    local_time: str = ""
    sequence: int = 0
    pieces: tuple[Piece, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    order: bytes = b""
    signature: bytes = b""


class Original(msgspec.Struct, frozen=True, gc=False):
    """How a completion or reversal names what it is about.

    keys: the candidates, best first (a dialect may not say whether the original was a sale or a
    pre-authorization); approval_code: the fallback when no key matches.
    """

    keys: tuple[str, ...]
    approval_code: str = ""


class Request(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One message, whatever door it came through.

    key: acquirer/terminal/class/date/sequence, see keys.py; fingerprint: keyed hash over what may
    not change in a repeat; deadline_us: after it no approval may leave or be committed.
    """

    key: str
    fingerprint: bytes
    kind: Kind
    door: str
    terminal_id: str
    deadline_us: int
    amount_minor: int = 0
    currency: str = ""
    card: CardRef | None = None
    account_id: int | None = None  # a payment's payer; a deposit's client, where the safe says so
    volume_ml: int = 0
    products: tuple[str, ...] = ()
    merchant_id: str = ""  # as the message claims it; the terminal's own rules
    repeat: bool = False
    partial_ok: bool = False
    advice: bool = False  # it has happened: cannot be refused, takes with force
    original: Original | None = None
    alias: str = ""  # Idempotency-Key claim on top of the device's own key
    expires_at_us: int = 0  # simulated or real business time, holds
    wrong: str = ""  # found at translation: a request is declined for it, an advice flagged
    flags: tuple[str, ...] = ()
    detail: str = "{}"  # JSON: what the files print
    evidence: Evidence | None = None
    sealed: bool = False  # it came under a MAC that verified
    items: tuple[Item, ...] = ()
    parts: tuple[Part, ...] = ()  # the items, summed a product
    second: CardRef | None = None  # shown beside `card`, which is charged; both are checked
    prompted: Prompted = NOT_PROMPTED
    key_entered: bool = False  # the card's number was typed in
    wants_rest: bool = False  # the answer says what may be sold and what is left
    volume_open: bool = False  # a hold: nobody knows yet how much fuel it will be
    amount_open: bool = False  # a hold: for as much as the host lets
    deposit: Deposit | None = None

    @property
    def counted_minor(self) -> int:
        """What of the amount its account's counters move by: nothing of what is only declared, for
        an envelope or a cheque is credited after its count."""
        told = self.deposit
        return self.amount_minor if told is None or told.kind == "cash" else 0

    @property
    def declared_minor(self) -> int:
        """The rest of the amount: what is only declared, and is answered and in the row."""
        return self.amount_minor - self.counted_minor


class Proof(msgspec.Struct, frozen=True, gc=False):
    """What the HSM said of a request's evidence.

    reason: what speaks against it, '' where nothing does; an advice is flagged with it. pin: 0 not
    asked, 1 right, 2 wrong. chip: the issuer's answer to the card, should it be an approval (tag
    91). once: a key that no second message may have, for a cryptogram is good once; '' where there
    is none.
    """

    reason: str = ""
    pin: int = 0
    chip: bytes = b""
    once: str = ""


NOTHING_TO_PROVE = Proof()


class Outcome(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the state decided for one account, with the effect it counted there.

    status: 'approved' | 'partial' | 'declined'. fence: under which it holds. reservation: the
    number of the open reservation in the account's state (0: none). day, week, month, minute: the
    windows that were counted in. broken: limits that an advice passed, or that only watch.
    """

    status: str
    reason: str
    amount_minor: int
    volume_ml: int
    count: int
    decided_at_ms: int
    fence: int
    reservation: int
    day: int
    week: int
    month: int
    broken: tuple[str, ...] = ()
    pin_tries: int = 0  # +1 for a wrong PIN, minus what a right one sets back, 0 for neither
    minute: int = 0
    left: tuple[int, ...] = ()  # of each limit of the view, after this message, where it was asked


class Answer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is said back, before a dialect gives it bytes."""

    action: str
    reason: str
    amount_minor: int = 0
    approval_code: str = ""
    decided_at_ms: int = 0
    flags: tuple[str, ...] = ()
    state: str = ""  # of the claim, where an event moved it or another door reads it
    reference: str = ""  # retrieval reference (ISO field 37), or the id of what was created
    totals: tuple[int, int, int, int] | None = None  # debits, minor units, reversals, minor units
    business_date: str = ""  # YYYYMMDD, in the answer to a cut-over
    chip: bytes = b""  # what the issuer says to the chip: tag 91, issuer authentication data
    allowed: tuple[Allowed, ...] | None = None  # what may be sold; None: not asked, or any
    volume_ml: int = 0  # how much fuel a hold is good for
    prompts: tuple[str, ...] = ()  # to be asked again: missing or wrong
    prices: tuple[ContractPrice, ...] = ()

    @property
    def approved(self) -> bool:
        """True where the asked thing is done, wholly or in part."""
        return self.action in APPROVING


APPROVING = frozenset(
    {Action.APPROVED, Action.PARTIAL, Action.REVERSED, Action.BALANCED, Action.NOT_BALANCED,
     Action.NETWORK}
)
