"""pain.002 as banks write it, for tests: a head, blocks, transactions.

Knows the layout of ISO 20022 pain.002.001.10, and nothing of what was sent.
"""

from __future__ import annotations


def reason(code: str, text: str = "") -> str:
    """A StsRsnInf; '' for no code."""
    more = f"<AddtlInf>{text}</AddtlInf>" if text else ""
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn>{more}</StsRsnInf>" if code else ""


def transaction(end_to_end_id: str, status: str, code: str = "", amount: str = "") -> str:
    """A TxInfAndSts. amount: like 10.00, in euro."""
    reference = (f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef>'
                 if amount else "")
    return (f"<TxInfAndSts><OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId>"
            f"<TxSts>{status}</TxSts>{reason(code)}{reference}</TxInfAndSts>")


def block(name: str, transactions: str = "", status: str = "", code: str = "",
          counts: str = "") -> str:
    """An OrgnlPmtInfAndSts."""
    said = f"<PmtInfSts>{status}</PmtInfSts>" if status else ""
    return (f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{said}{reason(code)}{counts}"
            f"{transactions}</OrgnlPmtInfAndSts>")


def count(status: str, number: int) -> str:
    """A NbOfTxsPerSts."""
    return (f"<NbOfTxsPerSts><DtldNbOfTxs>{number}</DtldNbOfTxs><DtldSts>{status}</DtldSts>"
            "</NbOfTxsPerSts>")


def report(about: str, blocks: str = "", *, status: str = "", code: str = "", name: str = "BANK-1",
           kind: str = "pain.001.001.09", total: str = "", number: int | None = None,
           bic: str = "", counts: str = "", version: str = "10") -> bytes:
    """A whole file."""
    bank = f"<DbtrAgt><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></DbtrAgt>" if bic else ""
    repeated = (f"<OrgnlNbOfTxs>{number}</OrgnlNbOfTxs>" if number is not None else "") + (
        f"<OrgnlCtrlSum>{total}</OrgnlCtrlSum>" if total else "")
    said = f"<GrpSts>{status}</GrpSts>" if status else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>2026-07-24T08:00:00Z</CreDtTm>{bank}</GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{about}</OrgnlMsgId><OrgnlMsgNmId>{kind}</OrgnlMsgNmId>"
        f"{repeated}{said}{reason(code)}{counts}</OrgnlGrpInfAndSts>{blocks}"
        "</CstmrPmtStsRpt></Document>").encode()
