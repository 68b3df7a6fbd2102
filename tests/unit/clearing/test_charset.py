"""What a bank file may hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.charset import clean

SEPA = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")


@pytest.mark.parametrize(("text", "cleaned"), [
    ("Rue de l'Été 5", "Rue de l'Ete 5"), ("Müller & Søn", "Muller + Son"),
    ("Żółć Straße", "Zolc Strasse"), ("Ђорђе Њ Жижић", "Djordje Nj Zhizhic"),
    ("Αθήνα", "Athina"), ("a_b;c@d", "a-b,c(at)d"), ("  two\t\nlines ", "two lines"),
    ("½ ﬁn", "1/2 fin"), ("日本", ".."), ("<b>", ".b."), ("\x00\u200b", ""), ("", ""),
])
def test_known_letters(text: str, cleaned: str) -> None:
    assert clean(text, 70) == cleaned


@given(st.text(), st.integers(1, 140))
def test_nothing_else_gets_through(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert set(cleaned) <= SEPA
    assert len(cleaned) <= limit
    assert cleaned == clean(cleaned, limit)
