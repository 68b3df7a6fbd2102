"""The bookings of an account that the operator keeps for a client or a merchant: camt.053.001.08.

PURE: values in, bytes into the sink it is given. Source: ISO 20022 camt.053.001.08. So their own
books are posted by whatever reads their bank's statements: each deposit or payment with its
reference, each credit with the EndToEndId under which their bank has it. What is theirs is
positive. A night writes a million of these lines: one text a line, and nothing is built twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Final

import msgspec

from clearing.charset import clean
from clearing.iso20022 import Sink, text_of
from clearing.money import plain

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_LONGEST: Final = 35  # Max35Text
_LINES_AT_A_TIME: Final = 500


class Booking(msgspec.Struct, frozen=True, gc=False):
    """One line of the account. kind: a word of ours, as BkTxCd/Prtry says it.

    booked_on: ISO 8601; reference: ours, at most 35 characters of the SEPA set; end_to_end_id: of a
    credit; remittance: what the depositor named as the payment's reference.
    """

    kind: str
    booked_on: str
    amount_minor: int
    reference: str
    end_to_end_id: str = ""
    remittance: str = ""
    text: str = ""


class BookingHead(msgspec.Struct, frozen=True):
    """What the statement says of itself. Balances in minor units, the client's positive."""

    number: str
    created: str  # ISO 8601 date and time
    account: str  # at most 34 characters of the SEPA set
    client: str
    operator: str
    currency: str
    from_day: date
    to_day: date
    opening_minor: int
    closing_minor: int


def write_bookings(sink: Sink, head: BookingHead, bookings: Iterable[Booking]) -> None:
    """One account and one currency a file; the bookings lead from balance to balance."""
    sink.write(_head(head).encode("ascii"))  # the SEPA set is a part of ASCII
    given, written, balance = iter(bookings), 0, head.opening_minor
    while some := list(islice(given, _LINES_AT_A_TIME)):
        sink.write("".join([_line(number, booking, head.currency)
                            for number, booking in enumerate(some, written + 1)]).encode("ascii"))
        written += len(some)
        balance += sum([booking.amount_minor for booking in some])
    assert balance == head.closing_minor, head
    sink.write(b"</Stmt>\n</BkToCstmrStmt>\n</Document>\n")


def _head(head: BookingHead) -> str:
    """Group header, account, balances."""
    owner, servicer = text_of("Nm", head.client, 70), text_of("Nm", head.operator, 70)
    named = f"<Ownr>{owner}</Ownr>" if owner else ""
    kept = f"<Svcr><FinInstnId>{servicer}</FinInstnId></Svcr>" if servicer else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{NAMESPACE}">\n<BkToCstmrStmt>\n'
        f"<GrpHdr><MsgId>{head.number}</MsgId><CreDtTm>{head.created}</CreDtTm></GrpHdr>\n"
        f"<Stmt><Id>{head.number}</Id><CreDtTm>{head.created}</CreDtTm>"
        f"<FrToDt><FrDtTm>{head.from_day}T00:00:00Z</FrDtTm>"
        f"<ToDtTm>{head.to_day}T23:59:59Z</ToDtTm></FrToDt>\n"
        f"<Acct><Id><Othr><Id>{head.account}</Id></Othr></Id>"
        f"<Ccy>{head.currency}</Ccy>{named}{kept}</Acct>\n"
        f"{_balance('OPBD', head.opening_minor, head.currency, head.from_day)}"
        f"{_balance('CLBD', head.closing_minor, head.currency, head.to_day)}")


def _line(number: int, booking: Booking, currency: str) -> str:
    """One Ntry with its one transaction."""
    amount, reference = _amount(booking.amount_minor, currency), booking.reference
    named = f"<EndToEndId>{booking.end_to_end_id}</EndToEndId>" if booking.end_to_end_id else ""
    about = booking.remittance and clean(booking.remittance, _LONGEST)
    paid = f"<RmtInf><Strd><CdtrRefInf><Ref>{about}</Ref></CdtrRefInf></Strd></RmtInf>" \
        if about else ""
    return (
        f"<Ntry><NtryRef>{number}</NtryRef>{amount}"
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{booking.booked_on}</Dt></BookgDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>{booking.kind}</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef>{named}"
        f"</Refs>{amount}{paid}</TxDtls></NtryDtls>"
        f"{booking.text and text_of('AddtlNtryInf', booking.text, 500)}</Ntry>\n")


def _balance(code: str, minor: int, currency: str, day: date) -> str:
    return (f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(minor, currency)}"
            f"<Dt><Dt>{day}</Dt></Dt></Bal>\n")


@lru_cache(maxsize=16_384)  # of a line it is written twice, and what is bought has its prices
def _amount(minor: int, currency: str) -> str:
    return (f'<Amt Ccy="{currency}">{plain(abs(minor), currency)}</Amt>'
            f"<CdtDbtInd>{'CRDT' if minor >= 0 else 'DBIT'}</CdtDbtInd>")


def reference_of(key: str) -> str:
    """A journal key as a reference of 35 characters; what does not fit by its hash. No journal id:
    the files are the same in whatever order the rows were committed."""
    if len(key) <= _LONGEST and clean(key, _LONGEST) == key:
        return key
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
