"""A merchant's settlement as a page: from gross to net, balance, holdback, every payment.

PURE. Every amount is the settlement's own; here they only get a place and a language.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from clearing.documents.page import Head, Page, grouped_iban, operator, party, sheet_of
from clearing.documents.words import Language, language_of
from clearing.settings import Settings
from clearing.settlement import Payment, Settlement, movements
from clearing.settlements import record_of

_NAMED_REASONS: Final = frozenset({"not_due", "below_least", "not_positive"})
Rung = tuple[str, str, str, str]  # what, note, amount, weight


def settlement_page(settlement: Settlement, settings: Settings) -> Page:
    """settlements/<number>.pdf."""
    merchant, documents = settlement.merchant, settings.documents
    language = language_of(merchant.address.country, documents.language)
    words, day = language.words, language.day(settlement.date)
    sender = settings.seller(settlement.currency)
    head = Head(
        kind=words["settlement"], number=settlement.number, on=date.fromisoformat(settlement.date),
        period=words["business_day"].format(day=day), amount=_headline(settlement, language),
        sender=operator(words["from"], sender),
        receiver=party(words["merchant"], merchant.name, merchant.address, merchant.merchant_id),
        facts=_facts(settlement, language), foot=words["run"].format(run=settlement.run_id))
    content = {
        "currency": settlement.currency, "ladder": _ladder(settlement, language),
        "balance": _balance(settlement, language),
        "kept": [(language.day(kept.date), language.day(kept.release_on),
                  language.amount(kept.amount_minor, settlement.currency))
                 for kept in settlement.kept],
        "rows": [_row(payment, settlement.currency, language) for payment in settlement.payments]}
    return Page(sheet_of("settlement", head, language, documents, content),
                record_of(settlement, "pdf"))


def _headline(settlement: Settlement, language: Language) -> tuple[str, str, str]:
    words, payout, currency = language.words, settlement.payout, settlement.currency
    if payout.amount_minor > 0:
        iban = grouped_iban(settlement.merchant.iban)
        return (words["paid_out"], language.money(payout.amount_minor, currency),
                words["to_iban"].format(iban=iban))
    label = words["owed"] if settlement.closing_minor < 0 else words["carried"]
    return label, language.money(settlement.closing_minor, currency), _why(payout.reason, language)


def _why(reason: str, language: Language) -> str:
    if not reason:
        return ""
    if reason in _NAMED_REASONS:
        return language.words[f"why_{reason}"]
    return language.words["why_other"].format(reason=reason.replace("_", " "))


def _facts(settlement: Settlement, language: Language) -> list[tuple[str, str]]:
    words, merchant, payout = language.words, settlement.merchant, settlement.payout
    sent = payout.state == "sent"
    return [
        (words["currency"], settlement.currency),
        (words["line_count"], language.number(str(len(settlement.payments)))),
        (words["plan"], settlement.plan),
        (words["customer_number"], "" if merchant.account_id is None else str(merchant.account_id)),
        (words["payout_reference"], payout.end_to_end_id if sent else ""),
        (words["value_date"], language.day(payout.date))]


def _ladder(settlement: Settlement, language: Language) -> list[Rung]:
    words, currency = language.words, settlement.currency

    def rung(what: str, minor: int, weight: str = "", note: str = "") -> Rung:
        return words[what], note, language.amount(minor, currency), weight

    rungs = [rung("gross", settlement.gross_minor), rung("refunds", -settlement.refunds_minor),
             rung("turnover", settlement.turnover_minor, "sum")]
    for line in settlement.fees:
        if line.amount_minor:
            of = words["fee_of"].format(count=line.count,
                                        base=language.amount(line.base_minor, currency))
            apart = f" ({words['invoiced']})" if settlement.fees_by == "gross" else ""
            rungs.append(rung(f"fee_{line.kind}", -line.amount_minor, note=of + apart))
    for moved in movements(settlement):
        if moved.kind == "vat":
            rungs.append(rung("vat_on_fees", -moved.charged_minor,
                              note=words["invoiced"] if not moved.amount_minor else ""))
        elif moved.kind == "held_back":
            until = words["until"].format(day=language.day(settlement.held_back_until))
            rungs.append(rung("held_back", moved.amount_minor, note=until))
        elif moved.kind == "released":
            rungs.append(rung("released", moved.amount_minor))
    return [*rungs, rung("net", settlement.net_minor, "grand")]


def _balance(settlement: Settlement, language: Language) -> list[Rung]:
    words, currency = language.words, settlement.currency
    return [(words[what], note, language.amount(minor, currency), weight)
            for what, note, minor, weight in (
                ("opening", "", settlement.opening_minor, ""),
                ("net", "", settlement.net_minor, ""),
                ("payout", _why(settlement.payout.reason, language),
                 -settlement.payout.amount_minor, ""),
                ("closing", "", settlement.closing_minor, "grand"))]


def _row(payment: Payment, currency: str, language: Language) -> tuple[object, ...]:
    of = f"{payment.reference} \u00b7 {payment.refund_of}" if payment.refund_of \
        else payment.reference
    return (f"{language.day(payment.date)} {payment.time}", language.words[payment.kind],
            of, payment.purpose, payment.merchant_reference, payment.approval_code,
            language.amount(payment.amount_minor, currency),
            language.amount(payment.fee_minor, currency) if payment.fee_minor else "",
            payment.kind != "payment")
