"""The life of a file: each step in its order, a repeat nothing, an impossible one refused."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

from clearing.errors import ClearingError
from clearing.release.life import note
from tests.e2e.clearing_day import sql, wait
from tests.support.release_scene import RUN, make_run

PATH = "bank/deposits-EUR.xml"
WHOLE = ("generated", "verified", "released", "delivered", "acknowledged", "accepted",
         "partly_rejected", "booked", "reconciled")


def said(database_url: str, *states: str, path: str = PATH) -> list[bool]:
    """Note each; whether it was new."""
    async def run() -> list[bool]:
        connection = await asyncpg.connect(database_url)
        try:
            return [await note(connection, RUN, path, state, "bank") for state in states]
        finally:
            await connection.close()
    return wait(run())


def state_of(database_url: str) -> str:
    """What the file is now."""
    return str(sql(database_url, "SELECT state FROM file_state WHERE path = $1", PATH)[0][0])


def test_a_whole_life(database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    assert said(database_url, *WHOLE) == [False] * 3 + [True] * 6
    assert state_of(database_url) == "reconciled"
    # Everything again, in any order: nothing.
    assert not any(said(database_url, *reversed(WHOLE), *WHOLE))
    assert len(sql(database_url, "SELECT FROM file_event WHERE path = $1", PATH)) == len(WHOLE)


@pytest.mark.parametrize(("states", "refused"), [
    (("rejected",), "booked"), (("rejected",), "reconciled"),
    (("booked", "reconciled"), "rejected"), (("accepted",), "paid"),
])
def test_an_impossible_step_is_refused_in_words(states: tuple[str, ...], refused: str,
                                                database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    said(database_url, *states)
    with pytest.raises(ClearingError, match=rf"file {PATH} of run 2026-07-23/cash/1 is "
                                            rf"{states[-1]}, and cannot become {refused}"):
        said(database_url, refused)
    assert state_of(database_url) == states[-1]


def test_a_file_that_nobody_made_has_no_life(database_url: str) -> None:
    with pytest.raises(ClearingError, match="is unknown here, and cannot become accepted"):
        said(database_url, "accepted")


def test_a_file_that_is_not_released_goes_nowhere(database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path, "verified"))
    with pytest.raises(ClearingError, match="is verified, and cannot become delivered"):
        said(database_url, "delivered")


def test_the_database_itself_refuses(database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    with pytest.raises(asyncpg.CheckViolationError):
        sql(database_url, "INSERT INTO file_event (run_id, path, state, who) "
                          "VALUES ($1, 'x', 'booked', 'bank')", str(RUN))
    for statement in ("UPDATE file_event SET state = 'booked'", "DELETE FROM file_event"):
        with pytest.raises(asyncpg.RestrictViolationError):
            sql(database_url, statement)


def test_no_path_through_the_steps_comes_back(database_url: str) -> None:
    assert sql(database_url, "SELECT FROM file_passed WHERE before = after") == []
    steps = {tuple(row) for row in sql(database_url, "SELECT before, after FROM file_step")}
    assert set(pairwise(WHOLE)) <= steps


def test_two_who_speak_at_once(database_url: str, tmp_path: Path) -> None:
    """Either word may be the first; the record never has both a rejection and a booking."""
    wait(make_run(database_url, tmp_path))

    async def one(state: str) -> None:
        connection = await asyncpg.connect(database_url)
        try:
            await note(connection, RUN, PATH, state, "bank")
        finally:
            await connection.close()

    async def both() -> list[object]:
        return await asyncio.gather(*(one(state) for state in ("rejected", "booked") * 4),
                                    return_exceptions=True)

    found = wait(both())
    assert sum(isinstance(one, ClearingError) for one in found) == 4
    assert len(sql(database_url, "SELECT FROM file_event WHERE path = $1", PATH)) == 4
