"""pain.002, a bank's report on a payment file: of the whole, of its blocks, of its transactions.

PURE: bytes in, values out. Source: ISO 20022 pain.002.001.10 (any version is read), EPC130-08 for
its use. Nothing is believed: counts by status must be those of the transactions that are listed,
two words about one transaction must be one. Money in minor units.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec
from lxml import etree

from clearing.camt053 import Reader, StatementError, document, minor_of

# ExternalPaymentGroupStatus1Code and ExternalPaymentTransactionStatus1Code, by what they come to.
ACCEPTED: Final = frozenset({"ACCP", "ACSP", "ACSC", "ACWC", "ACCC"})
# Of the last five names were verified, and no order is decided yet (names.py).
PENDING: Final = frozenset({"RCVD", "PDNG", "ACTC", "ACFC", "ACWP", "BLCK",
                            "RCVC", "RVCM", "RVMC", "RVNM", "RVNA"})
REJECTED: Final = frozenset({"RJCT", "CANC"})
PARTLY: Final = frozenset({"PART", "PATC"})
_STATUSES: Final = ACCEPTED | PENDING | REJECTED | PARTLY


class Said(msgspec.Struct, frozen=True):
    """A status with its reason: ISO code, or the bank's own; '' where it gives none."""

    status: str = ""
    reason: str = ""
    text: str = ""


class Transaction(msgspec.Struct, frozen=True):
    """What is said of one. end_to_end_id: ours. amount_minor None: the bank does not repeat it."""

    end_to_end_id: str
    said: Said
    where: str
    amount_minor: int | None = None
    currency: str = ""


class Block(msgspec.Struct, frozen=True):
    """OrgnlPmtInfAndSts. count, sum: as the bank repeats them of our block."""

    payment_information_id: str
    said: Said
    where: str
    count: int | None
    total: str
    transactions: tuple[Transaction, ...]


class Report(msgspec.Struct, frozen=True):
    """A file. about: MsgId of ours. bics: of the bank that speaks, where it says so."""

    message_id: str
    about: str
    kind: str  # OrgnlMsgNmId: pain.001.001.09 ...
    said: Said
    count: int | None
    total: str  # OrgnlCtrlSum, as it is written
    bics: frozenset[str]
    blocks: tuple[Block, ...]

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """Of all blocks."""
        return tuple(one for block in self.blocks for one in block.transactions)


def read_report(content: bytes) -> Report:
    """StatementError: no pain.002, or one that contradicts itself; where it stands."""
    root, namespace = document(content, "pain.002")
    return _Reports(namespace).report(root)


class _Reports(Reader):
    """Of one version."""

    def report(self, root: etree._Element) -> Report:
        """The document."""
        heads = self.all(root, "CstmrPmtStsRpt/OrgnlGrpInfAndSts")
        if len(heads) != 1:
            raise StatementError("has no OrgnlGrpInfAndSts", "CstmrPmtStsRpt")
        head, where = heads[0], "OrgnlGrpInfAndSts"
        message_id = self.reference(root, "GrpHdr", "CstmrPmtStsRpt/GrpHdr/MsgId")
        about = self.reference(head, where, "OrgnlMsgId")
        if not message_id or not about:
            raise StatementError("has no MsgId, or names no message", where)
        bics = frozenset(text for found in self.all(root, "CstmrPmtStsRpt/GrpHdr")
                         for path in ("InitgPty/Id/OrgId/AnyBIC", "DbtrAgt/FinInstnId/BICFI",
                                      "CdtrAgt/FinInstnId/BICFI")
                         if (text := self.text(found, path)))
        blocks = tuple(self._block(node, f"OrgnlPmtInfAndSts {number}") for number, node in
                       enumerate(self.all(root, "CstmrPmtStsRpt/OrgnlPmtInfAndSts"), 1))
        report = Report(message_id, about, self.text(head, "OrgnlMsgNmId"),
                        self._said(head, "GrpSts", where), self._count(head, where),
                        self.text(head, "OrgnlCtrlSum"), bics, blocks)
        self._counted(head, report.transactions, where)
        _once(report.transactions)
        if not report.transactions and PARTLY & {report.said.status,
                                                 *(block.said.status for block in blocks)}:
            raise StatementError("is partly rejected, and lists nothing", where)
        if not report.said.status and not any(
                block.said.status or block.transactions for block in blocks):
            raise StatementError("says nothing of anything", "CstmrPmtStsRpt")
        return report

    def _block(self, node: etree._Element, where: str) -> Block:
        transactions = []
        for number, found in enumerate(self.all(node, "TxInfAndSts"), 1):
            here = f"{where}, TxInfAndSts {number}"
            name = self.reference(found, here, "OrgnlEndToEndId")
            said = self._said(found, "TxSts", here)
            if not name or not said.status:
                raise StatementError("has no OrgnlEndToEndId, or no TxSts", here)
            minor, currency = self._amount(found, here)
            transactions.append(Transaction(name, said, here, minor, currency))
        self._counted(node, tuple(transactions), where)
        return Block(self.reference(node, where, "OrgnlPmtInfId"),
                     self._said(node, "PmtInfSts", where), where, self._count(node, where),
                     self.text(node, "OrgnlCtrlSum"), tuple(transactions))

    def _said(self, node: etree._Element, tag: str, where: str) -> Said:
        status = self.text(node, tag)
        if status and status not in _STATUSES:
            raise StatementError(f"{tag} {status[:40]!r} is no status", where)
        return Said(status, self.reference(node, where, "StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry"),
                    self.text(node, "StsRsnInf/AddtlInf")[:105])

    def _amount(self, node: etree._Element, where: str) -> tuple[int | None, str]:
        found = self.all(node, "OrgnlTxRef/Amt/InstdAmt")
        if not found:
            return None, ""
        currency = found[0].get("Ccy", "")
        return minor_of(found[0].text or "", currency, where), currency

    def _count(self, node: etree._Element, where: str) -> int | None:
        text = self.text(node, "OrgnlNbOfTxs")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise StatementError(f"OrgnlNbOfTxs {text[:40]!r} is no number", where)
        return int(text)

    def _counted(self, node: etree._Element, listed: tuple[Transaction, ...], where: str) -> None:
        """A rejected transaction must be named, else nobody knows which one is meant."""
        there = Counter(one.said.status for one in listed)
        stated = {self.text(found, "DtldSts"): self.text(found, "DtldNbOfTxs")
                  for found in self.all(node, "NbOfTxsPerSts")}
        for status, count in stated.items():
            if status in REJECTED and there and count != str(there[status]):
                raise StatementError(f"{count[:15]} are {status}, {there[status]} are listed",
                                     where)


def _once(transactions: tuple[Transaction, ...]) -> None:
    known: dict[str, Transaction] = {}
    for one in transactions:
        other = known.setdefault(one.end_to_end_id, one)
        if other.said.status != one.said.status:
            raise StatementError(f"{one.end_to_end_id} is {other.said.status} and "
                                 f"{one.said.status}", one.where)
