"""What a phone signs is what the host checks, byte by byte; what it shows moves no cursor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from authhost.merchants import login_text as theirs_login
from authhost.payments import bodies, signing
from authhost.payments.life import State
from authhost.payments.model import Asked, Standing
from authhost.phones import texts
from terminals.money import amount
from terminals.phone import shown as ours
from terminals.phone.faults import Fault, altered, moved

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)
DECISION: st.SearchStrategy[Literal["approve", "refuse"]] = st.sampled_from(["approve", "refuse"])
AT = datetime(2026, 7, 23, tzinfo=UTC)


@given(st.lists(TEXT, min_size=9, max_size=9), st.integers(1, 10**12), DECISION)
def test_a_payments_text(parts: list[str], amount: int,
                         decision: Literal["approve", "refuse"]) -> None:
    name, merchant, payee, currency, purpose, reference, nonce, phone, at = parts
    theirs = signing.text_of(
        signing.Shown(payment_id=name, merchant_id=merchant, payee=payee, amount_minor=amount,
                      currency=currency, purpose=purpose, reference=reference, nonce=nonce),
        signing.Word(decision=decision, phone=phone, signed_at=at, serial="", signature=""))
    mine = ours.payment_text(
        ours.Waiting(id=name, merchant_id=merchant, payee=payee, amount_minor=amount,
                     currency=currency, purpose=purpose, reference=reference, nonce=nonce),
        decision, phone, at)
    assert mine == theirs


@given(st.lists(TEXT, min_size=9, max_size=9), DECISION)
def test_a_logins_text(parts: list[str], decision: Literal["approve", "refuse"]) -> None:
    name, merchant_id, merchant, user, code, browser, nonce, phone, at = parts
    theirs = theirs_login.login_text(
        theirs_login.Login(id=name, merchant_id=merchant_id, merchant=merchant, user_id=user,
                           code=code, browser=browser, nonce=nonce, created_at=AT, expires_at=AT),
        theirs_login.LoginWord(decision=decision, phone=phone, signed_at=at, serial="",
                               signature=""))
    mine = ours.login_text(
        ours.Login(id=name, merchant_id=merchant_id, merchant=merchant, user_id=user, code=code,
                   browser=browser, nonce=nonce), decision, phone, at)
    assert mine == theirs


@given(st.lists(TEXT, min_size=6, max_size=6))
def test_what_a_phone_says_of_itself(parts: list[str]) -> None:
    one, two, three, four, five, six = parts
    assert ours.renewal_text(one, two, three, four) == texts.renewal_text(one, two, three, four)
    assert ours.revocation_text(one, two, three) == texts.revocation_text(one, two, three)
    assert ours.push_text(one, two, three, four, five, six) \
        == texts.push_text(one, two, three, four, five, six)


SHOWN = ours.Waiting(id="p1", merchant_id="SHOP", payee="Grüße\x1b[2J", amount_minor=1_205,
                     currency="EUR", purpose="a\nb", reference="R", nonce="abc")


def test_what_comes_from_elsewhere_moves_no_cursor() -> None:
    said = ours.in_words(SHOWN)
    assert said.isprintable()
    assert "12.05 EUR to Grüße?[2J (SHOP) for a?b [R]" in said
    login = ours.Login(id="l1", merchant_id="SHOP", merchant="Flowers", user_id="ana", code="0042",
                       browser="\x07", nonce="n")
    assert ours.in_words(login) == "l1  log in as ana of Flowers (SHOP), code 0042, from ?"


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_developers_payment_is_shown_as_what_it_is(sandbox: bool) -> None:
    asked = Asked(payment_id="p1", merchant_id="SHOP", account_id=1, user_id="till", kind="phone",
                  payer_phone="+38640000001", amount_minor=1_205, currency="EUR", purpose="Roses",
                  reference="R", capture="automatic", nonce="abc", callback_url="",
                  sandbox=sandbox, payee="Flowers", created_at=AT, expires_at=AT)
    told = bodies.payers(asked, Standing(state=State.SENT, version=2, changed_at=AT))
    mine = msgspec.json.decode(msgspec.json.encode(told), type=ours.Waiting)
    assert mine.sandbox is sandbox
    said = ours.in_words(mine)
    assert said.startswith("TEST, no money moves") is sandbox
    assert said.endswith("p1  12.05 EUR to Flowers (SHOP) for Roses [R]")


@pytest.mark.parametrize(("minor", "currency", "said"), [
    (5, "EUR", "0.05 EUR"), (100_000, "RSD", "1000.00 RSD"), (500, "JPY", "500 JPY"),
    (1_234, "KWD", "1.234 KWD")])
def test_money_as_a_payer_reads_it(minor: int, currency: str, said: str) -> None:
    assert amount(minor, currency) == said


def test_faults_change_what_they_say() -> None:
    assert altered(SHOWN, Fault.ALTERED_AMOUNT).amount_minor == 1_206
    assert altered(SHOWN, Fault.WRONG_NONCE).nonce != SHOWN.nonce
    assert altered(SHOWN, Fault.TWICE) == SHOWN
    assert (AT - moved(AT, Fault.EXPIRED)).total_seconds() == 600
    assert moved(AT, Fault.REPLAY) == AT
