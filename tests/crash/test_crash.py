"""A short crash run: host, Valkey, PostgreSQL and HSM killed once each, and two of them together.

The long one is `python -m tests.crash --kills 20 --seed 1 --json`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import uvloop

from tests.crash.killer import TARGETS
from tests.crash.run import Options, run


@pytest.mark.invariant(1)
@pytest.mark.invariant(2)
@pytest.mark.invariant(3)
@pytest.mark.invariant(5)
@pytest.mark.invariant(6)
@pytest.mark.invariant(7)
@pytest.mark.invariant(8)
@pytest.mark.invariant(10)
@pytest.mark.invariant(12)
def test_nothing_is_lost_doubled_flipped_or_over_a_limit(tmp_path: Path) -> None:
    result = uvloop.run(run(Options(kills=len(TARGETS), seed=7, staged=False), tmp_path))
    assert result.clean, msgspec.json.encode(result.details)
    assert {killed["target"] for killed in result.killed} == set(TARGETS)
    assert result.answered > len(TARGETS) * 1_000
    assert result.client_minor == result.files_minor > 0


@pytest.mark.invariant(2)
def test_a_planted_bug_is_seen(tmp_path: Path) -> None:
    result = uvloop.run(run(Options(kills=2, seed=7, planted="answer_before_commit", staged=False),
                            tmp_path))
    assert result.lost
