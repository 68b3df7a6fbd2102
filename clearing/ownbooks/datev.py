"""A DATEV batch of bookings: EXTF, header 700, category 21 "Buchungsstapel", format version 13.

PURE: values in, bytes out. Source: developer.datev.de, DATEV-Format, header (31 fields) and
Buchungsstapel (125 fields). Windows-1252, CRLF, fields apart by semicolons, texts in quotation
marks and numbers not. A booking's date has no year: a batch lies in one fiscal year. Amounts are
positive with two decimals, S or H is their sign.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Final

from clearing.money import exponent, plain
from clearing.ownbooks.record import Batch, Record
from clearing.ownbooks.terms import Datev

MOST_LINES: Final = 99_999  # a batch may have no more
ENCODING: Final = "cp1252"
HEADER_FIELDS: Final = 31

_INFORMATION: Final = tuple(name for number in range(1, 9) for name in (
    f"Beleginfo - Art {number}", f"Beleginfo - Inhalt {number}"))
_MORE: Final = tuple(name for number in range(1, 21) for name in (
    f"Zusatzinformation - Art {number}", f"Zusatzinformation- Inhalt {number}"))
COLUMNS: Final = (
    "Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "WKZ Umsatz", "Kurs", "Basis-Umsatz",
    "WKZ Basis-Umsatz", "Konto", "Gegenkonto (ohne BU-Schlüssel)", "BU-Schlüssel", "Belegdatum",
    "Belegfeld 1", "Belegfeld 2", "Skonto", "Buchungstext", "Postensperre",
    "Diverse Adressnummer", "Geschäftspartnerbank", "Sachverhalt", "Zinssperre", "Beleglink",
    *_INFORMATION, "KOST1 - Kostenstelle", "KOST2 - Kostenstelle", "Kost-Menge",
    "EU-Land u. UStID (Bestimmung)", "EU-Steuersatz (Bestimmung)", "Abw. Versteuerungsart",
    "Sachverhalt L+L", "Funktionsergänzung L+L", "BU 49 Hauptfunktionstyp",
    "BU 49 Hauptfunktionsnummer", "BU 49 Funktionsergänzung", *_MORE, "Stück", "Gewicht",
    "Zahlweise", "Forderungsart", "Veranlagungsjahr", "Zugeordnete Fälligkeit", "Skontotyp",
    "Auftragsnummer", "Buchungstyp", "USt-Schlüssel (Anzahlungen)", "EU-Land (Anzahlungen)",
    "Sachverhalt L+L (Anzahlungen)", "EU-Steuersatz (Anzahlungen)", "Erlöskonto (Anzahlungen)",
    "Herkunft-Kz", "Buchungs GUID", "KOST-Datum", "SEPA-Mandatsreferenz", "Skontosperre",
    "Gesellschaftername", "Beteiligtennummer", "Identifikationsnummer", "Zeichnernummer",
    "Postensperre bis", "Bezeichnung SoBil-Sachverhalt", "Kennzeichen SoBil-Buchung",
    "Festschreibung", "Leistungsdatum", "Datum Zuord. Steuerperiode", "Fälligkeit",
    "Generalumkehr (GU)", "Steuersatz", "Land", "Abrechnungsreferenz", "BVV-Position",
    "EU-Land u. UStID (Ursprung)", "EU-Steuersatz (Ursprung)", "Abw. Skontokonto")
assert len(COLUMNS) == 125
_AMOUNT_DECIMALS: Final = 2
# The fields that are texts, and are quoted also where they are empty.
_TEXTS: Final = frozenset({
    "Diverse Adressnummer", "Beleglink", *_INFORMATION, "KOST2 - Kostenstelle",
    "EU-Land u. UStID (Bestimmung)", "Abw. Versteuerungsart", *_MORE, "Forderungsart",
    "Auftragsnummer", "Buchungstyp", "EU-Land (Anzahlungen)", "Herkunft-Kz", "Buchungs GUID",
    "SEPA-Mandatsreferenz", "Gesellschaftername", "Identifikationsnummer", "Zeichnernummer",
    "Bezeichnung SoBil-Sachverhalt", "Generalumkehr (GU)", "Land", "Abrechnungsreferenz",
    "EU-Land u. UStID (Ursprung)"})


def _empty(after: str, before: str = "") -> str:
    """The fields between two of them, none of which we fill; to the end where `before` is ''."""
    begin = COLUMNS.index(after) + 1
    end = COLUMNS.index(before) if before else len(COLUMNS)
    return ";".join('""' if name in _TEXTS else "" for name in COLUMNS[begin:end])


# What never changes of a line is made once: a month may have a million.
_TO_KOST_1: Final = _empty("Buchungstext", "KOST1 - Kostenstelle")
_TO_FINAL: Final = _empty("KOST1 - Kostenstelle", "Festschreibung")
_TO_END: Final = _empty("Festschreibung")

# "Belegfeld 1": letters, digits and these, at most 36.
_NO_VOUCHER: Final = re.compile(r"[^0-9A-Za-z$&%*+/-]")
_VOUCHER: Final = 36
_TEXT: Final = 60
_DAYS_KEPT: Final = 512


def takes(currency: str) -> bool:
    """Whether amounts of a currency can be written: with two decimals and no more."""
    return exponent(currency) <= _AMOUNT_DECIMALS


def fiscal_year(day: date, start: str) -> date:
    """The first day of the fiscal year that a day is in. start: MM-DD."""
    month, _, first = start.partition("-")
    begins = date(day.year, int(month), int(first))
    return begins if begins <= day else begins.replace(year=day.year - 1)


def header(batch: Batch, terms: Datev) -> bytes:
    """Two lines: what the batch is, and the names of the fields. No field depends on a clock."""
    made = re.sub(r"[^0-9]", "", batch.created).ljust(17, "0")[:17]
    year = fiscal_year(batch.period_from, terms.fiscal_year_start)
    fields = (
        '"EXTF"', "700", "21", '"Buchungsstapel"', "13", made, "", '"RE"', '""', '""',
        str(terms.consultant), str(terms.client), f"{year:%Y%m%d}", str(terms.account_length),
        f"{batch.period_from:%Y%m%d}", f"{batch.period_to:%Y%m%d}",
        _quoted(f"{batch.account_id} {batch.period_from} {batch.currency}", 30), '""', "1", "0",
        str(int(terms.final)), _quoted(batch.currency, 3), "", '""', "", "",
        _quoted(terms.chart, 2), "", "", '""', _quoted(batch.number[-16:], 16))
    assert len(fields) == HEADER_FIELDS
    return f"{';'.join(fields)}\r\n{';'.join(COLUMNS)}\r\n".encode(ENCODING)


def line(record: Record, currency: str, terms: Datev) -> bytes:
    """One booking. Its reference is the voucher that open items are matched by."""
    assert record.amount_minor, record
    tax_key = f'"{record.tax_key.rjust(4, "0")}"' if record.tax_key else '""'
    return (
        f'{_amount(record.amount_minor, currency)};"{record.side}";"{currency}";;;"";'
        f"{record.account};{record.contra};{tax_key};{_day(record.booked_on)};"
        f'{_quoted(voucher(record.reference), _VOUCHER)};"";;{_quoted(record.text, _TEXT)};'
        f"{_TO_KOST_1};{_quoted(record.cost_centre, _VOUCHER)};{_TO_FINAL};{int(terms.final)};"
        f"{_TO_END}\r\n").encode(ENCODING)


@lru_cache(_DAYS_KEPT)
def _day(day: date) -> str:
    return f"{day:%d%m}"


def voucher(reference: str) -> str:
    """A reference as "Belegfeld 1"; one that does not fit keeps its end as a hash."""
    text = _NO_VOUCHER.sub("-", reference)
    if len(text) <= _VOUCHER:
        return text
    tail = hashlib.blake2b(reference.encode(), digest_size=8).hexdigest()
    return f"{text[:_VOUCHER - len(tail) - 1]}-{tail}"


def _amount(amount_minor: int, currency: str) -> str:
    whole, _, decimals = plain(abs(amount_minor), currency).partition(".")
    return f"{whole},{decimals.ljust(_AMOUNT_DECIMALS, '0')}"


def _quoted(text: str, longest: int) -> str:
    return '"' + _western(text)[:longest].replace('"', '""') + '"'


def _western(text: str) -> str:
    """`text` in Windows-1252, on one line; an accent that it does not have falls away."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_letter, unicodedata.normalize("NFC", text)))


def _letter(letter: str) -> str:
    if letter.isprintable():
        for form in (letter, unicodedata.normalize("NFKD", letter)[:1]):
            try:
                form.encode(ENCODING)
            except UnicodeEncodeError:
                continue
            return form
    return "?" if letter.isprintable() else " "
