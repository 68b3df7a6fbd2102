"""A short run of the channel of safes: host, PostgreSQL and connector killed at a transition, and
bugs planted against it that turn it red.

The long one is `python -m tests.crash --channel deposits --seed 1 --json`.
"""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path

import pytest
import uvloop

from authhost.safes.life import CREDIT, CUSTODY
from clearing.run import STEPS as STEPS_OF_NIGHT
from tests.crash.deaths import Options
from tests.crash.deposits import points as room
from tests.crash.deposits.acts import ACTS
from tests.crash.deposits.points import NIGHT, STEPS, names, points
from tests.crash.deposits.run import CHANNEL, run
from tests.crash.points import chosen, sampled
from tests.crash.ports import kept_ports
from tests.planted import DEPOSITS

_ROOT = Path(__file__).parents[2]
_UPDATE = re.compile(r"UPDATE\s+deposit\b.*?\bSET\b(.*?)(?:\bFROM\b|\bWHERE\b|\Z)", re.DOTALL)
_MOVED = re.compile(r"\b(?:state|credit)\s*=")
# The bug, the death at which it shows, and what it turns non-empty.
BUGS = (("new_name_each_try", "unknown accept, before, process", "doubled"),
        ("silence_goes_by_night", "sent silence, before, process", "doubled"),
        ("silence_is_forgotten", "sent silence, before, process", "lost"),
        ("sent_before_it_is_written", "queued send, moved, process", "doubled"),
        ("booked_under_a_new_reference", "custody post, after, process", "doubled"))


def test_every_transition_and_step_has_its_points_and_its_act() -> None:
    assert len(names()) == len(CUSTODY) + len(CREDIT) + len(STEPS)
    assert {point.name for point in points()} == set(names()) == set(ACTS)
    assert {point.name for point in chosen(points(), 5)} == set(names())
    assert {what for who, what in STEPS if who == NIGHT} == {
        *STEPS_OF_NIGHT["cash"], "done", "show"}
    assert CHANNEL.unknown() == []


def test_a_sample_is_the_seeds_and_no_point_is_in_it_twice() -> None:
    all_ = points()
    assert sampled(all_, 3, 10) == sampled(all_, 3, 10) != sampled(all_, 4, 10)
    assert len({point.name for point in sampled(all_, 3, 10)}) == 10
    assert {point.name for point in sampled(all_, 3, 1_000)} == set(names())


@pytest.mark.parametrize("sample", [0, 5])
def test_a_transition_without_a_kill_point_fails_at_once(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: int) -> None:
    monkeypatch.setattr(room, "CREDIT", [*CREDIT, ("file", "recall")])
    result = asyncio.run(run(Options(sample=sample), tmp_path))
    assert result.unreached == ["file recall"]
    assert not result.clean
    assert not any(tmp_path.iterdir()), "and nothing was started"


def test_no_statement_moves_a_deposit_but_those_of_moves() -> None:
    found = {path.name for room in ("authhost", "clearing")
             for path in (_ROOT / room).rglob("*.sql")
             for told in _UPDATE.findall(path.read_text()) if _MOVED.search(told)}
    assert {"moves_state.sql", "moves_credit.sql"} <= found
    assert all(name.startswith("moves_") for name in found), found


def test_a_kept_port_is_nobody_elses_and_its_servers_again_and_again() -> None:
    async def served(port: int) -> None:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", port)
        socket.create_connection(("127.0.0.1", port)).close()
        server.close()
        await server.wait_closed()

    with kept_ports(2) as (first, second):
        assert first != second
        for _ in range(2):
            asyncio.run(served(first))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", first))
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", first))


@pytest.mark.invariant(10)
def test_no_credit_is_lost_or_paid_twice_whoever_dies(tmp_path: Path) -> None:
    result = uvloop.run(run(Options(seed=7, only="sent accept", nights=1), tmp_path))
    assert result.clean, result
    assert result.killed == {"process": 1, "postgres": 1, "connector": 1}


@pytest.mark.invariant(10)
@pytest.mark.parametrize(("planted", "only", "turns"), BUGS, ids=[bug[0] for bug in BUGS])
def test_a_planted_bug_is_seen(tmp_path: Path, planted: str, only: str, turns: str) -> None:
    result = uvloop.run(run(Options(every=True, only=only, nights=1, patience_s=10,
                                    planted=planted), tmp_path))
    assert getattr(result, turns), result


def test_every_planted_bug_of_deposits_has_its_point() -> None:
    assert {bug for bug, *_ in BUGS} == set(DEPOSITS)
    assert {only for _, only, _ in BUGS} <= {str(point) for point in points()}
