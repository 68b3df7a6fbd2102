"""What is printed: the same facts in 40 columns and on every paper, in every language."""

import io

import pypdfium2
import pytest
from PIL import Image

from authhost.operator import Operator
from authhost.receipts import pdf
from authhost.receipts.document import Client, Denomination, Enclosed, Parties, Told
from authhost.receipts.language import LANGUAGES, language
from authhost.receipts.text import WIDTH, text
from authhost.safes.life import Credit, Custody
from tests.support.receipt_example import OPERATOR, SAFE, example

FACTS = ("20261122-SAFE0001-1A2F0", "Gotovina d.o.o.", "1000 Ljubljana, SI", "SI12345678",
         "Pekarna Đurđević & Šušteršič, d. o. o.", "8360 Žužemberk, SI", "SI56 1910 0000 0123 438",
         "SI00 2026-1122-77", "SAFE0001", "Ana Čučković-Größl (007)", "340123450000000017",
         "2026-11-22 10:15:04 +01:00", "2026-11-22 10:15:02", "600,00", "770,00 EUR",
         "D2611221A2F0", "A4MFV-BNM0A-GQ116-EVP5H-792MX", "Z12345678901")


def read(content):
    """(text, pages, sizes in mm)."""
    document = pypdfium2.PdfDocument(content)
    pages = list(document)
    sizes = [tuple(round(side / 72 * 25.4) for side in page.get_size()) for page in pages]
    return "\n".join(page.get_textpage().get_text_bounded() for page in pages), len(pages), sizes


def flat(printed):
    return " ".join(printed.split())


def test_every_language_has_every_word():
    words = {name: set(language(name).words) for name in LANGUAGES}
    assert all(found == words["en"] for found in words.values())
    for name in LANGUAGES:
        for state in Custody:
            assert language(name)[f"state_{state}"]
        for credit in Credit:
            assert language(name)[f"credit_{credit}"]


@pytest.mark.parametrize(("minor", "currency", "written"), [
    (123_456_789, "EUR", "1.234.567,89"), (5, "EUR", "0,05"), (1_234, "JPY", "1.234"),
    (1_234, "KWD", "1,234"), (-5, "EUR", "-0,05"), (0, "EUR", "0,00")])
def test_amounts(minor, currency, written):
    assert language("de").number(minor, currency) == written
    assert language("de").amount(minor, currency) == f"{written}\u00a0{currency}"


def test_the_text_has_all_facts_in_forty_columns():
    printed = text(example(), language("sl"))
    assert max(map(len, printed.splitlines())) <= WIDTH
    for fact in FACTS:
        assert fact in printed or fact in flat(printed), fact
    assert "COPY" not in printed
    assert printed.index("50,00 bankovec 4a") < printed.index("10,00 bankovec 3") \
        < printed.index("2,00 kovanec")


@pytest.mark.parametrize(("paper", "size"), [
    ("a4", (210, 297)), ("a6", (105, 148)), ("80mm", (80, None))])
def test_the_file_has_all_facts_on_every_paper(paper, size):
    printed, pages, sizes = read(pdf.pdf(example(), language("sl"), paper))
    for fact in FACTS:
        assert flat(fact) in flat(printed), fact
    assert sizes[0][0] == size[0]
    assert size[1] is None or sizes[0][1] == size[1]
    assert pages == (2 if paper == "a6" else 1)
    assert "<b>x</b>" in flat(printed), "text is no markup"


def test_copies_and_what_was_reversed_are_marked():
    printed = text(example(copy=2, state="reversed"), language("sl"))
    assert "KOPIJA / COPY 2" in printed
    assert "STORNIRANO" in printed
    filed, _, _ = read(pdf.pdf(example(copy=2), language("en"), "a4"))
    assert "COPY 2" in filed
    original, _, _ = read(pdf.pdf(example(copy=0), language("en"), "a4"))
    assert "COPY" not in original


def test_an_envelope_and_a_cheque_are_declared_not_counted():
    told = Told(depositor="7", envelope=Enclosed("E77"))
    printed = flat(text(example(kind="envelope", told=told), language("en")))
    assert "SEALED ENVELOPE" in printed
    assert "Declared amount 770.00 EUR" in printed
    assert "is counted at the cash centre" in printed
    told = Told(cheque=Enclosed("C1", "Bank of Š"))
    printed = flat(text(example(kind="cheque", told=told), language("en")))
    assert "Bank of Š" in printed


def test_nobody_known_is_said():
    parties = Parties(Operator(), Client(), SAFE)
    printed = text(example(parties=parties, told=Told(), missing=("operator.name",)),
                   language("en"))
    assert "not known" in printed
    assert "operator.name" in printed


def test_the_letters_of_the_region_are_drawn_and_strange_ones_do_no_harm():
    """The font has them: each is drawn otherwise than the sign for none."""
    glyphs = "čšžđćČŠŽĐĆüöäßÜÖÄ€łőűřěșțğıЂљњџжшΩ"
    parties = Parties(Operator(glyphs), Client(), SAFE)
    printed, _, _ = read(pdf.pdf(example(parties=parties), language("en"), "a4"))
    assert glyphs in printed
    strange = Parties(Operator("A\u0007\u202e漢😀\u001b[2JB" * 40), Client(), SAFE)
    filed, _, _ = read(pdf.pdf(example(parties=strange), language("en"), "80mm"))
    assert "A???" in filed
    lines = text(example(parties=strange), language("en"))
    assert not set(lines) & {"\u0007", "\u001b", "\u202e"}


def test_amounts_of_many_noughts_and_many_denominations():
    told = Told(denominations=tuple(
        Denomination(10**9 * at, 999_999, "note", "4a") for at in range(1, 65)))
    receipt = example(told=told, amount_minor=10**15, parties=Parties(OPERATOR, Client(), SAFE))
    printed = text(receipt, language("sl"))
    assert max(map(len, printed.splitlines())) <= WIDTH
    assert "639.999.360.000.000,00" in printed
    for paper in pdf.FORMATS:
        filed, _, _ = read(pdf.pdf(receipt, language("sl"), paper))
        assert "639.999.360.000.000,00" in flat(filed)


def test_the_same_receipt_is_the_same_bytes_and_the_square_is_there():
    content = pdf.pdf(example(), language("de"), "80mm")
    assert content == pdf.pdf(example(), language("de"), "80mm")
    page = pypdfium2.PdfDocument(io.BytesIO(content))[0]
    picture: Image.Image = page.render(scale=2).to_pil().convert("L")
    wide, high = picture.size
    corner = picture.crop((wide * 2 // 3, high * 9 // 10, wide, high))
    greys = corner.tobytes()
    dark = sum(grey < 128 for grey in greys) / len(greys)
    assert 0.15 < dark < 0.6
