"""camt.053 and camt.054 as a bank would write them, for tests: an account, its entries.

Knows the layout of ISO 20022 camt.053.001.08 and .02 and camt.054.001.08, and nothing of what is
sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from clearing.money import plain

IBAN = "DE89370400440532013000"
_HEAD = ('<?xml version="1.0" encoding="UTF-8"?>\n'
         '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
         "<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-07-24T06:00:00Z</CreDtTm></GrpHdr>")


def entry(amount_minor: int, transactions: str = "", *, status: str = "<Cd>BOOK</Cd>",
          currency: str = "EUR", day: str = "2026-07-24", more: str = "") -> str:
    """An Ntry; negative: paid from the account."""
    return (f'<Ntry><Amt Ccy="{currency}">{plain(abs(amount_minor), currency)}</Amt>'
            f"<CdtDbtInd>{direction(amount_minor)}</CdtDbtInd>{more}<Sts>{status}</Sts>"
            f"<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>BR1</AcctSvcrRef><BkTxCd/>"
            + (f"<NtryDtls>{transactions}</NtryDtls>" if transactions else "") + "</Ntry>")


def transaction(end_to_end_id: str, amount_minor: int | None = None, *, more: str = "",
                currency: str = "EUR") -> str:
    """A TxDtls; without an amount it is its entry's."""
    amount = "" if amount_minor is None else (
        f'<Amt Ccy="{currency}">{plain(abs(amount_minor), currency)}</Amt>'
        f"<CdtDbtInd>{direction(amount_minor)}</CdtDbtInd>")
    return (f"<TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>{amount}{more}"
            "</TxDtls>")


def returned(code: str) -> str:
    """The RtrInf of a transaction that comes back, with its reason."""
    return f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>"


def batch(payment_id: str, count: int) -> str:
    """A Btch: a whole file, booked at once."""
    return (f"<Btch><PmtInfId>{payment_id}</PmtInfId><NbOfTxs>{count}</NbOfTxs></Btch>")


def direction(amount_minor: int) -> str:
    """CdtDbtInd of a signed amount."""
    return "CRDT" if amount_minor >= 0 else "DBIT"


def balance(code: str, minor: int, day: str, currency: str = "EUR") -> str:
    """A Bal."""
    return (f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="{currency}">{plain(abs(minor), currency)}</Amt>'
            f"<CdtDbtInd>{direction(minor)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>")


def statement(entries: Sequence[str], *, opening: int, closing: int, reference: str = "ST1",
              from_day: str = "2026-07-23", to_day: str = "2026-07-24", currency: str = "EUR",
              iban: str = IBAN, version: str = "08", head: str = "") -> bytes:
    """A whole file with one Stmt."""
    created = "<CreDtTm>2026-07-24T06:00:00Z</CreDtTm>" if version == "02" else ""
    return (_HEAD.format(version=version) +
            f"<Stmt><Id>{reference}</Id>{created}{head}<Acct><Id><IBAN>{iban}</IBAN></Id>"
            f"<Ccy>{currency}</Ccy></Acct>{balance('OPBD', opening, from_day, currency)}"
            f"{balance('CLBD', closing, to_day, currency)}{''.join(entries)}</Stmt>"
            "</BkToCstmrStmt></Document>").encode()


def notice(name: str, *entries: str) -> bytes:
    """A whole camt.054 with one Ntfctn: entries, and no balance."""
    return ('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">'
            "<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N</MsgId></GrpHdr>"
            f"<Ntfctn><Id>{name}</Id><Acct><Id><IBAN>{IBAN}</IBAN></Id></Acct>"
            f"{''.join(entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>").encode()
