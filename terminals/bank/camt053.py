"""camt.053: what was booked on an account on one day, with the balance before and after.

PURE: values in, bytes out. Source: ISO 20022 camt.053.001.08; balances OPBD and CLBD, bank
transaction code PMNT (payments), ICDT issued and RCDT received credit transfers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from xml.sax.saxutils import escape

import msgspec

from terminals.bank.orders import plain


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One booking. signed_minor: money out is negative."""

    end_to_end_id: str
    message_id: str
    service: str
    name: str
    debtor: str
    creditor: str
    remittance: str
    signed_minor: int


def statement(iban: str, currency: str, day: str, before_minor: int, entries: Sequence[Entry],
              created: str) -> bytes:
    """The statement of one account, currency and day (ISO 8601)."""
    after_minor = before_minor + sum(entry.signed_minor for entry in entries)
    balances = "\n".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(minor, currency)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>" for kind, minor in (("OPBD", before_minor),
                                                             ("CLBD", after_minor)))
    return (_template() % {
        "id": f"{iban[-16:]}{currency}{day.replace('-', '')}", "created": created, "day": day,
        "iban": iban, "currency": currency, "balances": balances, "count": len(entries),
        "entries": "".join(_entry(entry, currency, day) for entry in entries)}).encode()


def _amount(minor: int, currency: str) -> str:
    return (f'<Amt Ccy="{currency}">{plain(abs(minor), currency)}</Amt>'
            f"<CdtDbtInd>{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd>")


def _entry(entry: Entry, currency: str, day: str) -> str:
    family = "ICDT" if entry.signed_minor < 0 else "RCDT"
    kind = "ESCT" if entry.service else "DMCT"
    return (
        f"<Ntry>{_amount(entry.signed_minor, currency)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"<AcctSvcrRef>{escape(entry.end_to_end_id)}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{kind}</SubFmlyCd></Fmly>"
        "</Domn></BkTxCd><NtryDtls><TxDtls>"
        f"<Refs><MsgId>{escape(entry.message_id)}</MsgId>"
        f"<EndToEndId>{escape(entry.end_to_end_id)}</EndToEndId></Refs>"
        f"{_amount(entry.signed_minor, currency)}"
        f"<RltdPties><DbtrAcct><Id><IBAN>{entry.debtor}</IBAN></Id></DbtrAcct>"
        f"{_told('<Cdtr><Pty><Nm>', entry.name, '</Nm></Pty></Cdtr>')}"
        f"<CdtrAcct><Id><IBAN>{entry.creditor}</IBAN></Id></CdtrAcct></RltdPties>"
        f"{_told('<RmtInf><Ustrd>', entry.remittance, '</Ustrd></RmtInf>')}"
        "</TxDtls></NtryDtls></Ntry>\n")


def _told(before: str, text: str, after: str) -> str:
    """An element with its text, or nothing: the schema has no empty text."""
    return f"{before}{escape(text)}{after}" if text else ""


@cache
def _template() -> str:
    return files(__package__).joinpath("templates", "statement.xml").read_text(encoding="utf-8")
