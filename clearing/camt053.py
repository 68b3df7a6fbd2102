"""camt.053, the bank's statement of an account, read.

PURE: bytes in, values out; knows no database, no file name, no clock. Source: ISO 20022
camt.053.001.08, and .02 where a bank has not moved on (its Sts is a text, not a choice). Nothing is
believed: the booked entries must come from the opening balance to the closing one, and the parts of
an entry to the entry. Money is signed, in minor units: what leaves the account is negative. What
camt.054 and pain.002 have in common with it is public: `document`, `Reader`, `day_of`, `minor_of`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.parsers import expat

import msgspec
from lxml import etree

from clearing.money import exponent
from clearing.party import compact

LARGEST: Final = 64 << 20  # bytes of one file
_NAMESPACE: Final = re.compile(r"\{(urn:iso:std:iso:20022:tech:xsd:(camt\.05[0-9]|pain\.002)"
                               r"\.001\.\d\d)\}Document")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_DOCUMENT_TYPE: Final = "a statement has no document type"
_LONGEST: Final = 35  # of a reference: Max35Text
_YEARS: Final = range(1990, 2200)
_NONE_GIVEN: Final = frozenset({"", "NOTPROVIDED", "NONREF"})


class StatementError(Exception):
    """The file is no statement that can be believed: what is wrong, and where it stands."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.what = what
        self.where = where


class Entry(msgspec.Struct, frozen=True):
    """One booked transaction, or a whole payment file that the bank booked at once (batch)."""

    end_to_end_id: str  # '' where the bank names none
    batch: str  # PmtInfId, or MsgId; '' where it is one transaction
    count: int
    amount_minor: int
    booked_on: date
    bank_reference: str
    returned: bool  # it gives back an earlier one
    reason: str = ""  # why: ISO 20022 ExternalReturnReason1Code, or the bank's own
    reversal: bool = False  # given back by who made it (RvslInd, and no RtrInf)


class Statement(msgspec.Struct, frozen=True):
    """One account and period. page: 1 unless the bank splits its statements."""

    iban: str
    reference: str
    page: int
    currency: str
    from_day: date
    to_day: date
    opening_minor: int
    closing_minor: int
    entries: tuple[Entry, ...]


class _Balance(msgspec.Struct, frozen=True):
    code: str
    minor: int
    day: date


def read_statements(content: bytes) -> tuple[Statement, ...]:
    """Every statement of a file. StatementError: what cannot be believed, and where it stands."""
    root, namespace = document(content, "camt.053")
    reader = _Statements(namespace)
    statements = [reader.statement(node) for node in reader.all(root, "BkToCstmrStmt/Stmt")]
    if not statements:
        raise StatementError("has no Stmt", "BkToCstmrStmt")
    return tuple(statements)


