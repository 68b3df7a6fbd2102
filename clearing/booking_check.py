"""Read a file of bookings back: its lines counted again, from balance to balance.

Must not know the writer, but that text from outside is escaped: so nothing in it looks like a tag.
A night has a million of these lines; a tree of each would take longer than the night.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final
from xml.parsers import expat

from clearing.reading_back import read_minor

_AMOUNT: Final = rb'<Amt Ccy="([A-Z]{3})">([0-9.]+)</Amt><CdtDbtInd>(CRDT|DBIT)</CdtDbtInd>'
_BALANCE: Final = re.compile(rb"<Cd>(OPBD|CLBD)</Cd></CdOrPrtry></Tp>" + _AMOUNT)
# An entry and its one transaction, which is of the same amount: written apart, and read as one.
_LINE: Final = re.compile(
    rb"<Ntry>(?:<NtryRef>\d+</NtryRef>)?(?P<moved>" + _AMOUNT + rb").*?<BkTxCd><Prtry><Cd>([A-Z_]+)"
    rb"</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Refs>(?:<\w+>[^<]*</\w+>)+</Refs>(?P=moved)")
_TURNOVER: Final = frozenset({b"PAYMENT", b"REFUND", b"REFUND_RETURNED"})
_END: Final = b"</Document>"


def read_bookings(path: Path) -> tuple[int, int, str]:
    """Count, sum in minor units (credit positive) and currency of a client's bookings.

    ValueError: cut off, two currencies, or the lines do not lead from balance to balance.
    """
    return _read(path, None)


def read_settlement(path: Path) -> tuple[int, int, str]:
    """The same of a merchant's payments and refunds, among the lines of its statement."""
    return _read(path, _TURNOVER)


def _read(path: Path, counted: Collection[bytes] | None) -> tuple[int, int, str]:
    content = path.read_bytes()
    _well_formed(content)
    balances = {code: _signed(*amount) for code, *amount in _BALANCE.findall(content)}
    if content.count(b"<Bal>") != 2 or balances.keys() != {b"OPBD", b"CLBD"}:
        raise ValueError(f"{len(balances)} balances, not an opening and a closing one")
    count = total = lines = moved = 0
    currencies = {currency for _, currency, *_ in _BALANCE.findall(content)}
    for _, currency, amount, direction, kind in _LINE.findall(content):
        currencies.add(currency)
        minor = _signed(currency, amount, direction)
        lines, moved = lines + 1, moved + minor
        if counted is None or kind in counted:
            count, total = count + 1, total + minor
    if lines != content.count(b"<Ntry>"):
        raise ValueError(f"{lines} of {content.count(b'<Ntry>')} lines say a kind, and an amount "
                         "that is their transaction's")
    if len(currencies) != 1:
        raise ValueError(f"one currency a file, not {sorted(currencies)}")
    opening, closing = balances[b"OPBD"], balances[b"CLBD"]
    if opening + moved != closing:
        raise ValueError(f"the lines lead from {opening} to {opening + moved}, not to {closing}")
    return count, total, currencies.pop().decode()


def _well_formed(content: bytes) -> None:
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    if not content.rstrip().endswith(_END):
        raise ValueError("the file was cut off")


def _signed(currency: bytes, amount: bytes, direction: bytes) -> int:
    minor = read_minor(amount.decode(), currency.decode())
    return minor if direction == b"CRDT" else -minor
