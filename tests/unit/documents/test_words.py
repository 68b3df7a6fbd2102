"""Languages: all have all words, and what they write can be read back."""

from __future__ import annotations

import re
import string
from decimal import Decimal
from importlib.resources import files

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.documents.settings import Documents
from clearing.documents.words import Language, language, language_of, languages, minor_of
from clearing.errors import ClearingError
from clearing.settings import check_settings, load_settings

EVERY = pytest.mark.parametrize("known", languages(), ids=lambda known: known.code)
# Words that are looked up by a part of data: a kind, a unit, a reason, an attribute.
BY_DATA = re.compile(r"(kind|fee|unit|why|about|verify|vatex)_|(payment|refund|refund_returned)$")


def test_there_are_the_languages_of_the_countries() -> None:
    assert [known.code for known in languages()] == ["de", "en", "pl", "sl"]
    assert [language_of(country, "en").code for country in ("AT", "PL", "SI", "FR", "")] == [
        "de", "pl", "sl", "en", "en"]
    with pytest.raises(ClearingError, match="no language 'xx'"):
        language("xx")
    with pytest.raises(ClearingError, match="clearing settings: documents: no language 'xx'"):
        check_settings(msgspec.structs.replace(load_settings(), documents=Documents(language="xx")))


@EVERY
def test_each_has_every_word_with_its_blanks(known: Language) -> None:
    english = language("en").words
    assert known.words.keys() == english.keys()
    for name, text in known.words.items():
        blanks = [{field for _, field, _, _ in string.Formatter().parse(words) if field}
                  for words in (text, english[name])]
        assert blanks[0] == blanks[1], name
    assert len(known.months) == 12


def test_every_word_is_used() -> None:
    room = files("clearing.documents")
    text = "\n".join(path.read_text() for folder in (room, room.joinpath("templates"))
                     for path in folder.iterdir() if path.name.endswith((".py", ".typ")))
    asked = set(re.findall(r"w(?:ords)?\.([a-z_]+)", text)) | set(re.findall(r'"([a-z_]+)"', text))
    unused = {name for name in language("en").words
              if name not in asked and not BY_DATA.match(name)
              and not re.fullmatch(r"total_(net|vat|gross)", name)}
    assert unused == set()
    assert set(re.findall(r"\bw\.([a-z_]+)", text)) <= language("en").words.keys()


@given(st.integers(-10**15, 10**15), st.sampled_from(["EUR", "JPY", "KWD"]),
       st.sampled_from(languages()))
def test_an_amount_is_read_back(minor: int, currency: str, known: Language) -> None:
    assert minor_of(known.amount(minor, currency)) == minor
    assert minor_of(known.money(minor, currency)) == minor


def test_no_amount() -> None:
    assert minor_of("none") is None
    assert minor_of("") is None


@pytest.mark.parametrize(("code", "expected"), [
    ("en", ["\u22121,234.50", "20.125", "1.312", "12.50", "23 July 2026", "23/7", "5.5%",
            "1 July 2026\u00a0\u2013 23 July 2026"]),
    ("de", ["\u22121.234,50", "20,125", "1,312", "12,50", "23.07.2026", "23.7.", "5,5 %",
            "01.07.2026\u00a0\u2013 23.07.2026"]),
    ("pl", ["\u22121 234,50", "20,125", "1,312", "12,50", "23.07.2026", "23.7", "5,5%",
            "01.07.2026\u00a0\u2013 23.07.2026"]),
    ("sl", ["\u22121.234,50", "20,125", "1,312", "12,50", "23. 7. 2026", "23. 7.", "5,5 %",
            "1. 7. 2026\u00a0\u2013 23. 7. 2026"]),
])
def test_how_each_writes(code: str, expected: list[str]) -> None:
    known = language(code)
    written = [known.amount(-123_450, "EUR"), known.quantity("20.12500"),
               known.price(Decimal("1.3120")), known.price(Decimal("12.5")),
               known.day("2026-07-23"), known.short_day("2026-07-23"), known.share(550),
               known.days("2026-07-01", "2026-07-23")]
    assert [text.replace("\u00a0", " ") for text in written] == [
        text.replace("\u00a0", " ") for text in expected]
    assert known.days("2026-07-23", "2026-07-23") == known.day("2026-07-23")


def test_what_is_no_number_stays() -> None:
    assert language("de").number("1e5") == "1e5"
    assert language("de").quantity("") == ""
