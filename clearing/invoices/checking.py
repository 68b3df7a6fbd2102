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
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

from clearing.money import exponent

Totals = tuple[int, int, str]  # lines, minor units asked for, currency

_AMOUNT: Final = rb'currencyID="[A-Z]{3}">(-?[0-9.]+)<'
_UBL_LINE: Final = re.compile(
    rb"<cac:(?:Invoice|CreditNote)Line>.*?<cbc:LineExtensionAmount " + _AMOUNT
    + rb".*?<cac:ClassifiedTaxCategory><cbc:ID>[A-Z]+</cbc:ID>(?:<cbc:Percent>([0-9.]+)<)?",
    re.DOTALL)
_UBL_GROUP: Final = re.compile(
    rb"<cac:TaxSubtotal><cbc:TaxableAmount " + _AMOUNT + rb"/cbc:TaxableAmount><cbc:TaxAmount "
    + _AMOUNT + rb"/cbc:TaxAmount><cac:TaxCategory><cbc:ID>[A-Z]+</cbc:ID>"
    rb"(?:<cbc:Percent>([0-9.]+)<)?")
_CII_LINE: Final = re.compile(
    rb"<ram:IncludedSupplyChainTradeLineItem>.*?<ram:SpecifiedLineTradeSettlement>.*?"
    rb"<ram:CategoryCode>[A-Z]+</ram:CategoryCode>(?:<ram:RateApplicablePercent>([0-9.]+)<)?"
    rb".*?<ram:LineTotalAmount>(-?[0-9.]+)<", re.DOTALL)
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

_Lines = list[tuple[Decimal, Decimal]]  # net, and the rate in percent


def read_ubl(path: Path) -> Totals:
    """An Invoice or a CreditNote of UBL 2.1."""
    content = _whole(path, b"</Invoice>", b"</CreditNote>")
    lines = [(_decimal(net), _decimal(rate)) for net, rate in _UBL_LINE.findall(content)]
    counted = content.count(b"<cac:InvoiceLine>") + content.count(b"<cac:CreditNoteLine>")
    groups = [(_decimal(rate), _decimal(net), _decimal(vat))
              for net, vat, rate in _UBL_GROUP.findall(content)]
    currency = _one(content, rb"<cbc:DocumentCurrencyCode>([A-Z]{3})<").decode()
    stated = {name: _decimal(_one(content, b"<cbc:" + tag + b" " + _AMOUNT)) for name, tag in (
        ("vat", b"TaxAmount"), ("net", b"TaxExclusiveAmount"), ("gross", b"TaxInclusiveAmount"),
        ("payable", b"PayableAmount"))}
    stated["lines"] = _decimal(_one(
        content, rb"<cac:LegalMonetaryTotal><cbc:LineExtensionAmount " + _AMOUNT))
    rounding = re.findall(rb"<cbc:PayableRoundingAmount " + _AMOUNT, content)
    payable = _agreed(counted, lines, groups, currency, stated,
                      _decimal(rounding[0]) if rounding else Decimal(0))
    return counted, -payable if b"<CreditNote " in content[:200] else payable, currency


def read_cii(path: Path) -> Totals:
    """A Cross Industry Invoice."""
    content = _whole(path, b"</rsm:CrossIndustryInvoice>")
    lines = [(_decimal(net), _decimal(rate)) for rate, net in _CII_LINE.findall(content)]
    counted = content.count(b"<ram:IncludedSupplyChainTradeLineItem>")
    settled = content[content.rindex(b"<ram:ApplicableHeaderTradeSettlement>"):]
    groups = [(_decimal(rate), _decimal(net), _decimal(vat))
              for vat, net, rate in _CII_GROUP.findall(settled)]
    currency = _one(settled, rb"<ram:InvoiceCurrencyCode>([A-Z]{3})<").decode()
    stated = {name: _decimal(_one(settled, b"<ram:" + tag + b">(-?[0-9.]+)<")) for name, tag in (
        ("lines", b"LineTotalAmount"), ("net", b"TaxBasisTotalAmount"),
        ("gross", b"GrandTotalAmount"), ("payable", b"DuePayableAmount"))}
    stated["vat"] = _decimal(_one(settled, b"<ram:TaxTotalAmount " + _AMOUNT))
    rounding = re.findall(rb"<ram:RoundingAmount>(-?[0-9.]+)<", settled)
    payable = _agreed(counted, lines, groups, currency, stated,
                      _decimal(rounding[0]) if rounding else Decimal(0))
    kind = _one(content, rb"<ram:TypeCode>([0-9]{3})<")
    return counted, -payable if kind in {b"381", b"261"} else payable, currency


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
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    record, *columns = (rows[0].index(name) for name in (
        "record", "net", "vat", "rounding", "gross", "currency"))
    in_net, in_vat, in_rounding, in_gross, in_currency = columns
    lines = [Decimal(row[in_net]) for row in rows[1:] if row[record] == "line"]
    net = sum(lines)
    groups = [row for row in rows[1:] if row[record] == "vat"]
    vat = sum(Decimal(row[in_vat]) for row in groups)
    if sum(Decimal(row[in_net]) for row in groups) != net:
        raise ValueError(f"the lines come to {net}, the groups of VAT do not")
    total = rows[-1]
    parts = net + vat + Decimal(total[in_rounding])
    if total[record] != "total" or (net, vat, parts) != tuple(
            Decimal(total[column]) for column in (in_net, in_vat, in_gross)):
        raise ValueError(f"the lines come to {net}, VAT to {vat}, all to {parts}: not to the total")
    return len(lines), _minor(Decimal(parts), total[in_currency]), total[in_currency]


def _agreed(counted: int, lines: _Lines, groups: Iterable[tuple[Decimal, Decimal, Decimal]],
            currency: str, stated: dict[str, Decimal], rounding: Decimal) -> int:
    """What is asked for, in minor units. groups: rate, net, VAT."""
    if counted != len(lines):
        raise ValueError(f"{counted} lines, and {len(lines)} of them can be read")
    nets: dict[Decimal, Decimal] = {}
    for net, rate in lines:
        nets[rate] = nets.get(rate, Decimal(0)) + net
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
