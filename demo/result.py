"""What a demo says about itself, as one JSON object or as tables for people.

Knows the words of the summary and whether all of it is well; computes no sum of its own.
"""

from __future__ import annotations

from datetime import date

import msgspec

from demo.tally import Latency


class File(msgspec.Struct, frozen=True):
    """A file of the night."""

    path: str
    kind: str
    count: int
    sum_minor: int
    currency: str


class Difference(msgspec.Struct, frozen=True):
    """Where the clients' own record and the journal do not say the same."""

    kind: str
    currency: str
    client_count: int
    journal_count: int
    client_minor: int
    journal_minor: int


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """What was proved that day, and by whom. Latencies as the host saw its HSM, in milliseconds."""

    pins_right: int  # by the HSM
    pins_wrong: int
    cards_locked: int  # three wrong PINs
    cards_unlocked: int
    pins_by_card: int  # by a chip
    chips_locked: int
    copies_refused: int  # by terminals
    stripes_good: int  # card verification values
    stripes_wrong: int
    cryptograms: int
    issuer_proofs: int  # that a chip believed
    macs_checked: int
    macs_made: int
    macs_refused: int
    key_changes: int
    hsm_calls: int
    hsm_p50_ms: float
    hsm_p99_ms: float


class Stations(msgspec.Struct, frozen=True, kw_only=True):
    """Stations with the edge program. Off line: without the host."""

    offline_sold: int
    offline_refused: dict[str, int]  # by the rule that was to speak against it
    waited: int  # when the line was mended
    forwarded: int  # posted by the host, each once
    flagged: int  # of these
    cut_off_minutes: int  # business time
    catalogue_versions: int
    heartbeats: int
    shifts_balanced: int
    shifts_differing: int  # at first
    shifts_mended: int  # of these
    transactions_found: int  # that a shift lacked


class Fleets(msgspec.Struct, frozen=True, kw_only=True):
    """What controlled fleets met. Money in minor units."""

    limits_refused: dict[str, int]  # by window
    prompts_refused: dict[str, int]
    increments: int
    returns: int
    returned_minor: dict[str, int]  # by currency
    contract_prices: int  # rows of the journal that have one
    fundings: int
    funded_minor: int
    exceptions: dict[str, int]  # by flag, in the feed
    consumption: tuple[str, ...]  # litres over 100 km, of the vehicles that were looked up


class CashCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case from its opening to what was booked of it; minor units, signed."""

    kind: str
    safe: str
    state: str
    amount_minor: int
    currency: str
    proposal: str
    proposed_by: str
    decided_by: str
    booked_minor: int
    booked_as: str  # the journal's key
    taken_off: str  # EndToEndId of the credit in a night's file
    serial: str  # of a counterfeit
    report_by: date | None
    why: str


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """A client's receipt, as its safe prints it. pdf: where the same lies as a file."""

    safe: str
    code: str
    text: str
    pdf: str


class Cash(msgspec.Struct, frozen=True, kw_only=True):
    """The cash cycle. credits: deposits by how far the bank's credit is after the night. down_...:
    what the bank that was down would else have credited at once. offline: deposits while a safe's
    line was out; told: of these, by the host's own rows; offline_credits: how far they are."""

    safes: int
    banks: tuple[str, ...]
    deposits: int
    credits: dict[str, int]
    paid_at_once: int  # by the banks' own books
    paid_by_file: int
    down: str  # the bank
    down_minutes: int
    down_deposits: int
    down_minor: int
    down_paid: tuple[str, ...]  # EndToEndIds of the file, each once in its books
    cut_safe: str
    offline: int
    told: int
    offline_credits: dict[str, int]
    waited: int  # messages, when the line was mended
    cut_off_minutes: int
    swaps: int
    counts: int
    shifts_balanced: int
    cases: tuple[CashCase, ...]
    receipt: Printed


class PaymentState(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments are in a state, by payers' phones, by shops' archives, and by banks' books:
    those that a bank has moved as the state says. moved_minor: by banks, what went back taken off.
    """

    state: str
    payer: int
    merchant: int
    bank: int
    moved_minor: int


class Phones(msgspec.Struct, frozen=True, kw_only=True):
    """Pay by phone, to the shops' settlement. were_unknown: their bank did not say at once;
    fetched: by phones that had been away; netted: refunds that shops have borne."""

    phones: int
    payments: int
    states: tuple[PaymentState, ...]
    declined: dict[str, int]
    by_code: int
    were_unknown: int
    fetched: int
    logins: int
    revoked: int
    disputes: int
    refunds: int
    refunded_minor: int
    captured_minor: int
    settlements: int
    gross_minor: int
    netted_minor: int
    fees_minor: int
    payouts: int
    payout_minor: int
    payout_date: str


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A currency at the banks: by our books (account, transit) and by theirs (bank, waiting)."""

    currency: str
    account_minor: int
    bank_minor: int
    transit_minor: int
    waiting_minor: int

    @property
    def agrees(self) -> bool:
        """To the cent."""
        return (self.account_minor, self.transit_minor) == (self.bank_minor, self.waiting_minor)


class CameBack(msgspec.Struct, frozen=True):
    """A credit that a bank has refused or given back, and what was made of it."""

    what: str
    code: str | None
    subject: str
    amount_minor: int
    currency: str


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """A direct debit. sequence: scheme and sequence type; before_id: the one that came back, ''
    where it is the first of its invoice; state: sent, accepted, collected, returned, rejected."""

    fleet: str
    mandate: str
    sequence: str
    invoice: str
    end_to_end_id: str
    collect_on: date
    amount_minor: int
    currency: str
    before_id: str
    state: str


class Banked(msgspec.Struct, frozen=True, kw_only=True):
    """What banks made of the night's files, and our books of their answers."""

    files: int
    answers: int
    positions: tuple[Position, ...]
    came_back: tuple[CameBack, ...]
    collected: tuple[Collected, ...]

    def faults(self) -> list[str]:
        """In words: currencies in which the two do not agree."""
        return [f"{one.currency}: banks have {one.bank_minor} and wait for {one.waiting_minor}, "
                f"our books say {one.account_minor} and {one.transit_minor}"
                for one in self.positions if not one.agrees]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The summary. Money in minor units; maps are by currency."""

    ok: bool
    messages: int
    approved: int
    declined: int
    refused: int
    declined_by_reason: dict[str, int]
    messages_by_kind: dict[str, int]
    actions: dict[str, int]
    repeats: int
    repeats_identical: bool
    lost: int
    card_numbers_at_rest: int
    secrets_at_rest: int
    proved: Proved
    fleets: Fleets
    stations: Stations
    cash: Cash
    phones: Phones
    banked: Banked
    deposits: int
    payments: int
    latencies_ms: dict[str, Latency]
    differences: tuple[Difference, ...]
    faults: tuple[str, ...]
    files: tuple[File, ...]
    cases: int
    places: dict[str, int]
    debits_minor: dict[str, int]
    credits_minor: dict[str, int]
    balanced: bool
    digest: str
    out_dir: str
    seconds: float
    seconds_by_step: dict[str, float]
