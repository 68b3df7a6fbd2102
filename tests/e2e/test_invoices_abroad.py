"""Fuel bears the VAT of the country where it was delivered: invoices, books, what waits, KSeF."""

from __future__ import annotations

import asyncio
import base64
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from authhost.admin.tax_facts import check_of
from authhost.cli import main
from clearing.invoices.checking import read_ubl
from clearing.settings import Settings
from tests.e2e.clearing_day import DAY, FLEET, NEXT, Row, fuel, make_day, reversal, sql, tree
from tests.e2e.test_invoices import balance, gross, invoices, night, receipts, tax
from tests.support.vat_abroad import NIP, POLISH, exchange_rate, settings_of, site

pytestmark = pytest.mark.invariant(11)

AUSTRIA = {"vat_basis_points": 2_000, "vat_id": "ATU12345675"}
NETHERLANDS = {"vat_basis_points": 2_100, "reverse_charge": True}
HOME = settings_of(vat_basis_points=1_900, AT=AUSTRIA, NL=NETHERLANDS)
_UNCHECKED = f"{NIP}-20260724-0100001AF629-"
KSEF_NUMBER = _UNCHECKED + check_of(_UNCHECKED)


def at(where: str, key: str, minor: int, **other: Any) -> Row:
    return fuel(key, minor, **{"site_id": where, "detail": {"items": [
        {"product": "012", "unit": "L", "quantity": "20", "amount_minor": minor}]}, **other})


def scene(database_url: str, **terms: Any) -> None:
    asyncio.run(make_day(database_url, []))
    for site_id, country in (("S1", "DE"), ("WIEN", "AT"), ("UTRECHT", "NL"), ("ZAGREB", "HR")):
        site(database_url, site_id, country)
    tax(database_url, **({"forms": ["ubl", "cii", "csv", "pdf"]} | terms))


def rates(rows: list[dict[str, str]]) -> list[tuple[str, str, str, str, str]]:
    return [(row["country"], row["vat_percent"], row["vat_category"], row["net"], row["vat"])
            for row in rows if row["record"] == "vat"]


def queue(database_url: str) -> list[tuple[str, str]]:
    return [(row["reason"], row["subject"]) for row in sql(
        database_url, "SELECT reason, subject FROM clearing_exception WHERE state <> 'closed' "
                      "ORDER BY reason, subject")]


def test_each_country_has_an_invoice_with_its_own_vat(database_url: str, tmp_path: Path) -> None:
    scene(database_url, vat_id="FR83404833048")
    night(database_url, DAY, [at("S1", "home", 11_900), at("WIEN", "vienna", 12_000),
                              at("UTRECHT", "utrecht", 12_100)], tmp_path, settings=HOME)
    made = invoices(tmp_path, DAY)
    assert {number: (receipts(rows), gross(rows), *rates(rows)) for number, rows in made.items()} \
        == {"F2026-000001": (["home"], "119.00", ("", "19", "S", "100.00", "19.00")),
            "F2026-000002": (["vienna"], "120.00", ("AT", "20", "S", "100.00", "20.00")),
            # A French number is none of the Netherlands: its VAT is charged.
            "F2026-000003": (["utrecht"], "121.00", ("NL", "21", "S", "100.00", "21.00"))}
    folder = tmp_path / DAY.isoformat() / "fuel" / "invoices"
    vienna = (folder / "F2026-000002.ubl.xml").read_text()
    assert "<cbc:CompanyID>ATU12345675</cbc:CompanyID>" in vienna
    assert "<cac:DeliveryLocation>" in vienna
    assert "<cac:DeliveryLocation>" not in (folder / "F2026-000001.ubl.xml").read_text()
    assert balance(database_url, "2700") == -6_000
    assert balance(database_url, "1100") == 36_000


def test_who_accounts_for_the_vat_is_asked_for_the_rest(database_url: str, tmp_path: Path) -> None:
    scene(database_url, vat_id="NL123456789B01")
    night(database_url, DAY, [at("UTRECHT", "utrecht", 12_101)], tmp_path, settings=HOME)
    rows, = invoices(tmp_path, DAY).values()
    assert (gross(rows), rates(rows)) == ("100.01", [("NL", "0", "AE", "100.01", "0.00")])
    folder = tmp_path / DAY.isoformat() / "fuel" / "invoices"
    assert read_ubl(folder / "F2026-000001.ubl.xml") == (1, 10_001, "EUR")
    ubl = (folder / "F2026-000001.ubl.xml").read_text()
    assert "VATEX-EU-AE" in ubl
    assert "<cbc:CompanyID>DE123456788</cbc:CompanyID>" in ubl  # not registered there
    # 2110 has what was in the price and nobody is asked for, as where it is charged.
    assert [balance(database_url, code) for code in ("1100", "2110", "2700", "5900")] == [
        10_001, 2_100, 0, 0]
    night(database_url, NEXT, [reversal(at("UTRECHT", "utrecht", 12_101), -12_101,
                                        business_date=NEXT)], tmp_path, settings=HOME)
    rows, = invoices(tmp_path, NEXT).values()
    assert (rows[0]["corrects"], gross(rows)) == ("F2026-000001", "-100.01")
    assert [balance(database_url, code) for code in ("1100", "2110", "2700", "5900")] == [0] * 4


