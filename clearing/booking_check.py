"""Read a file of bookings back: its lines counted again, from balance to balance.

Must not know the writer, but that a line has one spelling and stands between balances and end:
what is spelled otherwise is refused, so that only the head needs a parser. A night has a million
of these lines; to parse each would take longer than to write it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Final
from xml.parsers import expat

from clearing.money import exponent
from clearing.reading_back import read_minor

_BALANCE: Final = re.compile(
    rb'<Cd>(OPBD|CLBD)</Cd></CdOrPrtry></Tp><Amt Ccy="([A-Z]{3})">([0-9.]+)</Amt>'
    rb"<CdtDbtInd>(CRDT|DBIT)</CdtDbtInd>")
_TEXT: Final = r"[ !-%'-;=?-~]*"  # ASCII without & < >: text from outside has none of them
_BEGIN: Final = b"<Ntry>"
_END: Final = b"</Stmt>\n</BkToCstmrStmt>\n</Document>\n"
_TURNOVER: Final = frozenset({b"PAYMENT", b"REFUND", b"REFUND_RETURNED"})


def read_bookings(path: Path) -> tuple[int, int, str]:
    """Count, sum in minor units (credit positive) and currency of a client's bookings.

    ValueError: cut off, two currencies, a line that is spelled otherwise or of another amount than
    its transaction, or the lines do not lead from balance to balance.
    """
    return _read(path, None)


def read_settlement(path: Path) -> tuple[int, int, str]:
    """The same of a merchant's payments and refunds, among the lines of its statement."""
    return _read(path, _TURNOVER)


def _read(path: Path, counted: Collection[bytes] | None) -> tuple[int, int, str]:
    content = path.read_bytes()
    if not content.endswith(_END):
        raise ValueError("the file was cut off")
    end = len(content) - len(_END)
    start = content.find(_BEGIN, 0, end)
    head, lines = (content[:start], content[start:end]) if start >= 0 else (content[:end], b"")
    currency, opening, closing = _balances(head)
    # Three groups a line, and before, between and after the lines nothing.
    parts = _line(currency).split(lines)
    if rest := b"".join(parts[::4]):
        raise ValueError(f"{rest[:200]!r} is no line in {currency} whose amount is that of its "
                         "transaction")
    count = total = moved = 0
    for amount, direction, kind in zip(parts[1::4], parts[2::4], parts[3::4], strict=True):
        minor = int(amount.replace(b".", b""))
        if direction == b"DBIT":
            minor = -minor
        moved += minor
        if counted is None or kind in counted:
            count, total = count + 1, total + minor
    if opening + moved != closing:
        raise ValueError(f"the lines lead from {opening} to {opening + moved}, not to {closing}")
    return count, total, currency


def _balances(head: bytes) -> tuple[str, int, int]:
    """The currency of a statement, its opening and its closing balance."""
    try:
        expat.ParserCreate().Parse(head + _END, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    found = {code: (currency.decode(), amount.decode(), direction)
             for code, currency, amount, direction in _BALANCE.findall(head)}
    if head.count(b"<Bal>") != 2 or found.keys() != {b"OPBD", b"CLBD"}:
        raise ValueError(f"{len(found)} balances, not an opening and a closing one")
    currencies = {currency for currency, *_ in found.values()}
    if len(currencies) != 1:
        raise ValueError(f"one currency a file, not {sorted(currencies)}")
    opening, closing = (
        read_minor(amount, currency) * (1 if direction == b"CRDT" else -1)
        for currency, amount, direction in (found[b"OPBD"], found[b"CLBD"]))
    return currencies.pop(), opening, closing


@lru_cache(maxsize=64)  # currencies
def _line(currency: str) -> re.Pattern[bytes]:
    """An entry and its one transaction, which is of the same amount; amount, direction, kind."""
    decimals = exponent(currency)
    amount = r"(?:0|[1-9]\d*)" + (rf"\.\d{{{decimals}}}" if decimals else "")
    return re.compile((
        rf'<Ntry><NtryRef>\d+</NtryRef><Amt Ccy="{currency}">({amount})</Amt>'
        r"<CdtDbtInd>(CRDT|DBIT)</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        rf"<BookgDt><Dt>[\d-]{{10}}</Dt></BookgDt><AcctSvcrRef>{_TEXT}</AcctSvcrRef>"
        r"<BkTxCd><Prtry><Cd>([A-Z_]+)</Cd></Prtry></BkTxCd>"
        rf"<NtryDtls><TxDtls><Refs><AcctSvcrRef>{_TEXT}</AcctSvcrRef>"
        rf"(?:<EndToEndId>{_TEXT}</EndToEndId>)?</Refs>"
        rf'<Amt Ccy="{currency}">\1</Amt><CdtDbtInd>\2</CdtDbtInd>'
        rf"(?:<RmtInf><Strd><CdtrRefInf><Ref>{_TEXT}</Ref></CdtrRefInf></Strd></RmtInf>)?"
        rf"</TxDtls></NtryDtls>(?:<AddtlNtryInf>{_TEXT}</AddtlNtryInf>)?</Ntry>\n").encode())
