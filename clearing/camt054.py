"""camt.054, a bank's notification of what it has credited, read.

PURE: bytes in, values out. Source: ISO 20022 camt.054.001.08, and .02 where a bank has not moved
on. Debits and what is not booked yet are passed over. Each credit needs the bank's own reference
(AcctSvcrRef), by which it is known again; where many transactions share their entry's, the number
within it is added. A credit that gives back an earlier one (RvslInd, RtrInf) has no reference of
ours. Nothing is believed: the parts of an entry must come to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec
from lxml import etree

from clearing.camt053 import Reader, StatementError, day_of, document
from clearing.party import compact

MOST: Final = 10_000  # credits of one file
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LONGEST: Final = 140  # of a remittance: Max140Text
_PASSED_OVER: Final = frozenset({"PDNG", "INFO", "FUTR"})


class Credited(msgspec.Struct, frozen=True, kw_only=True):
    """One credit. references: what the payer's bank may have written ours in, likeliest first."""

    entry_reference: str
    iban: str
    amount_minor: int
    currency: str
    references: tuple[str, ...]
    booked_on: date
    sender_iban: str = ""
    sender_name: str = ""


def read_credits(content: bytes) -> tuple[Credited, ...]:
    """Every booked credit of a file, each reference once. StatementError: what cannot be believed,
    and where it stands."""
    root, namespace = document(content, "camt.054")
    reader = _Notifications(namespace)
    notifications = reader.all(root, "BkToCstmrDbtCdtNtfctn/Ntfctn")
    if not notifications:
        raise StatementError("has no Ntfctn", "BkToCstmrDbtCdtNtfctn")
    found: dict[str, Credited] = {}
    for node in notifications:
        for credit in reader.notification(node):
            if credit.entry_reference in found:
                raise StatementError(f"AcctSvcrRef {credit.entry_reference} comes twice")
            if len(found) >= MOST:
                raise StatementError(f"more than {MOST} credits")
            found[credit.entry_reference] = credit
    return tuple(found.values())


class _Notifications(Reader):
    """Of camt.054."""

    def notification(self, node: etree._Element) -> Iterator[Credited]:
        """The credits of one Ntfctn."""
        name = self.reference(node, "Ntfctn", "Id")
        iban = compact(self.reference(node, "Ntfctn", "Acct/Id/IBAN", "Acct/Id/Othr/Id"))
        if not name or not iban:
            raise StatementError("has no Id, or Acct no IBAN", "Ntfctn")
        for number, entry in enumerate(self.all(node, "Ntry"), 1):
            yield from self._entry(entry, iban, f"Ntfctn {name}, Ntry {number}")

    def _entry(self, node: etree._Element, iban: str, where: str) -> Iterator[Credited]:
        status = self.text(node, "Sts/Cd", "Sts")
        if status in _PASSED_OVER:
            return
        if status != "BOOK":
            raise StatementError(f"Sts {status[:40]!r}", where)
        currency = "".join(one.get("Ccy", "") for one in self.all(node, "Amt"))
        if _CURRENCY.fullmatch(currency) is None:
            raise StatementError(f"Amt in {currency[:9]!r}", where)
        total = self.signed(node, where)
        if total < 0:
            return
        booked = day_of(self.text(node, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"),
                        where)
        own = self.reference(node, where, "AcctSvcrRef")
        back = self.text(node, "RvslInd") in {"true", "1"}
        transactions = self.all(node, "NtryDtls/TxDtls")
        sums = 0
        for number, found in enumerate(transactions or [node], 1):
            here = f"{where}, TxDtls {number}" if transactions else where
            minor = self.part(found, total, max(len(transactions), 1), currency, here)
            sums += minor
            if minor <= 0:
                raise StatementError("is no credit", here)
            shared = f"{own}/{number}" if own and len(transactions) > 1 else own
            reference = self.reference(found, here, "Refs/AcctSvcrRef") or shared
            if not reference:
                raise StatementError("has no AcctSvcrRef: it could not be known again", here)
            given_back = back or bool(self.all(found, "RtrInf"))
            yield Credited(
                entry_reference=reference, iban=iban, amount_minor=minor, currency=currency,
                references=() if given_back else self._references(found), booked_on=booked,
                sender_iban=compact(self.text(found, "RltdPties/DbtrAcct/Id/IBAN",
                                              "RltdPties/DbtrAcct/Id/Othr/Id"))[:34],
                sender_name=self.text(found, "RltdPties/Dbtr/Pty/Nm", "RltdPties/Dbtr/Nm")[:140])
        if sums != total:
            raise StatementError(f"its TxDtls come to {sums}, it is {total} (minor units)", where)

    def _references(self, node: etree._Element) -> tuple[str, ...]:
        """Structured before unstructured; the end-to-end id, which some banks fill so, last."""
        found = [(one.text or "").strip()[:_LONGEST] for path in (
            "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Ustrd", "Refs/EndToEndId", "AddtlNtryInf")
            for one in self.all(node, path)]
        return tuple(one for one in found if one)
