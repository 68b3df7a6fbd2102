"""Each step of each stream's night is killed in its middle: the process, or PostgreSQL under it.
Who goes on writes what an undisturbed night writes, byte for byte, and books what it books.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import pytest

from authhost.embedded import Servers
from authhost.journal.migrate import migrate
from authhost.streams import STREAMS, Stream
from clearing.ledger import verify
from clearing.run import STEPS
from tests.e2e.clearing_day import DAY, full_day, sql, tree, wait
from tests.support.databases import fresh
from tests.support.night_process import Act, main
from tests.support.processes import PROCESSES
from tests.support.whole_night import make_whole, write_settings

pytestmark = pytest.mark.invariant(11)

_PATIENCE_S: Final = 120
_RUNS: Final = ("SELECT journal_digest, journal_count, ledger_digest, manifest_digest, status "
                "FROM clearing_run WHERE stream = $1")
_BOOKED: Final = ("SELECT transaction, line, code, account_id, amount_minor, currency "
                  "FROM ledger_entry ORDER BY transaction COLLATE \"C\", line")
_TWICE: Final = ("SELECT FROM file_event GROUP BY run_id, path, state HAVING count(*) > 1")


class Running:
    """`authhost clear` of one stream in a process of its own."""

    def __init__(self, database_url: str, stream: Stream, out: Path, at: Act | None = None,
                 way: str = "die") -> None:
        self._parent, child = PROCESSES.Pipe()
        arguments = ["--date", str(DAY), "--stream", stream, "--out", str(out), "--database-url",
                     database_url, "--settings", str(write_settings(out.parent))]
        self._process = PROCESSES.Process(target=main, args=(arguments, at, way, child))
        self._process.start()
        child.close()

    def hear(self) -> Any:
        """The next word of it; None when it has died."""
        try:
            assert self._parent.poll(_PATIENCE_S), "it says nothing"
            return self._parent.recv()
        except EOFError:
            return None

    def go_on(self) -> None:
        self._parent.send("go on")

    def end(self) -> int | None:
        """Its exit code."""
        self._process.join(_PATIENCE_S)
        assert self._process.exitcode is not None, "it runs still"
        # What it had begun beside itself goes with it, as with a machine.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        return self._process.exitcode


def cleared(database_url: str, stream: Stream, out: Path) -> dict[str, int]:
    """A night to its end; how many acts each of its steps had."""
    running = Running(database_url, stream, out)
    code, said, acts = running.hear()
    assert (code, running.end()) == (0, 0), said
    found: dict[str, int] = acts
    return found


def stands(database_url: str, stream: Stream, out: Path) -> list[Any]:
    """Files, digests and books of a stream's night."""
    return [tree(out), *(list(map(tuple, sql(database_url, *one)))
                         for one in ((_RUNS, stream), (_BOOKED,), (_TWICE,)))]


def name_of(database_url: str) -> str:
    """Of the database itself."""
    return urlsplit(database_url).path[1:]


@pytest.fixture(scope="module")
def made(servers: Servers) -> Iterator[str]:
    """The name of a database with a day that nobody has closed."""
    with fresh(servers, "whole") as url:
        make_whole(url, full_day())
        yield name_of(url)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_process_killed_in_the_middle_of_each_step(stream: Stream, made: str, servers: Servers,
                                                     tmp_path: Path) -> None:
    with fresh(servers, "undisturbed", template=made) as url:
        acts = cleared(url, stream, tmp_path / "undisturbed")
        expected = stands(url, stream, tmp_path / "undisturbed")
    assert expected[-1] == [], "nothing twice"
    assert all(acts[step] for step in STEPS[stream]), acts
    for step in STEPS[stream]:
        out = tmp_path / step
        with fresh(servers, "killed", template=made) as url:
            running = Running(url, stream, out, (step, acts[step] // 2))
            assert running.hear() is None, step
            assert running.end() == -signal.SIGKILL
            assert step == "release" or not (out / str(DAY) / stream).exists(), step
            cleared(url, stream, out)
            assert stands(url, stream, out) == expected, step


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A PostgreSQL that keeps what it has committed, and may be killed."""
    servers = Servers(tmp_path_factory.mktemp("mortal"))
    servers.postgres.run()
    try:
        yield servers
    finally:
        servers.postgres.kill()


@pytest.mark.parametrize("stream", STREAMS)
def test_a_database_killed_in_the_middle_of_each_step(stream: Stream, mortal: Servers,
                                                      tmp_path: Path) -> None:
    """One night goes through all of its deaths; each time the command says so, in words."""
    with fresh(mortal, "whole", template="template1") as url:
        wait(migrate(url))
        make_whole(url, full_day())
        with fresh(mortal, "undisturbed", template=name_of(url)) as other:
            acts = cleared(other, stream, tmp_path / "undisturbed")
            expected = stands(other, stream, tmp_path / "undisturbed")
        for step in STEPS[stream]:
            running = Running(url, stream, tmp_path / "out", (step, acts[step] // 2), "wait")
            assert running.hear() == "stopped", step
            mortal.postgres.kill()
            running.go_on()
            code, said, _ = running.hear()
            assert (code, running.end()) == (1, 0), said
            assert re.search(r"\nauthhost: .*(the database is away|the journal cannot be read): ",
                             said), said
            mortal.postgres.run()
        cleared(url, stream, tmp_path / "out")
        assert stands(url, stream, tmp_path / "out") == expected
        wait(chained(url))


async def chained(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert (await verify(connection)).runs == 1
    finally:
        await connection.close()
