"""Fee invoices as FA(3): what is exempt, abroad, or not subject to VAT; what keeps one from it."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from lxml import etree

from clearing.invoices.checking import read_ksef
from clearing.invoices.document import NETTED, Document, Party, PaymentMeans
from clearing.invoices.ksef import ksef
from clearing.invoices.rates import Rates
from clearing.invoices.vat_told import Rate
from clearing.ownbooks.fee_parts import Fee, Part, parts_of
from clearing.ownbooks.ksef_told import Telling, telling, told_of
from clearing.ownbooks.papers import Account, Issue, fee_invoice, transfer_to
from clearing.party import Address

# The ministry's schema is not ours to hand on: who has it, names it.
FA3 = Path(os.environ.get("KSEF_XSD", "FA3.xsd"))
DAY = date(2026, 7, 31)
SELLER = Account(0, Party("Operator", Address("Prosta", "1", "00-838", "Warszawa", "PL"),
                          vat_id="PL5260250274"), "PL", "PL61109010140000071219812874", "WBKPPLPP")
FEES = [Fee("phone", 2_300, 7, 10_000, 1_001), Fee("interest", 0, 1, 0, 500)]
RATE = Rate("PLN", Decimal("4.2613"), date(2026, 7, 30))
RATES = Rates({("EUR", "PLN"): [RATE]})


def buyer(country: str, vat_id: str, tax_number: str = "") -> Account:
    return Account(30, Party("Shop & co", Address(town="Town", country=country), party_id="30",
                             vat_id=vat_id, tax_number=tax_number), country)


HOME, PARIS = buyer("PL", "PL9542742927"), buyer("FR", "FR83404833048")
BERN, NOBODY = buyer("CH", "CHE123456788"), buyer("PL", "", "12/345")


def split(account: Account, fees: list[Fee] = FEES, seller: Account = SELLER,
          currency: str = "EUR") -> list[Part]:
    return parts_of(fees, seller, account, currency, 0, netted=False)


def asked(account: Account, *, seller: Account = SELLER, currency: str = "EUR",
          rates: Rates = RATES, forms: tuple[str, ...] = ("ksef", "pdf"),
          fees: list[Fee] = FEES, vat_currency: str = "") -> Telling:
    return telling(split(account, fees, seller, currency), forms, seller, currency, vat_currency,
                   rates, DAY)


def invoice(account: Account, fees: list[Fee], seller: Account = SELLER) -> Document:
    part, = split(account, fees, seller)
    telling_it = asked(account, seller=seller, fees=fees)
    assert (telling_it.forms, telling_it.defect) == (("ksef", "pdf"), "")
    issue = Issue("FEE2026-000001", DAY, "EUR", (date(2026, 7, 1), DAY), seller, part.buyer,
                  transfer_to(seller, "EUR", "FEE2026-000001"), "30")
    return fee_invoice(issue, part.items, None, told_of(part, telling_it))


@pytest.mark.parametrize(("account", "told", "absent"), [
    (HOME, ["<P_13_1>10.01</P_13_1><P_14_1>2.30</P_14_1><P_14_1W>9.80</P_14_1W>",
            "<P_13_7>5.00</P_13_7>", "<P_12>zw</P_12>", "<KursWaluty>4.2613</KursWaluty>",
            "<P_19>1</P_19><P_19B>Directive 2006/112/EC, article 135(1)(b)</P_19B>",
            "<NIP>9542742927</NIP>"], ["P_19N", "np I"]),
    (PARIS, ["<P_13_9>10.01</P_13_9>", "<P_12>np II</P_12>", "<P_18>1</P_18>",
             "<KodUE>FR</KodUE><NrVatUE>83404833048</NrVatUE>"], ["KursWaluty", "P_13_8"]),
    (BERN, ["<P_13_8>15.01</P_13_8>", "<P_12>np I</P_12>", "<P_18>2</P_18>", "<P_19N>1</P_19N>",
            "<NIP>5260250274</NIP>", "<KodKraju>CH</KodKraju><NrID>E123456788</NrID>"],
     ["KursWaluty", "P_14"])])
def test_a_fee_invoice_is_told_to_ksef(account: Account, told: list[str], absent: list[str],
                                       tmp_path: Path) -> None:
    document = invoice(account, FEES)
    text = "".join(ksef(document))
    assert [one for one in told if one not in text] == []
    assert [one for one in absent if one in text] == []
    path = tmp_path / "file.xml"
    path.write_text(text)
    assert read_ksef(path) == (2, document.payable_minor, "EUR")
    if not FA3.exists():
        pytest.skip("FA(3)'s schema is not here; the rest has been checked")
    etree.XMLSchema(etree.parse(FA3)).assertValid(etree.fromstring(text.encode()))


@pytest.mark.parametrize("account", [buyer("PL", "", "0000123456"), buyer("TR", "", "1234567890")])
def test_a_number_of_a_register_is_no_nip(account: Account) -> None:
    """A Polish KRS and a Turkish VKN have ten digits too."""
    text = "".join(ksef(invoice(account, FEES[1:])))
    assert "<Podmiot2><DaneIdentyfikacyjne><BrakID>1</BrakID>" in text


def test_the_seller_is_told_by_his_nip_whatever_other_number_he_has() -> None:
    seller = msgspec.structs.replace(SELLER, party=msgspec.structs.replace(
        SELLER.party, tax_number="012345678"))
    assert "<NIP>5260250274</NIP>" in "".join(ksef(invoice(BERN, FEES, seller)))


def test_what_is_set_off_is_no_transfer() -> None:
    part, = split(HOME)
    issue = Issue("FEE2026-000001", DAY, "PLN", (DAY, DAY), SELLER, part.buyer,
                  PaymentMeans(NETTED, "FEE2026-000001"))
    text = "".join(ksef(fee_invoice(issue, part.items)))
    assert "<OpisPlatnosci>Potr\u0105cenie</OpisPlatnosci>" in text
    assert "FormaPlatnosci" not in text


@pytest.mark.parametrize(("made", "found"), [
    (asked(HOME, seller=msgspec.structs.replace(SELLER, country="DE")),
     Telling(("pdf",))),
    (asked(HOME, seller=msgspec.structs.replace(SELLER, country="DE"), forms=("ksef",)),
     Telling((), defect="form_missing")),
    (asked(HOME, forms=("ubl",)), Telling(("ubl",))),
    (asked(HOME, seller=msgspec.structs.replace(SELLER, party=msgspec.structs.replace(
        SELLER.party, vat_id="PL526025"))), Telling(("ksef", "pdf"), None, "seller_nip_missing")),
    (asked(HOME, fees=[Fee("phone", 2_000, 1, 0, 100)]),
     Telling(("ksef", "pdf"), None, "vat_rate_not_polish")),
    (asked(NOBODY), Telling(("ksef", "pdf"), None, "vat_id_missing")),
    (asked(BERN, rates=Rates({})), Telling(("ksef", "pdf"))),
    (asked(HOME, rates=Rates({})), Telling(("ksef", "pdf"), None, "exchange_rate_missing")),
    (asked(HOME, rates=Rates({}), currency="PLN"), Telling(("ksef", "pdf"))),
    (asked(HOME), Telling(("ksef", "pdf"), RATE)),
    (asked(HOME, forms=("ubl",), vat_currency="PLN"), Telling(("ubl",), RATE)),
    (asked(PARIS, forms=("ubl",), vat_currency="PLN"), Telling(("ubl",))),
    (asked(HOME, forms=("ubl",), vat_currency="EUR"), Telling(("ubl",))),
    (asked(HOME, forms=("ubl",), vat_currency="CZK"),
     Telling(("ubl",), None, "exchange_rate_missing"))])
def test_what_keeps_a_fee_invoice_from_ksef(made: Telling, found: Telling) -> None:
    assert made == found
