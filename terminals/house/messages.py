"""What the house says: pain.002.001.10 of a file, camt.054 and camt.053 (001.08) of an account.

PURE: values in, bytes out. Bank transaction codes: ICDT issued credit transfers and IDDT issued
direct debits of the domain PMNT; a return is RRTN, a reversal PRDD.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from xml.sax.saxutils import escape

import msgspec

from terminals.bank.orders import plain
from terminals.house.orders import PaymentFile


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One booking of an account: an order, a block of them (no end_to_end_id), or what came back.

    signed_minor: money out is negative.
    """

    iban: str
    currency: str
    day: str
    reference: str
    signed_minor: int
    kind: str
    theirs: str = ""
    end_to_end_id: str = ""
    message_id: str = ""
    block_id: str = ""
    count: int = 1
    reason: str = ""
    reversal: bool = False


class Refused(msgspec.Struct, frozen=True):
    """What is not done, and why."""

    end_to_end_id: str
    reason: str
    text: str
    block_id: str = ""
    amount_minor: int = 0
    currency: str = ""


def report(identifier: str, created: str, bic: str, *, file: PaymentFile | None = None,
           refused: Sequence[Refused] = (), whole: Refused | None = None,
           message_id: str = "") -> bytes:
    """Of a whole file, or with each refused transaction. file None: it could not be read."""
    bank = f"<DbtrAgt><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></DbtrAgt>" if bic else ""
    count = len(file.orders) if file is not None else 0
    if whole is None and count and len(refused) == count:
        status = "RJCT"
    else:
        status = "RJCT" if whole is not None else "PART" if refused else "ACCP"
    repeated = "" if file is None else (
        f"<OrgnlNbOfTxs>{count}</OrgnlNbOfTxs>"
        + (f"<OrgnlCtrlSum>{file.total}</OrgnlCtrlSum>" if file.total else ""))
    counts = "" if not refused else "".join(
        f"<NbOfTxsPerSts><DtldNbOfTxs>{number}</DtldNbOfTxs><DtldSts>{word}</DtldSts>"
        "</NbOfTxsPerSts>" for word, number in (("RJCT", len(refused)),
                                                ("ACCP", count - len(refused))) if number)
    group = f"{repeated}<GrpSts>{status}</GrpSts>{_reason(whole) if whole else ''}{counts}"
    blocks: dict[str, list[Refused]] = {}
    for one in refused:
        blocks.setdefault(one.block_id, []).append(one)
    sizes = Counter(order.block_id for order in file.orders) if file is not None else Counter()
    return (_template("report") % {
        "id": identifier, "created": created, "bank": bank,
        "message": escape(file.message_id if file else message_id or "NOTPROVIDED"),
        "name": file.message_name if file else "pain.001.001.09", "group": group,
        "blocks": "".join(_block(name, ones, sizes[name]) for name, ones in blocks.items()),
    }).encode()


def notice(identifier: str, created: str, iban: str, currency: str,
           lines: Sequence[Line]) -> bytes:
    """A notification of these bookings."""
    return (_template("notice") % {
        "id": identifier, "created": created, "iban": iban, "currency": currency,
        "entries": "".join(map(_entry, lines))}).encode()


def statement(identifier: str, created: str, iban: str, currency: str, day: str, before_minor: int,
              lines: Sequence[Line]) -> bytes:
    """A day's statement."""
    after_minor = before_minor + sum(line.signed_minor for line in lines)
    balances = "\n".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(minor, currency)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>" for kind, minor in (("OPBD", before_minor),
                                                             ("CLBD", after_minor)))
    return (_template("statement") % {
        "id": identifier, "created": created, "iban": iban, "currency": currency, "day": day,
        "balances": balances, "entries": "".join(map(_entry, lines))}).encode()


def _block(name: str, refused: Sequence[Refused], count: int) -> str:
    status = "RJCT" if len(refused) == count else "PART"
    return (f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(name)}</OrgnlPmtInfId>"
            f"<PmtInfSts>{status}</PmtInfSts>" + "".join(
                f"<TxInfAndSts><OrgnlEndToEndId>{escape(one.end_to_end_id)}</OrgnlEndToEndId>"
                f"<TxSts>RJCT</TxSts>{_reason(one)}<OrgnlTxRef><Amt>"
                f'<InstdAmt Ccy="{one.currency}">{plain(one.amount_minor, one.currency)}</InstdAmt>'
                "</Amt></OrgnlTxRef></TxInfAndSts>" for one in refused)
            + "</OrgnlPmtInfAndSts>\n")


def _reason(refused: Refused) -> str:
    more = f"<AddtlInf>{escape(refused.text[:105])}</AddtlInf>" if refused.text else ""
    return f"<StsRsnInf><Rsn><Cd>{refused.reason}</Cd></Rsn>{more}</StsRsnInf>"


def _amount(minor: int, currency: str) -> str:
    return (f'<Amt Ccy="{currency}">{plain(abs(minor), currency)}</Amt>'
            f"<CdtDbtInd>{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd>")


def _entry(line: Line) -> str:
    family = "ICDT" if line.kind == "credit" else "IDDT"
    detail = "PRDD" if line.reversal else "RRTN" if line.reason else "ESCT"
    reversal = "<RvslInd>true</RvslInd>" if line.reversal else ""
    return (
        f"<Ntry>{_amount(line.signed_minor, line.currency)}{reversal}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{line.day}</Dt></BookgDt><ValDt><Dt>{line.day}</Dt></ValDt>"
        f"<AcctSvcrRef>{line.reference}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly>"
        f"<Cd>{family}</Cd><SubFmlyCd>{detail}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>{_details(line)}</NtryDtls></Ntry>\n")


def _details(line: Line) -> str:
    if not line.end_to_end_id:
        return (f"<Btch><MsgId>{escape(line.message_id)}</MsgId>"
                f"<PmtInfId>{escape(line.block_id)}</PmtInfId><NbOfTxs>{line.count}</NbOfTxs>"
                "</Btch>")
    message = f"<MsgId>{escape(line.message_id)}</MsgId>" if line.message_id else ""
    back = f"<RtrInf><Rsn><Cd>{line.reason}</Cd></Rsn></RtrInf>" if line.reason else ""
    return (f"<TxDtls><Refs>{message}<EndToEndId>{escape(line.end_to_end_id)}</EndToEndId></Refs>"
            f"{_amount(line.signed_minor, line.currency)}{back}</TxDtls>")


@cache
def _template(name: str) -> str:
    return files(__package__).joinpath("templates", f"{name}.xml").read_text(encoding="utf-8")
