"""Nights on which something has changed since: who is blocked, a sandbox or in debt elsewhere, what
the plan says by now, a refund that comes back later than it went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authhost.embedded import Servers
from authhost.payments.plans import Fee, Fees, Settlement
from tests.e2e.test_payment_settlement import Nights
from tests.support.after_payment import PaidShop
from tests.support.portfolio import SHOP_ACCOUNT
from tests.support.rig import running

pytestmark = pytest.mark.invariant(11)


@pytest.fixture
def nights(servers: Servers, tmp_path: Path) -> Iterator[Nights]:
    with running(servers) as rig:
        shop = PaidShop(rig)
        yield Nights(shop, tmp_path)
        shop.close()


def settled(nights: Nights, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of every settlement, oldest first."""
    return [tuple(row) for row in nights.shop.rig.sql(
        f"SELECT {', '.join(columns)} FROM merchant_settlement ORDER BY business_date, number")]


def merchant(nights: Nights, column: str, value: Any) -> None:
    """The merchant is so from now on."""
    nights.shop.rig.sql(f"WITH m AS (UPDATE merchant SET {column} = $1 "
                        "WHERE merchant_id = 'SHOP') UPDATE rules SET version = version + 1", value)
    nights.shop.payments.parties.outdated()


# Who is paid.

@pytest.mark.parametrize("status", ["blocked", "closed"])
def test_who_is_not_active_is_not_paid_until_it_is(nights: Nights, status: str) -> None:
    nights.plan(fees=Fees())
    nights.shop.paid(10_000)
    merchant(nights, "status", status)
    summary = nights.night()
    assert [(case.reason, case.amount_minor) for case in summary.cases] == [
        ("merchant_blocked", 10_000)]
    nights.night()  # nothing has changed: no second settlement
    assert settled(nights, "payout_minor", "closing_minor", "held") == [
        (0, 10_000, "merchant_blocked")]
    merchant(nights, "status", "active")
    nights.night()
    assert settled(nights, "payout_minor", "closing_minor", "held")[1:] == [(10_000, 0, "")]


def test_a_sandbox_that_is_one_no_more_is_paid(nights: Nights) -> None:
    nights.plan(fees=Fees())
    nights.shop.paid(10_000)
    merchant(nights, "sandbox", True)
    nights.night()
    assert settled(nights, "payout_minor", "held") == [(0, "sandbox")]
    merchant(nights, "sandbox", False)
    nights.night()
    assert settled(nights, "payout_minor", "held")[1:] == [(10_000, "")]


def test_what_was_below_the_least_is_paid_once_the_least_is_less(nights: Nights) -> None:
    nights.plan(Settlement(least_payout_minor=50_000), Fees())
    nights.shop.paid(10_000)
    nights.night()
    nights.plan(Settlement(), Fees())
    nights.night()
    assert settled(nights, "payout_minor", "held") == [(0, "below_least"), (10_000, "")]


def test_what_stays_below_the_least_is_settled_day_by_day(nights: Nights) -> None:
    """Nothing is paid on any of them; a day without payments needs no settlement."""
    nights.plan(Settlement(least_payout_minor=50_000), Fees())
    nights.shop.paid(10_000)
    nights.night()
    nights.shop.paid(5_000)
    nights.night()
    nights.night()
    assert settled(nights, "gross_minor", "payout_minor", "closing_minor", "held") == [
        (10_000, 0, 10_000, "below_least"), (5_000, 0, 15_000, "below_least")]


def moved(nights: Nights) -> int:
    """The shop has another account from now on."""
    rig = nights.shop.rig
    new = rig.portfolio.account("merchant")
    rig.sql("UPDATE account SET iban = 'DE89370400440532013000', address = (SELECT address "
            "FROM account WHERE account_id = $2) WHERE account_id = $1", new, SHOP_ACCOUNT)
    merchant(nights, "account_id", new)
    return new


