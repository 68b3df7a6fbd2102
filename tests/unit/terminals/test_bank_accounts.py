"""The test bank's accounts: what a payer has, what is taken from it, both sides of a payment."""

from __future__ import annotations

from pathlib import Path

from terminals.bank.books import Account, Books
from terminals.bank.conduct import Choosing, Conduct, Rule
from terminals.bank.desk import Desk
from terminals.bank.orders import Order

MAYER, SHOP = "AT611904300234573201", "AT852011100000099999"


def order(number: int, amount: int, debtor: str = MAYER, creditor: str = SHOP) -> Order:
    return Order(f"P{number}", f"P{number}", f"P{number}", "INST", debtor, creditor, "Shop", "EUR",
                 amount, "Roses", "2026-11-22", "Mayer", "Flower shop")


def desk(path: Path) -> Desk:
    return Desk(Books(path), lambda: 1_000_000, lambda _: None)


def test_an_account_pays_what_it_has_and_no_more(tmp_path: Path) -> None:
    books = Books(tmp_path / "bank.sqlite")
    books.watch(Account(MAYER, "EUR", 1_000, -200))
    books.watch(Account(SHOP, "EUR", 0))
    outcomes = [books.order(order(number, amount), "online", Rule(), "same", 0)
                for number, amount in ((1, 1_200), (2, 1), (1, 1_200))]
    assert [(one.status, one.reason) for one in outcomes] == [
        ("ACCC", ""), ("RJCT", "AM04"), ("ACCC", "")]
    found = [books.watched(iban, "EUR") for iban in (MAYER, SHOP)]
    assert [one.balance_minor for one in found if one is not None] == [-200, 1_200]
    # A refund gives it back; what was refused for want of funds may then be paid.
    books.order(order(3, 500, SHOP, MAYER), "online", Rule(), "same", 0)
    assert books.order(order(2, 1), "online", Rule(), "same", 0).status == "ACCC"
    payment = books.payment("P2")
    assert payment is not None
    assert (payment.debtor_name, payment.ultimate, payment.seen) == ("Mayer", "Flower shop", 2)
    books.close()


def test_a_closed_account_pays_nothing(tmp_path: Path) -> None:
    books = Books(tmp_path / "bank.sqlite")
    books.watch(Account(MAYER, "EUR", 1_000, 0, closed=True))
    outcome = books.order(order(1, 1), "online", Rule(), "same", 0)
    assert (outcome.status, outcome.reason) == ("RJCT", "AC04")
    books.close()


def test_what_is_pending_is_refused_when_its_time_has_come(tmp_path: Path) -> None:
    books = Books(tmp_path / "bank.sqlite")
    rule = Rule(do="pend", delay_ms=500, reason="AM04")
    assert books.order(order(1, 1), "online", rule, "same", 0).status == "PDNG"
    late = books.status("P1", 500_000)
    assert late is not None
    assert (late.status, late.reason) == ("RJCT", "AM04")
    books.close()


def test_accounts_are_told_over_the_wire(tmp_path: Path) -> None:
    made = desk(tmp_path / "bank.sqlite")
    body = b'[{"iban": "%s", "currency": "EUR", "balance_minor": 5}]' % MAYER.encode()
    assert made.answer("PUT", "/accounts", body).status == 200
    told = made.answer("GET", f"/accounts/{MAYER}?currency=EUR", b"")
    assert (told.status, b'"balance_minor":5' in told.body) == (200, True)
    assert made.answer("GET", f"/accounts/{SHOP}", b"").status == 404
    for bad in (b"", b"{}", b'[{"iban": 1}]', b'[{"iban": "x", "currency": "EUR"}]'):
        assert made.answer("PUT", "/accounts", bad).status == 400
    made.books.close()


def test_a_rule_may_be_of_one_debtor() -> None:
    choosing = Choosing(Conduct(rules=(Rule(do="refuse", reason="AM04", debtor=MAYER),)))
    assert choosing.rule("payment", order(1, 1)).do == "refuse"
    assert choosing.rule("payment", order(1, 1, SHOP, MAYER)).do == "accept"
    assert choosing.rule("status", None).do == "accept"
