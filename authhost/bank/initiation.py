"""A payer's debit and its refund as pain.001.001.09: the payer's own transfer, initiated by us.

PURE: values in, bytes out; no XML library, for hundreds a second wait at tills. A debit goes from
the payer's account to the operator's collecting account, a refund back; the merchant is the
ultimate creditor, or debtor. Source: ISO 20022 pain.001.001.09; EPC122-16 (SCT Inst) for euro; an
agent whose BIC nobody knows is NOTPROVIDED (EPC132-08).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

import msgspec

from authhost.bank.banks import Rail
from authhost.bank.pain001 import level_of, template
from clearing.charset import clean
from clearing.iso20022 import address_of, agent, text_of
from clearing.money import plain
from clearing.party import Party, account_defect
from clearing.remittance import LONGEST

_REFERENCE: Final = 35
_UNKNOWN_AGENT: Final = ("<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId>"
                         "</DbtrAgt>")


class Payer(msgspec.Struct, frozen=True, gc=False):
    """Whom to debit, as the message has it, and whom to credit; defect: why no bank would, or ''.
    """

    debtor: bytes
    creditor: bytes
    defect: str = ""


def payer(party: Party | None, currency: str) -> Payer:
    """Name, account and bank of a payer, in both roles. An address is told where it is whole."""
    if party is None:
        return Payer(b"", b"", "account_missing")
    defect = account_defect(party.iban, party.bic, currency)
    if not defect and not clean(party.name, 70):
        defect = "name_missing"
    if defect:
        return Payer(b"", b"", defect)
    who = text_of("Nm", party.name, 70)
    who += address_of(party.address) if party.address.complete else ""
    account = f"<Id><IBAN>{party.iban}</IBAN></Id>"
    debtor = (f"<Dbtr>{who}</Dbtr><DbtrAcct>{account}<Ccy>{currency}</Ccy></DbtrAcct>"
              f"{agent('DbtrAgt', party.bic) or _UNKNOWN_AGENT}")
    creditor = (f"{agent('CdtrAgt', party.bic)}<Cdtr>{who}</Cdtr>"
                f"<CdtrAcct>{account}</CdtrAcct>")
    return Payer(debtor.encode("ascii"), creditor.encode("ascii"))


def remittance(purpose: str, reference: str, fallback: str) -> str:
    """What the payer reads on the statement. The reference stays whole: a purpose is cut."""
    last = clean(reference, _REFERENCE)
    last = f"REF {last}" if last else ""
    first = clean(purpose, LONGEST - len(last) - 2)
    return ", ".join(part for part in (first, last) if part) or fallback


class PaymentWriter:
    """Writes the debits and refunds of one rail that has a collecting account."""

    def __init__(self, rail: Rail) -> None:
        account = rail.collecting
        assert account is not None, rail.currency
        name = text_of("Nm", account.name, 70)
        who = name + (address_of(account.address) if account.address.complete else "")
        iban = f"<Id><IBAN>{account.iban}</IBAN></Id>"
        text = template("payment")
        for field, value in (("initiator", name), ("level", level_of(rail)),
                             ("currency", rail.currency)):
            text = text.replace(f"%({field})s", value.replace("%", "%%"))
        self._rail = rail
        self._text = text.encode("ascii")
        self._debtor = (f"<Dbtr>{who}</Dbtr><DbtrAcct>{iban}<Ccy>{rail.currency}</Ccy></DbtrAcct>"
                        f"{agent('DbtrAgt', account.bic)}").encode("ascii")
        self._creditor = (f"{agent('CdtrAgt', account.bic)}<Cdtr>{who}</Cdtr>"
                          f"<CdtrAcct>{iban}</CdtrAcct>").encode("ascii")
        self._second = datetime.min.replace(tzinfo=UTC)
        self._times = {b"created": b"", b"day": b""}

    def debit(self, end_to_end_id: str, amount_minor: int, who: Payer, payee: bytes, text: str,
              at: datetime) -> bytes:
        """From the payer to the collecting account, for a payee. at: now (aware)."""
        return self._filled(end_to_end_id, amount_minor, text, at, {
            b"debtor": who.debtor, b"before": b"", b"creditor": self._creditor,
            b"after": b"<UltmtCdtr>%s</UltmtCdtr>" % payee if payee else b""})

    def refund(self, end_to_end_id: str, amount_minor: int, who: Payer, payee: bytes, text: str,
               at: datetime) -> bytes:
        """From the collecting account back to the payer, on behalf of a payee."""
        return self._filled(end_to_end_id, amount_minor, text, at, {
            b"debtor": self._debtor, b"creditor": who.creditor, b"after": b"",
            b"before": b"<UltmtDbtr>%s</UltmtDbtr>" % payee if payee else b""})

    def _filled(self, end_to_end_id: str, amount_minor: int, text: str, at: datetime,
                parties: dict[bytes, bytes]) -> bytes:
        assert amount_minor > 0, end_to_end_id
        assert parties[b"debtor"], end_to_end_id
        assert parties[b"creditor"], end_to_end_id
        second = at.replace(microsecond=0)
        if second != self._second:  # of many orders within one second the same
            self._second = second
            self._times = {b"created": at.strftime("%Y-%m-%dT%H:%M:%SZ").encode("ascii"),
                           b"day": self._rail.local(at).strftime("%Y-%m-%d").encode("ascii")}
        return self._text % {
            **self._times, **parties, b"id": end_to_end_id.encode("ascii"),
            b"amount": plain(amount_minor, self._rail.currency).encode("ascii"),
            b"remittance": escape(text).encode("ascii")}


def ultimate(payee: str) -> bytes:
    """A merchant by the name that the payer has read."""
    return text_of("Nm", payee, 70).encode("ascii")
