"""Pay by phone in lines for people: states as payers, shops and banks have them, and what became of
the money. PURE."""

from __future__ import annotations

from demo.amounts import money
from demo.result import Phones

COLUMNS = ("state", "payers have", "shops have", "banks bear out", "moved by banks")


def states(phones: Phones) -> list[tuple[str, str, str, str, str]]:
    """A line a state: by payers' phones, shops' archives, banks' books; and the money."""
    return [(one.state, f"{one.payer:,}", f"{one.merchant:,}", f"{one.bank:,}",
             money(one.moved_minor)) for one in phones.states]


def counted(phones: Phones) -> list[tuple[str, str, str]]:
    """what, how many, and more."""
    declined = ", ".join(f"{reason} {count}" for reason, count in phones.declined.items())
    return [(what, f"{count:,}", more) for what, count, more in (
        ("phones enrolled", phones.phones,
         f"{phones.revoked} revoked, and refused from that moment on"),
        ("payments", phones.payments,
         (f"{phones.by_code} by code in a bank's application; {phones.fetched} fetched by phones "
         "that had been away")),
        ("declined", sum(phones.declined.values()), declined),
        ("answered late by the bank", phones.were_unknown, "UNKNOWN first, then paid"),
        ("agents who logged in by phone", phones.logins, "and asked a payer in their own names"),
        ("refunds", phones.refunds,
         (f"{money(phones.refunded_minor)} EUR back at the payers' banks, "
         f"{phones.disputes} of them for disputes that shops have lost")),
        ("settlements of shops", phones.settlements,
         (f"{money(phones.gross_minor)} EUR captured, less {money(phones.netted_minor)} refunds "
         f"and {money(phones.fees_minor)} fees")),
        ("payouts", phones.payouts,
         f"{money(phones.payout_minor)} EUR in the night's file, due {phones.payout_date}"))]
