"""A safe client's statement as a page: what came in by safe and cassette, what went to his bank and
how the bank has booked it, fees, and every booking from balance to balance.

PURE. Every amount is the statement's own; here they only get a place and a language.
"""

from __future__ import annotations

from clearing.bookings import record_of
from clearing.client_statement import ClientStatement, Line, safe_days
from clearing.documents.page import Head, Page, operator, party, sheet_of
from clearing.documents.words import Language, language_of
from clearing.party import Address
from clearing.settings import Settings

Rung = tuple[str, str, str, str]  # what, note, amount, weight


def client_page(statement: ClientStatement, settings: Settings) -> Page:
    """bookings/<account>-<currency>.pdf."""
    head, documents = statement.head, settings.documents
    address = statement.party.address if statement.party else Address()
    language = language_of(address.country, documents.language)
    words, currency = language.words, head.currency
    sent = sum(credit.amount_minor for credit in statement.credited)
    letterhead = Head(
        kind=words["bookings"], number=head.number, on=head.to_day,
        period=language.days(head.from_day.isoformat(), head.to_day.isoformat()),
        amount=(words["paid_to_bank"], language.money(sent, currency), ""),
        sender=operator(words["from"], settings.seller(currency)),
        receiver=party(words["client"], head.client or str(statement.account_id), address),
        facts=[(words["customer_number"], str(statement.account_id)),
               (words["currency"], currency),
               (words["line_count"], language.number(str(len(statement.lines))))],
        foot=words["run"].format(run=statement.run_id))
    return Page(sheet_of("client", letterhead, language, documents,
                         _content(statement, language)), record_of(statement, "pdf"))


def _content(statement: ClientStatement, language: Language) -> dict[str, object]:
    words, currency = language.words, statement.head.currency
    opening, amount = statement.head.opening_minor, language.amount
    return {
        "currency": currency, "ladder": _ladder(statement, language),
        "credited": [(language.day(one.sent_on), one.end_to_end_id,
                      language.day(one.booked_on) if one.booked_on else words["not_seen"],
                      one.bank_reference, amount(one.amount_minor, currency), bool(one.booked_on))
                     for one in statement.credited],
        "safes": [(language.day(row.day), row.safe, row.cassette,
                   language.number(str(row.deposits)),
                   *(amount(minor, currency) if minor else "" for minor in (
                       row.provisional_minor, row.withheld_minor, row.uncounted_minor)),
                   amount(row.deposited_minor, currency)) for row in safe_days(statement)],
        "fees": [(words["vat_on_fees" if fee.kind == "vat" else f"fee_{fee.kind}"],
                  words["fee_statement"].format(number=fee.statement),
                  amount(fee.amount_minor, currency), "") for fee in statement.fees],
        "rows": [_row(line, balance, currency, language) for line, balance in zip(
            statement.lines, _balances(opening, statement.lines), strict=True)]}


def _ladder(statement: ClientStatement, language: Language) -> list[Rung]:
    words, head = language.words, statement.head
    rungs = [(words["opening"], "", language.amount(head.opening_minor, head.currency), "")]
    for kind, (count, minor) in statement.by_kind().items():
        rungs.append((words.get(f"kind_{kind}", kind), f"{language.number(str(count))}\u00a0\u00d7",
                      language.amount(minor, head.currency), ""))
    closing = language.amount(head.closing_minor, head.currency)
    return [*rungs, (words["closing_balance"], "", closing, "grand")]


def _balances(opening: int, lines: tuple[Line, ...]) -> list[int]:
    balances = []
    for line in lines:
        opening += line.booking.amount_minor
        balances.append(opening)
    return balances


def _row(line: Line, balance: int, currency: str, language: Language) -> tuple[object, ...]:
    booking = line.booking
    where = " \u00b7 ".join(part for part in (line.safe, line.cassette, line.receipt) if part)
    return (language.day(booking.booked_on),
            language.words.get(f"kind_{booking.kind}", booking.kind), where,
            booking.remittance, booking.reference,
            language.amount(booking.amount_minor, currency), language.amount(balance, currency),
            booking.amount_minor < 0)
