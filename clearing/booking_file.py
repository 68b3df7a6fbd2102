"""The bookings of an account that the operator keeps for a client or a merchant: camt.053.001.08.

PURE: values in, bytes into the sink it is given. Source: ISO 20022 camt.053.001.08. So their own
books are posted by whatever reads their bank's statements: each deposit or payment with its
reference, each credit with the EndToEndId under which their bank has it. What is theirs is
positive. A night writes a million of these lines: one text a line, and nothing is built twice.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final
from xml.sax.saxutils import escape

import msgspec

from clearing.charset import clean
from clearing.iso20022 import Sink
from clearing.money import plain

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_LONGEST: Final = 35  # Max35Text
_LINES_AT_A_TIME: Final = 500


class Booking(msgspec.Struct, frozen=True, gc=False):
    """One line of the account. kind: a word of ours, as BkTxCd/Prtry says it.

    reference: ours, at most 35 characters; end_to_end_id: of a credit; remittance: what the
    depositor named as the payment's reference.
    """

    kind: str
    booked_on: date
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


class BookingFile:
    """begin(), add() for every line, end(). One account and one currency a file."""

    def __init__(self, sink: Sink, head: BookingHead) -> None:
        self._sink = sink
        self._head = head
        self._sum_minor = 0
        self._number = 0
        self._lines: list[str] = []

    def begin(self) -> None:
        """Group header, account, balances."""
        head = self._head
        owner = clean(head.client, 70)
        servicer = clean(head.operator, 70)
        named = f"<Ownr><Nm>{escape(owner)}</Nm></Ownr>" if owner else ""
        kept = f"<Svcr><FinInstnId><Nm>{escape(servicer)}</Nm></FinInstnId></Svcr>" \
            if servicer else ""
        self._write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="{NAMESPACE}">\n<BkToCstmrStmt>\n'
            f"<GrpHdr><MsgId>{head.number}</MsgId><CreDtTm>{head.created}</CreDtTm></GrpHdr>\n"
            f"<Stmt><Id>{head.number}</Id><CreDtTm>{head.created}</CreDtTm>"
            f"<FrToDt><FrDtTm>{head.from_day}T00:00:00Z</FrDtTm>"
            f"<ToDtTm>{head.to_day}T23:59:59Z</ToDtTm></FrToDt>\n"
            f"<Acct><Id><Othr><Id>{escape(head.account)}</Id></Othr></Id>"
            f"<Ccy>{head.currency}</Ccy>{named}{kept}</Acct>\n"
            f"{self._balance('OPBD', head.opening_minor, head.from_day)}"
            f"{self._balance('CLBD', head.closing_minor, head.to_day)}")

    def add(self, booking: Booking) -> None:
        """One Ntry with its one transaction."""
        self._number += 1
        self._sum_minor += booking.amount_minor
        amount, reference = self._amount(booking.amount_minor), escape(booking.reference)
        named = f"<EndToEndId>{booking.end_to_end_id}</EndToEndId>" if booking.end_to_end_id else ""
        about = clean(booking.remittance, _LONGEST) if booking.remittance else ""
        paid = ("<RmtInf><Strd><CdtrRefInf>"
                f"<Ref>{escape(about)}</Ref></CdtrRefInf></Strd></RmtInf>" if about else "")
        text = clean(booking.text, 500) if booking.text else ""
        told = f"<AddtlNtryInf>{escape(text)}</AddtlNtryInf>" if text else ""
        self._lines.append(
            f"<Ntry><NtryRef>{self._number}</NtryRef>{amount}"
            f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{booking.booked_on}</Dt></BookgDt>"
            f"<AcctSvcrRef>{reference}</AcctSvcrRef>"
            f"<BkTxCd><Prtry><Cd>{booking.kind}</Cd></Prtry></BkTxCd>"
            f"<NtryDtls><TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef>{named}"
            f"</Refs>{amount}{paid}</TxDtls></NtryDtls>{told}</Ntry>\n")
        if len(self._lines) == _LINES_AT_A_TIME:
            self._flush()

    def end(self) -> None:
        """Close the document; what was added leads from balance to balance."""
        head = self._head
        assert head.opening_minor + self._sum_minor == head.closing_minor, head
        self._flush()
        self._write("</Stmt>\n</BkToCstmrStmt>\n</Document>\n")

    def _balance(self, code: str, minor: int, day: date) -> str:
        return (f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{self._amount(minor)}"
                f"<Dt><Dt>{day}</Dt></Dt></Bal>\n")

    def _amount(self, minor: int) -> str:
        currency = self._head.currency
        return (f'<Amt Ccy="{currency}">{plain(abs(minor), currency)}</Amt>'
                f"<CdtDbtInd>{'CRDT' if minor >= 0 else 'DBIT'}</CdtDbtInd>")

    def _flush(self) -> None:
        self._write("".join(self._lines))
        self._lines.clear()

    def _write(self, text: str) -> None:
        self._sink.write(text.encode("ascii"))  # the SEPA set is a part of ASCII


def reference_of(key: str) -> str:
    """A journal key as a reference of 35 characters; what does not fit by its hash. No journal id:
    the files are the same in whatever order the rows were committed."""
    if len(key) <= _LONGEST and clean(key, _LONGEST) == key:
        return key
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
