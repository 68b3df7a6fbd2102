"""An invoice for Poland's KSeF: the structure FA(3), and how many lines of it one document takes.

PURE: a document in, pieces of text out. KSeF takes 1 MiB without an attachment, 10,000 lines and
10,000 additional descriptions a document: who has more gets several invoices, split by the size
that each line was measured to have. Source: the Ministry of Finance's FA(3), namespace of 25 June
2025. A correction says differences, so its quantities and amounts are negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from clearing.invoices.document import (
    ATTRIBUTES,
    DIRECT_DEBIT,
    EXEMPT,
    NETTED,
    OUT_OF_SCOPE,
    REVERSE_CHARGE,
    SELF_BILLED,
    Document,
    Line,
    Party,
    Preceding,
)
from clearing.invoices.xml_text import amount, element, number, shown, text
from clearing.party import Address

MOST_BYTES: Final = 1 << 20
MOST_LINES: Final = 10_000
MOST_DESCRIPTIONS: Final = 10_000
CURRENCY: Final = "PLN"  # in any other VAT is told in it too, and each line its rate
# As long as any: a line is measured before its rate is known.
_EXCHANGE: Final = "<KursWaluty>000000.000000</KursWaluty>"
# What a head takes at most: texts of 512 letters of four bytes, escaped, and the totals.
_HEAD_BYTES: Final = 24_576
_NAMESPACE: Final = "http://crd.gov.pl/wzor/2025/06/25/13775/"
# A rate in basis points: what a line says, and the number of the fields of its totals.
_RATES: Final = {2300: ("23", "1"), 2200: ("22", "1"), 800: ("8", "2"), 700: ("7", "2"),
                 500: ("5", "3"), 400: ("4", "4"), 300: ("3", "4"), 0: ("0 KR", "6_1")}
_ABROAD: Final = ("np I", "8")  # taxed in another country, where the buyer accounts for the VAT
_SERVICE: Final = ("np II", "9")  # so is a service to a business there (article 100(1)(4))
_EXEMPT: Final = ("zw", "7")
_TAXED: Final = frozenset("1234")  # fields with VAT beside them
_UNITS: Final = {"LTR": "l", "KGM": "kg", "KWH": "kWh", "MTQ": "m3", "C62": "szt.", "MIN": "min",
                 "HUR": "godz."}
# Means of payment that FA(3) has no number of.
_OTHER_MEANS: Final = {DIRECT_DEBIT: "Polecenie zap\u0142aty", NETTED: "Potr\u0105cenie"}
# The countries of the European Union as VAT numbers name them, and Northern Ireland.
_UNION: Final = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PT", "RO", "SE", "SI", "SK", "XI"))


def defect(seller: Party, rates: Iterable[int], *, corrects_nothing: bool) -> str:
    """Why KSeF would not take it, or ''. rates: of VAT, in basis points; corrects_nothing: it gives
    back, and nobody knows of which invoice."""
    if not _is_nip(_nip(seller)):
        return "seller_nip_missing"
    if not _RATES.keys() >= set(rates):
        return "vat_rate_not_polish"
    return "corrected_invoice_unknown" if corrects_nothing else ""


def parts(lines: Sequence[Line], currency: str) -> Iterator[tuple[int, int]]:
    """(first, until) of the lines that go into one document, each as many as it takes."""
    first = size = descriptions = 0
    exchange = "" if currency == CURRENCY else _EXCHANGE
    for at, line in enumerate(lines):
        row, described = _row(line, currency, 1, exchange, ""), _descriptions(line)
        cost = len(row.encode()) + len(described.encode())
        told = described.count("<DodatkowyOpis>")
        if at > first and (at - first >= MOST_LINES or descriptions + told > MOST_DESCRIPTIONS
                           or size + cost > MOST_BYTES - _HEAD_BYTES):
            yield first, at
            first, size, descriptions = at, 0, 0
        size += cost
        descriptions += told
    if lines:
        yield first, len(lines)


def ksef(document: Document) -> Iterator[str]:
    """The file. `defect` must have been ''."""
    sign = -1 if document.is_credit else 1
    currency = document.currency
    yield (f'<?xml version="1.0" encoding="UTF-8"?>\n<Faktura xmlns="{_NAMESPACE}">\n<Naglowek>'
           '<KodFormularza kodSystemowy="FA (3)" wersjaSchemy="1-0E">FA</KodFormularza>'
           f"<WariantFormularza>3</WariantFormularza><DataWytworzeniaFa>{document.issued_on}"
           "T23:59:59Z</DataWytworzeniaFa></Naglowek>\n")
    yield (f"<Podmiot1><DaneIdentyfikacyjne><NIP>{_nip(document.seller)}</NIP>"
           f"{element('Nazwa', document.seller.name, 512)}</DaneIdentyfikacyjne>"
           f"{_address(document.seller.address)}</Podmiot1>\n")
    yield (f"<Podmiot2><DaneIdentyfikacyjne>{_buyer_id(document.buyer)}"
           f"{element('Nazwa', document.buyer.name, 512)}</DaneIdentyfikacyjne>"
           f"{_address(document.buyer.address)}{element('NrKlienta', document.buyer.party_id, 256)}"
           "<JST>2</JST><GV>2</GV></Podmiot2>\n<Fa>")
    yield from _totals(document, sign)
    for line in document.lines:
        yield _descriptions(line)
    exchange = _exchange(document)
    for line in document.lines:
        yield _row(line, currency, sign, exchange, document.delivered_in)
    yield _settled(document, sign)
    yield _payment(document)
    yield "</Fa>\n</Faktura>\n"


def _nip(party: Party) -> str:
    """With or without its country; of what bears no VAT it is a tax number (BR-O-02)."""
    number = party.vat_id if party.vat_id.startswith("PL") else party.tax_number
    return number.removeprefix("PL")


def _is_nip(number: str) -> bool:
    return len(number) == 10 and number.isascii() and number.isdigit()


def _buyer_id(buyer: Party) -> str:
    known = buyer.vat_id
    if not known and buyer.tax_number[:2] == buyer.address.country:
        known = buyer.tax_number  # see _nip
    country, rest = known[:2], known[2:]
    if country == "PL" and _is_nip(rest):
        return f"<NIP>{rest}</NIP>"
    if country in _UNION and rest:
        return f"<KodUE>{country}</KodUE>{element('NrVatUE', rest, 12)}"
    if rest:
        return f"<KodKraju>{country}</KodKraju>{element('NrID', rest, 50)}"
    return "<BrakID>1</BrakID>"


def _address(address: Address) -> str:
    street = text(f"{address.street} {address.number}", 512)
    town = text(f"{address.postcode} {address.town}", 512)
    lines = [line for line in (street, town) if line]
    told = "".join(f"<AdresL{at}>{line}</AdresL{at}>" for at, line in enumerate(lines, 1))
    return f"<Adres><KodKraju>{address.country}</KodKraju>{told}</Adres>"


def _totals(document: Document, sign: int) -> Iterator[str]:
    currency = document.currency
    yield (f"<KodWaluty>{currency}</KodWaluty><P_1>{document.issued_on}</P_1>"
           f"{element('P_2', document.number, 256)}")
    if document.period_from is not None and document.period_to is not None:
        yield (f"<OkresFa><P_6_Od>{document.period_from}</P_6_Od><P_6_Do>{document.period_to}"
               "</P_6_Do></OkresFa>")
    told = document.vat_told
    others = (0,) * len(document.vat) if told is None else told.groups
    sums: dict[str, tuple[int, int, int]] = {}
    for group, other in zip(document.vat, others, strict=True):
        field = _rate(group.category, group.rate_basis_points, document.delivered_in)[1]
        net, vat, zlotys = sums.get(field, (0, 0, 0))
        sums[field] = (net + group.net_minor, vat + group.vat_minor, zlotys + other)
    for field, (net, vat, zlotys) in sorted(sums.items()):
        yield f"<P_13_{field}>{amount(sign * net, currency)}</P_13_{field}>"
        if field in _TAXED:
            yield f"<P_14_{field}>{amount(sign * vat, currency)}</P_14_{field}>"
            if told is not None:
                yield f"<P_14_{field}W>{amount(sign * zlotys, told.currency)}</P_14_{field}W>"
    reverse = 1 if any(group.category == REVERSE_CHARGE for group in document.vat) else 2
    yield (f"<P_15>{amount(sign * document.gross_minor, currency)}</P_15>\n<Adnotacje>"
           f"<P_16>2</P_16><P_17>{1 if document.type_code == SELF_BILLED else 2}</P_17>"
           f"<P_18>{reverse}</P_18><P_18A>2</P_18A>{_exemption(document)}"
           "<NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu><P_23>2</P_23>"
           "<PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy></Adnotacje>")
    if not document.is_credit:
        yield "<RodzajFaktury>VAT</RodzajFaktury>\n"
        return
    yield (f"<RodzajFaktury>KOR</RodzajFaktury>{element('PrzyczynaKorekty', document.terms, 256)}"
           "<TypKorekty>2</TypKorekty>")  # in force from the date of the correction
    for before in document.preceding:
        yield (f"<DaneFaKorygowanej><DataWystFaKorygowanej>{before.issued_on or document.issued_on}"
               f"</DataWystFaKorygowanej>{element('NrFaKorygowanej', before.number, 256)}"
               f"{_number_of(before)}</DaneFaKorygowanej>\n")


def _exemption(document: Document) -> str:
    """By which articles of the directive it is exempt, if it is."""
    reasons = dict.fromkeys(group.reason.removeprefix("Exempt: ") for group in document.vat
                            if group.category == EXEMPT)
    told = f"<P_19>1</P_19>{element('P_19B', '; '.join(reasons), 256)}" if reasons \
        else "<P_19N>1</P_19N>"
    return f"<Zwolnienie>{told}</Zwolnienie>"


def _number_of(before: Preceding) -> str:
    """The number that KSeF has given it; without one it is as if it were issued outside."""
    if not before.ksef_number:
        return "<NrKSeFN>1</NrKSeFN>"
    return ("<NrKSeF>1</NrKSeF>"
            f"<NrKSeFFaKorygowanej>{before.ksef_number}</NrKSeFFaKorygowanej>")


def _rate(category: str, rate_basis_points: int, delivered_in: str) -> tuple[str, str]:
    """What a line says, and the number of the fields of its totals. Goods are delivered somewhere;
    a service is where its buyer is."""
    if category == REVERSE_CHARGE:
        return _ABROAD if delivered_in else _SERVICE
    if category == OUT_OF_SCOPE:
        return _ABROAD
    return _EXEMPT if category == EXEMPT else _RATES.get(rate_basis_points, ("", ""))


def _exchange(document: Document) -> str:
    told = document.vat_told
    return "" if told is None else f"<KursWaluty>{number(told.rate)}</KursWaluty>"


def _descriptions(line: Line) -> str:
    return "".join([
        f"<DodatkowyOpis><NrWiersza>{line.number}</NrWiersza><Klucz>{name}</Klucz>"
        f"<Wartosc>{value}</Wartosc></DodatkowyOpis>\n"
        for name, value in zip(ATTRIBUTES, shown(line.attributes, 256), strict=True) if value])


def _row(line: Line, currency: str, sign: int, exchange: str, delivered_in: str) -> str:
    day = f"<P_6A>{line.end}</P_6A>" if line.end is not None else ""
    return (f"<FaWiersz><NrWierszaFa>{line.number}</NrWierszaFa>{day}"
            f"{element('P_7', line.name, 512)}{element('Indeks', line.item_id, 50)}"
            f"<P_8A>{_UNITS.get(line.unit, line.unit)}</P_8A>"
            f"<P_8B>{number(round(sign * line.quantity, 6))}</P_8B>"
            f"<P_9A>{number(line.price.net)}</P_9A>"
            f"<P_11>{amount(sign * line.net_minor, currency)}</P_11>"
            f"<P_12>{_rate(line.category, line.rate_basis_points, delivered_in)[0]}</P_12>"
            f"{exchange}</FaWiersz>\n")


def _settled(document: Document, sign: int) -> str:
    """What rounding adds or takes off: P_15 is net plus VAT."""
    rounding = sign * document.rounding_minor
    if not rounding:
        return ""
    kind, whole = ("Obciazenia", "SumaObciazen") if rounding > 0 else ("Odliczenia", "SumaOdliczen")
    size = amount(abs(rounding), document.currency)
    payable = sign * document.payable_minor
    due = "DoZaplaty" if payable >= 0 else "DoRozliczenia"
    return (f"<Rozliczenie><{kind}><Kwota>{size}</Kwota><Powod>Zaokr\u0105glenie</Powod></{kind}>"
            f"<{whole}>{size}</{whole}><{due}>{amount(abs(payable), document.currency)}</{due}>"
            "</Rozliczenie>\n")


def _payment(document: Document) -> str:
    means = document.means
    if means is None or document.is_credit:
        return ""
    due = (f"<TerminPlatnosci><Termin>{document.due_on}</Termin></TerminPlatnosci>"
           if document.due_on is not None else "")
    other = _OTHER_MEANS.get(means.code)
    form = f"<PlatnoscInna>1</PlatnoscInna><OpisPlatnosci>{other}</OpisPlatnosci>" if other \
        else "<FormaPlatnosci>6</FormaPlatnosci>"
    account = (f"<RachunekBankowy><NrRB>{means.iban}</NrRB>{element('SWIFT', means.bic, 11)}"
               "</RachunekBankowy>" if means.iban and means.code != DIRECT_DEBIT else "")
    return f"<Platnosc>{due}{form}{account}</Platnosc>\n"
