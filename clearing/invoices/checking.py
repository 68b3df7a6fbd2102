"""Invoices read back from the disk: each total recomputed from the lines of the file itself.

Knows the forms as they are published, and shares no code with their writers. A document's net is
the sum of its lines, its VAT is worked out again once a group, and it asks for net, VAT and
rounding. Text from outside is escaped in XML, so a pattern of elements cannot be faked by it.
ValueError says what does not agree.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from operator import itemgetter
from pathlib import Path
from typing import Final

from clearing.money import exponent

Totals = tuple[int, int, str]  # lines, minor units asked for, currency
_Nets = dict[Decimal, Decimal]  # by rate in percent

_AMOUNT: Final = rb'currencyID="[A-Z]{3}">(-?[0-9.]+)<'
_UBL_LINE: Final = re.compile(
    rb'<cbc:LineExtensionAmount currencyID="[A-Z]{3}">(?P<net>-?[0-9.]+)<'
    rb"(?:[^<]*+<(?!cac:ClassifiedTaxCategory>))*+[^<]*+<cac:ClassifiedTaxCategory>"
    rb"<cbc:ID>[A-Z]+</cbc:ID>(?:<cbc:Percent>(?P<rate>[0-9.]+)<)?")
_UBL_GROUP: Final = re.compile(
    rb"<cac:TaxSubtotal><cbc:TaxableAmount " + _AMOUNT + rb"/cbc:TaxableAmount><cbc:TaxAmount "
    + _AMOUNT + rb"/cbc:TaxAmount><cac:TaxCategory><cbc:ID>[A-Z]+</cbc:ID>"
    rb"(?:<cbc:Percent>([0-9.]+)<)?")
_CII_LINE: Final = re.compile(
    rb"<ram:CategoryCode>[A-Z]+</ram:CategoryCode>"
    rb"(?:<ram:RateApplicablePercent>(?P<rate>[0-9.]+)<)?"
    rb".*?<ram:LineTotalAmount>(?P<net>-?[0-9.]+)<", re.DOTALL)
_CII_GROUP: Final = re.compile(
    rb"<ram:ApplicableTradeTax><ram:CalculatedAmount>(-?[0-9.]+)</ram:CalculatedAmount>.*?"
    rb"<ram:BasisAmount>(-?[0-9.]+)</ram:BasisAmount>.*?</ram:CategoryCode>.*?"
    rb"(?:<ram:RateApplicablePercent>([0-9.]+)<)?/ram", re.DOTALL)
_KSEF_LINE: Final = re.compile(
    rb"<FaWiersz>.*?<P_11>(-?[0-9.]+)</P_11><P_12>([0-9]+|np II?|zw)(?: KR)?</P_12>"
    rb"(?:<KursWaluty>[0-9.]+</KursWaluty>)?</FaWiersz>", re.DOTALL)
_KSEF_SUM: Final = re.compile(rb"<P_1([34])_([0-9_]+)>(-?[0-9.]+)<")
_KSEF_ZLOTYS: Final = re.compile(rb"<P_14_([1-4])W>(-?[0-9.]+)<")
_KSEF_RATE: Final = re.compile(rb"<KursWaluty>([0-9.]+)<")
# The fields of FA(3) that totals of a rate are in.
_KSEF_FIELDS: Final = {"23": "1", "22": "1", "8": "2", "7": "2", "5": "3", "4": "4", "3": "4",
                       "0": "6_1", "zw": "7", "np I": "8", "np II": "9"}


def read_ubl(path: Path) -> Totals:
    """An Invoice or a CreditNote of UBL 2.1."""
    content = _whole(path, b"</Invoice>", b"</CreditNote>")
    own, other = b"cac:InvoiceLine", b"cac:CreditNoteLine"
    is_credit = b"<CreditNote " in content[:200]
    if is_credit:
        own, other = other, own
    if b"<" + other + b">" in content:
        raise ValueError("it has lines of another kind")
    whole, lines = _parted(content, own)
    groups = [(_decimal(rate), _decimal(net), _decimal(vat))
              for net, vat, rate in _UBL_GROUP.findall(whole)]
    currency = _one(whole, rb"<cbc:DocumentCurrencyCode>([A-Z]{3})<").decode()
    stated = {name: _decimal(_one(whole, b"<cbc:" + tag + b" " + _AMOUNT)) for name, tag in (
        ("vat", b"TaxAmount"), ("net", b"TaxExclusiveAmount"), ("gross", b"TaxInclusiveAmount"),
        ("payable", b"PayableAmount"))}
    stated["lines"] = _decimal(_one(
        whole, rb"<cac:LegalMonetaryTotal><cbc:LineExtensionAmount " + _AMOUNT))
    rounding = re.findall(rb"<cbc:PayableRoundingAmount " + _AMOUNT, whole)
    payable = _agreed(_nets(_UBL_LINE, lines), groups, currency, stated,
                      _decimal(rounding[0]) if rounding else Decimal(0))
    return len(lines), -payable if is_credit else payable, currency


def read_cii(path: Path) -> Totals:
    """A Cross Industry Invoice."""
    content = _whole(path, b"</rsm:CrossIndustryInvoice>")
    whole, lines = _parted(content, b"ram:IncludedSupplyChainTradeLineItem")
    settled = whole[whole.rindex(b"<ram:ApplicableHeaderTradeSettlement>"):]
    groups = [(_decimal(rate), _decimal(net), _decimal(vat))
              for vat, net, rate in _CII_GROUP.findall(settled)]
    currency = _one(settled, rb"<ram:InvoiceCurrencyCode>([A-Z]{3})<").decode()
    stated = {name: _decimal(_one(settled, b"<ram:" + tag + b">(-?[0-9.]+)<")) for name, tag in (
        ("lines", b"LineTotalAmount"), ("net", b"TaxBasisTotalAmount"),
        ("gross", b"GrandTotalAmount"), ("payable", b"DuePayableAmount"))}
    stated["vat"] = _decimal(_one(settled, b"<ram:TaxTotalAmount " + _AMOUNT))
    rounding = re.findall(rb"<ram:RoundingAmount>(-?[0-9.]+)<", settled)
    settlements = (line.partition(b"<ram:SpecifiedLineTradeSettlement>")[2] for line in lines)
    payable = _agreed(_nets(_CII_LINE, settlements), groups, currency, stated,
                      _decimal(rounding[0]) if rounding else Decimal(0))
    kind = _one(whole, rb"<ram:TypeCode>([0-9]{3})<")
    return len(lines), -payable if kind in {b"381", b"261"} else payable, currency


def read_ksef(path: Path) -> Totals:
    """An FA(3): a correction says differences, so all of it is signed already."""
    content = _whole(path, b"</Faktura>")
    rows = _KSEF_LINE.findall(content)
    currency = _one(content, rb"<KodWaluty>([A-Z]{3})<").decode()
    nets: dict[str, Decimal] = {}
    for net, rate in rows:
        field = _KSEF_FIELDS[rate.decode()]
        nets[field] = nets.get(field, Decimal(0)) + _decimal(net)
    sums = {(kind, field.decode()): _decimal(value)
            for kind, field, value in _KSEF_SUM.findall(content)}
    stated = {field: value for (kind, field), value in sums.items() if kind == b"3"}
    if nets != stated or len(rows) != content.count(b"<FaWiersz>"):
        raise ValueError(f"the lines come to {nets}, P_13 to {stated}")
    gross = _decimal(_one(content, rb"<P_15>(-?[0-9.]+)<"))
    if gross != sum(sums.values()):
        raise ValueError(f"P_15 is {gross}, P_13 and P_14 come to {sum(sums.values())}")
    _converted(content, {field: vat for (kind, field), vat in sums.items() if kind == b"4"})
    added, taken, due = (re.findall(pattern, content) for pattern in (
        rb"<SumaObciazen>([0-9.]+)<", rb"<SumaOdliczen>([0-9.]+)<",
        rb"<Do(?:Zaplaty|Rozliczenia)>([0-9.]+)<"))
    payable = gross + sum(map(_decimal, added)) - sum(map(_decimal, taken))
    if due and _decimal(due[0]) != abs(payable):
        raise ValueError(f"{due[0].decode()} is to be paid, the parts come to {payable}")
    return len(rows), _minor(payable, currency), currency


def _converted(content: bytes, vat: dict[str, Decimal]) -> None:
    """VAT in zlotys is the VAT at the rate that every line tells; in zlotys there is neither."""
    rates = {_decimal(rate) for rate in _KSEF_RATE.findall(content)}
    zlotys = {field.decode(): _decimal(value) for field, value in _KSEF_ZLOTYS.findall(content)}
    if not rates and not zlotys:
        return
    worked = {field: (minor * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)
              for rate in rates for field, minor in vat.items()}
    if len(rates) != 1 or worked != zlotys:
        raise ValueError(f"VAT comes to {worked} zlotys by {rates}, it says {zlotys}")


def read_erp_csv(path: Path) -> Totals:
    """The table: lines, groups of VAT, a total."""
    rows = list(_cells(path.read_bytes().decode(), (
        "record", "net", "vat", "rounding", "gross", "currency")))
    lines = [Decimal(row[1]) for row in rows if row[0] == "line"]
    net = sum(lines)
    groups = [row for row in rows if row[0] == "vat"]
    vat = sum(Decimal(row[2]) for row in groups)
    if sum(Decimal(row[1]) for row in groups) != net:
        raise ValueError(f"the lines come to {net}, the groups of VAT do not")
    record, total, total_vat, rounding, gross, currency = rows[-1]
    parts = net + vat + Decimal(rounding)
    if record != "total" or (net, vat, parts) != (
            Decimal(total), Decimal(total_vat), Decimal(gross)):
        raise ValueError(f"the lines come to {net}, VAT to {vat}, all to {parts}: not to the total")
    return len(lines), _minor(Decimal(parts), currency), currency


def _cells(text: str, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Of each row of a table these columns. Where nothing is quoted, each comma parts."""
    rows = csv.reader(io.StringIO(text, newline="")) if '"' in text else \
        (line.split(",") for line in text.removesuffix("\r\n").split("\r\n"))
    head = next(rows)
    told = itemgetter(*map(head.index, columns))
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row has {len(row)} cells, the head {len(head)}")
        yield told(row)


