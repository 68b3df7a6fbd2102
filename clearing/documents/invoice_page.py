"""An invoice as a page: what is to pay, VAT by rate, consumption, every line by vehicle.

PURE. What stands there is the document's own: sums are of its lines and are held to it where it is
read back. Shares of bars are whole thousandths of the largest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final

from clearing.documents.ksef_code import Verification
from clearing.documents.page import Head, grouped_iban, party, sheet_of
from clearing.documents.settings import Documents
from clearing.documents.typesetting import Sheet
from clearing.documents.words import Language, language_of
from clearing.invoices.document import (
    ATTRIBUTES,
    CORRECTED,
    CREDIT_NOTE,
    DIRECT_DEBIT,
    NETTED,
    SELF_BILLED,
    SELF_BILLED_CREDIT,
    Document,
    Line,
    Party,
    Vat,
)
from clearing.money import divide_half_up

_TITLES: Final = {CREDIT_NOTE: "credit_note", CORRECTED: "corrected_invoice",
                  SELF_BILLED: "self_billed", SELF_BILLED_CREDIT: "self_billed_credit"}
_MEASURED: Final = frozenset({"LTR", "KWH", "KGM", "MTQ"})  # what a consumption is of
_ABOUT: Final = ("Time", "Site", "Driver", "Card", "Odometer", "Receipt", "Contract")
_MOST_BARS: Final = 10
_WHOLE: Final = 1_000
Rung = tuple[str, str, str, str]  # what, note, amount, weight


def invoice_sheet(document: Document, documents: Documents, foot: str = "", cii: bytes = b"",
                  codes: Sequence[Verification] = ()) -> Sheet:
    """The page of an invoice. cii: its XML that the PDF carries; b'': it carries none. codes: that
    lead to what somebody else says of it."""
    language = language_of(document.buyer.address.country, documents.language)
    words = language.words
    head = Head(
        kind=words[_TITLES.get(document.type_code, "invoice")], number=document.number,
        on=document.issued_on, period=_period(document, language),
        amount=_headline(document, language), sender=_party("from", document.seller, language),
        receiver=_party("to", document.buyer, language), facts=_facts(document, language),
        foot=foot)
    unit = _unit(document.lines)
    measured = [line for line in document.lines if line.unit == unit]
    consumed = language.quantity(str(sum((line.quantity for line in measured), Decimal(0))))
    content = {
        "currency": document.currency,
        "vat": [_vat(group, document.currency, language) for group in document.vat],
        "totals": _totals(document, language), "pay": _pay(document, language),
        "verify": [(code.picture, code.label, code.link, words[f"{code.word}_title"],
                    words[f"{code.word}_text"]) for code in codes],
        "pillars": _pillars(measured, language), "bars": _bars(measured, unit, language),
        "consumed": f"{consumed} {_unit_name(unit, language)}" if measured else "",
        "notes": document.notes,
        "groups": [_group(name, list(lines), document.currency, language)
                   for name, lines in groupby(document.lines, lambda line: line.group)]}
    return sheet_of("invoice", head, language, documents, content, cii)


def _period(document: Document, language: Language) -> str:
    issued = language.words["issued_on"].format(day=language.day(document.issued_on.isoformat()))
    if document.period_from is None or document.period_to is None:
        return issued
    days = language.days(document.period_from.isoformat(), document.period_to.isoformat())
    return f"{days} \u00b7 {issued}"


def _headline(document: Document, language: Language) -> tuple[str, str, str]:
    words, means = language.words, document.means
    label = words["credited"] if document.is_credit else words["payable"]
    due = language.day(document.due_on.isoformat()) if document.due_on else ""
    if means is not None and means.code == NETTED:
        note = words["netted"]
    elif means is not None and means.code == DIRECT_DEBIT:
        note = words["collected_on"].format(day=due) if due else words["collected"]
    else:
        note = words["due_on"].format(day=due) if due else ""
    return label, language.money(document.payable_minor, document.currency), note


def _party(label: str, given: Party, language: Language) -> dict[str, object]:
    words = language.words
    told = (("vat_id", given.vat_id), ("tax_number", given.tax_number),
            ("company_id", given.company_id))
    return party(words[label], given.name, given.address,
                 *(f"{words[name]} {value}" for name, value in told if value))


def _facts(document: Document, language: Language) -> list[tuple[str, str]]:
    words, means = language.words, document.means
    before = ", ".join(f"{one.number} ({language.day(one.issued_on.isoformat())})"
                       if one.issued_on else one.number for one in document.preceding)
    return [
        (words["customer_number"], document.buyer.party_id),
        (words["your_reference"], document.buyer_reference),
        (words["corrects"], before), (words["currency"], document.currency),
        (words["delivered_in"], document.delivered_in), *_told(document, language),
        (words["line_count"], language.number(str(len(document.lines)))),
        (words["remittance"], means.remittance if means else "")]


def _told(document: Document, language: Language) -> list[tuple[str, str]]:
    """VAT in the currency of the tax office, and how it was converted."""
    words, told = language.words, document.vat_told
    if told is None:
        return []
    return [(words["vat_told"].format(currency=told.currency), words["vat_told_at"].format(
        amount=language.money(told.vat_minor, told.currency),
        rate=language.price(told.rate), day=language.day(told.published_on.isoformat())))]


def _pay(document: Document, language: Language) -> list[str]:
    """How it is paid. Of a direct debit all that a pre-notification must say (EPC016-06, AT-T9)."""
    words, means = language.words, document.means
    if means is None:
        return []
    told = [("iban", grouped_iban(means.iban)), ("bic", means.bic),
            ("account_name", means.account_name), ("mandate", means.mandate),
            ("creditor_id", means.creditor_id), ("debited", grouped_iban(means.debited_iban))]
    return [f"{words[name]}: {value}" for name, value in told if value]


def _vat(group: Vat, currency: str, language: Language) -> tuple[str, ...]:
    # A reason that has a code is said in the reader's language (article 226(11a)).
    code = group.reason_code.lower().replace("-", "_")
    return (language.share(group.rate_basis_points), language.words.get(code, group.reason),
            language.amount(group.net_minor, currency), language.amount(group.vat_minor, currency),
            language.amount(group.net_minor + group.vat_minor, currency))


def _totals(document: Document, language: Language) -> list[Rung]:
    words, currency = language.words, document.currency
    rungs = [("total_net", document.net_minor, ""), ("total_vat", document.vat_minor, ""),
             ("total_gross", document.gross_minor, "sum")]
    if document.rounding_minor:
        rungs.append(("rounding", document.rounding_minor, ""))
    rungs.append(("total_payable", document.payable_minor, "grand"))
    return [(words[what], "", language.amount(minor, currency), weight)
            for what, minor, weight in rungs]


def _group(name: str, lines: Sequence[Line], currency: str,
           language: Language) -> dict[str, object]:
    """The lines of a vehicle and, where it has a name, what they come to."""
    units = {line.unit for line in lines}
    quantity = ""
    if len(units) == 1 and units <= _MEASURED:
        total = sum((line.quantity for line in lines), Decimal(0))
        quantity = f"{language.quantity(str(total))} {_unit_name(lines[0].unit, language)}"
    return {
        "name": name, "quantity": quantity,
        "count": language.words["lines"].format(count=language.number(str(len(lines)))),
        "sum": language.amount(sum(line.net_minor for line in lines), currency) if name else "",
        "lines": [_line(line, currency, language) for line in lines]}


def _line(line: Line, currency: str, language: Language) -> tuple[str, ...]:
    words, price = language.words, line.price
    told = dict(zip(ATTRIBUTES, line.attributes, strict=True))
    about = " \u00b7 ".join(
        [*(f"{words[f'about_{name.lower()}']} {told[name]}".strip()
           for name in _ABOUT if told.get(name)), *([line.note] if line.note else [])])
    on = line.start or line.end
    return (
        language.day(on.isoformat()) if on else "", line.name, about,
        f"{language.quantity(str(line.quantity))} {_unit_name(line.unit, language)}".strip(),
        language.price(price.list_price) if price.list_price is not None else "",
        language.price(-price.discount) if price.discount else "",
        language.price(price.net), language.share(line.rate_basis_points),
        language.amount(line.net_minor, currency))


def _unit(lines: Iterable[Line]) -> str:
    """What most of it is measured in; '' where nothing is."""
    counts: dict[str, int] = {}
    for line in lines:
        if line.unit in _MEASURED:
            counts[line.unit] = counts.get(line.unit, 0) + 1
    return max(sorted(counts), key=lambda unit: counts[unit], default="")


def _unit_name(unit: str, language: Language) -> str:
    return language.words.get(f"unit_{unit}", "" if unit == "C62" else unit)


def _pillars(lines: Iterable[Line], language: Language) -> list[tuple[str, int]]:
    """What was taken by day."""
    by_day: dict[str, Decimal] = {}
    for line in lines:
        on = line.start or line.end
        if on is not None:
            day = on.isoformat()
            by_day[day] = by_day.get(day, Decimal(0)) + line.quantity
    shares = _shares(by_day)
    return [(language.short_day(day), shares[day]) for day in sorted(by_day)]


def _bars(lines: Iterable[Line], unit: str, language: Language) -> list[tuple[str, str, int]]:
    """What was taken by vehicle: the largest, and the others as one."""
    by_group: dict[str, Decimal] = {}
    for line in lines:
        if line.group:
            by_group[line.group] = by_group.get(line.group, Decimal(0)) + line.quantity
    ranked = sorted(by_group, key=lambda name: (-by_group[name], name))
    shown = {name: by_group[name] for name in ranked[:_MOST_BARS]}
    if len(ranked) > _MOST_BARS:
        others = sum((by_group[name] for name in ranked[_MOST_BARS:]), Decimal(0))
        shown[language.words["others"].format(count=len(ranked) - _MOST_BARS)] = others
    shares = _shares(shown)
    return [(name, f"{language.quantity(str(quantity))} {_unit_name(unit, language)}",
             shares[name]) for name, quantity in shown.items()]


def _shares(quantities: Mapping[str, Decimal]) -> dict[str, int]:
    """Thousandths of the largest; what is taken back has no bar."""
    most = max((*quantities.values(), Decimal(0)))
    if not most:
        return dict.fromkeys(quantities, 0)
    scaled = {name: int(quantity.scaleb(6)) for name, quantity in quantities.items()}
    return {name: divide_half_up(max(minor, 0) * _WHOLE, int(most.scaleb(6)))
            for name, minor in scaled.items()}
