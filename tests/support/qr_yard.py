"""A shop that is paid by code: collecting accounts at a bank, and credits as the bank tells them.

Knows the payments of a rig's host (support/payments.py), and puts matching and desk beside them.
"""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any, Final

from authhost.admin.access import Actor
from authhost.payments.counting import Counting
from authhost.payments.credit_desk import Credits
from authhost.payments.matching import Credit, Matching, Outcome
from authhost.payments.model import Asked
from authhost.payments.qr_codes import epc_reference
from authhost.reservations import Reservations
from tests.support.payments import Shop
from tests.support.rig import Rig

BANK: Final = "NLB"
IBAN: Final = "SI56192001234567892"
RSD_IBAN: Final = "RS35260005601001611379"
SENDER: Final = "DE71110220330123456789"
DAY: Final = date(2026, 7, 23)
BANK_ACTOR: Final = Actor("nlb", "bank", 7, bank_id=BANK)
ADMINISTRATOR: Final = Actor("ana", "administrator", 1)
_entries = itertools.count(1)


class Yard:
    """On a rig of its own."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.shop = Shop(rig)
        rig.sql("INSERT INTO bank (bank_id, name) VALUES ('NLB', 'Bank'), ('OTHER', 'Other bank')")
        rig.sql("INSERT INTO collecting_account VALUES ($1, 'NLB', 'EUR', 'Payments Ltd', '',"
                " 'active'), ($2, 'NLB', 'RSD', 'Payments doo', '', 'active')", IBAN, RSD_IBAN)
        host, settings = rig.host, rig.settings

        async def make() -> Matching:
            pool = host.reads._pool
            return Matching(
                story=self.shop.payments, writer=self.shop.writer, pool=pool, secret=b"0" * 32,
                counting=Counting(host.views, host.accounts,
                                  Reservations(host.views, host.accounts, settings.clock)),
                clock=settings.clock, tell=self.shop.told.append)

        self.matching = rig.run(make())
        self.credits = Credits(host.reads._pool, self.matching)

    def close(self) -> None:
        """Stop writing."""
        self.shop.close()

    def ask(self, amount: int = 1_250, **more: Any) -> Asked:
        """A payment by code that waits."""
        return self.shop.ask(None, amount, kind="qr", **more)

    def tell(self, credit: Credit, bank_id: str = BANK) -> Outcome:
        """The bank has credited something."""
        return self.rig.run(self.matching.credited(bank_id, credit))

    def kept(self) -> list[tuple[str, str]]:
        """(entry, why) of what waits for a person."""
        return [(row["entry_reference"], row["why"]) for row in self.rig.sql(
            "SELECT entry_reference, why FROM payment_credit WHERE state = 'unmatched' "
            "ORDER BY credit_id")]

    def posted(self, asked: Asked) -> list[tuple[Any, ...]]:
        """(kind, account, what is booked) of a payment's rows, the request left out."""
        return [tuple(row.values()) for row in self.rig.sql(
            "SELECT kind, account_id, posted_minor FROM journal WHERE key LIKE $1 AND "
            "kind <> 'payment_request' ORDER BY id", f"pay/{asked.payment_id}%")]


def credit_of(asked: Asked, **more: Any) -> Credit:
    """The credit that a payment by code waits for, with another entry each time."""
    return Credit(**{
        "entry_reference": f"E{next(_entries):09d}", "iban": IBAN, "currency": asked.currency,
        "amount_minor": asked.amount_minor, "references": (epc_reference(asked.payment_id),),
        "booked_on": DAY, "sender_iban": SENDER, "sender_name": "Maja Novak", **more})


def camt054(*credits_: Credit, status: str = "BOOK", direction: str = "CRDT",
            amount: str = "") -> bytes:
    """A notification of these, an entry each. amount: another one of each entry."""
    entries = "".join(f"""
<Ntry><Amt Ccy="{one.currency}">{amount or _decimal(one.amount_minor)}</Amt>
<CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>
<BookgDt><Dt>{one.booked_on}</Dt></BookgDt><AcctSvcrRef>{one.entry_reference}</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>
<Amt Ccy="{one.currency}">{_decimal(one.amount_minor)}</Amt><CdtDbtInd>{direction}</CdtDbtInd>
<RltdPties><Dbtr><Pty><Nm>{one.sender_name}</Nm></Pty></Dbtr>
<DbtrAcct><Id><IBAN>{one.sender_iban}</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Strd><CdtrRefInf><Ref>{one.references[0]}</Ref></CdtrRefInf></Strd></RmtInf>
</TxDtls></NtryDtls></Ntry>""" for one in credits_)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-07-23T10:00:00Z</CreDtTm></GrpHdr>
<Ntfctn><Id>N1</Id><Acct><Id><IBAN>{credits_[0].iban}</IBAN></Id></Acct>{entries}</Ntfctn>
</BkToCstmrDbtCdtNtfctn></Document>""".encode()


def _decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
