"""Every reason has its action code; an advice is accepted whatever speaks against it."""

import re
from pathlib import Path

import msgspec
import pytest

import authhost
from authhost import rules
from authhost.journal.views import NO_PURCHASING, Purchasing
from authhost.model import Action, CardRef, Kind, Outcome, Request
from authhost.packing import View
from authhost.translate.iso87 import RESPONSE

LUA = (Path(authhost.__file__).parent / "state" / "functions.lua").read_text()
REQUEST = Request(key="Q/T/20/20260723/1", fingerprint=b"", kind=Kind.SALE, door="t",
                  terminal_id="T", deadline_us=0, amount_minor=10, currency="EUR")


class Terminal(msgspec.Struct):
    known: bool = True
    kind: str = "pos"
    status: str = "active"
    merchant_status: str = "active"
    merchant_id: str = "M"
    acquirer_id: str = "Q"
    mac_required: bool = False
    region: str = "north"


class Account(msgspec.Struct):
    currency: str = "EUR"
    expiry: str = "3012"
    status: str = "active"
    rules: View = View(fence=1, account_status="active", products=frozenset({"019"}))
    purchasing: Purchasing = NO_PURCHASING


@pytest.mark.parametrize(("reason", "action"), [
    *sorted(rules._ACTIONS.items()),
    ("limit:card:day:money", "121"), ("limit:fleet:month:volume", "121"),
    ("limit:driver:total:count", "123"), ("product:077", "119"), ("reversed_before_it_came", "100"),
    ("nobody knows", "100")])
def test_a_reason_is_answered(reason, action):
    assert rules.action(reason) == action
    assert action in RESPONSE, "and the dialect of 1987 has a word for it"


def test_what_the_functions_and_tables_can_say_is_known():
    statuses = {"card": ["blocked", "lost", "stolen", "not_effective", "closed"],
                "account": ["blocked", "closed"]}
    said = {f"{what}_{status}" for what, names in statuses.items() for status in names}
    said |= set(re.findall(r"why\[#why \+ 1\] = '([a-z_]+):?'(?! \.\.)", LUA))
    assert said - {"account_", "card_"} <= set(rules._ACTIONS)


@pytest.mark.parametrize(("terminal", "change", "reason"), [
    ({}, {}, ""), ({"known": False}, {}, "terminal_unknown"),
    ({"status": "blocked"}, {}, "terminal_blocked"), ({"status": "closed"}, {}, "terminal_blocked"),
    ({"merchant_status": "blocked"}, {}, "merchant_blocked"),
    ({"acquirer_id": "R"}, {}, "acquirer_differs"),
    ({}, {"merchant_id": "X"}, "merchant_differs"), ({}, {"merchant_id": "M"}, ""),
    ({"kind": "safe"}, {}, "terminal_kind"), ({"kind": "safe"}, {"kind": Kind.DEPOSIT}, ""),
    ({"kind": "till"}, {}, "terminal_kind"),
    ({}, {"wrong": "items_sum"}, "items_sum"), ({}, {"currency": "CHF"}, "currency"),
    ({}, {"card": CardRef(b"", "", "3011")}, "expiry_differs"),
    ({}, {"card": CardRef(b"", "", "3012")}, ""), ({}, {"card": CardRef(b"", "", "")}, ""),
])
def test_what_needs_no_state_is_decided_without_it(terminal, change, reason):
    request = msgspec.structs.replace(REQUEST, **change)
    assert rules.refused(request, Terminal(**terminal), Account()) == reason


@pytest.mark.parametrize(("status", "action"), [("approved", "000"), ("partial", "002"),
                                                ("declined", "121")])
def test_an_outcome_becomes_an_answer(status, action):
    outcome = Outcome(status, "limit:card:day:money", 7, 0, 1, 5, 1, 1, 1, 1, 1, ("b",))
    answer = rules.answer(REQUEST, outcome, "123456")
    assert answer.action == action
    assert answer.amount_minor == (0 if status == "declined" else 7)
    assert answer.approval_code == ("" if status == "declined" else "123456")
    assert answer.flags == ()  # what cut it down, or refused it, is its reason
    assert answer.approved == (status != "declined")


def test_what_a_deposit_breaks_withholds_its_credit():
    broken = ("limit:account:total:money",)
    outcome = Outcome("approved", "approved", 7, 0, 1, 5, 1, 1, 1, 1, 1, broken)
    request = msgspec.structs.replace(REQUEST, kind=Kind.DEPOSIT, advice=True)
    assert rules.answer(request, outcome, "1").flags == ("withheld:limit:account:total:money",)


def test_an_advice_is_accepted_with_its_reason():
    advice = msgspec.structs.replace(REQUEST, advice=True)
    assert rules.declined(advice, "card_unknown", 1).action == Action.APPROVED
    assert rules.declined(REQUEST, "card_unknown", 1).action == Action.INVALID_CARD


def test_the_reference_follows_from_the_key_alone():
    assert rules.reference("k") == rules.reference("k") != rules.reference("l")
    assert re.fullmatch("[0-9]{12}", rules.reference("k"))
