"""Each invariant that money hangs on, on the code as it is and on a bug planted against it.

The same scenario finds nothing in the one and something in the other: a test that cannot fail is no
test. What is planted is in tests/planted.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.scene import scene
from tests.crash.staged import CASES, Scenario
from tests.planted import DEPOSITS, FLEETS, PAYMENTS, PROOFS, RACES


def _parameters(*, planted: bool) -> list[object]:
    return [
        pytest.param(scenario, hosts, *((bug, turns) if planted else ()),
                     id=bug if planted else scenario.__name__,
                     marks=[pytest.mark.invariant(number) for number in numbers])
        for numbers, bug, scenario, hosts, turns in CASES]


@pytest.fixture
def staged(database_url: str, redis_url: str, hsm_url: str,
           tmp_path: Path) -> Callable[[Scenario, int], list[str]]:
    """Runs a scenario and gives what it found."""
    def run(scenario: Scenario, hosts: int) -> list[str]:
        async def staged_() -> list[str]:
            async with scene(database_url, redis_url, hsm_url, tmp_path, hosts) as made:
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
    assert modules == {bug for _, bug, *_ in CASES} | {
        *PROOFS, *FLEETS, *DEPOSITS, *PAYMENTS, *RACES}
