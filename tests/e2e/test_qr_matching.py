"""What banks have credited, matched with payments by code, on real servers."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from authhost.embedded import Servers
from authhost.payments.life import State
from authhost.payments.matching import Outcome
from authhost.payments.model import Refused
from authhost.payments.qr_codes import epc_reference, nbs_reference
from tests.support.payments import CALLER, together
from tests.support.portfolio import SHOP_ACCOUNT
from tests.support.qr_yard import BANK, RSD_IBAN, Yard, credit_of
from tests.support.rig import running


@pytest.fixture(scope="module")
def yard(servers: Servers) -> Iterator[Yard]:
    with running(servers) as rig:
        made = Yard(rig)
        yield made
        made.close()


def test_a_credit_pays_the_payment_of_its_reference(yard: Yard) -> None:
    asked = yard.ask()
    credit = credit_of(asked)
    assert yard.tell(credit) == Outcome(credit.entry_reference, "matched", "", asked.payment_id)
    now = yard.shop.now(asked).now
    assert (now.state, now.captured_minor, now.paid_at is not None) == (
        State.CAPTURED, 1_250, True)
    assert yard.shop.changes(asked)[1:] == [("match", "created", "captured")]
    assert yard.posted(asked) == [("payment", None, 1_250),
                                  ("payment_receipt", SHOP_ACCOUNT, 1_250)]
    assert yard.shop.told[-1].state is State.CAPTURED
    [row] = yard.rig.sql("SELECT state, payment_id, sender_iban FROM payment_credit WHERE "
                         "entry_reference = $1", credit.entry_reference)
    assert tuple(row) == ("matched", asked.payment_id, credit.sender_iban)


def test_what_is_captured_later_is_booked_later(yard: Yard) -> None:
    asked = yard.ask(capture="manual")
    yard.tell(credit_of(asked))
    assert yard.shop.now(asked).now.state is State.PAID
    assert yard.posted(asked) == [("payment", None, 1_250)]


@pytest.mark.invariant(3)
def test_the_same_credit_again_counts_once(yard: Yard) -> None:
    asked = yard.ask()
    credit = credit_of(asked)
    told = yard.rig.run(together(*(yard.matching.credited(BANK, credit) for _ in range(5))))
    assert told == [yard.tell(credit)] * 5
    assert len(yard.shop.changes(asked)) == 2
    with pytest.raises(Refused, match="was told with 1250 EUR"):
        yard.tell(msgspec.structs.replace(credit, amount_minor=1))


def test_a_repeat_whose_first_result_was_lost_is_no_second_credit(yard: Yard) -> None:
    asked = yard.ask()
    credit = credit_of(asked)
    # As if the row of the credit had not been read yet: only the claim says whose it is.
    yard.tell(credit)
    assert yard.rig.run(yard.matching._matched(BANK, credit, asked)) == ""
    other = credit_of(asked)
    assert yard.rig.run(yard.matching._matched(BANK, other, asked)) == "second_credit"


def test_what_does_not_fit_is_kept_with_its_reason(yard: Yard) -> None:
    fits, ended, paid, sandbox = yard.ask(), yard.ask(), yard.ask(), yard.ask()
    yard.rig.run(yard.shop.payments.cancel(CALLER, ended.payment_id))
    yard.tell(credit_of(paid))
    yard.rig.sql("UPDATE payment SET sandbox = true WHERE payment_id = $1", sandbox.payment_id)
    by_phone = yard.shop.ask(yard.shop.phone())
    whys = {
        "amount": credit_of(fits, amount_minor=1_249),
        "currency": credit_of(fits, currency="RSD", iban=RSD_IBAN),
        "account": credit_of(fits, iban="SI56020100014356205"),
        "unknown_reference": credit_of(fits, references=("RF18539007547034", "thanks")),
        "cancelled": credit_of(ended),
        "second_credit": credit_of(paid),
        "sandbox": credit_of(sandbox),
    }
    before = yard.kept()
    for why, credit in whys.items():
        assert (yard.tell(credit).state, yard.tell(credit).why) == ("unmatched", why)
    assert yard.tell(credit_of(by_phone)).why == "unknown_reference"
    assert yard.tell(credit_of(fits), "OTHER").why == "account"
    assert yard.kept()[len(before):len(before) + 7] == [
        (credit.entry_reference, why) for why, credit in whys.items()]
    assert yard.shop.now(fits).now.state is State.CREATED
    assert len(yard.shop.changes(paid)) == 2


def test_after_its_time_a_credit_finds_it_over(yard: Yard) -> None:
    asked = yard.ask()
    yard.rig.sql("UPDATE payment SET expires_at = now() WHERE payment_id = $1", asked.payment_id)
    assert yard.tell(credit_of(asked)).why == "expired"
    assert yard.shop.now(asked).now.state is State.EXPIRED


@pytest.mark.invariant(9)
def test_the_commit_itself_refuses_what_is_late(yard: Yard) -> None:
    asked = yard.ask()
    late = msgspec.structs.replace(asked, expires_at=asked.created_at)
    credit = credit_of(asked)
    assert yard.rig.run(yard.matching._matched(BANK, credit, late)) == "expired"
    assert yard.shop.now(asked).now.state is State.EXPIRED
    assert yard.posted(asked) == [("payment", None, 0), ("payment_receipt", SHOP_ACCOUNT, 0)]
    assert yard.tell(credit).why == "expired"


def test_two_payments_that_share_a_beginning_wait_for_a_person(yard: Yard) -> None:
    asked = yard.ask()
    other = asked.payment_id[:13] + "a" * 13
    yard.rig.sql("INSERT INTO payment SELECT (jsonb_populate_record(p, jsonb_build_object("
                 "'payment_id', $2::text))).* FROM payment p WHERE payment_id = $1",
                 asked.payment_id, other)
    assert yard.tell(credit_of(
        asked, references=(nbs_reference(asked.payment_id),))).why == "two_payments"
    assert yard.tell(credit_of(asked)).state == "matched"


def test_a_reference_is_found_where_a_bank_may_have_put_it(yard: Yard) -> None:
    for written in (("NOTPROVIDED", "{}"), ("RF18539007547034", "{}"), ("{}", "other")):
        asked = yard.ask()
        reference = epc_reference(asked.payment_id)
        spaced = " ".join(reference[at:at + 4] for at in range(0, 22, 4)).lower()
        told = tuple(one.format(spaced) for one in written)
        if told[0].startswith("RF18"):
            assert yard.tell(credit_of(asked, references=told)).state == "matched"
        else:
            assert yard.tell(credit_of(asked, references=told)).payment_id == asked.payment_id


def test_a_cancel_that_races_a_credit_leaves_one_truth(yard: Yard) -> None:
    seen = set()
    for number in range(12):
        asked = yard.ask()
        credit = credit_of(asked)
        works = [yard.matching.credited(BANK, credit),
                 yard.shop.payments.cancel(CALLER, asked.payment_id),
                 yard.shop.payments.expire(asked.payment_id)]
        results = yard.rig.run(together(*(works if number % 2 else works[::-1])))
        [told] = [one for one in results if isinstance(one, Outcome)]
        state = yard.shop.now(asked).now.state
        assert (told.state == "matched") == (state is State.CAPTURED), told
        assert len(yard.shop.changes(asked)) == 2
        assert yard.tell(credit) == told
        seen.add(state)
    assert len(seen) > 1, "nobody raced"