def test_who_owes_nothing_under_its_old_account_is_paid_under_the_new(nights: Nights) -> None:
    nights.plan(fees=Fees())
    nights.shop.paid(10_000)
    nights.night()
    new = moved(nights)
    nights.shop.paid(10_000)
    assert nights.night().cases == ()
    assert settled(nights, "account_id", "payout_minor", "closing_minor", "held") == [
        (SHOP_ACCOUNT, 10_000, 0, ""), (new, 10_000, 0, "")]


def test_who_owes_under_one_account_is_not_paid_under_another(nights: Nights) -> None:
    nights.plan(fees=Fees())
    shop = nights.shop
    asked = shop.paid(10_000)
    nights.night()
    shop.refund(asked, 10_000)
    nights.night()
    new = moved(nights)
    shop.paid(10_000)
    summary = nights.night()
    assert [(case.kind, case.reason, case.amount_minor) for case in summary.cases] == [
        ("merchant_payout", "owes_elsewhere", 10_000)]
    assert settled(nights, "account_id", "payout_minor", "closing_minor", "held")[1:] == [
        (SHOP_ACCOUNT, 0, -10_000, "not_positive"), (new, 0, 10_000, "owes_elsewhere")]


# What is taken.

def test_a_fee_that_is_given_back_is_the_one_that_was_taken(nights: Nights) -> None:
    """Refunded under one plan, refused by the bank under the next day's."""
    nights.plan(fees=Fees(refund=Fee(fixed_minor=25)))
    refund = nights.shop.refund(nights.shop.paid(10_000), 4_000)
    nights.night()
    nights.plan(fees=Fees(refund=Fee(fixed_minor=500)))
    nights.shop.rig.run(nights.shop.after.refund_failed(refund["id"], "AC04", "account_closed"))
    nights.night()
    assert settled(nights, "fees_minor") == [(25,), (-25,)]


def test_a_refund_of_what_nobody_captured_has_no_fee_to_give_back(nights: Nights) -> None:
    """30 of what nobody captured goes back, 70 are captured and refunded, for a fee. The bank
    refuses the first: of two refunds one stands, and one fee."""
    nights.plan(fees=Fees(refund=Fee(fixed_minor=25)))
    shop = nights.shop
    asked = shop.paid(10_000, capture="manual")
    first = shop.refund(asked, 3_000)
    shop.capture(asked, 7_000)
    shop.refund(asked, 7_000)
    shop.rig.run(shop.after.refund_failed(first["id"], "AC04", "account_closed"))
    nights.night()
    assert settled(nights, "fees_minor") == [(25,)]


@pytest.mark.parametrize("capture", ["automatic", "manual"])
def test_refunds_are_netted_whatever_kind_the_merchants_account_is(nights: Nights,
                                                                   capture: str) -> None:
    nights.plan(fees=Fees())
    shop = nights.shop
    shop.rig.sql("UPDATE account SET kind = 'fleet' WHERE account_id = $1", SHOP_ACCOUNT)
    asked = shop.paid(10_000, capture=capture)
    if capture == "manual":
        shop.capture(asked, 10_000)
    shop.refund(asked, 4_000)
    nights.night()
    assert settled(nights, "gross_minor", "refunds_minor", "payout_minor") == [
        (10_000, 4_000, 6_000)]


def test_what_is_captured_and_refunded_long_after_is_settled_then(nights: Nights) -> None:
    nights.plan(fees=Fees())
    shop = nights.shop
    asked, other = shop.paid(10_000, capture="manual"), shop.paid(5_000)
    shop.capture(asked, 6_000)
    for _ in range(4):
        nights.night()
    shop.capture(asked, 4_000)
    shop.refund(asked, 4_000)
    shop.refund(other, 5_000)
    nights.night()
    assert settled(nights, "gross_minor", "refunds_minor", "payout_minor", "closing_minor") == [
        (11_000, 0, 11_000, 0), (4_000, 9_000, 0, -5_000)]
    assert (nights.balance("2500"), nights.balance("2400")) == (0, 5_000)
