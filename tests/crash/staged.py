"""Every staged scenario, the bug it is there to catch, and what that bug turns non-zero.

test_planted.py runs each by itself; the crash run ends with all of them, for what a kill at a
random moment meets too seldom.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from authhost.journal.migrate import migrate
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
    ((9,), "late_is_approved", scenarios.commit_comes_late, 1, "over_limit"),
    ((5,), "declines_not_journaled", scenarios.declined_and_asked_again, 1, "flipped"),
    ((12,), "hydrate_from_zero", scenarios.redis_is_emptied_when_all_is_spent, 1, "over_limit"),
    ((6,), "unknown_commit_assumed", scenarios.connection_is_lost_before_the_commit, 1, "lost"),
    ((6, 1), "unknown_commit_released", scenarios.result_is_lost_after_the_commit, 1,
     "over_limit"),
    ((11,), "rules_not_locked", scenarios.day_is_closed_while_a_batch_commits, 1, "lost"),
    ((8,), "tombstone_overwritten", scenarios.reversed_before_it_came, 1, "doubled"),
    ((4,), "content_ignored", scenarios.asked_with_other_content, 1, "doubled"),
    ((4,), "declines_look_alike", scenarios.declined_and_asked_with_other_content, 1, "flipped"),
    ((10,), "parked_is_dropped", scenarios.advised_with_other_content, 1, "lost"),
    ((13,), "approves_without_state", scenarios.redis_is_away, 1, "over_limit"),
)


def plant(planted: str) -> None:
    """Plant a bug in this process, for good; '' plants nothing."""
    if planted:
        importlib.import_module(f"tests.planted.{planted}").plant(setattr)


async def stage_all(database_url: str, redis_url: str, hsm_url: str,
                    directory: Path) -> dict[str, list[str]]:
    """What all scenarios find, by the number it counts in; each in a database of its own."""
    found: dict[str, list[str]] = {name: [] for name in ("lost", "doubled", "over_limit",
                                                         "flipped")}
    for _, bug, scenario, hosts, _ in CASES:
        connection = await asyncpg.connect(database_url)
        await connection.execute(f"CREATE DATABASE staged_{bug}")
        await connection.close()
        url = database_url.replace("/authhost?", f"/staged_{bug}?")
        await migrate(url)
        async with scene(url, redis_url, hsm_url, directory, hosts) as made:
            for what in await scenario(made):
                name, _, rest = what.partition(" ")
                found[name].append(f"{scenario.__name__}: {rest}")
    return found
