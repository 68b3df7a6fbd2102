"""A delivery that is killed by SIGKILL, again and again, to a bank that takes what it sees at once:
each file comes once, whole, and nothing else comes.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from tests.e2e.clearing_day import sql, wait
from tests.support.release_scene import FILES, add_route, make_run
from tests.support.sftp_server import Bank

# Dies at the nth call of a step, or just after it. The second argument of time is hours on.
_KILLED = """
import asyncio, os, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from clearing.release import deliver, handing, to_sftp

url, out, where, hours = sys.argv[1:]
name, _, when = where.partition(" ")
room = {"put": to_sftp.ToSftp, "digest": to_sftp.ToSftp, "rename": to_sftp.ToSftp,
        "settle": to_sftp.ToSftp, "_keep": deliver, "none": None}[name]

def plant():
    real = getattr(room, name)

    async def dying(*values):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = await real(*values)
        os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(room, name, dying)

if room is not None:
    plant()
now = datetime(2026, 7, 24, tzinfo=UTC) + timedelta(hours=int(hours))
asyncio.run(deliver.deliver_due(url, Path(out), now))
"""
_PLACES = [f"{name} {when}" for name in ("put", "digest", "settle", "rename", "_keep")
           for when in ("before", "after")]


def test_each_file_comes_once(database_url: str, tmp_path: Path) -> None:
    bank = Bank(tmp_path / "bank-of-test")
    wait(make_run(database_url, tmp_path))
    taken: list[tuple[str, bytes]] = []

    def take() -> None:
        """The bank looks for names, as banks do, and takes the files away."""
        for path in sorted(bank.root.iterdir()):
            if path.suffix != ".part":
                taken.append((path.name, path.read_bytes()))
                path.unlink()

    async def nights() -> list[int]:
        codes = []
        async with bank.serving() as target:
            await add_route(database_url, msgspec.to_builtins(target))
            for hours, where in enumerate([*_PLACES, "none"]):
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", _KILLED, database_url, str(tmp_path), where, str(hours))
                codes.append(await process.wait())
                take()
        return codes

    codes = wait(nights())
    assert codes[:6] == [-9] * 6, "up to the renames every one of them dies"
    assert codes[-1] == 0
    assert {name.partition("cash-1-")[2]: content for name, content in taken} == {
        path.replace("/", "-"): content for path, content in FILES.items()}
    assert len(taken) == len(FILES), "something came twice"
    assert {row[0] for row in sql(database_url, "SELECT state FROM delivery")} == {"delivered"}
    assert list(bank.root.iterdir()) == []
