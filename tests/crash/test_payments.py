"""A short run of the channel of payments: host, PostgreSQL, Valkey and connector killed at a few
transitions, and bugs planted against it that turn it red.

The long one is `python -m tests.crash --channel payments --seed 1 --json`.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import uvloop

from authhost.payments.life import TABLE
from tests.crash.deaths import Options
from tests.crash.payments import points as room
from tests.crash.payments.acts import ACTS
from tests.crash.payments.killed import MOVING
from tests.crash.payments.points import CREATE, NEVER, ORDERS, STEPS, names, points
from tests.crash.payments.run import CHANNEL, run
from tests.crash.points import chosen
from tests.planted import PAYMENTS

_ROOT = Path(__file__).parents[2]
_MOVED = re.compile(
    r"UPDATE\s+(?:payment|bank_order)\b(?:\s\w+)?\s+SET\b(?:(?!\bFROM\b|\bWHERE\b).)*?\bstate\s*=",
    re.DOTALL)
_MADE = re.compile(r"INSERT\s+INTO\s+(?:payment|bank_order)\s*\(")
# Statements that move beside those that are met: orders of sandboxes, which no bank hears of, and
# what begins a refund's, in the transaction that moves its payment.
_BESIDE = frozenset({"order_sandbox", "refund_new"})
# The bug, the death at which it shows, and what it turns non-empty.
BUGS = (("debit_leaves_first", "created sign, before, process", "doubled"),
        ("new_debit_name_each_try", "debit unknown resend, before, process", "doubled"),
        ("silent_bank_says_no", "bank status, after, process", "doubled"),
        ("refund_leaves_first", "captured refund, before, process", "doubled"),
        ("noted_before_it_is_told", "webhook post, before, process", "lost"),
        ("refusal_keeps_what_it_counted", "signed fail, committed, process", "doubled"),
        ("answer_before_commit", "created sign, before, process", "lost"))


def test_every_transition_and_step_has_its_points_and_its_act() -> None:
    assert len(names()) == len(TABLE) - len(NEVER) + len([CREATE]) + len(ORDERS) + len(STEPS)
    assert {point.name for point in points()} == set(names()) == set(ACTS)
    assert {point.name for point in chosen(points(), 5)} == set(names())
    assert CHANNEL.unknown() == []


def test_a_transition_without_a_kill_point_fails_at_once(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TABLE", {**TABLE, ("refunded", "recall"): None})
    result = asyncio.run(run(Options(), tmp_path))
    assert result.unreached == ["refunded recall"]
    assert not result.clean
    assert not any(tmp_path.iterdir()), "and nothing was started"


def test_a_run_of_no_point_at_all_fails_at_once(tmp_path: Path) -> None:
    result = asyncio.run(run(Options(only="paid sing"), tmp_path))
    assert (result.unreached, result.clean) == (["paid sing"], False)


def test_every_statement_that_moves_a_payment_or_an_order_is_met() -> None:
    found = {path.stem for path in (_ROOT / "authhost").rglob("*.sql")
             if path.parent.name != "migrations"
             and (_MOVED.search(path.read_text()) or _MADE.search(path.read_text()))}
    assert found == {*MOVING, "append_payments", *_BESIDE}


@pytest.mark.invariant(2)
@pytest.mark.invariant(10)
def test_no_payment_is_lost_doubled_or_shown_differently_whoever_dies(tmp_path: Path) -> None:
    only = ("created sign, after;signed pay, committed;partly_refunded capture, after;"
            "partly_refunded unrefund, after;debit unknown resend, before, connector")
    result = uvloop.run(run(Options(every=True, only=only), tmp_path))
    assert result.clean, result
    assert result.kills == result.points
    assert result.killed.keys() == {"process", "postgres", "valkey", "connector"}


@pytest.mark.invariant(10)
@pytest.mark.parametrize(("planted", "only", "turns"), BUGS, ids=[bug[0] for bug in BUGS])
def test_a_planted_bug_is_seen(tmp_path: Path, planted: str, only: str, turns: str) -> None:
    result = uvloop.run(run(Options(every=True, only=only, patience_s=4, planted=planted),
                            tmp_path))
    assert getattr(result, turns), result


def test_every_planted_bug_of_payments_has_its_point() -> None:
    assert {bug for bug, *_ in BUGS} == {*PAYMENTS, "answer_before_commit"}
    assert {only for _, only, _ in BUGS} <= {str(point) for point in points()}
