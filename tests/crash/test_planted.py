"""Each invariant that money hangs on, on the code as it is and on a bug planted against it.

The same scenario finds nothing in the one and something in the other: a test that cannot fail is no
test. What is planted is in tests/planted.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.crash import scenarios
from tests.crash.scene import Scene, scene

Scenario = Callable[[Scene], Awaitable[list[str]]]

# invariants, the planted bug, the scenario, hosts, what the bug turns non-zero there
CASES: tuple[tuple[tuple[int, ...], str, Scenario, int, str], ...] = (
    ((2,), "answer_before_commit", scenarios.host_dies_while_it_commits, 1, "lost"),
    ((1,), "read_then_update", scenarios.all_ask_at_once, 1, "over_limit"),
    ((3,), "redis_only_duplicates", scenarios.redis_is_emptied_before_a_repeat, 1, "doubled"),
    ((1,), "minus_before", scenarios.host_dies_while_it_reverses, 2, "over_limit"),
    ((7,), "reversal_without_guard", scenarios.reversed_twice, 1, "doubled"),
    ((12,), "no_fence", scenarios.redis_is_emptied_before_a_commit, 2, "over_limit"),
    ((9,), "late_is_approved", scenarios.commit_comes_late, 1, "approved late"),
    ((5,), "declines_not_journaled", scenarios.declined_and_asked_again, 1, "flipped"),
    ((12,), "hydrate_from_zero", scenarios.redis_is_emptied_when_all_is_spent, 1, "over_limit"),
    ((6,), "unknown_commit_assumed", scenarios.connection_is_lost_before_the_commit, 1, "lost"),
    ((6, 1), "unknown_commit_released", scenarios.result_is_lost_after_the_commit, 1,
     "over_limit"),
    ((11,), "rules_not_locked", scenarios.day_is_closed_while_a_batch_commits, 1, "closed"),
    ((8,), "tombstone_overwritten", scenarios.reversed_before_it_came, 1, "doubled"),
    ((4,), "content_ignored", scenarios.asked_with_other_content, 1, "doubled"),
    ((10,), "parked_is_dropped", scenarios.advised_with_other_content, 1, "lost"),
    ((13,), "approves_without_state", scenarios.redis_is_away, 1, "without a state"),
)


def _parameters(*, planted: bool) -> list[object]:
    return [
        pytest.param(scenario, hosts, *((bug, turns) if planted else ()),
                     id=bug if planted else scenario.__name__,
                     marks=[pytest.mark.invariant(number) for number in numbers])
        for numbers, bug, scenario, hosts, turns in CASES]


@pytest.fixture
def staged(database_url: str, redis_url: str,
           tmp_path: Path) -> Callable[[Scenario, int], list[str]]:
    """Runs a scenario and gives what it found."""
    def run(scenario: Scenario, hosts: int) -> list[str]:
        async def staged_() -> list[str]:
            async with scene(database_url, redis_url, tmp_path, hosts) as made:
                return await scenario(made)

        return asyncio.run(staged_())

    return run


@pytest.mark.parametrize(("scenario", "hosts"), _parameters(planted=False))
def test_holds(scenario: Scenario, hosts: int,
               staged: Callable[[Scenario, int], list[str]]) -> None:
    assert staged(scenario, hosts) == []


@pytest.mark.parametrize(("scenario", "hosts", "bug", "turns"), _parameters(planted=True))
def test_is_seen_to_fail(scenario: Scenario, hosts: int, bug: str, turns: str,
                         staged: Callable[[Scenario, int], list[str]],
                         monkeypatch: pytest.MonkeyPatch) -> None:
    importlib.import_module(f"tests.planted.{bug}").plant(monkeypatch.setattr)
    found = staged(scenario, hosts)
    assert any(turns in what for what in found), found


def test_every_planted_bug_has_its_scenario() -> None:
    modules = {path.stem for path in (Path(__file__).parents[1] / "planted").glob("[a-z]*.py")}
    assert modules == {bug for _, bug, *_ in CASES}
