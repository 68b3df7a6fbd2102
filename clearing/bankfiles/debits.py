"""What is collected tonight, from whom and how: arithmetic of days, mandates and credit notes.

PURE. Money in minor units of one currency. Source: SEPA Direct Debit Core and B2B rulebooks
(EPC016-06, EPC222-07): a mandate is for one collection (OOFF) or many (FRST, RCUR, FNAL), ends
when it is not used for 36 months, and what has changed of it is told with the next collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from clearing.bankfiles.config import Collection as Rules
from clearing.charset import clean
from clearing.days.calendars import Calendar, after_working_days, this_or_next
from clearing.party import account_defect

_EURO: Final = "EUR"
_UNUSED_MONTHS: Final = 36
_LAST_OF: Final = frozenset({"OOFF", "FNAL"})


class Due(msgspec.Struct, frozen=True):
    """An invoice whose day has come near, the mandate of its debtor, and how that was last used
    (last_*, None or '' where it never was; last_on also where a bank has refused it). before_id:
    the debit of this invoice that came back, '' of its first."""

    invoice: str
    kind: str
    account_id: int
    currency: str
    amount_minor: int
    due_on: date
    collect_on: date
    mandate_id: str
    scheme: str
    signed_on: date
    debtor_name: str
    iban: str
    bic: str
    address: str  # JSON, as master data has it
    one_off: bool
    is_last: bool
    original_id: str
    status: str
    last_on: date | None = None
    last_iban: str | None = None
    last_creditor: str | None = None
    last_mandate: str | None = None
    last_type: str | None = None
    before_id: str = ""


class CreditNote(msgspec.Struct, frozen=True):
    """What of a credit note still gives back."""

    number: str
    account_id: int
    currency: str
    open_minor: int


class Debit(msgspec.Struct, frozen=True):
    """One decision. held: why it is not sent, '' when it is; 'netted': credit notes cover it, and
    nothing is left to collect. netted: number of a credit note, amount."""

    due: Due
    amount_minor: int
    sequence_type: str
    collect_on: date
    held: str
    netted: tuple[tuple[str, int], ...] = ()

    @property
    def order(self) -> tuple[str, str, date, str]:
        """Collections of one block lie together."""
        return self.due.scheme, self.sequence_type, self.collect_on, self.due.invoice


def notice_day(told_on: date, due_on: date, rules: Rules, works: Calendar) -> date:
    """When an invoice is collected: when it is due, and not before its debtor has known it for as
    long as was agreed; on a day on which banks work."""
    told = date.fromordinal(told_on.toordinal() + rules.notice_days)
    return this_or_next(max(due_on, told), works)


def again_day(told_on: date, rules: Rules, works: Calendar) -> date:
    """When what came back is collected again, its debtor told tonight."""
    return this_or_next(date.fromordinal(told_on.toordinal() + rules.again_days), works)


def earliest_day(business_date: date, scheme: str, rules: Rules, works: Calendar) -> date:
    """The first day on which tonight's file can collect: the bank has it on the next working day,
    and wants it so many days before."""
    return after_working_days(business_date, 1 + _lead(rules, scheme), works)


def horizon(business_date: date, rules: Rules, works: Calendar) -> date:
    """What is collected up to this day goes tonight."""
    lead = max(_lead(rules, scheme) for scheme in ("CORE", "B2B"))
    return after_working_days(business_date, 1 + lead + rules.ahead_days, works)


def decide(due: Sequence[Due], notes: Sequence[CreditNote], business_date: date, rules: Rules,
           works: Calendar) -> list[Debit]:
    """What becomes of each invoice, in the order of their blocks. `due` and `notes` are by account
    and currency, the earliest first: credit notes cover the oldest invoices first."""
    open_notes = {note.number: note.open_minor for note in notes}
    of_account: dict[tuple[int, str], list[str]] = {}
    for note in notes:
        of_account.setdefault((note.account_id, note.currency), []).append(note.number)
    used: dict[str, str] = {}  # mandate: the sequence type of its last collection, tonight's too
    last = {one.mandate_id: one.invoice for one in due}  # tonight's last of each mandate
    made = []
    for one in due:
        held = _held(one, used, business_date)
        netted = [] if held else _netted(
            one.amount_minor, of_account.get((one.account_id, one.currency), ()), open_notes)
        amount = one.amount_minor - sum(minor for _, minor in netted)
        kind = _sequence_type(one, used, is_final=last[one.mandate_id] == one.invoice)
        if not held and amount:
            used[one.mandate_id] = kind
        day = max(one.collect_on, earliest_day(business_date, one.scheme, rules, works))
        made.append(Debit(one, amount, kind, day, held or ("" if amount else "netted"),
                          tuple(netted)))
    return sorted(made, key=lambda debit: debit.order)


def _lead(rules: Rules, scheme: str) -> int:
    return rules.lead_days.get(scheme, 1)  # type: ignore[call-overload, no-any-return]


def _netted(amount_minor: int, numbers: Sequence[str],
            open_notes: dict[str, int]) -> list[tuple[str, int]]:
    """Credit notes that cover a part of an amount; what is taken of them is open no more."""
    taken = []
    for number in numbers:
        part = min(open_notes[number], amount_minor)
        if part:
            open_notes[number] -= part
            amount_minor -= part
            taken.append((number, part))
    return taken


def _held(one: Due, used: dict[str, str], business_date: date) -> str:
    """Why nothing can be collected, or ''."""
    if one.currency != _EURO:
        return "currency_not_collected"
    if one.status != "active":
        return f"mandate_{one.status}"
    if used.get(one.mandate_id, _type_before(one)) in _LAST_OF:
        return "mandate_used"
    since = one.last_on or one.signed_on
    if _months_between(since, business_date) >= _UNUSED_MONTHS:
        return "mandate_expired"
    if not clean(one.debtor_name, 70):
        return "name_missing"
    return account_defect(one.iban, one.bic, _EURO)


def _type_before(one: Due) -> str:
    return one.last_type or "" if one.last_mandate == one.mandate_id else ""


def _months_between(earlier: date, later: date) -> int:
    """Whole months."""
    months = 12 * (later.year - earlier.year) + later.month - earlier.month
    return months - (later.day < earlier.day)


def _sequence_type(one: Due, used: dict[str, str], *, is_final: bool) -> str:
    if one.one_off:
        return "OOFF"
    if one.is_last and is_final:
        return "FNAL"
    return "RCUR" if one.mandate_id in used or _type_before(one) else "FRST"
