"""A statement that says anything in another spelling than ours is refused, wherever it says it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from clearing.booking_check import read_settlement
from clearing.settlement_check import read_settlement_table
from clearing.settlement_forms import write_csv, write_xml
from tests.unit.documents.samples import payment, settlement

SETTLED = settlement((payment(1, 1_000, 10), payment(2, -300, 20, "refund", 'Two, "red"\r\nones')))


def written(name: str) -> bytes:
    """The settlement as a table or as camt.053."""
    sink = io.BytesIO()
    if name == "s.csv":
        write_csv(sink, SETTLED)
    else:
        write_xml(sink, SETTLED, "Operator")
    return sink.getvalue()


XML = {
    "a comment between lines": (b"</Ntry>\n<Ntry>", b"</Ntry>\n<!-- --><Ntry>"),
    "a comment that begins before the lines": (b"</Bal>\n<Ntry>", b"</Bal>\n<!--\n<Ntry>"),
    "an entity": (b">Roses<", b">&#82;oses<"),
    "a letter of no set": (b">Roses<", ">R\u00f6ses<".encode()),
    "a control character": (b">Roses<", b">R\x01oses<"),
    "a tag in a text": (b">Roses<", b"><b>Roses</b><"),
    "a text that is not closed": (b"Roses</AddtlNtryInf>", b"Roses"),
    "an element more": (b"</Ntry>\n", b"<Sts>X</Sts></Ntry>\n"),
    "a transaction more": (b"</TxDtls>", b"</TxDtls><TxDtls></TxDtls>"),
    "a line that is not one": (b"<Ntry>", b"<Ntry></Ntry><Ntry>"),
    "a line in another namespace": (b"<Ntry>", b'<Ntry xmlns="x">'),
    "lines within another element": (b"</Bal>\n<Ntry>", b"</Bal>\n<B><Ntry>"),
    "lines within a tag": (b"</Bal>\n<Ntry>", b"</Bal>\n<Bal <Ntry>"),
    "an amount with a zero before": (b">10.00<", b">010.00<"),
    "an amount with three decimals": (b">10.00<", b">10.000<"),
    "an amount with none": (b">10.00<", b">10<"),
    "a negative amount": (b">3.00<", b">-3.00<"),
    "a direction of its transaction": (b"CRDT</CdtDbtInd><RmtInf>", b"DBIT</CdtDbtInd><RmtInf>"),
    "a currency of one line": (b'<NtryRef>1</NtryRef><Amt Ccy="EUR">',
                               b'<NtryRef>1</NtryRef><Amt Ccy="USD">'),
    "a currency of one balance": (b'</Tp><Amt Ccy="EUR">', b'</Tp><Amt Ccy="USD">'),
    "a third balance": (b"</Bal>\n<Ntry>", b"</Bal>\n<Bal></Bal>\n<Ntry>"),
    "no kind": (b"<Cd>PAYMENT</Cd>", b""),
    "something after the end": (b"</Document>\n", b"</Document>\n<x/>"),
    "an end that is not its own": (b"</Stmt>", b"</Stmx>"),
}
TABLE = {
    "a column that is missing": (b",fee_minor,", b",fee,"),
    "a column twice": (b",purpose,", b",fee_minor,"),
    "another currency": (b",1000,EUR", b",1000,USD"),
    "a cell more": (b"Roses,", b"Roses,,"),
    "a cell less": (b"Roses,", b""),
    "a quote": (b"Roses,", b'Ro"ses,'),
    "a quote that is not closed": (b'""red""', b'""red"'),
    "a line's end": (b"Roses,", b"Roses\n,"),
    "bytes that are no text": (b"Roses,", b"Roses\xff,"),
    "an amount that is none": (b",1000,10,1000,", b",1000.0,10,1000,"),
    "an amount of other digits": (b",1000,10,1000,", ",1000,10,\u0661000,".encode()),
    "another balance": (b",1000,10,1000,", b",1000,10,1001,"),
    "a fee of a row": (b",1000,10,1000,", b",1000,11,1000,"),
    "a fee that is not taken off": (b",-10,10,", b",-10,11,"),
    "an opening that costs": (b",,,,,0,0,0,EUR", b",,,,,0,1,0,EUR"),
    "a beginning that is none": (b"opening,", b"payment,"),
    "a row that is cut off": (b"EUR\r\nclosing", b"EUR\r\ncl\r\nclosing"),
    "no rows": (written("s.csv").partition(b"\r\n")[2], b""),
}


@pytest.mark.parametrize(("name", "change"), [
    *(("s.xml", change) for change in XML), *(("s.csv", change) for change in TABLE)])
def test_what_is_not_as_we_write_it_is_refused(name: str, change: str, tmp_path: Path) -> None:
    read = read_settlement if name == "s.xml" else read_settlement_table
    path, content = tmp_path / name, written(name)
    path.write_bytes(content)
    assert read(path) == (2, 700, "EUR")
    here, instead = (XML if name == "s.xml" else TABLE)[change]
    assert here in content
    path.write_bytes(content.replace(here, instead, 1))
    with pytest.raises((ValueError, LookupError)):
        read(path)