def document(content: bytes, message: str) -> tuple[etree._Element, str]:
    """The root of a file and its namespace. message: like camt.053. StatementError."""
    if len(content) > LARGEST:
        raise StatementError(f"the file has {len(content)} bytes, {LARGEST} are the most")
    _refuse_document_type(content)
    try:
        root = etree.fromstring(content, etree.XMLParser(no_network=True, huge_tree=False))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise StatementError(f"no XML: {error.msg}", f"line {line}, column {column}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise StatementError(_DOCUMENT_TYPE)
    named = _NAMESPACE.fullmatch(str(root.tag))
    if named is None or named[2] != message:
        raise StatementError(f"{str(root.tag)[:80]} is no {message} document")
    return root, named[1]


def _refuse_document_type(content: bytes) -> None:
    """A statement has none, and nothing of one is worth reading: entities are declared there.

    Looked at before anything is built, up to the first element. What this parser cannot read (an
    encoding that it does not know) the other one judges.
    """
    parser = expat.ParserCreate()

    def stop(*_: object) -> None:
        raise _Begun

    def refuse(*_: object) -> None:
        raise StatementError(_DOCUMENT_TYPE, f"line {parser.CurrentLineNumber}")

    parser.StartElementHandler = stop
    parser.StartDoctypeDeclHandler = refuse
    with contextlib.suppress(_Begun, expat.ExpatError, ValueError, LookupError):
        parser.Parse(content, True)


class _Begun(Exception):
    """The first element is there: the prologue is over."""


class Reader:
    """Reads below one namespace."""

    def __init__(self, namespace: str) -> None:
        self._names = {"c": namespace}

    def all(self, node: etree._Element, path: str) -> list[etree._Element]:
        """The elements at a path."""
        return node.findall("/".join(f"c:{part}" for part in path.split("/")), self._names)

    def text(self, node: etree._Element, *paths: str) -> str:
        """The text at the first of these paths that has one; ''."""
        for path in paths:
            for found in self.all(node, path):
                if found.text and found.text.strip():
                    return found.text.strip()
        return ""

    def reference(self, node: etree._Element, where: str, *paths: str) -> str:
        """The same, of what has 35 characters at most."""
        found = self.text(node, *paths)
        if len(found) > _LONGEST:
            raise StatementError(f"{found[:_LONGEST]!r}... has more than {_LONGEST} characters",
                                 f"{where}, {paths[0]}")
        return found

    def part(self, node: etree._Element, total: int, count: int, currency: str, where: str) -> int:
        """A transaction's amount: its own, or its entry's where it is alone and states none."""
        amounts = self.all(node, "Amt") or self.all(node, "AmtDtls/TxAmt/Amt")
        if not amounts:
            if count > 1:
                raise StatementError("has no Amt, and is not alone", where)
            return total
        if amounts[0].get("Ccy", "") != currency:
            raise StatementError(f"Amt is not in {currency}", where)
        minor = minor_of(amounts[0].text or "", currency, where)
        direction = self.text(node, "CdtDbtInd")
        if not direction:
            return minor if total >= 0 else -minor
        return minor if direction == "CRDT" else -minor

    def signed(self, node: etree._Element, where: str) -> int:
        """The amount of an element, by its direction."""
        amounts = self.all(node, "Amt")
        direction = self.text(node, "CdtDbtInd")
        if len(amounts) != 1 or direction not in {"CRDT", "DBIT"}:
            raise StatementError("has no Amt, or no CdtDbtInd", where)
        minor = minor_of(amounts[0].text or "", amounts[0].get("Ccy", ""), where)
        return minor if direction == "CRDT" else -minor

    def entries(self, node: etree._Element, currency: str, where: str) -> Iterator[Entry]:
        """Of one Ntry: its transactions, or the whole where it names none. None: not booked yet."""
        status = self.text(node, "Sts/Cd", "Sts")
        if status in {"PDNG", "INFO", "FUTR"}:  # not booked: in no balance
            return
        if status != "BOOK":
            raise StatementError(f"Sts {status[:40]!r}", where)
        total = self.signed(node, where)
        booked = day_of(self.text(node, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"),
                        where)
        reference = self.reference(node, where, "AcctSvcrRef")
        reversal = self.text(node, "RvslInd") in {"true", "1"}
        transactions = self.all(node, "NtryDtls/TxDtls")
        if not transactions:
            batch = self.reference(node, where, "NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId")
            count = self.text(node, "NtryDtls/Btch/NbOfTxs") or "1"
            if not (count.isascii() and count.isdigit() and len(count) <= 9):
                raise StatementError(f"NbOfTxs {count[:40]!r} is no number", where)
            yield Entry("", batch, int(count), total, booked, reference, reversal,
                        reversal=reversal)
            return
        sums = 0
        for number, found in enumerate(transactions, 1):
            here = f"{where}, TxDtls {number}"
            minor = self.part(found, total, len(transactions), currency, here)
            sums += minor
            identifier = self.reference(found, here, "Refs/EndToEndId")
            back = bool(self.all(found, "RtrInf"))
            yield Entry("" if identifier in _NONE_GIVEN else identifier, "", 1, minor, booked,
                        self.reference(found, here, "Refs/AcctSvcrRef") or reference,
                        reversal or back,
                        self.reference(found, here, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
                        reversal and not back)
        if sums != total:
            raise StatementError(f"its TxDtls come to {sums}, it is {total} (minor units)", where)


class _Statements(Reader):
    """Of camt.053."""

    def statement(self, node: etree._Element) -> Statement:
        """One Stmt."""
        reference = self.reference(node, "Stmt", "Id")
        iban = compact(self.reference(node, "Stmt", "Acct/Id/IBAN", "Acct/Id/Othr/Id"))
        if not reference or not iban:
            raise StatementError("has no Id, or Acct no IBAN", "Stmt")
        where = f"Stmt {reference}"
        balances = [self._balance(found, where) for found in self.all(node, "Bal")]
        opening = _first(balances, ("OPBD", "PRCD", "ITBD"), where, "opening")
        closing = _first(list(reversed(balances)), ("CLBD", "ITBD"), where, "closing")
        currency = self.currency(node, where)
        entries = tuple(entry for number, found in enumerate(self.all(node, "Ntry"), 1)
                        for entry in self.entries(found, currency, f"{where}, Ntry {number}"))
        total = opening.minor + sum(entry.amount_minor for entry in entries)
        if total != closing.minor:
            raise StatementError(f"the entries lead from {opening.minor} to {total}, the closing "
                                 f"balance is {closing.minor} (minor units)", where)
        begins = self.text(node, "FrToDt/FrDtTm", "FrToDt/FrDt")
        page = self.text(node, "StmtPgntn/PgNb") or "1"
        if not (page.isascii() and page.isdigit() and len(page) <= 5):
            raise StatementError(f"StmtPgntn/PgNb {page[:40]!r} is no number", where)
        first = day_of(begins, where) if begins else opening.day
        return Statement(iban, reference, int(page), currency, min(first, closing.day),
                         closing.day, opening.minor, closing.minor, entries)

    def currency(self, node: etree._Element, where: str) -> str:
        """The account's, or its first balance's; every amount must be in it."""
        amounts = self.all(node, "Bal/Amt")
        currency = self.text(node, "Acct/Ccy") or (amounts[0].get("Ccy", "") if amounts else "")
        if _CURRENCY.fullmatch(currency) is None:
            raise StatementError(f"Acct/Ccy {currency[:40]!r} is no currency", where)
        for amount in (*amounts, *self.all(node, "Ntry/Amt")):
            if amount.get("Ccy", "") != currency:
                raise StatementError(f"an amount in {amount.get('Ccy', '')[:9]!r}, the account is "
                                     f"in {currency}", where)
        return currency

    def _balance(self, node: etree._Element, where: str) -> _Balance:
        code = self.reference(node, where, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry")
        return _Balance(code, self.signed(node, f"{where}, Bal {code}"),
                        day_of(self.text(node, "Dt/Dt", "Dt/DtTm"), f"{where}, Bal {code}"))


def _first(balances: list[_Balance], codes: tuple[str, ...], where: str, name: str) -> _Balance:
    for code in codes:
        for balance in balances:
            if balance.code == code:
                return balance
    raise StatementError(f"has no {name} balance ({', '.join(codes)})", where)


def minor_of(text: str, currency: str, where: str) -> int:
    """The amount in minor units, zero or more. StatementError."""
    try:
        amount = Decimal(text.strip()).scaleb(exponent(currency))
    except InvalidOperation:
        raise StatementError(f"Amt {text[:40]!r} is no amount", where) from None
    if not amount.is_finite() or amount < 0 or amount >= 10**18 or amount != int(amount):
        raise StatementError(f"Amt {text[:40]!r} is no amount in {currency}", where)
    return int(amount)


def day_of(text: str, where: str) -> date:
    """A date, or the day of an instant. StatementError."""
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        found = date.min
    if found.year not in _YEARS:
        raise StatementError(f"{text[:40]!r} is no date", where)
    return found