def test_what_comes_back_is_given_back_where_it_was_taxed(database_url: str,
                                                          tmp_path: Path) -> None:
    scene(database_url)
    sales = [at("S1", "home", 11_900), at("WIEN", "vienna", 12_000)]
    night(database_url, DAY, sales, tmp_path, settings=HOME)
    site(database_url, "WIEN", "DE")  # somebody mends the station's country in between
    night(database_url, NEXT, [reversal(one, -one["posted_minor"], business_date=NEXT)
                               for one in sales], tmp_path, settings=HOME)
    assert {number: (rows[0]["corrects"], *rates(rows))
            for number, rows in invoices(tmp_path, NEXT).items()} == {
        "G2026-000001": ("F2026-000001", ("", "19", "S", "-100.00", "-19.00")),
        "G2026-000002": ("F2026-000002", ("AT", "20", "S", "-100.00", "-20.00"))}
    assert balance(database_url, "2700") == 0


def test_a_country_that_nobody_has_told_of_waits(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    first = night(database_url, DAY, [at("S1", "home", 11_900), at("ZAGREB", "zagreb", 12_500)],
                  tmp_path, settings=HOME)
    assert [(case.reference, case.reason) for case in first.cases] == [
        ("1/EUR/HR", "country_vat_missing")]
    assert list(invoices(tmp_path, DAY)) == ["F2026-000001"]
    assert queue(database_url) == [("country_vat_missing", "1/EUR/HR")]
    told = settings_of(vat_basis_points=1_900, AT=AUSTRIA,
                       HR={"vat_basis_points": 2_500, "vat_id": "HR12345678901"})
    night(database_url, NEXT, [], tmp_path, settings=told)
    rows, = invoices(tmp_path, NEXT).values()
    assert (receipts(rows), gross(rows), rates(rows)) == (
        ["zagreb"], "125.00", [("HR", "25", "S", "100.00", "25.00")])
    assert queue(database_url) == []
    wait_for_the_same_bytes(database_url, tmp_path, NEXT)


def wait_for_the_same_bytes(database_url: str, out: Path, day: date) -> None:
    """A repeat of a night, by the settings that it has kept."""
    night(database_url, day, [], out / "again")
    assert tree(out / "again" / day.isoformat()) == tree(out / day.isoformat())


def test_ksef_is_told_vat_in_zlotys_by_the_rate_of_the_day_before(database_url: str,
                                                                  tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    tax(database_url, forms=["ksef", "csv"], vat_id="PL9542742927")
    exchange_rate(database_url, DAY - timedelta(11), "4.1")  # older than any holiday
    exchange_rate(database_url, DAY, "4.9")  # of the day itself: it is not known yet
    waits = night(database_url, DAY, [at("S1", "sale", 12_300)], tmp_path, settings=POLISH)
    assert [case.reason for case in waits.cases] == ["exchange_rate_missing"]
    exchange_rate(database_url, DAY - timedelta(1), "4.2")
    exchange_rate(database_url, DAY - timedelta(1), "4.2613")  # told again: the latest holds
    night(database_url, NEXT, [], tmp_path, settings=POLISH)
    folder = tmp_path / NEXT.isoformat() / "fuel" / "invoices"
    text = (folder / "F2026-000001.ksef.xml").read_text()
    assert "<P_14_1>23.00</P_14_1><P_14_1W>98.01</P_14_1W>" in text
    assert "<KursWaluty>4.2613</KursWaluty>" in text
    assert queue(database_url) == []
    exchange_rate(database_url, NEXT, "5")  # a correction keeps the rate of what it corrects
    later = NEXT + timedelta(1)
    night(database_url, later, [reversal(at("S1", "sale", 12_300), -12_300, business_date=later)],
          tmp_path, settings=POLISH)
    text = (tmp_path / later.isoformat() / "fuel" / "invoices" / "G2026-000001.ksef.xml") \
        .read_text()
    assert "<P_14_1W>-98.01</P_14_1W>" in text
    assert "<NrKSeFN>1</NrKSeFN>" in text
    wait_for_the_same_bytes(database_url, tmp_path, later)


@pytest.mark.parametrize(("vat_id", "forms", "made"), [
    ("PL9542742927", ["ksef", "csv"], [".csv"]),  # German VAT: no invoice of Polish law
    ("DE811907980", ["ksef", "csv"], [".csv", ".ksef.xml"]),  # its buyer accounts for it
    ("PL9542742927", ["ksef"], [])])
def test_ksef_has_what_polish_law_calls_an_invoice(
        vat_id: str, forms: list[str], made: list[str], database_url: str,
        tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    site(database_url, "BERLIN", "DE")
    tax(database_url, forms=forms, vat_id=vat_id)
    polish: Settings = settings_of(f"PL{NIP}", vat_basis_points=2_300, DE={
        "vat_basis_points": 1_900, "reverse_charge": True})
    first = night(database_url, DAY, [at("BERLIN", "sale", 11_900)], tmp_path, settings=polish)
    folder = tmp_path / DAY.isoformat() / "fuel" / "invoices"
    assert sorted("".join(path.suffixes) for path in folder.glob("*")) == made
    assert [case.reason for case in first.cases] == ([] if made else ["form_missing"])
    if ".ksef.xml" in made:
        text = (folder / "F2026-000001.ksef.xml").read_text()
        assert "<P_13_8>100.00</P_13_8><P_15>100.00</P_15>" in text
        assert "<P_18>1</P_18>" in text
        assert "<P_12>np I</P_12>" in text


def page(path: Path) -> str:
    """The text of the first page, as one line without marks where a line may break."""
    document = pypdfium2.PdfDocument(path)
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    # pdfium tells a hyphen that ends a line as this control character: a signature may have one.
    return str(text).replace("\x02", "-").replace("\u200b", "").replace("\r\n", "").replace(
        "\n", "")


def certificate(folder: Path) -> tuple[list[str], ec.EllipticCurvePublicKey]:
    """An offline certificate of KSeF as two files, and its public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Operator")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 0x01F20A5D352AE590, *(
        # datetimes of no zone are UTC
        datetime(year, 1, 1) for year in (2026, 2028))).sign(key, hashes.SHA256())  # noqa: DTZ001
    (folder / "c.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return (["--certificate", str(folder / "c.pem"), "--key", str(folder / "k.pem")],
            key.public_key())


def test_the_number_of_ksef_is_on_pages_and_corrections_made_later(
        database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(make_day(database_url, []))
    tax(database_url, forms=["ksef", "pdf"], vat_id="PL9542742927")
    exchange_rate(database_url, DAY - timedelta(1), "4.2613")
    night(database_url, DAY, [at("S1", "sale", 12_300), at("S1", "second", 2_460)], tmp_path,
          settings=POLISH)
    folder, out = tmp_path / DAY.isoformat() / "fuel" / "invoices", tmp_path / "pages"
    options, public = certificate(tmp_path)

    def made(*more: str) -> str:
        main(["ksef-pages", "--date", DAY.isoformat(), "--out", str(out), "--database",
              database_url, *more])
        return page(out / "F2026-000001.pdf")

    before = made(*options)
    first = (out / "F2026-000001.pdf").read_bytes()
    assert made(*options) == before
    assert (out / "F2026-000001.pdf").read_bytes() == first  # a signature without chance
    link = next(part for part in before.split("https://") if "/certificate/" in part)
    path = f"qr.ksef.mf.gov.pl/certificate/Nip/{NIP}/{NIP}/01F20A5D352AE590/"
    assert link.startswith(path)
    digest, signature = link.removeprefix(path)[:130].split("/")
    raw = base64.urlsafe_b64decode(signature[:86] + "==")
    public.verify(encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                       int.from_bytes(raw[32:], "big")),
                  f"{path}{digest}".encode(), ec.ECDSA(hashes.SHA256()))
    assert ("OFFLINE" in before, "CERTYFIKAT" in before) == (True, True)

    sql(database_url, "INSERT INTO ksef_number (number, ksef_number, who) VALUES "
        "('F2026-000001', $1, 'boss')", KSEF_NUMBER)
    after = made(*options)
    assert (KSEF_NUMBER in after, "OFFLINE" in after, "CERTYFIKAT" in after) == (
        True, False, False)
    assert f"F2026-000001    {KSEF_NUMBER}" in capsys.readouterr().out
    wait_for_the_same_bytes(database_url, tmp_path, DAY)  # the night's own are as they were
    assert "OFFLINE" in page(folder / "F2026-000001.pdf")

    night(database_url, NEXT, [reversal(at("S1", "sale", 12_300), -12_300, business_date=NEXT)],
          tmp_path, settings=POLISH)
    text = (tmp_path / NEXT.isoformat() / "fuel" / "invoices" / "G2026-000001.ksef.xml") \
        .read_text()
    assert (f"<NrKSeF>1</NrKSeF><NrKSeFFaKorygowanej>{KSEF_NUMBER}</NrKSeFFaKorygowanej>"
            in text)


def terms(database_url: str, **columns: str) -> None:
    """What a buyer tells anew of himself."""
    names = ", ".join(f"{name} = ${at}" for at, name in enumerate(columns, 2))
    sql(database_url, f"UPDATE account_tax SET {names} WHERE account_id = $1",
        FLEET, *columns.values())


NOT_REVERSED = settings_of(vat_basis_points=1_900, AT=AUSTRIA, NL=NETHERLANDS | {
    "reverse_charge": False, "vat_id": "NL003456789B01"})


@pytest.mark.parametrize(("before", "after", "first", "then", "asked", "told"), [
    ("NL123456789B01", "FR83404833048", HOME, HOME, "100.00", ("NL", "0", "AE", "-100.00", "0.00")),
    ("NL123456789B01", "", HOME, HOME, "100.00", ("NL", "0", "AE", "-100.00", "0.00")),
    ("NL123456789B01", "NL123456789B01", HOME, NOT_REVERSED, "100.00",
     ("NL", "0", "AE", "-100.00", "0.00")),
    ("FR83404833048", "NL123456789B01", HOME, HOME, "121.00",
     ("NL", "21", "S", "-100.00", "-21.00"))])
def test_what_comes_back_is_given_back_as_it_was_asked_for(
        before: str, after: str, first: Settings, then: Settings, asked: str,
        told: tuple[str, ...], database_url: str, tmp_path: Path) -> None:
    """Who accounts for the VAT, and under which numbers, is that of the invoice corrected."""
    scene(database_url, vat_id=before)
    night(database_url, DAY, [at("UTRECHT", "utrecht", 12_100)], tmp_path, settings=first)
    rows, = invoices(tmp_path, DAY).values()
    assert gross(rows) == asked
    terms(database_url, vat_id=after)
    night(database_url, NEXT, [reversal(at("UTRECHT", "utrecht", 12_100), -12_100,
                                        business_date=NEXT)], tmp_path, settings=then)
    rows, = invoices(tmp_path, NEXT).values()
    assert (rows[0]["corrects"], gross(rows), rates(rows)) == ("F2026-000001", f"-{asked}", [told])
    assert [balance(database_url, code) for code in ("1100", "2110", "2700", "5900")] == [0] * 4
    ubl = (tmp_path / NEXT.isoformat() / "fuel" / "invoices" / "G2026-000001.ubl.xml").read_text()
    assert "<cbc:CompanyID>DE123456788</cbc:CompanyID>" in ubl
    # Who accounted for the VAT is named by the number that he did it under (BR-AE-02).
    named = before if told[2] == "AE" else after
    assert f"<cbc:CompanyID>{named}</cbc:CompanyID>" in ubl
    wait_for_the_same_bytes(database_url, tmp_path, NEXT)


def test_a_correction_is_ksefs_where_what_it_corrects_was(database_url: str,
                                                          tmp_path: Path) -> None:
    """A German number that came later makes no Polish invoice of a German one's correction."""
    asyncio.run(make_day(database_url, []))
    site(database_url, "BERLIN", "DE")
    tax(database_url, forms=["ksef", "csv"], vat_id="PL9542742927")
    polish = settings_of(f"PL{NIP}", vat_basis_points=2_300, DE={
        "vat_basis_points": 1_900, "reverse_charge": True})
    night(database_url, DAY, [at("BERLIN", "sale", 11_900)], tmp_path, settings=polish)
    terms(database_url, vat_id="DE811907980")
    made = night(database_url, NEXT, [reversal(at("BERLIN", "sale", 11_900), -11_900,
                                               business_date=NEXT)], tmp_path, settings=polish)
    folder = tmp_path / NEXT.isoformat() / "fuel" / "invoices"
    assert sorted(path.name for path in folder.glob("*")) == ["G2026-000001.csv"]
    assert made.cases == ()