def _parted(content: bytes, tag: bytes) -> tuple[bytes, list[bytes]]:
    """A document without its lines, and each of them."""
    end = b"</" + tag + b">"
    whole, *lines = content.split(b"<" + tag + b">")
    if lines:
        last, _, rest = lines[-1].rpartition(end)
        lines[-1], whole = last + end, whole + rest
    if not all(line.endswith((end, end + b"\n")) for line in lines):
        raise ValueError("between its lines is something else")
    return whole, lines


def _nets(pattern: re.Pattern[bytes], lines: Iterable[bytes]) -> _Nets:
    """What lines come to, by their rate in percent."""
    told: dict[bytes, list[bytes]] = {}
    for number, line in enumerate(lines, 1):
        found = pattern.search(line)
        if found is None:
            raise ValueError(f"line {number} cannot be read")
        told.setdefault(found["rate"] or b"", []).append(found["net"])
    nets: _Nets = {}
    for rate, some in told.items():
        nets[_decimal(rate)] = nets.get(_decimal(rate), Decimal(0)) + sum(map(_decimal, some))
    return nets


def _agreed(nets: _Nets, groups: Iterable[tuple[Decimal, Decimal, Decimal]], currency: str,
            stated: dict[str, Decimal], rounding: Decimal) -> int:
    """What is asked for, in minor units. groups: rate, net, VAT."""
    step = Decimal(1).scaleb(-min(exponent(currency), 2))
    worked = [(rate, net, (net * rate / 100).quantize(step, ROUND_HALF_UP))
              for rate, net in sorted(nets.items())]
    # Two categories of one rate (exempt, and reverse charge) are two groups.
    told: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for rate, net, vat in groups:
        before = told.get(rate, (Decimal(0), Decimal(0)))
        told[rate] = (before[0] + net, before[1] + vat)
    if worked != sorted((rate, *parts) for rate, parts in told.items()):
        raise ValueError(f"the lines come to {worked}, the breakdown says otherwise")
    total = sum((net for _, net, _ in worked), Decimal(0))
    gross = total + sum((vat for _, _, vat in worked), Decimal(0))
    found = {"lines": total, "net": total, "vat": gross - total, "gross": gross,
             "payable": gross + rounding}
    if found != stated:
        raise ValueError(f"the lines come to {found}, the totals to {stated}")
    return _minor(gross + rounding, currency)


def _whole(path: Path, *ends: bytes) -> bytes:
    content = path.read_bytes()
    if not content.endswith((*ends, *(end + b"\n" for end in ends))):
        raise ValueError("the file was cut off")
    return content


def _one(content: bytes, pattern: bytes) -> bytes:
    found = re.search(pattern, content)
    if found is None:
        raise ValueError(f"{pattern.decode()} is not there")
    return found[1]


def _decimal(text: bytes) -> Decimal:
    return Decimal(text.decode() or "0")


def _minor(value: Decimal, currency: str) -> int:
    return int(value.scaleb(exponent(currency)))
